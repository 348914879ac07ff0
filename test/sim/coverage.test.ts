// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { COVERAGE_VARIABLE, engineLibrary } from '../../src/harness/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'tagwire-coverage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a model of each library, and ends. */
const CHILD = `
  const koffi = require('koffi');
  for (const path of process.argv.slice(1)) {
    const lib = koffi.load(path);
    const err = Buffer.alloc(512);
    const gcm = lib.func('void *tw_gcm_create(void *err, uint32_t bytes)')(err, err.length);
    lib.func('void tw_gcm_destroy(void *gcm)')(gcm);
  }
`;

test('what two libraries of one process have covered is in two files', async () => {
  const libraries = [];
  for (const lanes of [1, 2] as const)
    libraries.push((await engineLibrary({ coverage: true }, lanes)).library);
  execFileSync(process.execPath, ['-e', CHILD, ...libraries], {
    cwd: new URL('../..', import.meta.url),
    env: { ...process.env, [COVERAGE_VARIABLE]: folder },
  });
  const parts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(parts.length).toBe(2);
  // Of two lanes there are more points.
  const points = parts.map((text) => text.split('\n').length);
  expect(points[0]).not.toBe(points[1]);
}, 600_000);
