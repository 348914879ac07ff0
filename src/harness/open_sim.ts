// SPDX-License-Identifier: BSD-2-Clause
import type { SimConfig, SimWorld } from '../dev/nic/nic_bus.ts';
import { QUEUES_MAX } from '../dev/nic/nic_regs.ts';
import { loadBinding } from '../ffi/binding.ts';
import { NativeWorld } from '../ffi/sim_world.ts';
import { ModelWorld } from '../model/model_world.ts';
import type { Progress } from '../verilator/index.ts';
import { limitCycles } from './cycle_limit.ts';
import { cardLibrary } from './library.ts';
import { traceWindow } from './waves_window.ts';
import type { WorldConfig } from './world_options.ts';

/**
 * The simulation that a world runs on: the functional model, or the RTL through a binding. Throws
 * VerilatorError, ContractError, BindingError, BusError.
 */
export async function openSim(
  config: WorldConfig,
  sim: SimConfig,
  onProgress?: (step: Progress) => void,
  signal?: AbortSignal,
): Promise<SimWorld> {
  const world = limitCycles(await newSim(config, sim, onProgress, signal), config.maxCycles);
  if (config.waves !== null) traceWindow(world, config.waves, config.wavesWindow);
  return world;
}

async function newSim(
  config: WorldConfig,
  sim: SimConfig,
  onProgress?: (step: Progress) => void,
  signal?: AbortSignal,
): Promise<SimWorld> {
  const queues = (config.card.queues ?? 1) > 1 ? QUEUES_MAX : 1;
  if (config.nic === 'model') return new ModelWorld(sim, undefined, queues);
  const binding = await loadBinding(config.ffi);
  const trace = config.waves === null ? false : 'fst';
  const built = await cardLibrary(
    {
      trace,
      probe: config.probe,
      queues,
      ...(config.rtl === null ? {} : { rtl: config.rtl }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    },
    config.lanes,
  );
  return new NativeWorld(binding, built.library, sim);
}
