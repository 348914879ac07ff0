// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { hostileRun } from '../../lib/hostile.ts';

test('10 million hostile frames into ip_input and ip6_input: no throw, no leak, each drop named', () => {
  const run = hostileRun(10_000_000, 20_030_818);
  process.stderr.write(`${JSON.stringify(run)}\n`);
  expect(run.unnamed).toBe(0);
}, 3_600_000);
