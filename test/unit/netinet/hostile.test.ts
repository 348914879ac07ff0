// SPDX-License-Identifier: BSD-2-Clause
// A slice of hostile.long.test.ts.
import { expect, test } from 'vitest';
import { hostileRun } from '../../lib/hostile.ts';

test('30 000 hostile frames: no throw, no leak, each ends under a name, and a seed is a run', () => {
  const run = hostileRun(30_000, 1);
  expect(run.unnamed).toBe(0);
  // It got everywhere: most of what can be wrong was.
  expect(Object.keys(run.counters).length).toBeGreaterThan(100);
  expect(hostileRun(3000, 2)).toEqual(hostileRun(3000, 2));
  expect(hostileRun(3000, 3)).not.toEqual(hostileRun(3000, 2));
});
