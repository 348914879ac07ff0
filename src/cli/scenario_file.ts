// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SCENARIOS, type Scenario } from '../harness/scenario.ts';
import { worldConfig } from '../harness/world_options.ts';
import { UsageError, unknown } from './options.ts';

const TYPESCRIPT = ['.ts', '.mts'];
const SCRIPTS = [...TYPESCRIPT, '.js', '.mjs'];

export interface LoadedScenario {
  readonly name: string;
  readonly scenario: Scenario;
  /** Full path of the script; undefined for a built-in one. */
  readonly path: string | undefined;
}

/** A built-in scenario by name, or a script by its file name. Throws UsageError. */
export async function loadScenario(name: string): Promise<LoadedScenario> {
  const extension = extname(name);
  if (!SCRIPTS.includes(extension)) {
    const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
    if (scenario === undefined) throw unknown('scenario', name, Object.keys(SCENARIOS));
    return { name, scenario, path: undefined };
  }
  const path = resolve(name);
  if (!existsSync(path)) throw new UsageError(`scenario file '${name}' does not exist`);
  const module = await load(path, name);
  const scenario = module.default;
  if (typeof scenario?.run !== 'function') {
    throw new UsageError(
      `'${name}': expected a default export made by defineScenario({ summary, run(world) { … } })`,
    );
  }
  try {
    worldConfig(scenario.world ?? {});
  } catch (error) {
    throw new UsageError(`'${name}': ${(error as Error).message}`);
  }
  return { name: basename(name, extension), scenario: scenario as Scenario, path };
}

async function load(path: string, name: string): Promise<{ default?: Partial<Scenario> }> {
  if (TYPESCRIPT.includes(extname(path))) {
    // Both: in a project without "type": "module" a .ts file is CommonJS.
    (await import('tsx/cjs/api')).register();
    (await import('tsx/esm/api')).register();
  }
  try {
    const module = await import(pathToFileURL(path).href);
    // Compiled to CommonJS, the whole of `exports` is the default.
    return module.default?.default === undefined ? module : module.default;
  } catch (error) {
    throw new UsageError(`'${name}' cannot be loaded: ${(error as Error).message ?? error}`);
  }
}
