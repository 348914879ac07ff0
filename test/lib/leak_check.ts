// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import type { MbufPool } from '../../src/kern/mbuf.ts';

/** No mbuf and no tag is out: to be called at the end of a test, or in afterEach. */
export function leakCheck(...pools: MbufPool[]): void {
  for (const pool of pools) {
    expect(pool.inUse, 'mbufs in use').toBe(0);
    expect(pool.tags.inUse, 'tags in use').toBe(0);
  }
}
