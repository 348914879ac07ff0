// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import type { MbufPool } from '../../src/kern/mbuf.ts';
import { TagSan } from '../../src/kern/tag_san.ts';

/** No mbuf and no tag is out, and the tag sanitiser has found nothing: to be called at the end of a test, or in afterEach. */
export function leakCheck(...pools: MbufPool[]): void {
  for (const pool of pools) {
    expect(pool.inUse, 'mbufs in use').toBe(0);
    if (pool.tags instanceof TagSan) expect(pool.tags.end()).toEqual([]);
    expect(pool.tags.inUse, 'tags in use').toBe(0);
  }
}
