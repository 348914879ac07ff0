// SPDX-License-Identifier: BSD-2-Clause
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/options.ts';
import { command } from '../../src/cli/validate.ts';
import type { CaseResult, ValidateResults } from '../../src/report/validate_results.ts';
import { CASES, GROUPS } from '../../src/validate/registry.ts';
import { startTagwire } from '../lib/cli.ts';
import { type Ended, tagwire, tagwireWith } from './tagwire.ts';

const folder = mkdtempSync(join(tmpdir(), 'tagwire-validate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const validate = (out: string, ...argv: string[]): Promise<Ended> =>
  tagwire('validate', '--nic', 'model', '--out', join(folder, out), ...argv);

const resultsOf = (out: string): ValidateResults =>
  JSON.parse(readFileSync(join(folder, out, 'results.json'), 'utf8'));

const SOME = ['--grep', '^(rings/narrow|registers/holds-mac)'];

describe('what would be run', () => {
  it('--list: every case with its group, title and what it checks', async () => {
    const { code, stdout } = await tagwire('validate', '--list');
    expect(code).toBe(0);
    for (const group of GROUPS) expect(stdout).toContain(`${group} (`);
    for (const c of CASES) expect(stdout).toContain(`  ${c.id} `);
    expect(stdout).toContain(`${CASES.length} cases`);
  });

  it('--list --json with --suite and --grep', async () => {
    const argv = ['validate', '--list', '--json', '--suite', 'rings,esp', '--grep', 'wrap-16|imix'];
    const { stdout } = await tagwire(...argv);
    const { cases } = JSON.parse(stdout) as { cases: { id: string; checks: string }[] };
    expect(cases.map((c) => c.id)).toContain('rings/wrap-16');
    for (const { id } of cases) expect(id).toMatch(/^(rings|esp)\/.*(wrap-16|imix)/);
  });
});

describe('bad input ends with 2 and says what was expected', () => {
  const file = join(folder, 'a-file');
  const cases: [string, string[], RegExp][] = [
    ['a shard out of range', ['--shard', '4/3'], /--shard: expected I\/N with I from 1 to N/],
    ['a shard that gets nothing', ['--grep', 'wrap-16', '--shard', '2/2'], /none is in part 2\/2/],
    ['an unknown suite', ['--suite', 'ringz'], /unknown suite 'ringz'; did you mean 'rings'\?/],
    ['a grep that matches nothing', ['--grep', 'no such case'], /no case matches 'no such case'/],
    ['a grep that is none', ['--grep', '(('], /--grep: Invalid regular expression/],
    ['a seed that is none', ['--seed', 'often'], /--seed: expected 0\.\.4294967295 or repeat/],
    ['no run to repeat', ['--seed', 'repeat', '--out', file], /there is no .*results\.json/],
    ['a folder that cannot be written', ['--out', '/proc/out'], /\/proc\/out: cannot be written/],
    ['jobs that cannot be', ['-j', '-1'], /-j: expected a whole number/],
  ];

  it.each(cases)('%s', async (_what, argv, message) => {
    const error = await command.run(['--nic', 'model', ...argv]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  });

  it('by the command line, too', async () => {
    const { code, stdout, stderr } = await tagwire('validate', '--shard', '4/3');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^tagwire: --shard: expected/);
  });
});

describe('a corpus', () => {
  it('that is not there, or of another version, ends with 2 before anything runs', async () => {
    const argv = ['validate', '--nic', 'model', '--suite', 'fuzz', '--out', join(folder, 'corpus')];
    const none = await tagwireWith({ env: { TAGWIRE_CORPUS: join(folder, 'none') } }, ...argv);
    expect([none.code, none.stdout]).toEqual([2, '']);
    expect(none.stderr).toMatch(/TAGWIRE_CORPUS .*none: expected a folder/);
    const other = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(other, 'find.json'), '{"schema":"tagwire-fuzz/99"}');
    const old = await tagwireWith({ env: { TAGWIRE_CORPUS: other } }, ...argv);
    expect([old.code, old.stdout]).toEqual([2, '']);
    expect(old.stderr).toMatch(
      /find\.json: expected the schema 'tagwire-fuzz\/1'.*tagwire-fuzz\/99/,
    );
  });
});

describe('a run', () => {
  it('--json: one object; its seed can be repeated', async () => {
    const { code, stdout } = await validate('whole', ...SOME, '-j', '2', '--json', '--seed', '7');
    expect(code).toBe(0);
    const run = JSON.parse(stdout);
    expect(run).toMatchObject({ seed: 7, failed: 0, skipped: 0, failures: [], exitCode: 0 });
    expect(run.passed).toBe(run.cases);
    expect(run.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(run.groups.map((g: { name: string }) => g.name)).toEqual(['rings', 'registers']);
    for (const path of Object.values<string>(run.artefacts)) expect(existsSync(path)).toBe(true);
    const again = await validate('whole', ...SOME, '--json', '--seed', 'repeat');
    expect(JSON.parse(again.stdout).digest).toBe(run.digest);
  }, 240_000);

  it('a case that fails ends with 1, is run again with its capture, and says how to repeat it', async () => {
    const argv = ['--suite', 'esp', '--timeout-cycles', '3000', '--max-failures', '2', '--json'];
    const { code, stdout, stderr } = await tagwireWith(
      { env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'summary.md') } },
      ...['validate', '--nic', 'model', '--out', join(folder, 'fails'), ...argv],
    );
    expect(code).toBe(1);
    const { failures, cases, failed } = JSON.parse(stdout);
    // Those that were not run any more count as failed: they are missing.
    expect([failures.length, failed]).toEqual([cases, cases]);
    const [first] = failures.filter((f: CaseResult) => f.status === 'failed') as CaseResult[];
    expect(first!.reason).toMatch(/not at its end after 3000 cycles/);
    expect(first!.repeat).toContain(`--grep '^${first!.id}$' --seed 1 --nic model`);
    expect(existsSync(first!.artefacts.capture!)).toBe(true);
    expect(stderr).toContain(`::error title=${first!.id}::`);
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('| esp |');
  }, 120_000);

  it('what takes too long is a timeout, 124', async () => {
    const { code } = await validate('late', '--grep', 'window-1024-twice', '--timeout-wall', '0.1');
    expect(code).toBe(124);
    const [late] = resultsOf('late').results;
    expect(late).toMatchObject({ status: 'timeout', reason: 'took longer than 0.1 s' });
  }, 120_000);

  it('without a binding to native code nothing can be run: 3', async () => {
    if (existsSync('node_modules/ffi-napi')) return;
    const { code } = await tagwire('validate', '--ffi', 'ffi-napi', '--grep', 'wrap-16');
    expect(code).toBe(3);
  });
});

