// SPDX-License-Identifier: BSD-2-Clause
// ICMPv6 (RFC 4443), and path MTU discovery (RFC 8201).
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { in6LinkLocalOf, ip6Parse } from '../../src/header/ip6.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { icmp6Echo } from '../../src/netinet/icmp6.ts';
import { ip6Forward } from '../../src/netinet/ip6_forward.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { concat } from '../lib/packets.ts';
import { icmp6Message, ip6Packet, optionsHeader, sum6, udp6Datagram } from '../lib/packets6.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver6, knowEachOther, watch } from '../lib/wire.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
});
afterEach(() => rig.end());

const count = (name: string): number => rig.b.counters.get(name);
const fromA = (nxt: number, payload: Uint8Array, more = {}): Uint8Array =>
  ip6Packet({ src: rig.a.addr6, dst: rig.b.addr6, nxt, payload, ...more });
const toNobody = (n = 8): Uint8Array =>
  fromA(17, udp6Datagram(rig.a.addr6, 7, rig.b.addr6, 99, new Uint8Array(n)));
/** Type, code and word of a frame with an ICMPv6 message, whose checksum is right. */
const shown = (f: Uint8Array): number[] => {
  expect(sum6(f.slice(22, 38), f.slice(38, 54), 58, f.slice(54))).toBe(0);
  return [f[54]!, f[55]!, new DataView(f.buffer).getUint32(58)];
};

describe('§4 echo', () => {
  test('the reply has addresses exchanged, type 129, the same id, sequence and data', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1400 }),
        fc.nat(65535),
        fc.nat(65535),
        (data, id, seq) => {
          const sent = watch(rig.a);
          const answered = watch(rig.b);
          expect(icmp6Echo(rig.a.inet, rig.b.addr6, id, seq, data)).toBe(0);
          rig.pump();
          const { a, b } = rig;
          const word = id * 65536 + seq;
          expect(sent[0]!.slice(54)).toEqual(icmp6Message(a.addr6, b.addr6, 128, 0, word, data));
          expect(answered[0]!.slice(54)).toEqual(
            icmp6Message(b.addr6, a.addr6, 129, 0, word, data),
          );
          expect(answered[0]!.slice(22, 54)).toEqual(concat(b.addr6, a.addr6));
        },
      ),
    );
    expect(rig.a.counters.get('icmp6.echoed')).toBe(100);
  });

  test('a ping of more than the MTU comes back in fragments', () => {
    const heard: number[] = [];
    rig.a.inet.ip6.onIcmp = (m) => heard.push(rig.a.pool.len[m]!);
    icmp6Echo(rig.a.inet, rig.b.addr6, 1, 1, new Uint8Array(5000).fill(7));
    rig.pump();
    expect(heard).toEqual([5048]);
  });

  test('a request with extension headers is answered without them', () => {
    const answered = watch(rig.b, true);
    const echo = icmp6Message(rig.a.addr6, rig.b.addr6, 128, 0, 5, new Uint8Array(4));
    deliver6(rig.b, rig.a, fromA(60, concat(optionsHeader(58, new Uint8Array(12)), echo)));
    expect(answered[0]!.length).toBe(14 + 40 + 12);
    expect(shown(answered[0]!)).toEqual([129, 0, 5]);
  });

  test('§4.2: a request to all nodes is answered from an address of this host', () => {
    const answered = watch(rig.b, true);
    const dst = ip6Parse('ff02::1');
    const src = in6LinkLocalOf(rig.a.ifp.lladdr);
    const payload = icmp6Message(src, dst, 128, 0, 5, new Uint8Array(4));
    rig.a.inet.ip6.nd.limits.waiting = 1;
    deliver6(rig.b, rig.a, ip6Packet({ src, dst, nxt: 58, payload }));
    // It asks for the neighbour first; the answer waits for that.
    expect(shown(answered[0]!)[0]).toBe(135);
    expect(answered[0]!.slice(22, 38)).toEqual(in6LinkLocalOf(rig.b.ifp.lladdr));
    expect(count('icmp6.reflected')).toBe(1);
  });

  test('tags of the way in go: the reply meets policy anew', () => {
    const { pool } = rig.b;
    rig.b.ifp.afterWire = (m) => pool.tags.prepend(pool, m, pool.tags.alloc(0x1234, 1, 4));
    const seen: number[] = [];
    rig.b.inet.ipsec = {
      ...rig.b.inet.ipsec,
      output: (m) => {
        seen.push(pool.firstTag[m]!);
        return 0;
      },
    };
    icmp6Echo(rig.a.inet, rig.b.addr6, 1, 1, new Uint8Array(4));
    rig.b.ifp.poll();
    expect(seen).toEqual([-1]);
    rig.pump();
  });

  test('§2.3: a wrong checksum, and a message without a header, are dropped', () => {
    const echo = icmp6Message(rig.a.addr6, rig.b.addr6, 128, 0, 5, new Uint8Array(4));
    deliver6(rig.b, rig.a, fromA(58, echo.with(9, 1)));
    deliver6(rig.b, rig.a, fromA(58, echo.slice(0, 7)));
    expect([count('icmp6.badSum'), count('icmp6.short')]).toEqual([1, 1]);
  });

  test('§2.4(b): an informational message of unknown type is silently dropped', () => {
    const sent = watch(rig.b);
    const m = icmp6Message(rig.a.addr6, rig.b.addr6, 200, 0, 0, new Uint8Array(0));
    deliver6(rig.b, rig.a, fromA(58, m));
    expect([count('icmp6.unknownType'), sent.length]).toEqual([1, 0]);
  });
});

