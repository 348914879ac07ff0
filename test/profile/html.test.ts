// SPDX-License-Identifier: BSD-2-Clause
// profile.html in a real browser: what a person sees. Screenshots stay under out/test.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileHtml } from '../../src/report/profile_html.ts';
import { type Plot, profilePlots } from '../../src/report/profile_plots.ts';
import type { ProfileReport } from '../../src/report/profile_report.ts';
import { CHROMIUM, withChromium } from './chromium.ts';
import { drawnProfile, STRATEGIES } from './synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'tagwire-html-'));
const file = join(folder, 'profile.html');
const shots = resolve(import.meta.dirname, '../../out/test');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In the page: how far apart the paper and the label of an axis are, 0 to 1. */
const CONTRAST = `(() => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  };
  const label = document.querySelector('svg .role-axis-label text');
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  return Math.abs(paper - luminance(getComputedStyle(label).fill));
})()`;

let report: ProfileReport;
let plots: Plot[];
beforeAll(async () => {
  report = await drawnProfile({ seed: 1, noise: 0.02 });
  plots = await profilePlots(report);
  writeFileSync(file, profileHtml(report, plots));
});

describe('plots', () => {
  test('there are five, drawn without a browser', () => {
    expect(plots.map((p) => p.id)).toEqual([
      'stages',
      'sizes',
      'allocations',
      'distribution',
      'rtl',
    ]);
    for (const { svg } of plots) expect(svg).toMatch(/^<svg [\s\S]*<path[\s\S]*<\/svg>$/);
  });

  test('a plot without figures is left out', async () => {
    const few = await drawnProfile({ seed: 1, noise: 0.02 }, { sweeps: [], cosim: [] });
    const ids = (await profilePlots(few)).map((p) => p.id);
    expect(ids).toEqual(['stages', 'allocations', 'distribution']);
  });

  test('a strategy that would spoil the scale is left out, and named', async () => {
    const slow: ProfileReport = JSON.parse(JSON.stringify(report));
    const none = slow.strategies.find((s) => s.name === 'none') as unknown as {
      tx: { hostNs: { p50: number } };
    };
    none.tx.hostNs.p50 = 12_345;
    const [stages] = await profilePlots(slow);
    expect(stages!.caption).toMatch(/Left out, for the scale: none at 12345 ns\.$/);
    expect(stages!.svg).not.toMatch(/>none</);
    expect(plots[0]!.svg).toMatch(/>none</);
  });

  test('the same figures give the same drawing', async () => {
    expect(await profilePlots(report)).toEqual(plots);
  });
});

describe.skipIf(CHROMIUM === undefined)('profile.html (skipped without Chromium)', () => {
  test.each(['light', 'dark'] as const)(
    'in %s colours: plots are seen, nothing is fetched or complained of',
    async (scheme) => {
      await withChromium(scheme, async (browser) => {
        const page = await browser.newPage();
        const said: string[] = [];
        const asked: string[] = [];
        page.on('console', (message) => said.push(message.text()));
        page.on('pageerror', (error) => said.push(error.message));
        page.on('request', (request) => asked.push(request.url()));
        const url = pathToFileURL(file).href;
        await page.goto(url);

        expect(await page.title()).toBe('tagwire profile: drawn');
        expect((await page.textContent('ul.summary li'))!).toMatch(
          /^in-place, transmit: [\d.]+ \(/,
        );
        const boxes = await page.$$eval('figure > svg', (all) =>
          all.map((svg) => {
            const { width, height } = svg.getBoundingClientRect();
            return {
              width,
              height,
              marks: svg.querySelectorAll('.mark-rect path, .mark-symbol path, .mark-line path')
                .length,
            };
          }),
        );
        expect(boxes.length).toBe(5);
        for (const box of boxes) {
          expect(box.width).toBeGreaterThan(300);
          expect(box.height).toBeGreaterThan(60);
          expect(box.marks).toBeGreaterThan(5);
        }
        // What is drawn is seen: ink is far from paper, in axes as in text.
        const contrast = await page.evaluate<number>(CONTRAST);
        expect(contrast).toBeGreaterThan(0.6);

        const names = await page.$$eval('table tbody td:first-child', (cells) =>
          cells.map((cell) => cell.textContent),
        );
        for (const name of STRATEGIES) expect(names).toContain(name);
        // The user's own names are text, never markup.
        expect(await page.textContent('body')).toContain('of in-place: <known> & "named"');

        mkdirSync(shots, { recursive: true });
        const shot = join(shots, `profile-${scheme}.png`);
        await page.screenshot({ path: shot, fullPage: true });
        expect(statSync(shot).size).toBeGreaterThan(20_000);
        expect(said).toEqual([]);
        expect(asked.filter((a) => a !== url && !a.startsWith('data:'))).toEqual([]);
      });
    },
  );
});
