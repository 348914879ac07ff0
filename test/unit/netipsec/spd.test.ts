// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IpAddr, ipAddrFamily, ipAddrWords } from '../../../src/header/ip_addr.ts';
import { ip6Parse } from '../../../src/header/ip6.ts';
import { newFlow, PORT_HIDDEN, PROTO_HIDDEN, readFlow } from '../../../src/netipsec/flow.ts';
import { FlowCache } from '../../../src/netipsec/flow_cache.ts';
import { SaOffloads } from '../../../src/netipsec/sa_offload.ts';
import { Sadb } from '../../../src/netipsec/sadb.ts';
import { type Direction, type Policy, Spd, SpdError } from '../../../src/netipsec/spd.ts';
import { flowOf, type PlainFlow } from './flow_of.ts';

function newCache(spd: Spd): { cache: FlowCache; sadb: Sadb } {
  const sadb = new Sadb(64, new SaOffloads(false), () => 'out');
  return { cache: new FlowCache(spd, sadb), sadb };
}

function ask(cache: FlowCache, direction: Direction, flow: PlainFlow): Policy | null {
  return cache.policy[cache.lookup(direction, flowOf(flow))]?.policy ?? null;
}

/** The selector rule in words: prefix by prefix, bit by bit. */
function fits(p: Policy, direction: string, f: PlainFlow): boolean {
  const bits = (a: IpAddr): string =>
    [...ipAddrWords(a)].map((n) => n.toString(2).padStart(32, '0')).join('');
  const inPrefix = (a: IpAddr, net: IpAddr, len: number): boolean =>
    ipAddrFamily(a) === ipAddrFamily(net) && bits(a).slice(0, len) === bits(net).slice(0, len);
  return (
    p.direction === direction &&
    inPrefix(f.src, p.src, p.srcPrefixLen) &&
    inPrefix(f.dst, p.dst, p.dstPrefixLen) &&
    (p.proto === 0 || p.proto === f.proto) &&
    (p.sport === 0 || p.sport === f.sport) &&
    (p.dport === 0 || p.dport === f.dport)
  );
}

// Few values, so that flows and policies meet.
const addr = fc.constantFrom(0x0a000001, 0x0a000002, 0x0a000102, 0xc0a80001, 0xffffffff, 0);
const in6 = (...texts: string[]) => fc.constantFrom(...texts.map((text) => ip6Parse(text)));
// One has the first word of an IPv4 address, and zeros behind it.
const addr6 = in6('2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', 'a00:1::', '::');
const port = fc.constantFrom(0, 7, 53, 500);
const proto = fc.constantFrom(0, 1, 17, 50);
const direction = fc.constantFrom('in' as const, 'out' as const);
const prefix = fc.constantFrom(0, 8, 24, 31, 32);
const prefix6 = fc.constantFrom(0, 32, 64, 127, 128);
function policyOf(a: fc.Arbitrary<IpAddr>, len: fc.Arbitrary<number>): fc.Arbitrary<Policy> {
  return fc.record({
    direction,
    src: a,
    srcPrefixLen: len,
    dst: a,
    dstPrefixLen: len,
    proto,
    sport: port,
    dport: port,
    action: fc.constantFrom('none' as const, 'discard' as const),
    requests: fc.constant([]),
  });
}
const policy = fc.oneof(policyOf(addr, prefix), policyOf(addr6, prefix6));
function flowBetween(src: fc.Arbitrary<IpAddr>, dst: fc.Arbitrary<IpAddr>) {
  return fc.record({
    src,
    dst,
    proto: fc.constantFrom(1, 17),
    sport: fc.constantFrom(7, 53),
    dport: fc.constant(53),
  });
}
// Fewer still: the same flow must be asked for before and after a change.
const flow: fc.Arbitrary<PlainFlow> = fc.oneof(
  flowBetween(fc.constantFrom(0x0a000001, 0x0a000002), fc.constantFrom(0x0a000102, 0xc0a80001)),
  flowBetween(in6('2001:db8::1', 'a00:1::'), in6('2001:db8::2', '2001:db8:0:1::1')),
);
/** Fragments that are not the first: they hide their ports. */
const fragment = fc.tuple(flow, fc.boolean()).map(([f, hidesProto]) => {
  // An IPv6 fragment may not even show its protocol.
  const proto = hidesProto && typeof f.src !== 'number' ? PROTO_HIDDEN : f.proto;
  return { ...f, proto, sport: PORT_HIDDEN, dport: PORT_HIDDEN };
});

/** The linear scan: the first that fits, or that may be about what a fragment hides (RFC 4301 §7). */
function scan(all: Policy[], direction: Direction, f: PlainFlow): Policy | 'unsure' | null {
  for (const p of all) {
    if (fits(p, direction, f)) return p;
    const proto = f.proto === PROTO_HIDDEN ? 0 : p.proto;
    const withoutPorts = { ...p, proto, sport: 0, dport: 0 };
    const isHidden = f.sport === PORT_HIDDEN && p.action !== 'none';
    if (isHidden && fits(withoutPorts, direction, f)) return 'unsure';
  }
  return null;
}

