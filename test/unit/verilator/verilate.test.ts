// SPDX-License-Identifier: BSD-2-Clause
import { fork, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Progress, VerilatorError, verilate } from '../../../src/verilator/index.ts';
import { counterCpp, counterOptions, writeCounter } from './counter.ts';

const root = mkdtempSync(join(tmpdir(), 'tagwire-verilate-'));
const cacheDir = join(root, 'cache');
afterAll(() => rmSync(root, { recursive: true, force: true }));

let project: string;
let options: ReturnType<typeof counterOptions>;
beforeEach(() => {
  project = mkdtempSync(join(root, 'project-'));
  writeCounter(project);
  options = counterOptions(project, cacheDir);
});

const run = (library: string, cycles: number): number =>
  koffi.load(library).func('uint32_t counter_run(uint32_t)')(cycles);

const failure = async (promise: Promise<unknown>): Promise<VerilatorError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VerilatorError);
  return error as VerilatorError;
};

describe('verilate', () => {
  test('builds RTL and C++ into a library that runs, and takes it from the cache next time', async () => {
    const steps: Progress[] = [];
    const first = await verilate({ ...options, onProgress: (step) => steps.push(step) });
    expect(first.cached).toBe(false);
    expect(run(first.library, 5)).toBe(5);
    expect(new Set(steps.map((step) => step.phase))).toEqual(
      new Set(['verilate', 'compile', 'link', 'ready']),
    );
    const compiled = steps.filter((step) => step.phase === 'compile');
    expect(compiled.at(-1)).toMatchObject({ done: compiled.at(-1)!.total });

    const second = await verilate(options);
    expect(second).toMatchObject({ cached: true, library: first.library, log: first.log });
    expect(first.log).toContain('--top-module counter');
    expect(readdirSync(cacheDir).filter((name) => /^tmp-|lock$/.test(name))).toEqual([]);
  });

  test('parameters, defines, flags and file contents each give another library', async () => {
    const base = (await verilate(options)).library;
    const wide = await verilate({ ...options, parameters: { Width: 2 } });
    expect(run(wide.library, 5)).toBe(1);
    const step = await verilate({ ...options, defines: { STEP: 3 } });
    expect(run(step.library, 5)).toBe(15);
    // Included by the list's +incdir+, so named nowhere in the options.
    writeFileSync(join(project, 'include/start.svh'), '`define START 100\n');
    const changed = await verilate(options);
    expect(changed.cached).toBe(false);
    expect(run(changed.library, 5)).toBe(105);
    writeFileSync(join(project, 'cpp/bias.h'), '#define BIAS 1000\n');
    expect(run((await verilate(options)).library, 5)).toBe(1105);
    expect(new Set([base, wide.library, step.library, changed.library]).size).toBe(4);
  }, 180_000);

  test('a header that no option names counts too, and one that nobody reads does not', async () => {
    mkdirSync(join(project, 'elsewhere'));
    writeFileSync(join(project, 'elsewhere/far.h'), '#define FAR 50\n');
    writeFileSync(join(project, 'cpp/unread.h'), '');
    writeFileSync(
      join(project, 'cpp/counter.cpp'),
      `#include "../elsewhere/far.h"\n${counterCpp.replace('+ BIAS', '+ BIAS + FAR')}`,
    );
    const first = await verilate(options);
    expect(run(first.library, 1)).toBe(51);
    writeFileSync(join(project, 'cpp/unread.h'), '#define UNREAD 1\n');
    expect(await verilate(options)).toMatchObject({ cached: true, library: first.library });
    writeFileSync(join(project, 'elsewhere/far.h'), '#define FAR 60\n');
    expect(run((await verilate(options)).library, 1)).toBe(61);
    // Both stay: going back costs nothing.
    writeFileSync(join(project, 'elsewhere/far.h'), '#define FAR 50\n');
    expect(await verilate(options)).toMatchObject({ cached: true, library: first.library });
  }, 180_000);

  test('a source that changes while it is compiled is built again', async () => {
    const header = join(project, 'cpp/bias.h');
    writeFileSync(header, '#define BIAS 1\n');
    let linked = 0;
    const { library } = await verilate({
      ...options,
      onProgress: (step) => {
        if (step.phase !== 'link' || step.done !== 1) return;
        if (linked++ === 0) writeFileSync(header, '#define BIAS 2\n');
      },
    });
    expect(linked).toBe(2);
    expect(run(library, 0)).toBe(2);
  }, 180_000);

  test('the same tree in another place finds the same library', async () => {
    const twin = mkdtempSync(join(root, 'twin-'));
    writeCounter(twin);
    const here = await verilate(options);
    expect(await verilate(counterOptions(twin, cacheDir))).toMatchObject({
      cached: true,
      library: here.library,
    });
  });

  test('force builds again', async () => {
    const first = await verilate(options);
    const before = statSync(first.library).ino;
    const again = await verilate({ ...options, force: true });
    expect(again.cached).toBe(false);
    expect(statSync(again.library).ino).not.toBe(before);
  });

  test('a trace build carries the FST writer', async () => {
    const { library } = await verilate({ ...options, trace: 'fst' });
    expect(readFileSync(library).includes('VerilatedFst')).toBe(true);
  });
});

