// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: titles as their source has them
import { describe, expect, it } from 'vitest';
import { DPDK } from './dpdk.ts';
import { IPV6_READY } from './ipv6_ready.ts';
import { NETBSD } from './netbsd.ts';
import { isRun, titlesIn, titlesOf } from './titles.ts';

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
    const [file, title] = ours;
    expect(isRun(file), `${file} is no test, nor part of one`).toBe(true);
    const named = titlesOf(file).filter((t) => t.title === title);
    expect(named.length, `${file} has no test, or several, of the name "${title}"`).toBe(1);
    // What a card is needed for, or a tool, says so with the reason; none of these does.
    for (const maker of named[0]!.makers) expect(maker).not.toMatch(/skip|todo|only|fails/);
  });
});

describe('titles are read from source as it is formatted', () => {
  it('each way to write a test, and what skips it', () => {
    const text = [
      "describe('a group', () => {",
      "  it('one', () => {",
      "    expect('two').toBe('x');",
      '  });',
      '  it.each([',
      "    ['not this', 1],",
      "  ] as const)('three %s', () => {});",
      "  it.skip('four', () => {});",
      '  test(',
      "    'five',",
      '    () => {},',
      '  );',
      '});',
      "describe.skipIf(!has)('away', () => {",
      '  it(`six ${n}`, () => {});',
      '});',
    ].join('\n');
    const titles = titlesIn(text);
    expect(titles.map((t) => t.title)).toEqual([
      ...['a group', 'one', 'three %s', 'four', 'five', 'away', 'six ${n}'],
    ]);
    const skipped = titles.filter((t) => t.makers.some((m) => m.includes('skip')));
    expect(skipped.map((t) => t.title)).toEqual(['four', 'away', 'six ${n}']);
  });
});
