// SPDX-License-Identifier: BSD-2-Clause
// The planted faults themselves; `npm run planted` tries them all, which takes an hour.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matrixText, noted, readMatrix, uncovered } from '../../scripts/planted/matrix.ts';
import { AREAS, plantedFaults, ROOT } from '../../scripts/planted/patches.ts';
import { readReasons } from '../../scripts/planted/reasons.ts';
import { apply, outcomeOf, tryPatch } from '../../scripts/planted/try_patch.ts';
import { CASES, GROUPS } from '../../src/validate/registry.ts';

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

describe('the matrix of faults and cases', () => {
  const ids = CASES.map((c) => c.id);
  const { faults: rows } = readMatrix();
  it('has every case of the suite, or says why no fault is planted for it', () => {
    const left = uncovered(readMatrix(), readReasons(), ids);
    // `npm run planted -- --uncovered` tries the planted faults on these alone, and adds the rows.
    // A case that none of them fails wants a patch in test/planted, or a reason in reasons.json there.
    expect(left, 'npm run planted -- --uncovered adds the rows').toEqual([]);
  });

  it('gives no reason for a case that there is not', () => {
    expect(Object.keys(readReasons()).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('has the required faults as caught, and 95 % of those tried', () => {
    const tried = faults.filter(({ id }) => id in rows).map(({ id }) => id);
    const caught = tried.filter((id) => rows[id]!.cases.length > 0);
    expect(REQUIRED.filter((id) => !caught.includes(id))).toEqual([]);
    expect(tried.length).toBeGreaterThanOrEqual(100);
    expect(caught.length / tried.length).toBeGreaterThanOrEqual(0.95);
  });

  it('is printed with who noticed what, who survived, and what has no row', () => {
    const row = { title: 't', area: 'rtl', groups: ['rings'] };
    const two = {
      a: { ...row, cases: ['rings/one'], because: 'rings/one: 1, expected 2' },
      b: { ...row, cases: [], because: '' },
    };
    const reasons = { 'rings/two': 'nothing can go wrong' };
    const all = ['rings/one', 'rings/two', 'rings/three'];
    const text = matrixText({ faults: two }, reasons, all, ['a', 'b', 'c']);
    for (const line of [
      'caught   a: t',
      'rings/one: a',
      'rings/two: none is planted, nothing can go wrong',
      'no planted fault has failed rings/three',
      '1 of 2 planted faults are caught (50.0 %)',
      'not tried yet: c',
      'survived: b (t)',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('keeps what is known of cases that a run leaves out', () => {
    const [fault] = faults;
    const outcome = { exitCode: 1, lost: [], seconds: 1, because: 'x' };
    const first = noted({ faults: {} }, fault!, {
      ...{ ...outcome, failed: ['rings/a', 'rings/b'], ran: ['rings/a', 'rings/b'] },
    });
    const then = noted(first, fault!, {
      ...outcome,
      failed: ['rings/c'],
      ran: ['rings/b', 'rings/c'],
    });
    expect(then.faults[fault!.id]!.cases).toEqual(['rings/a', 'rings/c']);
  });

  it('a case that takes too long, or whose process is lost, has noticed nothing', () => {
    const outcome = outcomeOf([
      { id: 'a/1', status: 'timeout', reason: 'took longer than 120 s' },
      { id: 'a/2', status: 'infrastructure', reason: 'was ended by SIGKILL' },
      { id: 'a/3', status: 'missing', reason: 'no result came' },
      { id: 'a/4', status: 'passed', reason: '' },
    ]);
    expect(outcome).toEqual({ failed: [], lost: ['a/1', 'a/2'], ran: ['a/4'], because: '' });
    const hangs = { id: 'a/5', status: 'failed', reason: 'no progress for 500000 cycles' } as const;
    expect(outcomeOf([hangs])).toMatchObject({ failed: ['a/5'], because: `a/5: ${hangs.reason}` });
  });
});

describe('a tree with a fault in it does not pass `validate`', () => {
  it.each(['loopback-stale-tag', 'phase-not-flipped', 'accept-not-relabelled'])(
    '%s',
    async (id) => {
      const fault = faults.find((f) => f.id === id)!;
      const outcome = await tryPatch(fault, { groups: fault.groups.slice(0, 1), failFast: true });
      expect(outcome.exitCode).toBe(1);
      expect(outcome.failed.length).toBeGreaterThan(0);
    },
    120_000,
  );
});