describe('two builds at once', () => {
  const start = (): Promise<{ library: string; cached: boolean; phases: string[] }> =>
    new Promise((resolve, reject) => {
      const child = fork(join(import.meta.dirname, 'verilate_child.ts'), [project, cacheDir], {
        execArgv: ['--import', 'tsx'],
      });
      child.on('message', (message) => resolve(message as never));
      child.on('error', reject);
      child.on('exit', (code) => code !== 0 && reject(new Error(`exit ${code}`)));
    });

  test('one builds, the other waits for it, and both get the same library', async () => {
    writeFileSync(join(project, 'include/start.svh'), '`define START 7\n');
    const both = await Promise.all([start(), start()]);
    expect(both.map((one) => one.cached).sort()).toEqual([false, true]);
    expect(both[0]!.library).toBe(both[1]!.library);
    expect(both.find((one) => one.cached)!.phases).toContain('wait');
    expect(run(both[0]!.library, 1)).toBe(8);
  });

  test('what a dead process left behind is cleared, and its lock does not block', async () => {
    // No process has this id: Linux ends at 2^22.
    const dead = 2 ** 22 + 1;
    const host = hostname().replace(/[^\w.]/g, '_');
    const litter = join(cacheDir, `tmp-${host}-${dead}-00ff00ff`);
    mkdirSync(join(litter, 'model'), { recursive: true });
    writeFileSync(join(project, 'include/start.svh'), '`define START 8\n');
    const { library } = await verilate(options);
    expect(existsSync(litter)).toBe(false);

    const entry = join(library, '..');
    rmSync(entry, { recursive: true });
    const stem = entry.replace(/-[0-9a-f]+\/?$/, '');
    writeFileSync(`${stem}.lock`, `${host} ${dead}\n`);
    expect(run((await verilate(options)).library, 1)).toBe(9);
  });
});

describe('the cache', () => {
  test('forgets a build that nobody used for a month, and keeps one that was used', async () => {
    const own = { ...options, cacheDir: join(project, 'cache') };
    const kept = await verilate(own);
    const old = await verilate({ ...own, defines: { STEP: 2 } });
    const long = new Date(Date.now() - 31 * 86_400_000);
    for (const { library } of [kept, old]) utimesSync(join(library, '..'), long, long);
    // Only looks at the directory, as every call does; used again just in time.
    utimesSync(join(kept.library, '..'), new Date(), new Date());
    expect(await verilate(own)).toMatchObject({ cached: true, library: kept.library });
    expect(existsSync(old.library)).toBe(false);
    expect(existsSync(kept.library)).toBe(true);
  }, 180_000);
});