describe('§3 errors', () => {
  test('§3.1: nobody at the port: code 4, quoting as much as fits 1280 bytes (§2.4(c))', () => {
    for (const n of [8, 1300]) {
      const sent = watch(rig.b, true);
      deliver6(rig.b, rig.a, toNobody(n));
      expect(shown(sent[0]!)).toEqual([1, 4, 0]);
      const quoted = Math.min(48 + n, 1232);
      expect(sent[0]!.length).toBe(14 + 48 + quoted);
      expect(sent[0]!.slice(62)).toEqual(toNobody(n).slice(0, quoted));
    }
  });

  test('what came with a tag on it is quoted no further than 8 bytes behind its headers', () => {
    const { pool } = rig.b;
    rig.b.ifp.afterWire = (m) => pool.tags.prepend(pool, m, pool.tags.alloc(0x1234, 1, 4));
    const sent = watch(rig.b, true);
    deliver6(rig.b, rig.a, toNobody(500));
    expect(sent[0]!.length).toBe(14 + 48 + 48);
  });

  test('§2.4(f): a flood of them is limited', () => {
    const sent = watch(rig.b, true);
    for (let i = 0; i < 100; i++) deliver6(rig.b, rig.a, toNobody());
    expect(sent.length).toBe(50);
    expect(count('icmp6.limited')).toBe(50);
    rig.clock.cycle += secondsToCycles(0.1);
    deliver6(rig.b, rig.a, toNobody());
    expect(sent.length).toBe(51);
  });

  test('they reach the socket whose packet they quote', () => {
    const told: number[][] = [];
    const socket = new UdpSocket(rig.a.inet).onError((...e) => told.push(e));
    socket.sendTo(new Uint8Array(3), rig.b.addr6, 99);
    rig.pump();
    expect(told).toEqual([[1, 4, 0]]);
    expect(rig.a.counters.get('icmp6.told')).toBe(1);
  });

  test('what they quote must be ours: cut short, of another host or of no socket', () => {
    const { a, b } = rig;
    const error = (quoted: Uint8Array): void =>
      deliver6(b, a, fromA(58, icmp6Message(a.addr6, b.addr6, 1, 4, 0, quoted)));
    const ours = ip6Packet({
      src: b.addr6,
      dst: a.addr6,
      nxt: 17,
      payload: udp6Datagram(b.addr6, 5, a.addr6, 6, new Uint8Array(0)),
    });
    error(ours.slice(0, 39));
    error(ours.slice(0, 42));
    error(ours);
    error(toNobody());
    expect(count('icmp6.unmatched')).toBe(4);
  });
});

