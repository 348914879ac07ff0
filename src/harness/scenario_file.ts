// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { loadScript } from './load_script.ts';
import type { Scenario } from './scenario.ts';
import { worldConfig } from './world_options.ts';

/** A script that is no scenario, and why. */
export class ScenarioError extends Error {
  readonly exitCode = 2;
  override readonly name = 'ScenarioError';
}

export interface LoadedScenario {
  readonly name: string;
  readonly scenario: Scenario;
  /** Full path of the script; undefined for a built-in one. */
  readonly path: string | undefined;
}

/** The scenario that a script exports by default. Throws ScenarioError. */
export async function loadScenarioFile(file: string): Promise<LoadedScenario> {
  const path = resolve(file);
  if (!existsSync(path)) throw new ScenarioError(`scenario file '${file}' does not exist`);
  const scenario = (await load(path, file)).default as Partial<Scenario> | undefined;
  if (typeof scenario?.run !== 'function') {
    throw new ScenarioError(
      `'${file}': expected a default export made by defineScenario({ summary, run(world) { … } })`,
    );
  }
  try {
    worldConfig(scenario.world ?? {});
  } catch (error) {
    throw new ScenarioError(`'${file}': ${(error as Error).message}`);
  }
  return { name: basename(path, extname(path)), scenario: scenario as Scenario, path };
}

async function load(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return await loadScript(path);
  } catch (error) {
    throw new ScenarioError(`'${file}' cannot be loaded: ${(error as Error)?.message ?? error}`);
  }
}
