// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { NO_HAZARDS } from '../../src/harness/hazards/elsewhere.ts';
import { tryOut } from '../../src/harness/hazards/run_hazards.ts';
import { HAZARDS } from '../../src/harness/hazards/table.ts';
import { turnRules } from '../../src/kern/turn_rule.ts';
import { tagwire } from '../lib/cli.ts';

describe('what each rule at a turn prevents: two runs of one seed, which differ in the rule alone', () => {
  it.each(HAZARDS.map((h) => [h.id, h.title, h] as const))(
    '%s: %s',
    async (_id, _title, hazard) => {
      const row = await tryOut(hazard, {});
      expect(row.withRule, 'with the rule').toMatchObject(nonZero(hazard.expected.withRule));
      expect(row.withoutRule, 'without').toMatchObject(nonZero(hazard.expected.withoutRule));
      expect(row.withRule).not.toEqual(row.withoutRule);
      expect(row.withRule!.plaintextLeaks ?? 0).toBe(0);
      expect(row.ok, JSON.stringify(row)).toBe(true);
    },
  );

  it('every hazard from H1 to H40 has one row, which says how it comes about or why it cannot', () => {
    const all = [...HAZARDS, ...NO_HAZARDS];
    const numbers = all.map(({ id }) => Number(id.slice(1))).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    for (const { reason } of all) expect(reason.length).toBeGreaterThan(40);
    for (const { elsewhere } of NO_HAZARDS) expect(elsewhere.length).toBeGreaterThan(20);
  });

  it('a hazard names a rule of the table, and that rule names the hazard', () => {
    for (const { id, rule } of HAZARDS) {
      const row = turnRules().find((r) => r.id === rule);
      expect(row?.hazards, `${id}: ${rule}`).toContain(Number(id.slice(1)));
    }
  });

  it('tagwire run hazards --json says it all, and ends with 0', () => {
    const r = tagwire(['run', 'hazards', '--json']);
    expect(r.status, r.stderr).toBe(0);
    const report = JSON.parse(r.stdout);
    expect(report.plaintextLeaks).toBe(0);
    expect(report.hazards).toHaveLength(40);
    for (const row of report.hazards) {
      expect(row, row.id).toMatchObject({ id: expect.stringMatching(/^H\d+$/), ok: true });
      expect(row.elsewhere, row.id).toMatch(
        /FreeBSD|NetBSD|OpenBSD|BSD|Linux|DPDK|netdevsim|mlx5|driver/,
      );
      expect(typeof row.applies).toBe('boolean');
      if (!row.applies) continue;
      // What is predicted is shown on both sides, zeros too.
      expect(row.withRule, row.id).toMatchObject({ plaintextLeaks: 0, ...row.expected.withRule });
      expect(row.withoutRule, row.id).toMatchObject(row.expected.withoutRule);
    }
  });
});

function nonZero(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter(([, n]) => n !== 0));
}
