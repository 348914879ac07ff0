// SPDX-License-Identifier: BSD-2-Clause
import type { OffloadRequest } from './pact.ts';

/** Words of a packed request, in the order that pact.ts fixes; its state is the carrier's label. */
export const REQUEST_WORDS = 12;

/** Writes r, all but its state, to w[p] and on. */
export function packRequest(w: Uint32Array, p: number, r: OffloadRequest): void {
  w[p] = r.spi;
  w[p + 1] = (r.proto & 0xff) | (r.family << 8);
  w[p + 2] = r.saHandle;
  w[p + 3] = r.generation;
  w[p + 4] = r.ifIndex;
  w[p + 5] = (r.espOffset & 0xffff) | (r.trailerLen << 16);
  w[p + 6] = r.esnHi;
  w[p + 7] = r.cardSa;
  w[p + 8] = r.dst0;
  w[p + 9] = r.dst1;
  w[p + 10] = r.dst2;
  w[p + 11] = r.dst3;
}

/** Fills r, all but its state, from w[p] and on. */
export function unpackRequest(w: Uint32Array, p: number, r: OffloadRequest): void {
  r.spi = w[p]!;
  r.proto = w[p + 1]! & 0xff;
  r.family = (w[p + 1]! >>> 8) & 0xff;
  r.saHandle = w[p + 2]! | 0;
  r.generation = w[p + 3]!;
  r.ifIndex = w[p + 4]! | 0;
  r.espOffset = w[p + 5]! & 0xffff;
  r.trailerLen = w[p + 5]! >>> 16;
  r.esnHi = w[p + 6]!;
  r.cardSa = w[p + 7]! | 0;
  r.dst0 = w[p + 8]!;
  r.dst1 = w[p + 9]!;
  r.dst2 = w[p + 10]!;
  r.dst3 = w[p + 11]!;
}
