// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { preemptPoints } from '../../src/kern/preempt.ts';
import { expectInterleavings, interleave } from './interleavings.ts';

describe('interrupts, rekeys, deletes, route changes and removals between any two steps', () => {
  it('keep all oracles silent: no leak, no number twice, every loss under a name', async () => {
    await expectInterleavings(1, 30);
  }, 120_000);

  it('are chosen by the seed: the same one gives the same schedule and the same run', async () => {
    const [a, b] = [await interleave(7), await interleave(7)];
    expect(a.schedule!.length).toBeGreaterThan(3);
    expect(b.schedule).toEqual(a.schedule);
    expect(b.digest).toBe(a.digest);
    expect((await interleave(9)).schedule).not.toEqual(a.schedule);
  });

  it('come at every point of the stack, the driver and the SADB', async () => {
    const seen = new Set<string>();
    for (let seed = 100; seed < 140 && seen.size < preemptPoints().length; seed++) {
      for (const line of (await interleave(seed)).schedule ?? []) seen.add(line.split(' ')[3]!);
    }
    expect([...seen].map((s) => s.replace(':', '')).sort()).toEqual(
      preemptPoints()
        .map((p) => p.name)
        .sort(),
    );
  }, 120_000);

  // A rule taken out is a bug put in.
  it.each([['generation'], ['sa-stamp']])(
    'find what the rule "%s" is for, and find it again by the seed',
    async (rule) => {
      let seed = 0;
      let found = await interleave(seed, [rule]);
      while (found.violations.length === 0 && seed < 60) found = await interleave(++seed, [rule]);
      expect(found.violations.length).toBeGreaterThan(0);
      const again = await interleave(seed, [rule]);
      expect(again.violations).toEqual(found.violations);
      expect(again.schedule).toEqual(found.schedule);
      expect((await interleave(seed)).violations).toEqual([]);
    },
    120_000,
  );
});
