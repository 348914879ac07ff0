// SPDX-License-Identifier: BSD-2-Clause
import { type SimWorld, STOP_BUDGET } from '../dev/nic/nic_bus.ts';

/** The cycles of a run that a waveform is to have. */
export interface WavesWindow {
  readonly fromCycle: number;
  readonly toCycle: number;
}

/** From the start to the end. */
export const WHOLE_RUN: WavesWindow = { fromCycle: 0, toCycle: Number.POSITIVE_INFINITY };

/**
 * Writes the waveform of a window: run() is cut where it begins and ends, which the hosts do not
 * notice, so that the run is the one that it is without.
 */
export function traceWindow(sim: SimWorld, path: string, window: WavesWindow): void {
  const { fromCycle, toCycle } = window;
  if (fromCycle <= sim.cycle) sim.traceOpen(path);
  let isOpen = fromCycle <= sim.cycle;
  const run = sim.run.bind(sim);
  /** Up to the edge of the window; STOP_BUDGET there is not yet the end of what was asked for. */
  const runTo = (edge: number, end: number): number | null => {
    const stop = run(Math.max(0, Math.min(edge, end) - sim.cycle));
    return stop !== STOP_BUDGET || edge >= end ? stop : null;
  };
  sim.run = (cycles) => {
    // Posted writes take cycles that are not counted.
    const first = run(0);
    if (first !== STOP_BUDGET) return first;
    const end = sim.cycle + cycles;
    if (!isOpen && sim.cycle <= toCycle && fromCycle < end) {
      const stop = runTo(fromCycle, end);
      if (stop !== null) return stop;
      sim.traceOpen(path);
      isOpen = true;
    }
    if (isOpen && toCycle < end) {
      const stop = runTo(toCycle, end);
      if (stop !== null) return stop;
      sim.traceClose();
      isOpen = false;
    }
    return run(end - sim.cycle);
  };
}
