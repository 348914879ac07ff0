// SPDX-License-Identifier: BSD-2-Clause
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBudget, readBudget } from '../../src/profile/budget.ts';
import { compareProfiles, parseProfile } from '../../src/profile/compare.ts';
import { metricNames, metricsOf, ratioNames, ratiosOf } from '../../src/profile/metrics.ts';
import type { ProfileReport } from '../../src/report/profile_report.ts';
import { drawnProfile } from './synthetic.ts';

let report: ProfileReport;
beforeAll(async () => {
  report = await drawnProfile({ seed: 1, noise: 0.02 });
});

const YAML = `# what in-place may cost
in-place:
  tx.handoverAllocs: 0
  tx.tagShare: 6 %     # of host time
  tx.tagNs: 30
  cyclesPerPacket.64: 10
mbuf-field: { tx.allocs: 0, rx.stages.esp: 1e3 }
`;

describe('a budget', () => {
  test('is read with the line of each limit', () => {
    expect(
      readBudget(YAML, 'b.yaml').map(({ line, strategy, metric, max }) => [
        line,
        strategy,
        metric,
        max,
      ]),
    ).toEqual([
      [3, 'in-place', 'tx.handoverAllocs', 0],
      [4, 'in-place', 'tx.tagShare', 0.06],
      [5, 'in-place', 'tx.tagNs', 30],
      [6, 'in-place', 'cyclesPerPacket.64', 10],
      [7, 'mbuf-field', 'tx.allocs', 0],
      [7, 'mbuf-field', 'rx.stages.esp', 1000],
    ]);
  });

  test('may be JSON', () => {
    const limits = readBudget('{\n "in-place": {\n  "tx.allocs": 1 } }', 'b.json');
    expect(limits).toMatchObject([{ file: 'b.json', line: 3, metric: 'tx.allocs', max: 1 }]);
  });

  test('is broken by what is surely above its limit', () => {
    const broken = checkBudget(readBudget(YAML, 'b.yaml'), report).filter((r) => r.broken);
    expect(broken).toMatchObject([{ line: 5, metric: 'tx.tagNs', max: 30 }]);
    expect(broken[0]!.value).toBeGreaterThan(39);
  });

  test('is not broken by a median above the limit whose interval reaches below it', () => {
    const { p50 } = report.strategies[0]!.tx.tagNs;
    const [result] = checkBudget(readBudget(`in-place:\n  tx.tagNs: ${p50 - 0.01}`, 'b'), report);
    expect(result).toMatchObject({ broken: false, withinNoise: true });
  });

  test('is broken by every one of too few rounds for an interval, and by no fewer', async () => {
    const few = await drawnProfile({ seed: 1, noise: 0.02 }, { rounds: 3, cosim: [], sweeps: [] });
    const { rounds, low95 } = few.strategies[0]!.tx.tagNs;
    expect(low95).toBeNull();
    const brokenAt = (max: number) =>
      checkBudget(readBudget(`in-place:\n  tx.tagNs: ${max}`, 'b'), few)[0]!.broken;
    expect(brokenAt(Math.min(...rounds) - 0.01)).toBe(true);
    expect(brokenAt(Math.min(...rounds))).toBe(false);
  });

  test.each([
    [
      'unknown metric',
      'in-place:\n  tx.alocs: 1',
      /^b:2: unknown metric 'tx.alocs'; known: .*tx.allocs/,
    ],
    [
      'unknown strategy',
      '\nin-plaec:\n  tx.allocs: 1',
      /^b:3: strategy 'in-plaec' is not measured; those that are: in-place, /,
    ],
  ])('with an %s is refused, naming file and line', (_what, text, message) => {
    expect(() => checkBudget(readBudget(text, 'b'), report)).toThrow(message);
  });

  test.each([
    ['no map', '- 1\n- 2', /^b:1: expected a map of strategies$/],
    ['nothing', '', /^b:1: expected a map of strategies$/],
    ['no metrics', 'in-place: 3', /^b:1: expected metrics of 'in-place'/],
    [
      'text',
      'in-place:\n  tx.allocs: many',
      /^b:2: tx.allocs: expected a number or a percentage, got 'many'$/,
    ],
    [
      'a list',
      'in-place:\n  tx.allocs: [1]',
      /^b:2: tx.allocs: expected a number or a percentage, got a list or a map$/,
    ],
    ['broken YAML', 'in-place:\n  tx.allocs: [1', /^b:[23]: /],
    ['broken JSON', '{\n "in-place": {\n  "tx.allocs": 3,,\n}}', /^b:3: .* \(column 18\)$/],
  ])('that is %s is refused', (_what, text, message) => {
    expect(() => readBudget(text, 'b')).toThrow(message);
  });
});

