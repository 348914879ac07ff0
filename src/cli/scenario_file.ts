// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SCENARIOS, type Scenario } from '../harness/scenario.ts';
import { UsageError, unknown } from './options.ts';

const SCRIPTS = ['.ts', '.mts', '.js', '.mjs'];

/** A built-in scenario by name, or a script by its file name. Throws UsageError. */
export async function loadScenario(name: string): Promise<{ name: string; scenario: Scenario }> {
  const extension = extname(name);
  if (!SCRIPTS.includes(extension)) {
    const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
    if (scenario === undefined) throw unknown('scenario', name, Object.keys(SCENARIOS));
    return { name, scenario };
  }
  const path = resolve(name);
  if (!existsSync(path)) throw new UsageError(`scenario file '${name}' does not exist`);
  if (extension === '.ts' || extension === '.mts') {
    const { register } = await import('tsx/esm/api');
    register();
  }
  const module = (await import(pathToFileURL(path).href)) as { default?: Partial<Scenario> };
  const scenario = module.default;
  if (typeof scenario?.run !== 'function') {
    throw new UsageError(
      `'${name}': expected a default export made by defineScenario({ summary, run(world) { … } })`,
    );
  }
  return { name: basename(name, extension), scenario: scenario as Scenario };
}
