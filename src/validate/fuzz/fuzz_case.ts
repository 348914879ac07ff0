// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import type { WorldOptions } from '../../harness/world_options.ts';

export const FUZZ_SCHEMA = 'tagwire-fuzz/1';

type Side = 0 | 1;

/** What happens, one after the other. `host` and `from` name the host that it is about. */
export type FuzzEvent =
  | { readonly do: 'send'; readonly from: Side; readonly packets: number }
  | { readonly do: 'step'; readonly cycles: number }
  | { readonly do: 'rekey' | 'retire'; readonly from: Side }
  | { readonly do: 'timers' }
  /** A frame of before comes to the host again, whole or with a bit flipped. */
  | { readonly do: 'again' | 'tampered'; readonly host: Side; readonly nth: number }
  | { readonly do: 'readError' | 'writeError'; readonly host: Side; readonly bursts: number }
  | { readonly do: 'noMbuf' | 'noTag'; readonly host: Side; readonly times: number }
  | { readonly do: 'reset'; readonly host: Side };

/** A world and what happens in it: what fuzzing finds, and shrinks. Pure data. */
export interface FuzzCase {
  readonly schema: typeof FUZZ_SCHEMA;
  readonly seed: number;
  readonly world: WorldOptions;
  readonly size: number | 'imix';
  readonly events: readonly FuzzEvent[];
}

/** No file of a corpus, or one of another version. */
export class FuzzFileError extends Error {
  readonly exitCode = 2;
  override readonly name = 'FuzzFileError';
}

/** A file of a corpus. Throws FuzzFileError. */
export function readFuzzFile(path: string): FuzzCase {
  let found: Partial<FuzzCase> | null;
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as Partial<FuzzCase> | null;
  } catch (error) {
    throw new FuzzFileError(`${path}: ${(error as Error).message}`);
  }
  if (found?.schema !== FUZZ_SCHEMA) {
    const is = typeof found?.schema === 'string' ? `'${found.schema}'` : 'none';
    throw new FuzzFileError(`${path}: expected the schema '${FUZZ_SCHEMA}', and there is ${is}`);
  }
  if (!Array.isArray(found.events) || typeof found.seed !== 'number') {
    throw new FuzzFileError(`${path}: expected a seed and events`);
  }
  return found as FuzzCase;
}

export function packetsOf({ events }: FuzzCase): number {
  return events.reduce((n, e) => n + (e.do === 'send' ? e.packets : 0), 0);
}

/** Does nothing in it lose packets, or hold them up for longer than the world is watched? */
export function isLossless({ world, events }: FuzzCase): boolean {
  const { lossPercent = 0, flipPpm = 0, reorderPpm = 0 } = world.wire ?? {};
  const quiet = ['send', 'step', 'rekey', 'timers', 'again', 'tampered'];
  const { stallPermille = 0 } = world.memory ?? {};
  return (
    lossPercent + flipPpm + reorderPpm + stallPermille === 0 &&
    events.every((e) => quiet.includes(e.do))
  );
}
