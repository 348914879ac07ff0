// SPDX-License-Identifier: BSD-2-Clause
import type { FuzzCase, FuzzEvent } from './fuzz_case.ts';

/** Most cases that are tried for one find: a long run is no help to who waits for it. */
const TRIES = 200;

/**
 * The fewest events, packets and faults that still fail: delta debugging (Zeller and Hildebrandt,
 * 2002) over the list of events, then fewer packets in each, then a gentler world.
 */
export async function shrink(
  fuzz: FuzzCase,
  fails: (smaller: FuzzCase) => Promise<boolean>,
): Promise<FuzzCase> {
  let best = fuzz;
  let tries = 0;
  const take = async (smaller: FuzzCase): Promise<boolean> => {
    if (tries++ >= TRIES || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  const { between: _, ...alone } = fuzz;
  if (fuzz.between !== undefined) await take(alone);
  for (let chunk = Math.ceil(best.events.length / 2); chunk >= 1; ) {
    let removed = false;
    for (let at = 0; at < best.events.length; ) {
      const events = best.events.toSpliced(at, chunk);
      if (events.length < best.events.length && (await take({ ...best, events }))) removed = true;
      else at += chunk;
    }
    if (chunk === 1 && !removed) break;
    if (!removed || chunk > best.events.length) chunk = Math.max(1, Math.floor(chunk / 2));
  }
  for (let at = 0; at < best.events.length; at++) {
    for (let e = smaller(best.events[at]!); e !== null; ) {
      const events = best.events.with(at, e);
      e = (await take({ ...best, events })) ? smaller(e) : null;
    }
  }
  const { wire, memory, ...world } = best.world;
  const { latencyCycles = 500 } = wire ?? {};
  await take({ ...best, world: { ...world, wire: { latencyCycles }, memory: {} } });
  return best;
}

/** Half as much of it, or null. */
function smaller(e: FuzzEvent): FuzzEvent | null {
  if ('packets' in e && e.packets > 1) return { ...e, packets: e.packets >> 1 };
  if ('bursts' in e && e.bursts > 1) return { ...e, bursts: e.bursts >> 1 };
  if ('times' in e && e.times > 1) return { ...e, times: e.times >> 1 };
  return null;
}
