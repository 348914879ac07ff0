// SPDX-License-Identifier: BSD-2-Clause
// `tagwire profile` as a user calls it: bad input, which ends before anything is measured, the
// comparison of recorded profiles, and one small real run.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProfileReport } from '../../src/report/profile_report.ts';
import { drawnProfile } from '../profile/synthetic.ts';
import { nested } from '../profile/trace_events.ts';
import { type Ended, tagwire } from './tagwire.ts';

const folder = mkdtempSync(join(tmpdir(), 'tagwire-profile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('bad input ends with 2, and says what is wrong', () => {
  const cases: readonly [string, () => string[], RegExp][] = [
    [
      'a budget with an unknown metric',
      () => ['--budget', written('metric.yaml', '# mine\nin-place:\n  tx.tagNanos: 60\n')],
      /metric\.yaml:3: unknown metric 'tx\.tagNanos'; known: tx\.allocs, /,
    ],
    [
      'a budget for a strategy that is not measured',
      () => ['--strategy', 'none', '--budget', written('s.yaml', 'in-place:\n  tx.allocs: 1\n')],
      /s\.yaml:2: strategy 'in-place' is not measured; those that are: none$/m,
    ],
    [
      'a budget that is not there',
      () => ['--budget', join(folder, 'nowhere.yaml')],
      /--budget: '.*nowhere\.yaml' does not exist/,
    ],
    [
      'a budget that is a directory',
      () => ['--budget', folder],
      /--budget: '.*' cannot be read \(EISDIR\)/,
    ],
    [
      'a timeline that cannot be written, before minutes are spent on it',
      () => ['--timeline', join(folder, 'nowhere', 't.json')],
      /--timeline: '.*t\.json' cannot be written \(ENOENT\)/,
    ],
    [
      'a strategy file without the interface',
      () => ['--strategy', written('mine.mjs', 'export default () => ({ take() {} });\n')],
      /mine\.mjs': its carrier has no method request\(\)/,
    ],
    [
      'a strategy nobody knows',
      () => ['--strategy', 'in-plcae'],
      /unknown strategy 'in-plcae'; did you mean 'in-place'\?/,
    ],
    ['no strategy at all', () => ['--strategy', ''], /--strategy needs a value/],
    [
      'a strategy twice',
      () => ['--strategy', 'none,in-place', '--strategy', 'none'],
      /--strategy: 'none' is given twice/,
    ],
    [
      'a scenario with no offloaded packet',
      () => [
        written(
          'clear.mjs',
          'export default { summary: "nothing", world: { offload: false }, async run(w, p) { await w.flow(0, p); } };\n',
        ),
      ],
      /scenario 'clear' offloads no packet, so there is no tag to measure/,
    ],
    [
      'a timeline of a card without cycles',
      () => ['--timeline', join(folder, 't.json'), '--nic', 'model'],
      /--timeline shows cycles of the card: it needs --nic rtl/,
    ],
  ];

  test.each(cases)('%s', async (_what, args, message) => {
    const { code, stdout, stderr } = await tagwire('profile', ...args(), '--out', folder);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('profile compare', () => {
  let before: string;
  let after: string;
  let report: ProfileReport;
  beforeAll(async () => {
    const quiet = { noise: 0.01 };
    const none = { sweeps: [], cosim: [] };
    report = await drawnProfile({ seed: 1, ...quiet }, none);
    before = written('a.json', JSON.stringify(report));
    const slower = { seed: 2, ...quiet, slower: { esp: 1.05 } };
    after = written('b.json', JSON.stringify(await drawnProfile(slower, none)));
  });

  test('names the stage that became slower', async () => {
    const { code, stdout } = await tagwire('profile', 'compare', before, after);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^in-place +tx\.stages\.esp +18\d +19\d +\+[4-6]\.\d+ %$/m);
    expect(stdout).not.toMatch(/stages\.tag/);
  });

  test('of a profile with itself finds nothing', async () => {
    const { code, stdout } = await tagwire('profile', 'compare', before, before, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ changed: [], machine: 1, onlyInA: [], onlyInB: [] });
  });

  test('refuses another schema version, and what is no profile', async () => {
    const other = written('other.json', JSON.stringify({ ...report, version: 99 }));
    const { code, stderr } = await tagwire('profile', 'compare', before, other);
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toMatch(/other\.json: has schema version 99, expected 2/);
    const text = written('text.json', 'profile');
    expect((await tagwire('profile', 'compare', text, before)).code).toBe(2);
    expect((await tagwire('profile', 'compare', before)).code).toBe(2);
    expect((await tagwire('profile', 'compare', before, join(folder, 'gone.json'))).code).toBe(2);
    expect((await tagwire('profile', 'compare', before, folder)).code).toBe(2);
  });
});

describe('a small real run', () => {
  let ended: Ended;
  let report: ProfileReport & { budget: { broken: boolean; metric: string }[] };
  const out = join(folder, 'run');
  const trace = join(out, 'trace.json');
  beforeAll(async () => {
    const budget = written('run.yaml', 'in-place:\n  tx.handoverAllocs: 0\n  rx.allocs: 0\n');
    const args = ['--quick', '--strategy', 'in-place', '--budget', budget, '--timeline', trace];
    ended = await tagwire('profile', ...args, '--out', out, '--seed', '5', '--json');
    report = JSON.parse(ended.stdout);
  });

  test('profile.json is what its schema says, and what --json printed', () => {
    const file = JSON.parse(readFileSync(join(out, 'profile.json'), 'utf8'));
    const schema = JSON.parse(readFileSync(join(out, 'profile.schema.json'), 'utf8'));
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    for (const profile of [file, report]) {
      validate(profile);
      expect(validate.errors).toBe(null);
    }
    expect(report).toMatchObject(file);
  });

  test('the tag in place is one a packet each way, and none for the hand-over', () => {
    const [inPlace] = report.strategies;
    for (const way of [inPlace!.tx, inPlace!.rx]) {
      expect(way).toMatchObject({ allocs: 1, frees: 1, handoverAllocs: 0 });
      expect(way.tagNs.p50).toBeGreaterThan(0);
      expect(way.hostNs.p50).toBeGreaterThan(way.tagNs.p50);
      expect(way.tagNs.rounds.length).toBe(report.method.rounds);
    }
    expect(report.manifest).toMatchObject({ seed: 5, versions: { node: process.versions.node } });
    expect(report.manifest.versions.verilator).toMatch(/^\d+\.\d+$/);
  });

  test('a broken budget ends with 1, and the line that broke', () => {
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/run\.yaml:3: in-place rx\.allocs is 1, at most 0 is allowed/);
    expect(report.budget.map((b) => b.broken)).toEqual([false, true]);
  });

  test('the simulation says where its cycles go', () => {
    const [cosim] = report.strategies[0]!.cosim;
    expect(cosim).toMatchObject({ offloaded: cosim!.sent });
    expect(cosim!.sent).toBeGreaterThan(0);
    const stages = Object.keys(cosim!.rtl!.stages);
    expect(stages).toEqual(['descriptor', 'fetch', 'sa', 'crypto', 'icv', 'completion']);
    expect(cosim!.rtl!.cyclesPerPacket).toBeGreaterThan(5);
  });

  test('the timeline’s slices nest, each packet a track', () => {
    const tracks = nested(JSON.parse(readFileSync(trace, 'utf8')));
    expect(tracks.size).toBeGreaterThan(3);
  });

  test('all files are there', () => {
    for (const file of ['profile.html', 'profile.folded', 'profile.csv', 'profile-stages.svg']) {
      expect(existsSync(join(out, file)), file).toBe(true);
    }
  });
});
