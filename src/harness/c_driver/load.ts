// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverModule } from '../../dev/nic/nic_driver.ts';
import { type BindingName, loadBinding, textOf } from '../../ffi/binding.ts';
import { DRIVER_ABOUT, TWD_ABI_VERSION } from '../../ffi/driver_abi.ts';
import { firstErrors } from '../../verilator/error.ts';
import { findCompiler } from '../../verilator/find.ts';
import { cacheDirectory } from '../../verilator/index.ts';
import { runTool } from '../../verilator/process.ts';
import { DriverError } from '../driver_error.ts';
import { CNic } from './c_nic.ts';

const INCLUDE = fileURLToPath(new URL('../../../sim/include', import.meta.url));
const HEADERS = ['tagwire_driver.h', 'tagwire_sim.h'];
const LIBRARIES = ['.so', '.dylib'];

/** Is it a driver in C, or the library of one? */
export function isCDriver(file: string): boolean {
  return extname(file) === '.c' || LIBRARIES.includes(extname(file));
}

/** The driver in a C file, or in a library made of one: tagwire_driver.h. Throws DriverError. */
export async function loadCDriver(path: string, ffi: BindingName): Promise<DriverModule> {
  const library = extname(path) === '.c' ? await compiled(path) : path;
  const binding = await loadBinding(ffi);
  let about: Record<keyof typeof DRIVER_ABOUT, () => number>;
  try {
    about = binding.open(library, DRIVER_ABOUT);
  } catch (error) {
    throw new DriverError(
      `'${path}': expected the functions of tagwire_driver.h: ${textOf(error)}`,
    );
  }
  const version = about.twd_abi_version();
  if (version !== TWD_ABI_VERSION) {
    throw new DriverError(
      `'${path}' is for version ${version} of tagwire_driver.h, expected ${TWD_ABI_VERSION}`,
    );
  }
  const [capabilities, saCount] = [about.twd_capabilities(), about.twd_sa_count()];
  const bytes = about.twd_ring_bytes();
  const driver = { path: library, capabilities, saCount };
  return { capabilities, ringBytes: () => bytes, createNic: (config) => new CNic(driver, config) };
}

/** The library of a C file, by what is in it. Throws DriverError, VerilatorError. */
async function compiled(path: string): Promise<string> {
  const compiler = await findCompiler();
  const flags = ['-x', 'c', '-std=gnu11', '-O2', '-fPIC', '-shared', `-I${INCLUDE}`];
  const hash = createHash('sha256').update(`${compiler.version} ${flags.join(' ')}`);
  for (const file of [path, ...HEADERS.map((name) => join(INCLUDE, name))])
    hash.update(readFileSync(file));
  const folder = join(cacheDirectory(), 'drivers');
  mkdirSync(folder, { recursive: true });
  const library = join(folder, `${hash.digest('hex').slice(0, 20)}.so`);
  if (existsSync(library)) return library;
  const part = `${library}.${process.pid}`;
  const args = [...flags, path, '-o', part, '-ldl'];
  const { code, output } = await runTool(compiler.path, args);
  if (code !== 0) throw new DriverError(`'${path}' does not compile:\n${firstErrors(output)}`);
  renameSync(part, library);
  return library;
}
