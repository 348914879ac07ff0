// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cksumPseudo6 } from '../../../src/header/cksum.ts';
import * as icmp6 from '../../../src/header/icmp6.ts';
import * as ip6 from '../../../src/header/ip6.ts';
import * as ext from '../../../src/header/ip6_ext.ts';
import { concat } from '../../lib/packets.ts';
import {
  fragmentHeader,
  icmp6Message,
  ip6Packet,
  ndBody,
  optionsHeader,
  routingHeader,
  sum6,
} from '../../lib/packets6.ts';

const u8 = fc.nat(255);
const u16 = fc.nat(0xffff);
const u20 = fc.nat(0xfffff);
const u32 = fc.nat(0xffffffff);
const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
const bytes = fc.uint8Array({ maxLength: 60 });
/** Headers are written at any offset, into bytes that held something else. */
const at = fc.nat(9);
const room = (): { b: Uint8Array; v: DataView } => {
  const b = new Uint8Array(96).fill(0xee);
  return { b, v: new DataView(b.buffer) };
};
const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

describe('what is written is what the RFCs draw, it is read back, and nothing beside it changes', () => {
  test('IPv6 (RFC 8200 §3)', () => {
    fc.assert(
      fc.property(
        at,
        u8,
        u20,
        u16,
        u8,
        u8,
        address,
        address,
        (o, tclass, flow, plen, nxt, hlim, src, dst) => {
          const { b, v } = room();
          b.set(src, o + ip6.IP6_SRC);
          b.set(dst, o + ip6.IP6_DST);
          ip6.ip6Put(v, o, tclass, flow, plen, nxt, hlim);
          const drawn = ip6Packet({
            src,
            dst,
            nxt,
            hlim,
            tclass,
            flow,
            plen,
            payload: new Uint8Array(0),
          });
          expect(b.slice(o, o + 40)).toEqual(drawn);
          expect([ip6.ip6Version(v, o), ip6.ip6Class(v, o), ip6.ip6Flow(v, o)]).toEqual([
            6,
            tclass,
            flow,
          ]);
          expect([ip6.ip6Plen(v, o), ip6.ip6Nxt(v, o), ip6.ip6Hlim(v, o)]).toEqual([
            plen,
            nxt,
            hlim,
          ]);
          ip6.ip6SetClass(v, o, 255 - tclass);
          expect([ip6.ip6Version(v, o), ip6.ip6Class(v, o), ip6.ip6Flow(v, o)]).toEqual([
            6,
            255 - tclass,
            flow,
          ]);
          expect(b.subarray(0, o).every((x) => x === 0xee)).toBe(true);
          expect(b.subarray(o + 40).every((x) => x === 0xee)).toBe(true);
        },
      ),
    );
  });

  test('addresses as words', () => {
    fc.assert(
      fc.property(at, address, (o, a) => {
        const { b, v } = room();
        const [w0, w1, w2, w3] = ip6.in6Words(a) as unknown as [number, number, number, number];
        ip6.in6Put(v, o, w0, w1, w2, w3);
        expect(b.slice(o, o + 16)).toEqual(a);
        b.set(a, o + 40);
        expect(ip6.in6Same(v, o, o + 40)).toBe(true);
        for (let i = 0; i < 16; i++) {
          b[o + i]! ^= 1;
          expect(ip6.in6Same(v, o, o + 40)).toBe(false);
          b[o + i]! ^= 1;
        }
      }),
    );
  });

  test('fragment header (RFC 8200 §4.5)', () => {
    fc.assert(
      fc.property(at, u8, fc.nat(0x1fff), fc.boolean(), u32, (o, nxt, block, more, ident) => {
        const { b, v } = room();
        ext.ip6fPut(v, o, nxt, block * 8, more, ident);
        expect(b.slice(o, o + 8)).toEqual(fragmentHeader(nxt, block * 8, more, ident));
        expect(ext.ip6fOffset(v, o)).toBe(block * 8);
        expect([ext.ip6fMore(v, o), ext.ip6fIdent(v, o)]).toEqual([more, ident]);
        expect(b.subarray(o + 8).every((x) => x === 0xee)).toBe(true);
      }),
    );
  });

  test('ICMPv6 (RFC 4443 §2.1)', () => {
    fc.assert(
      fc.property(at, u8, u8, u32, (o, type, code, word) => {
        const { b, v } = room();
        icmp6.icmp6Put(v, o, type, code, word);
        expect([icmp6.icmp6Type(v, o), icmp6.icmp6Code(v, o)]).toEqual([type, code]);
        expect(icmp6.icmp6Word(v, o)).toBe(word);
        expect([icmp6.icmp6Id(v, o), icmp6.icmp6Seq(v, o)]).toEqual([word >>> 16, word & 0xffff]);
        expect(v.getUint16(o + icmp6.ICMP6_SUM)).toBe(0);
        expect(b.subarray(o + 8).every((x) => x === 0xee)).toBe(true);
      }),
    );
  });

  test('the pseudo header of RFC 8200 §8.1', () => {
    fc.assert(
      fc.property(address, address, u8, bytes, (src, dst, nxt, payload) => {
        const packet = ip6Packet({ src, dst, nxt, payload });
        const sum = cksumPseudo6(viewOf(packet), ip6.IP6_SRC, nxt, payload.length);
        // Over no data the checksum is the pseudo header's own, with the length that it says.
        const reference = sum6(src, dst, nxt, new Uint8Array(payload.length));
        expect(~sum & 0xffff).toBe(reference);
      }),
    );
  });
});

