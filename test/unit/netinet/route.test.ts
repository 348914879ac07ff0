// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { IF_NONE, type Ifnet } from '../../../src/net/ifnet.ts';
import { InIfaddrs } from '../../../src/netinet/in_ifaddr.ts';
import { maskOf, RouteTable } from '../../../src/netinet/route.ts';

const ifps: Ifnet[] = [1, 2, 3].map((index) => ({ ...IF_NONE, name: `if${index}`, index }));

describe('routes', () => {
  test('the longest prefix wins, whatever the order of adding; the gateway is the next hop', () => {
    const table = new RouteTable();
    const gateway = ipParse('10.0.0.254');
    table.add(ipParse('10.1.2.3'), 32, ifps[2]!);
    table.add(0, 0, ifps[0]!, gateway);
    table.add(ipParse('10.1.0.0'), 16, ifps[1]!);
    const by = (text: string): string => table.ifp(table.lookup(ipParse(text))).name;
    expect([by('10.1.2.3'), by('10.1.2.4'), by('11.0.0.1')]).toEqual(['if3', 'if2', 'if1']);
    const far = ipParse('192.0.2.1');
    expect(table.nextHop(table.lookup(far), far)).toBe(gateway);
    const near = ipParse('10.1.9.9');
    expect(table.nextHop(table.lookup(near), near)).toBe(near);
  });

  test('what was looked up before is found anew when the table changes', () => {
    const table = new RouteTable();
    const dst = ipParse('10.1.2.3');
    expect(table.lookup(dst)).toBe(-1);
    table.add(0, 0, ifps[0]!);
    expect(table.ifp(table.lookup(dst)).name).toBe('if1');
    table.add(dst, 32, ifps[1]!);
    expect(table.ifp(table.lookup(dst)).name).toBe('if2');
    table.add(dst, 32, ifps[2]!);
    expect(table.length).toBe(2);
    expect(table.ifp(table.lookup(dst)).name).toBe('if3');
    expect(table.delete(dst, 32)).toBe(true);
    expect(table.delete(dst, 32)).toBe(false);
    expect(table.ifp(table.lookup(dst)).name).toBe('if1');
  });

  test('any changes and look-ups agree with a plain search', () => {
    const addr = fc.constantFrom(
      ...[0, 1, 5, 255].flatMap((x) => [0x0a000000 + x, 0xc0a80000 + x, x << 8]),
    );
    const step = fc.record({
      op: fc.constantFrom('add', 'add', 'delete', 'look', 'look', 'look'),
      addr,
      len: fc.constantFrom(0, 8, 24, 30, 32),
      ifp: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new RouteTable();
        const model = new Map<string, { net: number; len: number; ifp: Ifnet }>();
        for (const s of steps) {
          const net = (s.addr & maskOf(s.len)) >>> 0;
          if (s.op === 'add') {
            table.add(s.addr, s.len, ifps[s.ifp]!);
            model.set(`${net}/${s.len}`, { net, len: s.len, ifp: ifps[s.ifp]! });
          } else if (s.op === 'delete') {
            expect(table.delete(s.addr, s.len)).toBe(model.delete(`${net}/${s.len}`));
          } else {
            const dst = s.addr >>> 0;
            const best = [...model.values()]
              .filter((r) => (dst & maskOf(r.len)) >>> 0 === r.net)
              .sort((x, y) => y.len - x.len)[0];
            const r = table.lookup(dst);
            expect(r < 0 ? undefined : table.ifp(r)).toBe(best?.ifp);
          }
        }
      }),
    );
  });

  test('a prefix length that is none throws', () => {
    expect(() => maskOf(33)).toThrow(RangeError);
    expect(() => maskOf(-1)).toThrow(RangeError);
    expect([maskOf(0), maskOf(1), maskOf(32)]).toEqual([0, 0x80000000, 0xffffffff]);
  });
});

describe('addresses of a host', () => {
  const addrs = new InIfaddrs();
  addrs.add(ifps[0]!, ipParse('10.0.0.1'), maskOf(24));
  addrs.add(ifps[0]!, ipParse('192.168.7.1'), maskOf(16));
  addrs.add(ifps[1]!, ipParse('203.0.113.6'), maskOf(31));

  test('local, broadcast, source for a destination', () => {
    expect(addrs.isLocal(ipParse('192.168.7.1'))).toBe(true);
    expect(addrs.isLocal(ipParse('192.168.7.2'))).toBe(false);
    for (const b of ['255.255.255.255', '10.0.0.255', '192.168.255.255']) {
      expect(addrs.isBroadcast(ipParse(b))).toBe(true);
    }
    expect(addrs.isBroadcast(ipParse('203.0.113.7')), 'RFC 3021').toBe(false);
    expect(addrs.sourceFor(ifps[0]!, ipParse('192.168.1.1'))).toBe(ipParse('192.168.7.1'));
    expect(addrs.sourceFor(ifps[0]!, ipParse('8.8.8.8'))).toBe(ipParse('10.0.0.1'));
    expect(addrs.sourceFor(ifps[2]!, ipParse('8.8.8.8'))).toBe(0);
  });
});
