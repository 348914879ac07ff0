// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import { RESULTS_JSON_SCHEMA } from '../../src/report/validate_schema.ts';
import { tagwire, tagwireWith } from './tagwire.ts';

const folder = mkdtempSync(join(tmpdir(), 'tagwire-coverage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('--cov', () => {
  it('adds up what several processes covered; the digest is that of a run without', async () => {
    const out = join(folder, 'cov');
    const some = ['validate', '--grep', '^rings/(wrap-16|frames-short)', '-j', '2', '--json'];
    const run = await tagwire(...some, '--cov', '--out', out);
    expect([run.code, run.stderr]).toEqual([0, expect.any(String)]);
    const said = JSON.parse(run.stdout);
    const { line, toggle, user, files } = said.coverage;
    expect(line.percent).toBeGreaterThan(30);
    expect(line.percent).toBeLessThan(100);
    expect(toggle.points).toBeGreaterThan(10_000);
    expect(toggle.covered).toBeGreaterThan(1000);
    expect(user.points).toBeGreaterThan(0);
    expect(Object.keys(files)).toContain('rtl/nic_top.sv');
    // No case had ESP: its key schedule stood still, and the rings did not.
    expect(files['rtl/crypto/nic_ghash.sv'].toggle.percent).toBeLessThan(20);
    expect(files['rtl/dma/nic_desc_fetch.sv'].line.percent).toBeGreaterThan(60);

    const info = readFileSync(said.artefacts.coverage, 'utf8');
    expect(info).toMatch(/^SF:rtl\/nic_top\.sv$/m);
    expect(info).toMatch(/^DA:\d+,[1-9]\d*$/m);
    for (const [, path] of info.matchAll(/^SF:(.*)$/gm)) {
      expect(existsSync(join(import.meta.dirname, '../..', path!)), path).toBe(true);
    }
    const results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    const isResults = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      RESULTS_JSON_SCHEMA,
    );
    expect(isResults(results), JSON.stringify(isResults.errors)).toBe(true);
    expect(results.coverage).toEqual(said.coverage);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('<h2>Coverage</h2>');
    const left = ['coverage.dat', 'coverage.info', 'report.html', 'results.json', 'results.xml'];
    expect(readdirSync(out).sort()).toEqual(left);

    const without = await tagwire(...some, '--out', join(folder, 'without'));
    expect(JSON.parse(without.stdout).digest).toBe(said.digest);
    expect(JSON.parse(without.stdout).coverage).toBeUndefined();
  }, 600_000);

  it('is of RTL: with the model it ends with 2; COVERAGE=1 asks for it too', async () => {
    const argv = [
      'validate',
      '--nic',
      'model',
      '--grep',
      'wrap-16',
      '--out',
      join(folder, 'model'),
    ];
    const wrong = await tagwireWith({ env: { COVERAGE: '1' } }, ...argv);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(/--cov: expected --nic rtl/);
    expect((await tagwireWith({ env: { COVERAGE: '0' } }, ...argv)).code).toBe(0);
  });
});
