// SPDX-License-Identifier: BSD-2-Clause
import { MTagPool } from '../../src/kern/m_tag.ts';
import { MbufPool } from '../../src/kern/mbuf.ts';

/** Mbufs and tags of nobody: for what a carrier does by itself. */
export function newPool(tags = 64): MbufPool {
  const sizeBytes = 1 << 18;
  return new MbufPool(new Uint8Array(sizeBytes), new MTagPool(tags), {
    baseBytes: 0,
    sizeBytes,
    frameBytes: 1514,
    jumboCount: 0,
  });
}
