// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  type Exclusion,
  type ExclusionClass,
  exclude,
  exclusionsOf,
} from '../../scripts/coverage/exclusions.ts';
import {
  BARS,
  figures,
  KINDS,
  type Point,
  pointsOf,
  tally,
} from '../../scripts/coverage/points.ts';

/** What `npm run coverage` counts. */

const point = (fields: Readonly<Record<string, string>>, count: number): string => {
  const text = Object.entries(fields).map(([k, v]) => `\u0001${k}\u0002${v}`);
  return `C '${text.join('')}' ${count}`;
};
const toggle = { f: '/pkg/rtl/a.sv', l: '7', n: '3', page: 'v_toggle/a__W8', o: 'data_q[3]' };

describe('points', () => {
  test('of all instances and widths of a source are one', () => {
    const dat = [
      '# SystemC::Coverage-3',
      point({ ...toggle, h: 'top.one' }, 0),
      point({ ...toggle, page: 'v_toggle/a__W16', h: 'top.two' }, 5),
      point({ ...toggle, o: 'data_q[4]', h: 'top.one' }, 0),
      point({ ...toggle, f: '/elsewhere/b.sv' }, 9),
    ].join('\n');
    expect(pointsOf(dat, '/pkg')).toEqual([
      { file: 'rtl/a.sv', line: 7, kind: 'toggle', name: 'data_q[3]', count: 5 },
      { file: 'rtl/a.sv', line: 7, kind: 'toggle', name: 'data_q[4]', count: 0 },
    ]);
  });

  test('of a line have its text in their name', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const branch = { f: 'rtl/nic_pkg.sv', l: '6', n: '1', page: 'v_branch/nic_pkg', o: 'else' };
    const [found] = pointsOf(point(branch, 0), root);
    expect(found).toMatchObject({ kind: 'line', name: 'else: package nic_pkg;' });
  });

  test('are told by file, and all of them', () => {
    const at = (file: string, count: number): Point => ({
      ...{ file, line: 1, kind: 'toggle', name: 'x', count },
    });
    const rows = tally([at('rtl/b.sv', 0), at('rtl/a.sv', 1), at('rtl/b.sv', 2)]);
    const shares = rows.map((r) => [r.file, r.toggle.covered, r.toggle.points]);
    expect(shares).toEqual([
      ['rtl/a.sv', 1, 1],
      ['rtl/b.sv', 1, 2],
      ['all', 2, 3],
    ]);
  });
});

describe('exclusions', () => {
  const hole: Point = { file: 'rtl/a.sv', line: 7, kind: 'toggle', name: 'addr[40]', count: 0 };
  const entry: Exclusion = {
    file: 'rtl/a.sv',
    kind: 'toggle',
    name: 'addr\\[4\\d\\]',
    reason: 'r',
  };

  test('take points out that were not reached, by their whole name', () => {
    const longer = { ...hole, name: 'addr[401]' };
    expect(exclude([hole, longer], [entry])).toEqual({ left: [longer], wrong: [] });
  });

  test('keep what was reached, and are wrong then, or when they have nothing to exclude', () => {
    const reached = { ...hole, name: 'addr[41]', count: 1 };
    expect(exclude([hole, reached], [entry])).toEqual({ left: [reached], wrong: [entry] });
    expect(exclude([], [entry]).wrong).toEqual([entry]);
    expect(exclude([hole], [{ ...entry, file: '*' }]).left).toEqual([]);
    expect(exclude([hole], [{ ...entry, kind: 'line' }]).left).toEqual([hole]);
  });

  test('of one reason stand together', () => {
    const { file, name, ...why } = entry;
    expect(exclusionsOf([{ ...why, of: { [file]: name, '*': 'b' } }])).toEqual([
      entry,
      { ...entry, file: '*', name: 'b' },
    ]);
  });

  test('each names a file that is there, and its reason', () => {
    const root = new URL('../../', import.meta.url);
    const list = JSON.parse(
      readFileSync(new URL('coverage_exclusions.json', import.meta.url), 'utf8'),
    ) as ExclusionClass[];
    for (const { file, name, reason } of exclusionsOf(list)) {
      expect(file === '*' || existsSync(new URL(file, root)), file).toBe(true);
      expect(reason.length, name).toBeGreaterThan(20);
      expect(() => new RegExp(name)).not.toThrow();
    }
  });
});

describe('the figures of the last whole run', () => {
  const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
  const { all, ...files } = JSON.parse(read('coverage.json')) as Record<
    string,
    Record<(typeof KINDS)[number], [covered: number, points: number]>
  >;

  test('98 % of lines, 90 % of toggles, and every cover point', () => {
    for (const kind of KINDS) {
      const [covered, points] = all![kind];
      expect((100 * covered) / points, kind).toBeGreaterThanOrEqual(BARS[kind]);
    }
  });

  test('are of every module, and all of them together', () => {
    const lists = ['nic.f', 'nic_check.f'].flatMap((name) => read(`../../rtl/${name}`).split('\n'));
    const modules = lists.filter((line) => line.endsWith('.sv')).map((line) => `rtl/${line}`);
    expect(Object.keys(files)).toEqual(modules.filter((f) => f !== 'rtl/nic_pkg.sv').sort());
    for (const kind of KINDS) {
      const sum = (i: 0 | 1): number => Object.values(files).reduce((n, f) => n + f[kind][i], 0);
      expect([sum(0), sum(1)]).toEqual(all![kind]);
    }
  });

  test('are written a line a file', () => {
    const share = { points: 4, covered: 3 };
    const row = { file: 'rtl/a.sv', line: share, toggle: share, user: { points: 0, covered: 0 } };
    expect(figures([row])).toBe(
      '{\n  "rtl/a.sv": { "line": [3, 4], "toggle": [3, 4], "user": [0, 0] }\n}\n',
    );
  });
});
