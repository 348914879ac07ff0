// SPDX-License-Identifier: BSD-2-Clause
// The planted faults themselves; `npm run planted` tries them all, which takes an hour.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AREAS, plantedFaults, ROOT } from '../../scripts/planted/patches.ts';
import { apply, tryPatch } from '../../scripts/planted/try_patch.ts';
import { GROUPS } from '../../src/validate/registry.ts';

const faults = plantedFaults();

/** What a suite that is to be believed must notice. */
const REQUIRED = [
  'loopback-stale-tag',
  'second-tag',
  'iv-reuse-fallback',
  'replay-off-by-one',
  'esn-high-at-rollover',
  'plaintext-before-verdict',
  'descriptor-not-advanced',
  'wakeup-lost',
  'rtl-page-border',
  'phase-ignored',
];

describe('the planted faults', () => {
  it('are at least 60, in every area, with the required ones among them', () => {
    expect(faults.length).toBeGreaterThanOrEqual(60);
    for (const area of AREAS) expect(faults.filter((f) => f.area === area)).not.toEqual([]);
    expect(REQUIRED.filter((id) => !faults.some((f) => f.id === id))).toEqual([]);
  });

  it('name groups that there are', () => {
    const unknown = faults.filter(({ groups }) => groups.some((group) => !GROUPS.includes(group)));
    expect(unknown.map(({ id, groups }) => `${id}: ${groups}`)).toEqual([]);
  });

  it('all apply to the tree as it is', () => {
    const refused = faults.map((f) => apply(f.file, ROOT, '--check')).filter((said) => said !== '');
    expect(refused).toEqual([]);
  });

  it('one that does not apply says so', async () => {
    const [fault] = faults;
    const nowhere = mkdtempSync(join(tmpdir(), 'tagwire-nowhere-'));
    expect(apply(fault!.file, nowhere)).toMatch(/No such file|does not exist/);
  });
});

describe('a tree with a fault in it does not pass `validate`', () => {
  it.each(['loopback-stale-tag', 'phase-not-flipped', 'accept-not-relabelled'])(
    '%s',
    async (id) => {
      const fault = faults.find((f) => f.id === id)!;
      const outcome = await tryPatch(fault, fault.groups.slice(0, 1), { failFast: true });
      expect(outcome.exitCode).toBe(1);
      expect(outcome.failed.length).toBeGreaterThan(0);
    },
    120_000,
  );
});
