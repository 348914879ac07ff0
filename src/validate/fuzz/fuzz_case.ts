// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import type { WorldOptions } from '../../harness/world_options.ts';

export const FUZZ_SCHEMA = 'tagwire-fuzz/1';

type Side = 0 | 1;

/** What happens, one after the other. `host` and `from` name the host that it is about. */
export type FuzzEvent =
  | { readonly do: 'send'; readonly from: Side; readonly packets: number }
  /** The same by one pair of sockets: always one flow. */
  | { readonly do: 'say'; readonly from: Side; readonly packets: number }
  | { readonly do: 'step'; readonly cycles: number }
  /** A new SA; esnLeft: with ESN, and so many numbers before the low half is 0 again. */
  | { readonly do: 'rekey'; readonly from: Side; readonly esnLeft?: number }
  | { readonly do: 'retire'; readonly from: Side }
  | { readonly do: 'timers' }
  /** What the sender's policy says of the flow from now on. */
  | { readonly do: 'policy'; readonly from: Side; readonly action: 'discard' | 'protect' }
  /** An echo request to the own address, which goes by loopback, and ESP is required (IPv4). */
  | { readonly do: 'ping'; readonly host: Side }
  /** The route to the other host leads by an interface that does no IPsec, or back by the card. */
  | { readonly do: 'detour'; readonly host: Side }
  /** Card and such an interface are members of a bridge from now on. */
  | { readonly do: 'bridge'; readonly host: Side }
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
  /** Other things come in between, at every so-manieth point of kern/preempt.ts; absent: none. */
  readonly between?: { readonly seed: number; readonly everyPoints: number };
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
  return events.reduce((n, e) => n + ('packets' in e ? e.packets : 0), 0);
}

/** The longest of imix, and headers of ESP in IPv6. */
const IMIX_BYTES = 1500;
const HEADERS_BYTES = 150;

const QUIET: readonly FuzzEvent['do'][] = [
  ...(['send', 'say', 'step', 'rekey', 'timers', 'policy', 'ping', 'again', 'tampered'] as const),
];

/** Does nothing in it lose packets, or hold them up for longer than the world is watched? */
export function isLossless({ world, size, events, between }: FuzzCase): boolean {
  // A fragment that was tampered with spoils the packet of those that are still to come.
  const longest = (size === 'imix' ? IMIX_BYTES : size) + HEADERS_BYTES;
  const spoils = longest > (world.mtu ?? 9000) && events.some((e) => e.do === 'tampered');
  const { lossPercent = 0, flipPpm = 0, reorderPpm = 0 } = world.wire ?? {};
  const { stallPermille = 0 } = world.memory ?? {};
  return (
    between === undefined &&
    !spoils &&
    lossPercent + flipPpm + reorderPpm + stallPermille === 0 &&
    events.every((e) => QUIET.includes(e.do))
  );
}
