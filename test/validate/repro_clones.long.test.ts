// SPDX-License-Identifier: BSD-2-Clause
// A fault that shows under one seed alone: what a run leaves of it repeats it in another clone of the
// same commit, and passes in a clone without the fault.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/kern/rng.ts';
import { caseSeed } from '../../src/validate/seed.ts';
import { tagwireIn } from '../cli/tagwire.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tagwire-clones-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd,
    encoding: 'utf8',
  });

function clone(name: string, from: string): string {
  const dir = join(folder, name);
  git(folder, 'clone', '--quiet', from, dir);
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

const CASE = 'interrupts/none-lost-5';
/** Of the seeds that the case runs under, the one that shows the fault. */
const NTH = 7;

/** Receive completions interrupt nobody, with the very moderation that the case draws from one seed. */
function plant(dir: string): void {
  const rng = new Rng(caseSeed(1, CASE, { budget: 5 }, NTH));
  const drawn = `o.itrCount === ${rng.below(20)} && o.itrIntervalCycles === ${rng.below(2500)}`;
  const file = join(dir, 'src/dev/nic/if_nic.ts');
  const was = readFileSync(file, 'utf8');
  const enabled = 'R.irqTxc(q) | R.irqRxc(q)';
  const planted = was.replace(enabled, `(${drawn} ? R.irqTxc(q) : ${enabled})`);
  if (planted === was) throw new Error(`${file}: the place to plant is gone`);
  writeFileSync(file, planted);
  git(dir, 'commit', '--quiet', '-am', 'planted');
}

describe('a case that fails under one seed', () => {
  it('is repeated by its repro.json in a fresh clone, and passes there without the fault', async () => {
    const whole = clone('whole', root);
    const a = clone('a', root);
    plant(a);
    const some = ['--nic', 'model', '--grep', `^${CASE}$`, '--reseed', '12'];
    const found = await tagwireIn(a, 'validate', ...some, '-j', '2', '--json');
    expect(found.code, found.stderr).toBe(1);
    const { passed, failures } = JSON.parse(found.stdout);
    expect([passed, failures.length]).toEqual([11, 1]);
    const [failure] = failures;
    expect(failure.id).toBe(`${CASE}@${NTH + 1}`);

    const repro = join(folder, 'repro.json');
    writeFileSync(repro, readFileSync(failure.artefacts.repro));
    const b = clone('b', a);
    const again = await tagwireIn(b, 'repro', repro, '--json');
    expect(again.code, again.stderr).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({
      ...{ case: failure.id, seed: failure.seed, status: 'failed' },
      ...{ same: true, reason: failure.reason },
    });
    const without = await tagwireIn(whole, 'repro', repro, '--json');
    expect(without.code, without.stderr).toBe(0);
  }, 600_000);
});
