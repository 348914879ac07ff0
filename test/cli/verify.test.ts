// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../src/cli/verify.ts';
import { tagwire, temporaryDir } from '../lib/cli.ts';

function verify(...args: string[]): { status: number | null; report: VerifyReport } {
  const r = tagwire(['verify', ...args, '--json', '--out', temporaryDir('verify')]);
  if (!r.stdout.startsWith('{')) throw new Error(r.stderr);
  return { status: r.status, report: JSON.parse(r.stdout) };
}

describe('tagwire verify', () => {
  it('the RTL: again, with waves, with the other binding, side by side: all the same', () => {
    const { status, report } = verify('transport', '--packets', '40', '--runs', '2');
    expect(report.divergence).toBeNull();
    expect(status).toBe(0);
    const names = [
      'run 1',
      'run 2',
      'waves on',
      'other binding',
      'side by side 1',
      'side by side 2',
    ];
    expect(report.runs.map((r) => r.name)).toEqual(names);
    for (const { name, skipped, digest, transactions } of report.runs) {
      if (name === 'other binding' && skipped !== undefined) continue;
      expect(digest, name).toBe(report.digest);
      expect(transactions, name).toBeGreaterThan(40 * 5);
    }
  });

  it('a scenario that asks the wall clock is found out: cycle, channel, both values', () => {
    const file = join(temporaryDir('scenario'), 'restless.ts');
    writeFileSync(
      file,
      `export default {
        summary: 'lets the clock run for as long as nobody knows',
        async run(world) {
          await world.flow(0, { packets: 3, size: 100 });
          world.step(20_000 + Number(process.hrtime.bigint() % 9973n));
          await world.flow(1, { packets: 3, size: 100 });
        },
      };`,
    );
    const { status, report } = verify(file, '--nic', 'model', '--runs', '4', '-j', '1');
    expect(status).toBe(1);
    expect(report.deterministic).toBe(false);
    const { cycle, channel, values, runs, index } = report.divergence!;
    expect(index).toBeGreaterThan(3);
    expect(cycle).toBeGreaterThan(20_000);
    expect(channel).toMatch(/^(tags of host 1|wire from card 1)$/);
    expect(values[0]).toMatch(/^cycle \d+: /);
    expect(values[0]).not.toBe(values[1]);
    expect(runs[0]).toBe('run 1');
  });

  it.each([
    [['tunel'], 2, /unknown scenario 'tunel'/],
    [['--runs', '1'], 2, /--runs: expected a whole number from 2 to 100/],
    [['--nic', 'model', '--', '--sise', '5'], 2, /run 'run 1': unknown option '--sise'/],
    [['nowhere.ts'], 2, /'nowhere.ts' does not exist/],
  ])('%j ends with exit code %i', (args, code, message) => {
    const r = tagwire(['verify', ...args, '--out', temporaryDir('verify')]);
    expect(r.stderr).toMatch(message);
    expect(r.status).toBe(code);
  });

  it('a script that throws has nothing to compare: its error and exit code', () => {
    const file = join(temporaryDir('scenario'), 'throws.ts');
    writeFileSync(file, "export default { summary: '', run() { throw new Error('not today'); } };");
    const r = tagwire(['verify', file, '--nic', 'model', '--out', temporaryDir('verify')]);
    expect(r.status).toBe(1);
    expect(r.stderr).toMatch(/run 'run 1': not today/);
  });
});
