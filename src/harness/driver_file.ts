// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DriverModule } from '../dev/nic/nic_driver.ts';
import type { BindingName } from '../ffi/binding.ts';
import { isCDriver, loadCDriver } from './c_driver/load.ts';
import { DriverError } from './driver_error.ts';
import { loadScript } from './load_script.ts';

const EXPORTS = { createNic: 'function', ringBytes: 'function', capabilities: 'number' };

/**
 * The driver of a card from elsewhere, TypeScript, JavaScript or C: for C the binding has to be that
 * of the world. Throws DriverError, BindingError.
 */
export async function loadDriver(file: string, ffi: BindingName = 'koffi'): Promise<DriverModule> {
  const path = resolve(file);
  if (!existsSync(path)) throw new DriverError(`driver file '${file}' does not exist`);
  if (isCDriver(path)) return loadCDriver(path, ffi);
  const module = await loadScript(path).catch((error) => {
    throw new DriverError(`'${file}' cannot be loaded: ${error?.message ?? error}`);
  });
  const missing = Object.entries(EXPORTS).find(([name, type]) => typeof module[name] !== type)?.[0];
  if (missing === undefined) return module as unknown as DriverModule;
  throw new DriverError(
    `'${file}': expected it to export ${Object.keys(EXPORTS).join(', ')}, no ${missing} found`,
  );
}