describe('§3.2 and RFC 8201: packet too big', () => {
  /** b hears that what it sent to a, of proto and port, is too big. */
  const tooBig = (mtu: number, sport: number, nxt = 17): void => {
    const { a, b } = rig;
    const udp = udp6Datagram(b.addr6, sport, a.addr6, 9, new Uint8Array(1300));
    const quoted = ip6Packet({ src: b.addr6, dst: a.addr6, nxt, payload: udp }).slice(0, 1232);
    const router = ip6Parse('2001:db8::fe');
    const payload = icmp6Message(router, b.addr6, 2, 0, mtu, quoted);
    deliver6(b, a, ip6Packet({ src: router, dst: b.addr6, nxt: 58, payload }));
  };

  test('it is obeyed: later packets to that host are cut, to others not', () => {
    const told: number[][] = [];
    const socket = new UdpSocket(rig.b.inet).bind(rig.b.addr6, 5).onError((...e) => told.push(e));
    const sent = watch(rig.b, true);
    const lengths = (): number[] => sent.splice(0).map((f) => f.length - 14);
    socket.sendTo(new Uint8Array(1400), rig.a.addr6, 9);
    expect(lengths()).toEqual([1448]);
    tooBig(1300, 5);
    expect(told).toEqual([[2, 0, 1300]]);
    socket.sendTo(new Uint8Array(1400), rig.a.addr6, 9);
    expect(lengths()).toEqual([1296, 208]);
    rig.clock.cycle += secondsToCycles(601);
    socket.sendTo(new Uint8Array(1400), rig.a.addr6, 9);
    expect(lengths()).toEqual([1448]);
  });

  test('§4: below 1280 it is discarded, and no atomic fragments follow (RFC 8021)', () => {
    const socket = new UdpSocket(rig.b.inet).bind(rig.b.addr6, 5);
    const sent = watch(rig.b, true);
    tooBig(1279, 5);
    socket.sendTo(new Uint8Array(100), rig.a.addr6, 9);
    expect(sent.map((f) => f[20])).toEqual([17]);
    expect(count('icmp6.badMtu')).toBe(1);
  });

  test('§4: it never makes an estimate larger', () => {
    const { pmtu } = rig.b.inet.ip6;
    pmtu.learn(1, 2, 3, 4, 1300);
    pmtu.learn(1, 2, 3, 4, 1400);
    expect(pmtu.lookup(1, 2, 3, 4)).toBe(1300);
    pmtu.learn(1, 2, 3, 4, 1290);
    expect(pmtu.lookup(1, 2, 3, 4)).toBe(1290);
    expect(pmtu.lookup(1, 2, 3, 5)).toBe(65535);
  });

  test('about UDP that no socket here sends it is not believed', () => {
    tooBig(1300, 6);
    expect([count('icmp6.pathMtu'), count('icmp6.unmatched')]).toEqual([0, 1]);
  });

  test('with dontFragment the socket is told at once', () => {
    const socket = new UdpSocket(rig.b.inet, { dontFragment: true }).bind(rig.b.addr6, 5);
    tooBig(1300, 5);
    expect(socket.sendTo(new Uint8Array(1253), rig.a.addr6, 9)).toBe(40);
    expect(socket.sendTo(new Uint8Array(1252), rig.a.addr6, 9)).toBe(0);
  });
});

