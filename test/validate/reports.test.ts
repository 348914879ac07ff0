// SPDX-License-Identifier: BSD-2-Clause
// results.json by its schema, annotations, and report.html in a real browser; screenshots stay under
// out/test.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import { annotations, stepSummary } from '../../src/report/github.ts';
import { packetText } from '../../src/report/packet_text.ts';
import { RESULTS_JSON_SCHEMA } from '../../src/report/validate_schema.ts';
import { espSealed, testSa } from '../../src/validate/frames.ts';
import { digestOf } from '../../src/validate/results.ts';
import { writeReports } from '../../src/validate/write_reports.ts';
import { CHROMIUM, withChromium } from '../profile/chromium.ts';
import { mixedResults, result } from './results.ts';

const folder = mkdtempSync(join(tmpdir(), 'tagwire-reports-'));
const shots = resolve(import.meta.dirname, '../../out/test');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the files of a run', () => {
  const paths = writeReports(folder, mixedResults());

  it('results.json is as its schema says', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      RESULTS_JSON_SCHEMA,
    );
    const results = JSON.parse(readFileSync(paths.results!, 'utf8'));
    expect(validate(results), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...results, cases: -1 })).toBe(false);
  });

  it('are whole ones: nothing half-written lies beside them', () => {
    expect(readdirSync(folder).sort()).toEqual(['report.html', 'results.json', 'results.xml']);
  });

  it.skipIf(CHROMIUM === undefined)(
    'report.html shows failures first, and the browser complains of nothing (skipped without Chromium)',
    async () => {
      await withChromium('light', async (browser) => {
        const page = await browser.newPage();
        const said: string[] = [];
        const asked: string[] = [];
        page.on('console', (message) => said.push(message.text()));
        page.on('pageerror', (error) => said.push(error.message));
        page.on('request', (request) => asked.push(request.url()));
        const url = pathToFileURL(paths.html!).href;
        await page.goto(url);
        expect(await page.title()).toBe('tagwire validate: 4 of 6 failed');
        const heads = await page.$$eval('h2', (all) => all.map((h) => h.textContent));
        expect(heads).toEqual(['Failures', 'Groups', 'Cases']);
        const failures = await page.$$eval('section.failure', (all) => all.map((s) => s.id));
        expect(failures).toEqual(['esp/tunnel', 'esp/lost', 'leaks/late', 'leaks/none']);
        const first = (await page.textContent('section.failure'))!;
        expect(first).toContain('<b>&"]]>');
        expect(first).toContain('Ethernet 02:… > 02:…');
        expect(first).toContain('surfer failures/waves.fst');
        expect(first).toContain("npx tagwire validate --grep '^esp/tunnel$' --seed 1");
        expect(await page.$$('section.failure b')).toEqual([]);
        await page.$$eval('details', (all) => {
          for (const d of all) d.setAttribute('open', '');
        });
        const box = await page.$eval('section.failure', (s) => s.getBoundingClientRect().width);
        expect(box).toBeGreaterThan(500);
        mkdirSync(shots, { recursive: true });
        const shot = join(shots, 'validate.png');
        await page.screenshot({ path: shot, fullPage: true });
        expect(statSync(shot).size).toBeGreaterThan(20_000);
        expect(said).toEqual([]);
        expect(asked.filter((a) => a !== url && !a.startsWith('data:'))).toEqual([]);
      });
    },
  );
});

describe('GitHub Actions', () => {
  it('gets a line for each case that is not well, its text escaped', () => {
    const lines = annotations(mixedResults());
    expect(lines.length).toBe(4);
    for (const line of lines) expect(line).toMatch(/^::error title=[^:,]*::[^\n]*$/);
    expect(lines[0]).toContain('%0A%25::error::');
  });

  it('gets a summary with a row for each group', () => {
    const text = stepSummary(mixedResults());
    expect(text).toContain('| esp | 2 | 0 | 2 | 0 |');
    expect(text).toContain('4 of 6 failed');
  });
});

describe('a packet for people', () => {
  it('has a line for each header, and its bytes', () => {
    const sa = testSa('in', 0x4004);
    const lines = packetText(espSealed({ to: 1, spi: 0x4004, seq: 9, payloadBytes: 200 }, sa));
    expect(lines.slice(0, 3)).toEqual([
      'Ethernet 02:00:00:00:00:01 > 02:00:00:00:00:02, type 0x0800, 270 bytes',
      'IPv4 10.0.0.1 > 10.0.0.2, protocol 50, length 256, id 0, TTL 64',
      'ESP SPI 0x00004004, sequence 9, IV 0x0000000000000009',
    ]);
    expect(lines[3]).toMatch(/^0000 {2}02 00 00 00 00 02 /);
    expect(lines.at(-1)).toMatch(/142 bytes more$/);
  });

  it('is told of any bytes at all', () => {
    for (let n = 0; n < 80; n++) expect(packetText(new Uint8Array(n).fill(0x45))).not.toEqual([]);
  });
});

describe('the digest of a run', () => {
  const results = [result('a/1'), result('a/2', { digest: 'cd'.repeat(32) })];

  it('knows no order', () => {
    expect(digestOf(results)).toBe(digestOf([...results].reverse()));
  });

  it('changes with any case', () => {
    expect(digestOf(results)).not.toBe(digestOf(results.slice(1)));
    expect(digestOf(results)).not.toBe(digestOf([results[0]!, result('a/2')]));
  });
});
