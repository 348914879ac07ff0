// SPDX-License-Identifier: BSD-2-Clause
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mainArgs, tagwire, tagwireWith } from './tagwire.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tagwire-build-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('build', () => {
  test('gives both libraries, and the second time from the cache', async () => {
    const first = await tagwire('build', '--json');
    expect(first.code).toBe(0);
    const built = JSON.parse(first.stdout);
    for (const name of ['card', 'engine']) expect(existsSync(built[name].library)).toBe(true);

    const second = JSON.parse((await tagwire('build', '--json')).stdout);
    expect(second).toMatchObject({
      card: { library: built.card.library, cached: true },
      engine: { library: built.engine.library, cached: true },
    });
    expect((await tagwire('build')).stdout).toContain(built.card.library);
  }, 300_000);

  test('Verilator missing: exit 3 with the command that installs it, in JSON too', async () => {
    const env = { VERILATOR: join(scratch, 'nosuch') };
    const { code, stdout, stderr } = await tagwireWith({ env }, 'build', '--json');
    expect(code).toBe(3);
    expect(stderr).toMatch(/Verilator is missing .*install.* verilator\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 3 });
  });

  test('a compiler that fails: exit 3, the first errors, and where the whole log is', async () => {
    const env = { CXX: '/bin/false', TAGWIRE_CACHE: join(scratch, 'cache-false') };
    const { code, stderr } = await tagwireWith({ env }, 'build');
    expect(code).toBe(3);
    const log = /full log: (.*)\)/.exec(stderr)?.[1];
    expect(existsSync(log ?? '')).toBe(true);
  });

  test('a cache that cannot be written: exit 3', async () => {
    writeFileSync(join(scratch, 'file'), '');
    const env = { TAGWIRE_CACHE: join(scratch, 'file/cache') };
    const { code, stderr } = await tagwireWith({ env }, 'build');
    expect(code).toBe(3);
    expect(stderr).toContain('TAGWIRE_CACHE');
  });

  test('an unknown kind of waveform: exit 2', async () => {
    expect(await tagwire('build', '--waves', 'vcd')).toMatchObject({
      code: 2,
      stderr: "tagwire: unknown value of --waves: 'vcd'; known: fst, 0\n",
    });
  });

  test('Ctrl-C stops the compilers, ends with 130 and leaves nothing half built', async () => {
    const cache = join(scratch, 'cache');
    const child = spawn(process.execPath, mainArgs('build'), {
      env: { ...process.env, TAGWIRE_CACHE: cache },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((done) => child.on('exit', done));
    await new Promise<void>((seen) => {
      let said = '';
      child.stderr.on('data', (chunk) => {
        said += chunk;
        if (said.includes('card: verilate')) seen();
      });
    });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(cache).filter((name) => /^tmp-|^tagwire|lock/.test(name))).toEqual([]);
  });
});
