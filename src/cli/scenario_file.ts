// SPDX-License-Identifier: BSD-2-Clause
import { isScript } from '../harness/load_script.ts';
import { SCENARIOS } from '../harness/scenario.ts';
import { type LoadedScenario, loadScenarioFile } from '../harness/scenario_file.ts';
import { unknown } from './options.ts';

/** A built-in scenario by name, or a script by its file name. Throws UsageError, ScenarioError. */
export async function loadScenario(name: string): Promise<LoadedScenario> {
  if (isScript(name)) return loadScenarioFile(name);
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (scenario === undefined) throw unknown('scenario', name, Object.keys(SCENARIOS));
  return { name, scenario, path: undefined };
}
