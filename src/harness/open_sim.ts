// SPDX-License-Identifier: BSD-2-Clause
import type { SimConfig, SimWorld } from '../dev/nic/nic_bus.ts';
import { ModelWorld } from '../model/model_world.ts';
import type { Progress } from '../verilator/index.ts';
import type { WorldConfig } from './world_options.ts';

/** The simulation that a world runs on: the functional model, or the RTL through a binding. */
export async function openSim(
  config: WorldConfig,
  sim: SimConfig,
  _onBuild?: (step: Progress) => void,
): Promise<SimWorld> {
  if (config.nic === 'model') return new ModelWorld(sim);
  throw new Error('no RTL yet');
}
