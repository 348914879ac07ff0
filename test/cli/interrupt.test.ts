// SPDX-License-Identifier: BSD-2-Clause
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'tagwire-interrupt-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(scratch, 'run-')), 'capture');
});

const start = (how = ''): Promise<{ child: ChildProcess; ended: Promise<number | null> }> =>
  new Promise((resolve) => {
    const child = fork(join(import.meta.dirname, 'interrupt_child.ts'), [file, how], {
      execArgv: ['--import', 'tsx'],
    });
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    child.once('message', () => resolve({ child, ended }));
  });

describe('Ctrl-C', () => {
  test('runs what is registered, then exits with 130', async () => {
    const { child, ended } = await start();
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readFileSync(file, 'utf8')).toBe('closed');
  });

  test('one press that arrives twice, from the terminal and from npm, is one press', async () => {
    const { child, ended } = await start();
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readFileSync(file, 'utf8')).toBe('closed');
  });

  test('a second press does not wait for a handler that hangs', async () => {
    const { child, ended } = await start('stuck');
    child.kill('SIGINT');
    await sleep(500);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(existsSync(file)).toBe(false);
  });

  test('SIGTERM closes files too', async () => {
    const { child, ended } = await start();
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(readFileSync(file, 'utf8')).toBe('closed');
  });
});