describe('SPD', () => {
  it('the first policy that fits decides, cached or not, through every change', () => {
    const change = fc.oneof(
      policy.map((p) => ({ add: p })),
      fc.nat().map((n) => ({ remove: n })),
      fc
        .tuple(direction, fc.oneof(flow, flow, fragment))
        .map(([d, f]) => ({ ask: f, direction: d })),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const spd = new Spd();
        const { cache } = newCache(spd);
        const all: Policy[] = [];
        for (const c of changes) {
          if ('add' in c) {
            try {
              spd.add(c.add);
              all.push(c.add);
            } catch (e) {
              expect(e).toBeInstanceOf(SpdError);
            }
          } else if ('remove' in c) {
            if (all.length > 0) spd.delete(all.splice(c.remove % all.length, 1)[0]!);
          } else {
            const expected = scan(all, c.direction, c.ask);
            const found = ask(cache, c.direction, c.ask);
            if (expected !== 'unsure') expect(found).toBe(expected);
            else expect([found?.action, all.includes(found!)]).toEqual(['discard', false]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['dst', 'dstPrefixLen', 32],
    ['src', 'srcPrefixLen', 32],
    ['dport', null, 0],
    ['sport', null, 0],
    ['proto', null, 0],
  ] as const)(
    'flows that share a slot of the cache and differ in %s have each its own policy',
    (field, prefixField, prefixLen) => {
      const spd = new Spd();
      const { cache } = newCache(spd);
      const any = {
        src: 0,
        srcPrefixLen: 0,
        dst: 0,
        dstPrefixLen: 0,
        proto: 0,
        sport: 0,
        dport: 0,
      };
      const values = Array.from({ length: 200 }, (_, i) => i + 1);
      for (const value of values) {
        const prefix = prefixField === null ? {} : { [prefixField]: prefixLen };
        const selector = { ...any, ...prefix, [field]: value };
        spd.add({ direction: 'out', action: 'none', requests: [], ...selector });
      }
      // 20 000 flows for 16384 slots, asked twice: by columns, then by rows.
      let wrong = 0;
      const askFor = (value: number, other: number): void => {
        const flow = { src: other, dst: 9, proto: 17, sport: 5, dport: 6 };
        if (field === 'src') flow.dst = other;
        flow[field] = value;
        if (ask(cache, 'out', flow)![field] !== value) wrong++;
      };
      for (const v of values) for (let other = 1; other <= 100; other++) askFor(v, other);
      for (let other = 1; other <= 100; other++) for (const v of values) askFor(v, other);
      expect(wrong).toBe(0);
    },
  );

  it('a change of the SPD counts for a flow that was looked up before', () => {
    const spd = new Spd();
    const { cache } = newCache(spd);
    const f = { src: 1, dst: 2, proto: 17, sport: 1, dport: 1 };
    const any = { src: 0, srcPrefixLen: 0, dst: 0, dstPrefixLen: 0, proto: 0, sport: 0, dport: 0 };
    const p: Policy = { ...any, direction: 'out', action: 'discard', requests: [] };
    expect(ask(cache, 'out', f)).toBeNull();
    spd.add(p);
    expect(ask(cache, 'out', f)).toBe(p);
    expect(ask(cache, 'in', f)).toBeNull();
    spd.flush();
    expect(ask(cache, 'out', f)).toBeNull();
  });

  it('a change of the SADB forgets the SA of a flow, and keeps its policy', () => {
    const spd = new Spd();
    const { cache, sadb } = newCache(spd);
    const f = { src: 1, dst: 2, proto: 17, sport: 1, dport: 1 };
    const p = { key: new Uint8Array(20), cipher: 'aes-gcm-16', src: 1, dst: 2 };
    cache.sa[cache.lookup('out', flowOf(f))] = sadb.add({ ...p, spi: 256 });
    sadb.add({ ...p, spi: 257, key: new Uint8Array(20).fill(1) });
    expect(cache.sa[cache.lookup('out', flowOf(f))]).toBeNull();
  });

  it('refuses a second policy with the same selectors, and a delete of none', () => {
    const spd = new Spd();
    const p: Policy = {
      ...{ direction: 'in', src: 0x0a000000, srcPrefixLen: 8, dst: 0, dstPrefixLen: 0 },
      ...{ proto: 0, sport: 0, dport: 0, action: 'none', requests: [] },
    };
    spd.add(p);
    expect(() => spd.add({ ...p, src: 0x0a010203 })).toThrow(SpdError);
    spd.delete(p);
    expect(() => spd.delete(p)).toThrow(SpdError);
  });
});

describe('selectors of a packet', () => {
  const udp = (offField: number): DataView => {
    const v = new DataView(new ArrayBuffer(28));
    v.setUint8(0, 0x45);
    v.setUint16(6, offField);
    v.setUint8(9, 17);
    v.setUint32(12, 0x0a000001);
    v.setUint32(16, 0x0a000002);
    v.setUint16(20, 1000);
    v.setUint16(22, 2000);
    return v;
  };

  it('are addresses, protocol and ports', () => {
    const f = newFlow();
    readFlow(udp(0), 0, 28, f);
    const [src, dst] = [0x0a000001, 0x0a000002];
    expect(f).toEqual(flowOf({ src, dst, proto: 17, sport: 1000, dport: 2000 }));
  });

  it('hide the ports of a later fragment, and have none when the packet ends before them', () => {
    const f = newFlow();
    readFlow(udp(3), 0, 28, f);
    expect([f.sport, f.dport]).toEqual([PORT_HIDDEN, PORT_HIDDEN]);
    readFlow(udp(0), 0, 23, f);
    expect([f.sport, f.dport]).toEqual([0, 0]);
  });
});