test('the names of metrics are known before anything is measured', () => {
  const names = metricNames(report.strategies[0]!.cosim.map((c) => c.sizeBytes));
  expect([...metricsOf(report.strategies[0]!).keys()].sort()).toEqual(names.sort());
});

test('a strategy may be limited beside another one, and the names are known beforehand', () => {
  const text = 'in-place:\n  tx.hostRatio.mbuf-field: 1.03\n  tx.tagRatio.mbuf-field: 1.3';
  const results = checkBudget(readBudget(text, 'b'), report);
  // 40 ns beside 28 ns of tag work, in some 700 ns.
  expect(results.map((r) => r.broken)).toEqual([false, true]);
  expect(results[1]!.value).toBeCloseTo(40 / 28, 1);
  const known = ratioNames(report.strategies.map((s) => s.name));
  expect(known).toContain('rx.tagRatio.side-table');
  for (const name of ratiosOf(report, 'in-place').keys()) expect(known).toContain(name);
});

describe('comparing two profiles', () => {
  test('a count that changed is named, largest first', async () => {
    const other: ProfileReport = JSON.parse(JSON.stringify(report));
    const [inPlace] = other.strategies as unknown as { tx: { allocs: number; bytes: number } }[];
    inPlace!.tx.allocs = 3;
    inPlace!.tx.bytes = 50;
    const { changed, onlyInA } = compareProfiles(report, other);
    expect(changed).toMatchObject([
      {
        strategy: 'in-place',
        metric: 'tx.allocs',
        before: 1,
        after: 3,
        change: 2,
        verdict: 'more',
      },
      { strategy: 'in-place', metric: 'tx.bytes', before: 48, after: 50, verdict: 'more' },
    ]);
    expect(onlyInA).toEqual([]);
  });

  test('what only one of them has is named', async () => {
    const strategies = report.strategies.slice(1);
    const { onlyInA, onlyInB } = compareProfiles(report, { ...report, strategies });
    expect(onlyInA).toContain('in-place tx.tagNs');
    expect(onlyInB).toEqual([]);
  });

  test('when the collector collects is chance, and no change', () => {
    type Mutable = { tx: { heapBytes: number; gcNs: number } };
    const withGc = (heapBytes: number, gcNs: number): ProfileReport => {
      const other: ProfileReport = JSON.parse(JSON.stringify(report));
      Object.assign((other.strategies.at(-1) as unknown as Mutable).tx, { heapBytes, gcNs });
      return other;
    };
    const { changed } = compareProfiles(withGc(736, 2004), withGc(741, 6535));
    expect(changed).toEqual([]);
    expect(compareProfiles(withGc(736, 0), withGc(800, 0)).changed).toMatchObject([
      { metric: 'tx.heapBytes', before: 736, after: 800 },
    ]);
    // The tag in place leaves next to nothing: a byte more is seen.
    expect(compareProfiles(withGc(0.03, 0), withGc(1, 0)).changed).toHaveLength(1);
  });

  test('says when not the same was measured', () => {
    expect(compareProfiles(report, report).notes).toEqual([]);
    const base = { ...report.base, sas: 4 };
    expect(compareProfiles(report, { ...report, base, scenario: 'gateway' }).notes).toEqual([
      `not the same scenario: ${report.scenario}, then gateway`,
      `not the same workload: ${base.sizeBytes} bytes, ${report.base.sas} SAs, then ${base.sizeBytes} bytes, 4 SAs`,
    ]);
  });

  test('a profile with parts missing is refused', () => {
    const { schema, version } = report;
    for (const parts of [{}, { strategies: [] }, { ...report, manifest: {} }]) {
      const text = JSON.stringify({ ...parts, schema, version });
      expect(() => parseProfile(text, 'p.json')).toThrow(/^p\.json: expected .*parts are missing$/);
    }
  });

  test('a machine that was slower as a whole is no change of the code', () => {
    const slow: ProfileReport = JSON.parse(JSON.stringify(report), (key, value) =>
      key === 'rounds' || key === 'calibrationNs'
        ? Array.isArray(value)
          ? value.map((x: number) => x * 1.04)
          : value
        : value,
    );
    const { changed, machine } = compareProfiles(report, slow);
    expect(machine).toBeCloseTo(1.04, 5);
    expect(changed).toEqual([]);
  });

  test.each([
    [
      'another schema version',
      '{ "schema": "tagwire-profile", "version": 99, "strategies": [] }',
      /^a.json: has schema version 99, expected 2/,
    ],
    ['not a profile', '{}', /^a.json: expected profile.json as tagwire profile writes it$/],
    ['null', 'null', /^a.json: expected profile.json/],
    ['no JSON', 'x', /^a.json: expected profile.json: /],
  ])('%s is refused', (_what, text, message) => {
    expect(() => parseProfile(text, 'a.json')).toThrow(message);
  });
});