describe('options of neighbour discovery (RFC 4861 §4.6)', () => {
  const option = fc.tuple(u8, fc.integer({ min: 1, max: 3 }));

  test('the first of a type is found, whatever stands before and behind it', () => {
    fc.assert(
      fc.property(fc.array(option, { maxLength: 6 }), u8, (options, type) => {
        const all = options.map(([t, n]) => concat([t, n], new Uint8Array(8 * n - 2)));
        const body = concat(ndBody(new Uint8Array(16), 1, null), ...all);
        const m = icmp6Message(new Uint8Array(16), new Uint8Array(16), 135, 0, 0, body);
        let expected = 24;
        const i = options.findIndex(([t]) => t === type);
        for (const [, n] of options.slice(0, Math.max(i, 0))) expected += 8 * n;
        const found = icmp6.ndOption(viewOf(m), 0, 24, m.length, type);
        expect(found).toBe(i < 0 ? 0 : expected);
      }),
    );
  });

  test('any bytes at all: a place inside the message, none, or malformed', () => {
    fc.assert(
      fc.property(bytes, u8, (b, type) => {
        const found = icmp6.ndOption(viewOf(b), 0, 0, b.length, type);
        expect(found === -1 || (found >= 0 && found <= b.length)).toBe(true);
        if (found > 0) expect(b[found]).toBe(type);
      }),
    );
  });
});

