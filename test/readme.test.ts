// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { rateTable } from '../scripts/rate_table.ts';
import { turnTable } from '../scripts/turn_table.ts';
import { cardLibrary } from '../src/harness/library.ts';
import { ROOT, tagwire, temporaryDir } from './lib/cli.ts';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const shells = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((m) => m[1]!.split('\n'));
const commands = shells.map((line) => line.replace(/\s+#.*$/, '').trim()).filter(Boolean);

/** These call the tests, or take minutes: the fresh-clone script runs them. */
const ELSEWHERE = ['npm start', 'npm test', 'npm run check', 'npm run bench', 'npm run bench:rtl'];

/** What a command may take: a profile, quick as it is, takes most of a minute. */
const PATIENCE_MS = 240_000;

// For the profile: to build it takes longer than a test may.
beforeAll(async () => void (await cardLibrary({ probe: true })));

describe('README.md is the manual and stays true', () => {
  const own = commands.filter((c) => c.startsWith('npx tagwire '));

  it('has commands, and knows every one of them', () => {
    expect(own.length).toBeGreaterThan(3);
    expect(commands.filter((c) => !own.includes(c) && !ELSEWHERE.includes(c))).toEqual([]);
  });

  const profiles = own.filter((c) => c.startsWith('npx tagwire profile '));

  it.each(own.filter((c) => !profiles.includes(c)))(
    '%s',
    (command) => {
      const args = command.replace('npx tagwire ', '').split(' ');
      const r = tagwire([...args, '--out', temporaryDir('readme')]);
      expect(r.status, r.stderr).toBe(0);
    },
    PATIENCE_MS,
  );

  it.each([...README.matchAll(/<!-- file: (.+?) -->\n```\w*\n([\s\S]*?)```/g)].map((m) => [...m]))(
    'shows a file as it is: %#',
    (_all, path, body) => {
      expect(body).toBe(readFileSync(join(ROOT, path!), 'utf8'));
    },
  );

  const outputs = [...README.matchAll(/<!-- output: (.+?) -->\n```\w*\n([\s\S]*?)```/g)];
  it.each(outputs.map((m) => [m[1]!, m[2]!]))('shows what %s prints', (command, shown) => {
    const r = tagwire(command.replace('npx tagwire ', '').split(' '));
    // Times differ from machine to machine; counts, cycles and the digest do not.
    const steady = (text: string) =>
      text
        .replaceAll(ROOT, '')
        .split('\n')
        .filter((line) => !line.startsWith('time'))
        .map((line) => line.trim());
    expect(steady(r.stdout)).toEqual(steady(shown));
  });

  it(
    'has a profile to run, a budget that it takes, and files that compare takes',
    () => {
      // One run for all of it: a profile takes most of a minute.
      expect(profiles).toHaveLength(1);
      const dir = temporaryDir('readme-profile');
      const [, yaml] = README.match(/the most they may be;[^`]*```yaml\n([\s\S]*?)```/)!;
      writeFileSync(join(dir, 'budget.yaml'), yaml!);
      const shown = profiles[0]!.replace('npx tagwire ', '').split(' ');
      const more = ['--budget', join(dir, 'budget.yaml'), '--timeline', join(dir, 'trace.json')];
      const r = tagwire([...shown, ...more, '--out', dir]);
      // A busy machine may break it; a metric that is not there ends with 2.
      expect([0, 1], r.stderr).toContain(r.status);
      expect(r.stdout).toMatch(/budget\.yaml:2 +in-place tx\.handoverAllocs/);
      const file = join(dir, 'profile.json');
      expect(tagwire(['profile', 'compare', file, file]).stdout).toMatch(
        /no difference beyond noise/,
      );
    },
    PATIENCE_MS,
  );

  it('shows the rules at every turn as the source has them', () => {
    const shown = README.match(/<!-- turns -->\n([\s\S]*?)\n<!-- \/turns -->/)?.[1];
    expect(shown).toBe(turnTable());
  });

  it('has the throughput that was measured', () => {
    const shown = /<!-- rate -->\n([\s\S]*?)\n<!-- \/rate -->/.exec(README)?.[1];
    expect(shown).toBe(rateTable());
  });

  it('names files that exist', () => {
    for (const [, path] of README.matchAll(/\]\(((?:src|rtl|sim|test|scripts)\/[^)]+)\)/g)) {
      expect(existsSync(join(ROOT, path!)), path).toBe(true);
    }
  });

  it('shows the way of a packet by files that exist', () => {
    const picture = README.split("## The packet's way")[1]!.split('```')[1]!;
    const steps = picture.split('\n').map((line) => line.slice(10).split(/\s{2,}/));
    const named = steps.filter(([names, folders]) => names && /^(src|rtl|sim)/.test(folders ?? ''));
    expect(named.length).toBeGreaterThan(15);
    for (const [names, folders] of named) {
      for (const name of names!.replaceAll(' again', '').split(/, | or /)) {
        const paths = folders!
          .split(', ')
          .flatMap((folder) => ['ts', 'sv', 'cc'].map((ext) => `${folder}/${name}.${ext}`));
        expect(paths.filter((path) => existsSync(join(ROOT, path))).length, name).toBe(1);
      }
    }
  });

  it('lists the import table that the test enforces', () => {
    const rows = [...README.matchAll(/^\| `(src\/\w+)` \|/gm)].map((m) => m[1]);
    const folders = spawnSync('ls', ['-d', ...rows.map(String)], { cwd: ROOT, encoding: 'utf8' });
    expect(folders.stderr).toBe('');
    expect(rows.length).toBeGreaterThan(10);
  });
});
