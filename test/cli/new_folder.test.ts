// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkContract } from '../../src/harness/rtl_contract.ts';
import { ROOT } from '../lib/cli.ts';
import { tagwire } from './tagwire.ts';

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'tagwire-new-'));

describe('tagwire new-engine, new-card', () => {
  it.each(['engine', 'card'] as const)(
    'writes the %s that the tests of test/rtl/own run, and a page about it',
    async (what) => {
      const dir = join(emptyFolder(), 'deep', what);
      const { code, stdout } = await tagwire(`new-${what}`, dir, '--json');
      expect(code).toBe(0);
      const files = readdirSync(dir);
      expect(JSON.parse(stdout)).toEqual({ dir, files });
      for (const file of files) {
        const from = join(ROOT, 'rtl/own', what, file);
        expect(readFileSync(join(dir, file), 'utf8'), file).toBe(readFileSync(from, 'utf8'));
      }
      const fileList = join(dir, `my_${what}.f`);
      expect(await checkContract({ fileList, top: `my_${what}` })).toBe(what);
    },
  );

  it('the page of the engine names every port of the contract', () => {
    const folder = join(ROOT, 'rtl/own/engine');
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    const engine = readFileSync(join(folder, 'my_engine.sv'), 'utf8');
    const ports = [...engine.matchAll(/^ {2}(?:in|out)put +logic .*?(\w+),?$/gm)].map((m) => m[1]!);
    expect(ports).toHaveLength(28);
    expect(ports.filter((port) => !page.includes(`\`${port}\``))).toEqual([]);
  });

  it('never writes into a folder that has something in it, or that cannot be: exit 2', async () => {
    const dir = emptyFolder();
    writeFileSync(join(dir, 'mine.sv'), 'mine');
    const { code, stderr } = await tagwire('new-engine', dir);
    expect(stderr).toMatch(/expected a new or an empty folder/);
    expect(code).toBe(2);
    expect(readdirSync(dir)).toEqual(['mine.sv']);
    expect((await tagwire('new-engine', join(dir, 'mine.sv', 'x'))).code).toBe(2);
    expect((await tagwire('new-engine')).code).toBe(2);
  });
});
