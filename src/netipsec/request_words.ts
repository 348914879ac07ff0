// SPDX-License-Identifier: BSD-2-Clause
import { type OffloadRequest, REQ_GENERATION, REQ_SA_HANDLE } from './pact.ts';
import type { Sa } from './sa.ts';
import type { Sadb } from './sadb.ts';

const FAMILY_SHIFT = 8;

/**
 * Copies a request to w[p] and on, of an IPv4 address the one word that it has. Without a loop, which
 * would take twice as long.
 */
export function putRequest(w: Uint32Array, p: number, r: OffloadRequest): void {
  w[p] = r[0]!;
  w[p + 1] = r[1]!;
  w[p + 2] = r[2]!;
  w[p + 3] = r[3]!;
  w[p + 4] = r[4]!;
  w[p + 5] = r[5]!;
  w[p + 6] = r[6]!;
  w[p + 7] = r[7]!;
  w[p + 8] = r[8]!;
  if (r[1]! >>> FAMILY_SHIFT === 4) return;
  w[p + 9] = r[9]!;
  w[p + 10] = r[10]!;
  w[p + 11] = r[11]!;
}

/** The SA that the request w[at …] means; null: it is gone. */
export function saOfRequest(sadb: Sadb, w: Uint32Array, at: number): Sa | null {
  return sadb.byHandle(w[at + REQ_SA_HANDLE]! | 0, w[at + REQ_GENERATION]!);
}
