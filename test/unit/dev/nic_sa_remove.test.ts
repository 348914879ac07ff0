// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { SA_COUNT } from '../../../src/dev/nic/nic_regs.ts';
import { BenchPair } from '../../../src/profile/bench_pair.ts';
import { BASE_WORKLOAD } from '../../../src/profile/sample.ts';
import { strategyByName } from '../../../src/profile/strategy.ts';

it('an SA removed with descriptors in the ring gives its slot back once', () => {
  const { newCarrier } = strategyByName('in-place')!;
  const pair = new BenchPair(newCarrier, true, BASE_WORKLOAD, 1);
  const { nic, ipsec } = pair.tx;
  for (let i = 0; i < 5; i++) pair.send();
  nic.flush();
  expect(nic.txOutstanding).toBe(5);
  for (const sa of ipsec.sadb.list()) ipsec.sadb.delete(sa);
  expect(nic.txOutstanding).toBe(0);
  expect(nic.sa.out.freeCount).toBe(SA_COUNT);
});
