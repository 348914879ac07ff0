// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type In6Addr, in6Words, ip6Parse } from '../../../src/header/ip6.ts';
import { IF_NONE, type Ifnet } from '../../../src/net/ifnet.ts';
import { In6Ifaddrs } from '../../../src/netinet/in6_ifaddr.ts';
import { RouteTable6 } from '../../../src/netinet/route6.ts';

const ifps: Ifnet[] = [1, 2, 3].map((index) => ({ ...IF_NONE, name: `if${index}`, index }));
type Words = [number, number, number, number];
const words = (a: In6Addr | string): Words =>
  [...in6Words(typeof a === 'string' ? ip6Parse(a) : a)] as Words;
const bits = (a: In6Addr): string => [...a].map((x) => x.toString(2).padStart(8, '0')).join('');

describe('IPv6 routes', () => {
  test('the longest prefix wins, whatever the order of adding; the gateway is the next hop', () => {
    const table = new RouteTable6();
    const gateway = ip6Parse('2001:db8::fe');
    table.add(ip6Parse('2001:db8:1:2::3'), 128, ifps[2]!);
    table.add(ip6Parse('::'), 0, ifps[0]!, gateway);
    table.add(ip6Parse('2001:db8:1::'), 48, ifps[1]!);
    const by = (text: string): string => table.ifp(table.lookup(...words(text))).name;
    expect([by('2001:db8:1:2::3'), by('2001:db8:1:2::4'), by('::5')]).toEqual([
      'if3',
      'if2',
      'if1',
    ]);
    const far = table.lookup(...words('2001:db9::1'));
    expect(table.hasGateway(far)).toBe(true);
    expect([0, 1, 2, 3].map((i) => table.gateway(far, i))).toEqual(words(gateway));
    expect(table.hasGateway(table.lookup(...words('2001:db8:1::9')))).toBe(false);
  });

  test('any changes and look-ups agree with a plain search', () => {
    const addr = fc.constantFrom(
      ...['::', '::1', '2001:db8::', '2001:db8::1', '2001:db8:1::1', 'fe80::1', 'ffff::'].map((t) =>
        ip6Parse(t),
      ),
    );
    const step = fc.record({
      op: fc.constantFrom('add', 'add', 'delete', 'drop', 'look', 'look', 'look'),
      addr,
      len: fc.constantFrom(0, 10, 31, 32, 33, 48, 64, 96, 127, 128),
      ifp: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new RouteTable6();
        const model = new Map<string, { len: number; ifp: Ifnet }>();
        for (const s of steps) {
          const prefix = bits(s.addr).slice(0, s.len);
          const ifp = ifps[s.ifp]!;
          if (s.op === 'add') {
            table.add(s.addr, s.len, ifp);
            model.set(prefix, { len: s.len, ifp });
          } else if (s.op === 'delete') {
            expect(table.delete(s.addr, s.len)).toBe(model.delete(prefix));
          } else if (s.op === 'drop') {
            const gone = [...model].filter(([, r]) => r.ifp === ifp);
            expect(table.deleteInterface(ifp)).toBe(gone.length);
            for (const [key] of gone) model.delete(key);
          } else {
            const best = [...model]
              .filter(([p]) => bits(s.addr).startsWith(p))
              .sort(([x], [y]) => y.length - x.length)[0];
            const r = table.lookup(...words(s.addr));
            expect(r < 0 ? undefined : table.ifp(r)).toBe(best?.[1].ifp);
          }
        }
      }),
    );
  });

  test('a prefix length that is none throws', () => {
    expect(() => new RouteTable6().add(ip6Parse('::'), 129, ifps[0]!)).toThrow(RangeError);
    expect(() => new RouteTable6().add(ip6Parse('::'), -1, ifps[0]!)).toThrow(RangeError);
  });
});

describe('IPv6 addresses of a host', () => {
  const addrs = new In6Ifaddrs();
  addrs.add(ifps[0]!, ip6Parse('fe80::1'), 64);
  addrs.add(ifps[0]!, ip6Parse('2001:db8:7::1'), 48);
  addrs.add(ifps[0]!, ip6Parse('2001:db8:8::1'), 48);
  addrs.add(ifps[1]!, ip6Parse('2001:db8:9::1'), 48);
  const source = (ifp: number, dst: string): number => addrs.sourceFor(ifps[ifp]!, ...words(dst));

  test('local ones, and the groups that they bring', () => {
    expect(addrs.isLocal(...words('2001:db8:7::1'))).toBe(true);
    expect(addrs.isLocal(...words('2001:db8:7::2'))).toBe(false);
    const joined = (text: string, router = false): boolean =>
      addrs.isJoined(...words(text), router);
    expect(joined('ff02::1')).toBe(true);
    expect(joined('ff02::1:ff00:1')).toBe(true);
    expect(joined('ff02::1:ff00:2')).toBe(false);
    expect([joined('ff02::2'), joined('ff02::2', true)]).toEqual([false, true]);
    expect(joined('ff05::1')).toBe(false);
  });

  test('the source for a destination: itself, its scope, its prefix (RFC 6724 §5)', () => {
    expect(source(0, '2001:db8:9::1')).toBe(3);
    expect(source(0, 'fe80::99')).toBe(0);
    expect(source(0, 'ff02::1')).toBe(0);
    expect(source(0, '2001:db8:8::99')).toBe(2);
    expect(source(0, '2001:db8:ffff::1')).toBe(1);
    expect(source(2, '2001:db8::1')).toBe(-1);
  });

  test('one that is taken away is no more, and those behind it stay', () => {
    const two = new In6Ifaddrs();
    two.add(ifps[0]!, ip6Parse('::5'), 64);
    two.add(ifps[1]!, ip6Parse('::6'), 64);
    two.remove(0);
    expect([two.find(...words('::5')), two.find(...words('::6'))]).toEqual([-1, 0]);
    expect([two.length, two.ifp(0)]).toEqual([1, ifps[1]]);
  });
});
