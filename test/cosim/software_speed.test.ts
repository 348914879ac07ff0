// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { SoftwareRatios } from '../../scripts/bench/software_ratios.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** As a user measures: vitest's own loader would make each call of another module dear. */
function measure(): SoftwareRatios {
  const argv = ['--import', 'tsx', 'scripts/bench.ts', '--software', '--quick', '--json'];
  const stdout = execFileSync(process.execPath, argv, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(stdout.toString()) as { software: SoftwareRatios }).software;
}

// Limits are 0.8, 1.2 and 1.15 on a quiet machine (npm run bench); here others may be at work.
it('ESP in software costs little more than its crypto, however many SAs, in both families', {
  retry: 2,
}, () => {
  const { espOfBare, manySas, ip6 } = measure();
  expect(espOfBare).toBeGreaterThan(0.7);
  expect(manySas).toBeLessThan(1.5);
  expect(ip6).toBeLessThan(1.3);
});