describe('the walk along the extension headers', () => {
  const kind = fc.constantFrom('hop', 'dst', 'route', 'atomic', 'first', 'later');
  const kinds = fc.array(kind, { maxLength: 10 });
  const NUMBER = { hop: 0, dst: 60, route: 43, atomic: 44, first: 44, later: 44 } as const;

  test('ends where a reader of the drawings ends, and bounds its work', () => {
    fc.assert(
      fc.property(kinds, fc.constantFrom(17, 50, 51, 58, 59, 200), at, (list, proto, o) => {
        const numbers = [...list.map((k) => NUMBER[k]), proto];
        const parts = list.map((k, i) => {
          const nxt = numbers[i + 1]!;
          if (k === 'route') return routingHeader(nxt, 2, 0);
          if (k === 'atomic') return fragmentHeader(nxt, 0, false, 7);
          if (k === 'first') return fragmentHeader(nxt, 0, true, 7);
          if (k === 'later') return fragmentHeader(nxt, 64, false, 7);
          return optionsHeader(nxt, new Uint8Array(i));
        });
        const ends = { src: new Uint8Array(16), dst: new Uint8Array(16) };
        const packet = ip6Packet({
          ...ends,
          nxt: numbers[0]!,
          payload: concat(...parts, [1, 2, 3]),
        });
        const b = concat(new Uint8Array(o), packet);
        const chain = new ext.Ip6Chain();
        const fault = ext.ip6Walk(viewOf(b), o, packet.length, chain);
        const later = list.indexOf('later');
        const steps = later < 0 ? list.length : later;
        if (steps > ext.IP6_EXT_MAX || (later >= 0 && steps === ext.IP6_EXT_MAX)) {
          expect(fault).toBe(ext.IP6_WALK_TOO_MANY);
          return;
        }
        expect(fault).toBe(ext.IP6_WALK_RIGHT);
        const before = parts.slice(0, steps);
        const off = before.reduce((n, p) => n + p.length, 40);
        const nxtOff = steps === 0 ? 6 : off - before.at(-1)!.length;
        expect([chain.proto, chain.off, chain.nxtOff]).toEqual([numbers[steps], off, nxtOff]);
        expect(ext.ip6NxtOff(viewOf(b), o, off)).toBe(nxtOff);
        // What every fragment repeats: up to the last hop-by-hop or routing header before a fragment's.
        const whole = list.slice(0, steps + 1);
        const cut = whole.findIndex((k) => NUMBER[k] === 44);
        const unfragmentable = whole.slice(0, cut < 0 ? steps : cut);
        const last = unfragmentable.findLastIndex((k) => k === 'hop' || k === 'route');
        const unfragLen = parts.slice(0, last + 1).reduce((n, p) => n + p.length, 40);
        expect(chain.unfragLen).toBe(unfragLen);
        expect(chain.unfragNxtOff).toBe(last < 0 ? 6 : unfragLen - parts[last]!.length);
      }),
      { numRuns: 500 },
    );
  });

  test('never reads past the packet, however it is cut or damaged', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 120 }),
        fc.constantFrom(0, 43, 44, 60),
        (b, nxt) => {
          b[6] = nxt;
          const chain = new ext.Ip6Chain();
          const fault = ext.ip6Walk(viewOf(b), 0, b.length, chain);
          expect(chain.off).toBeLessThanOrEqual(b.length);
          if (fault === ext.IP6_WALK_RIGHT) expect(b[chain.nxtOff]).toBe(chain.proto);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('errors of ICMPv6 are the types below 128, neighbour discovery is 133 to 137', () => {
  const all = Array.from({ length: 256 }, (_, t) => t);
  expect(all.filter((t) => icmp6.icmp6IsError(t))).toEqual(all.slice(0, 128));
  expect(all.filter((t) => icmp6.icmp6IsNd(t))).toEqual([133, 134, 135, 136, 137]);
});

describe('kinds of addresses (RFC 4291 §2.4)', () => {
  test.each([
    ['::', 'any'],
    ['::1', 'loopback'],
    ['ff02::1', 'group'],
    ['fe80::1', 'link'],
    ['febf::1', 'link'],
    ['fec0::1', 'other'],
    ['::ffff:10.0.0.1', 'mapped'],
    ['::10.0.0.1', 'other'],
    ['2001:db8::1', 'other'],
  ])('%s: %s', (text, kind) => {
    const [w0, w1, w2, w3] = ip6.in6Words(ip6.ip6Parse(text)) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const kinds = {
      any: ip6.in6IsAny(w0, w1, w2, w3),
      loopback: ip6.in6IsLoopback(w0, w1, w2, w3),
      group: ip6.in6IsMulticast(w0),
      link: ip6.in6IsLinkLocal(w0),
      mapped: ip6.in6IsV4Mapped(w0, w1, w2),
    };
    const found = Object.entries(kinds).filter(([, is]) => is);
    expect(found.map(([name]) => name)).toEqual(kind === 'other' ? [] : [kind]);
  });
});