/** Process ids of the children of a process, by /proc. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return (
          readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === `${pid}`
        );
      } catch {
        return false; // it ended meanwhile
      }
    });
}

describe.skipIf(!existsSync('/proc/self/stat'))(
  'kill -9 of a child (skipped without /proc)',
  () => {
    it('its case is an infrastructure error, 5; the rest is run, nothing twice, no file torn', async () => {
      const out = join(folder, 'killed');
      mkdirSync(out);
      const argv = [
        'validate',
        '--nic',
        'model',
        '--grep',
        'replay/window-(8|64)-',
        '-j',
        '2',
        '--out',
        out,
      ];
      const run = startTagwire([...argv, '--json']);
      let stdout = '';
      run.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      const ended = new Promise<number | null>((resolve) => run.on('close', resolve));
      const node = (pid: number): boolean =>
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('validate/child');
      await expect
        .poll(() => childrenOf(run.pid!).filter(node).length, { timeout: 90_000 })
        .toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const [victim] = childrenOf(run.pid!).filter(node);
      process.kill(victim!, 'SIGKILL');
      expect(await ended).toBe(5);
      const { cases, passed, failed, failures } = JSON.parse(stdout);
      expect([passed, failed]).toEqual([cases - 1, 1]);
      expect(failures[0]).toMatchObject({ status: 'infrastructure' });
      expect(failures[0].reason).toMatch(/was ended by SIGKILL/);
      const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
      expect(new Set(results.map((r: CaseResult) => r.id)).size).toBe(cases);
      expect(readdirSync(out).sort()).toEqual(['report.html', 'results.json', 'results.xml']);
    }, 240_000);
  },
);
