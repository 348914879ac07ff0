// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DriverModule } from '../dev/nic/nic_driver.ts';
import { loadScript } from './load_script.ts';

/** A file that brings no driver, and why. */
export class DriverError extends Error {
  readonly exitCode = 2;
  override readonly name = 'DriverError';
}

const EXPORTS = { createNic: 'function', ringBytes: 'function', capabilities: 'number' };

/** The driver of a card from elsewhere, TypeScript or JavaScript. Throws DriverError. */
export async function loadDriver(file: string): Promise<DriverModule> {
  const path = resolve(file);
  if (!existsSync(path)) throw new DriverError(`driver file '${file}' does not exist`);
  const module = await loadScript(path).catch((error) => {
    throw new DriverError(`'${file}' cannot be loaded: ${error?.message ?? error}`);
  });
  const missing = Object.entries(EXPORTS).find(([name, type]) => typeof module[name] !== type)?.[0];
  if (missing === undefined) return module as unknown as DriverModule;
  throw new DriverError(
    `'${file}': expected it to export ${Object.keys(EXPORTS).join(', ')}, no ${missing} found`,
  );
}