describe('errors', () => {
  test('a warning stops the build and is named with file and line', async () => {
    writeFileSync(
      join(project, 'rtl/counter.sv'),
      readFileSync(join(project, 'rtl/counter.sv'), 'utf8').replace("Width'(", '(9'),
    );
    writeFileSync(
      join(project, 'rtl/counter.sv'),
      "module counter(input logic clk_i, output logic [3:0] q_o);\n  wire [7:0] x = 8'(clk_i);\n  assign q_o = x;\nendmodule\n",
    );
    const error = await failure(verilate(options));
    expect(error.kind).toBe('lint');
    expect(error.message).toMatch(/%Warning-WIDTH\w*: rtl\/counter\.sv:3:\d+/);
    expect(readFileSync(error.logPath!, 'utf8')).toContain('assign q_o = x;');
  });

  test('a waiver in a .vlt file lets it through', async () => {
    writeFileSync(
      join(project, 'rtl/counter.sv'),
      readFileSync(join(project, 'rtl/counter.sv'), 'utf8').replace(
        '// extra',
        "wire [3:0] narrow = 8'(clk_i);\n  assign unused = ^narrow;",
      ),
    );
    expect((await failure(verilate(options))).kind).toBe('lint');
    writeFileSync(
      join(project, 'waive.vlt'),
      '`verilator_config\nlint_off -rule WIDTH -file "*counter.sv"\n',
    );
    expect(run((await verilate({ ...options, vlt: ['waive.vlt'] })).library, 2)).toBe(2);
  });

  test('a syntax error is kind verilate', async () => {
    writeFileSync(join(project, 'rtl/counter.sv'), 'module counter(\n');
    const error = await failure(verilate(options));
    expect(error.kind).toBe('verilate');
    expect(error.message).toMatch(/rtl\/counter\.sv:\d+:\d+: syntax error/);
  });

  test('a C++ error is kind compile, with the first lines and a log', async () => {
    writeFileSync(join(project, 'cpp/counter.cpp'), `${counterCpp}\nint broken = nosuch;\n`);
    const error = await failure(verilate(options));
    expect(error.kind).toBe('compile');
    expect(error.message).toMatch(/counter\.cpp:\d+:\d+: error: .*nosuch/);
    expect(existsSync(error.logPath!)).toBe(true);
  });

  test('a symbol that nobody defines fails the build, not the load', async () => {
    writeFileSync(
      join(project, 'cpp/counter.cpp'),
      `${counterCpp}\nextern "C" int nowhere(void);\nextern "C" int calls(void) { return nowhere(); }\n`,
    );
    const error = await failure(verilate(options));
    expect(error).toMatchObject({ kind: 'compile' });
    expect(error.message).toContain('nowhere');
  });

  test('a cache directory that cannot be one is a cache error', async () => {
    writeFileSync(join(project, 'file'), '');
    const error = await failure(verilate({ ...options, cacheDir: join(project, 'file/cache') }));
    expect(error.kind).toBe('cache');
    expect(error.message).toContain('TAGWIRE_CACHE');
  });

  test('a full disk is a cache error that names the place, and leaves nothing', async (context) => {
    const tiny = join(project, 'tiny');
    mkdirSync(tiny);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', tiny]);
    if (mount.status !== 0) context.skip('a full disk takes the right to mount a small tmpfs');
    try {
      const error = await failure(verilate({ ...options, cacheDir: tiny, optimize: '-O0' }));
      expect(error.kind).toBe('cache');
      expect(error.message).toMatch(/disk is full/);
      expect(error.message).toContain(tiny);
      expect(existsSync(error.logPath!)).toBe(true);
      expect(readdirSync(tiny).filter((name) => /^tmp-|lock/.test(name))).toEqual([]);
    } finally {
      spawnSync('umount', [tiny]);
    }
  });

  test('an abort stops the build and leaves nothing', async () => {
    writeFileSync(join(project, 'include/start.svh'), '`define START 77\n');
    const stop = new AbortController();
    const error = await failure(
      verilate({
        ...options,
        signal: stop.signal,
        onProgress: (step) => step.phase === 'compile' && stop.abort(),
      }),
    );
    expect(error.kind).toBe('aborted');
    expect(readdirSync(cacheDir).filter((name) => /^tmp-|lock$/.test(name))).toEqual([]);
  });

  test('Verilator missing or too old: the install command is in the message', async () => {
    const fake = join(project, 'verilator');
    writeFileSync(fake, '#!/bin/sh\necho "Verilator 4.038 2020-07-11 rev v4.036"\n');
    chmodSync(fake, 0o755);
    const before = process.env.VERILATOR;
    try {
      process.env.VERILATOR = fake;
      const old = await failure(verilate(options));
      expect(old.kind).toBe('too-old');
      expect(old.message).toMatch(/4\.038 .* 5\.006 or newer .*install.* verilator/);
      process.env.VERILATOR = join(project, 'nosuch');
      const missing = await failure(verilate(options));
      expect(missing.kind).toBe('missing');
      expect(missing.message).toMatch(/apt-get install -y verilator|brew install verilator/);
    } finally {
      if (before === undefined) delete process.env.VERILATOR;
      else process.env.VERILATOR = before;
    }
  });
});
