// SPDX-License-Identifier: BSD-2-Clause
import type { SimWorld } from '../dev/nic/nic_bus.ts';

/** A simulation that ought to have ended by now. */
export class CyclesError extends Error {
  readonly cycle: number;
  constructor(maxCycles: number, cycle: number) {
    super(`not at its end after ${maxCycles} cycles`);
    this.name = 'CyclesError';
    this.cycle = cycle;
  }
}

/** The same simulation, whose run() throws CyclesError once maxCycles have passed. */
export function limitCycles(sim: SimWorld, maxCycles: number): SimWorld {
  if (maxCycles === Number.POSITIVE_INFINITY) return sim;
  const run = sim.run.bind(sim);
  sim.run = (cycles) => {
    if (sim.cycle >= maxCycles) throw new CyclesError(maxCycles, sim.cycle);
    return run(Math.min(cycles, maxCycles - sim.cycle));
  };
  return sim;
}
