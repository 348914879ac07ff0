// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../lib/cli.ts';
import { DPDK } from './dpdk.ts';
import { IPV6_READY } from './ipv6_ready.ts';
import { NETBSD } from './netbsd.ts';

describe.each([
  ['NetBSD tests/net/ipsec', NETBSD, 25],
  ['DPDK test_security_inline_proto', DPDK, 60],
  ['IPv6 Ready Phase-2 IPsec', IPV6_READY, 50],
] as const)('cases of %s', (_suite, cases, atLeast) => {
  it('are all here, each once', () => {
    expect(cases.length).toBeGreaterThanOrEqual(atLeast);
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
  });

  it.each(cases.map((c) => [c.name, c] as const))('%s', (_name, { ours, whyNot }) => {
    expect((ours === undefined) !== (whyNot === undefined)).toBe(true);
    if (ours === undefined) {
      expect(whyNot!.length).toBeGreaterThan(25);
      return;
    }
    const [file, test] = ours;
    const path = join(ROOT, 'test', file);
    expect(existsSync(path), path).toBe(true);
    expect(readFileSync(path, 'utf8'), `${file} has no test "${test}"`).toContain(test);
  });
});
