// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { CaseResult, ValidateResults } from '../../src/report/validate_results.ts';
import { digestOf } from '../../src/validate/results.ts';
import { WHOLE } from '../../src/validate/select.ts';
import { validate } from '../../src/validate/validate.ts';

const out = mkdtempSync(join(tmpdir(), 'tagwire-shards-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** A few cases of several groups, some of them random, on the functional model. */
function run(seed: number, shard = WHOLE): Promise<ValidateResults> {
  const settings = { seed, nic: 'model', ffi: 'koffi', timeoutCycles: 1e7, out } as const;
  return validate({
    ...{ suites: [], grep: /window-8-|interrupts\/none-lost|rings\/narrow/, reseed: 1, shard },
    ...{ settings, jobs: 2, timeoutSeconds: 120, maxFailures: 1 },
    ...{ signal: new AbortController().signal, versions: {} },
  });
}

const told = ({ id, status, seed, digest }: CaseResult) => `${id} ${status} ${seed} ${digest}`;

it('three shards together have the results and digests of one run; another seed has others', async () => {
  const whole = await run(7);
  expect([whole.failed, whole.passed]).toEqual([0, whole.cases]);
  const parts: CaseResult[] = [];
  for (const i of [1, 2, 3]) parts.push(...(await run(7, { i, n: 3 })).results);
  expect(parts.map(told).sort()).toEqual(whole.results.map(told).sort());
  expect(digestOf(parts)).toBe(whole.digest);
  expect((await run(8)).digest).not.toBe(whole.digest);
}, 240_000);