describe('a router', () => {
  const far = ip6Parse('2001:db8:f::1');
  beforeEach(() => {
    const { b } = rig;
    b.inet.ip6.forward = ip6Forward;
    b.inet.ip6.routes.add(ip6Parse('2001:db8:f::'), 48, b.ifp, rig.a.addr6);
  });
  const through = (more: object, n = 8): Uint8Array[] => {
    const sent = watch(rig.b, true);
    const payload = udp6Datagram(rig.a.addr6, 7, far, 9, new Uint8Array(n));
    deliver6(rig.b, rig.a, ip6Packet({ src: rig.a.addr6, dst: far, nxt: 17, payload, ...more }));
    return sent;
  };

  test('passes a packet on, one hop fewer and nothing else changed', () => {
    const payload = udp6Datagram(rig.a.addr6, 7, far, 9, new Uint8Array(8));
    const sent = through({ hlim: 9, tclass: 0xb8, flow: 77 });
    const fields = { src: rig.a.addr6, dst: far, nxt: 17, payload, tclass: 0xb8, flow: 77 };
    expect(sent[0]!.slice(14)).toEqual(ip6Packet({ ...fields, hlim: 8 }));
  });

  test.each([0, 1])('§3.3: hop limit %i is used up here: time exceeded', (hlim) => {
    expect(shown(through({ hlim })[0]!)).toEqual([3, 0, 0]);
    expect(count('forward6.hopLimit')).toBe(1);
  });

  test.each([
    ['an echo request', 128, [3, 0, 0]],
    ['an ICMPv6 error (e.1)', 1, null],
    ['an ICMPv6 error of a type that nobody knows (e.1)', 127, null],
    ['a redirect (e.2)', 137, null],
  ])('§2.4(e): what %s gets when its hops are used up', (_name, type, expected) => {
    const payload = icmp6Message(rig.a.addr6, far, type, 0, 0, new Uint8Array(64));
    const sent = through({ hlim: 1, nxt: 58, payload });
    expect(sent.map(shown)).toEqual(expected === null ? [] : [expected]);
    expect(count('forward6.hopLimit')).toBe(1);
  });

  test.each([
    ['this host', null, [4, 1, 6]],
    ['a group (e.3)', ip6Parse('ff02::1'), null],
  ])('§2.4(e): an unknown next header, sent to %s', (_name, group, expected) => {
    const sent = through({ dst: group ?? rig.b.addr6, nxt: 200 });
    expect(sent.map(shown)).toEqual(expected === null ? [] : [expected]);
  });

  test('§2.4(e.6): nor does a packet from a group get one', () => {
    expect(through({ hlim: 1, src: ip6Parse('ff02::1') })).toEqual([]);
  });

  test('§3.1: no route: code 0', () => {
    expect(shown(through({ dst: ip6Parse('2001:db9::1') })[0]!)).toEqual([1, 0, 0]);
  });

  test('§3.2: longer than the next link takes: packet too big with its MTU, and never cut', () => {
    rig.b.ifp.mtu = 1300;
    const sent = through({}, 1400);
    expect(sent.map(shown)).toEqual([[2, 0, 1300]]);
    expect(count('forward6.tooBig')).toBe(1);
  });

  test('RFC 4301 §8.2.1: what ESP will add is taken off, but never below 1280', () => {
    rig.b.ifp.mtu = 1400;
    const inTunnel = (bytes: number): void => {
      rig.b.inet.ipsec = { ...rig.b.inet.ipsec, pathMtu: () => bytes };
    };
    inTunnel(1340);
    expect(through({}, 1340 - 48)[0]!.length).toBe(14 + 1340);
    expect(shown(through({}, 1341 - 48)[0]!)).toEqual([2, 0, 1340]);
    inTunnel(1200);
    expect(through({}, 1280 - 48)[0]!.length).toBe(14 + 1280);
    expect(shown(through({}, 1281 - 48)[0]!)).toEqual([2, 0, 1280]);
  });

  test('RFC 8200 §5: what turns out too long behind IPsec is dropped, for a router cuts nothing', () => {
    rig.b.ifp.mtu = 1300;
    rig.b.inet.ipsec = { ...rig.b.inet.ipsec, pathMtu: () => 1500 };
    expect(through({}, 1400)).toEqual([]);
    expect(count('ip6.tooBig')).toBe(1);
  });

  test.each([
    ['from a link-local address', { src: ip6Parse('fe80::9') }],
    ['to a link-local address', { dst: ip6Parse('fe80::9') }],
    ['from ::', { src: ip6Parse('::') }],
  ])('RFC 4291 §2.5: never passes on what is %s', (_name, more) => {
    expect(through(more)).toEqual([]);
    expect(count('forward6.cant')).toBe(1);
  });

  test('refuses what policy does not let through (RFC 4301 §5.2)', () => {
    rig.b.inet.ipsec = { ...rig.b.inet.ipsec, checkIn: () => 13 };
    expect(through({})).toEqual([]);
    expect(count('forward6.refusedByPolicy')).toBe(1);
  });

  test('refuses headers that lead nowhere: policy could not read them', () => {
    const payload = Uint8Array.of(17, 200, 0, 0, 0, 0, 0, 0);
    expect(through({ nxt: 60, payload })).toEqual([]);
    expect(count('forward6.badExt')).toBe(1);
  });
});
