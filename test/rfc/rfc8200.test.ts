// SPDX-License-Identifier: BSD-2-Clause
// IPv6 (RFC 8200): header, extension headers in order, fragments, UDP's checksum.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IN6ADDR_ANY, ip6Parse } from '../../src/header/ip6.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { NO_MBUF } from '../../src/kern/mbuf.ts';
import { slowTimo } from '../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../src/netinet/in6_proto.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { concat } from '../lib/packets.ts';
import {
  fragmentHeader,
  icmp6Message,
  ip6Packet,
  optionsHeader,
  routingHeader,
  udp6Datagram,
} from '../lib/packets6.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver6, knowEachOther, watch } from '../lib/wire.ts';

const HOPOPTS = 0;
const UDP = 17;
const ROUTING = 43;
const FRAGMENT = 44;
const ESP = 50;
const NONE = 59;
const DSTOPTS = 60;

let rig: Rig;
let got: string[];
/** Frames that b sent. */
let sent: Uint8Array[];
beforeEach(() => {
  rig = createRig({ jumbos: 20 });
  knowEachOther(rig.a, rig.b);
  got = [];
  new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 53).onMessage((b) => got.push(`${b.length}`));
  sent = watch(rig.b, true);
});
afterEach(() => rig.end());

const udp = (data = new Uint8Array(8), sum?: number): Uint8Array =>
  udp6Datagram(rig.a.addr6, 7, rig.b.addr6, 53, data, sum);
const packet = (nxt: number, ...parts: Uint8Array[]): Uint8Array =>
  ip6Packet({ src: rig.a.addr6, dst: rig.b.addr6, nxt, payload: concat(...parts) });
const feed = (p: Uint8Array): void => deliver6(rig.b, rig.a, p);
const count = (name: string): number => rig.b.counters.get(name);
/** Type, code and word of the only answer that b sent. */
const answer = (): number[] => {
  expect(sent.length).toBe(1);
  const v = new DataView(sent[0]!.buffer);
  expect(v.getUint8(14 + 6)).toBe(58);
  return [v.getUint8(54), v.getUint8(55), v.getUint32(58)];
};

describe('§3 header', () => {
  test.each<[string, (p: Uint8Array) => Uint8Array, string]>([
    ['shorter than 40 bytes', (p) => p.slice(0, 39), 'ip6.short'],
    ['a version that is not 6', (p) => p.with(0, 0x50), 'ip6.badVersion'],
    ['a payload length beyond the packet', (p) => p.with(5, p[5]! + 1), 'ip6.tooShort'],
    ['from a group', (p) => p.with(8, 0xff), 'ip6.badSource'],
    ['to ::', (p) => concat(p.slice(0, 24), IN6ADDR_ANY, p.slice(40)), 'ip6.badDest'],
    [
      'from an address that maps IPv4',
      (p) => concat(p.slice(0, 8), ip6Parse('::ffff:10.0.0.1'), p.slice(24)),
      'ip6.badSource',
    ],
    [
      'from ::1 outside the host',
      (p) => concat(p.slice(0, 8), ip6Parse('::1'), p.slice(24)),
      'ip6.martian',
    ],
    [
      'to a group of the interface',
      (p) => concat(p.slice(0, 24), ip6Parse('ff01::1'), p.slice(40)),
      'ip6.martian',
    ],
    [
      'to a group nobody joined',
      (p) => concat(p.slice(0, 24), ip6Parse('ff02::99'), p.slice(40)),
      'ip6.multicast',
    ],
    [
      'to another host',
      (p) => concat(p.slice(0, 24), ip6Parse('2001:db8::9'), p.slice(40)),
      'ip6.forward',
    ],
  ])('%s is dropped under %s', (_name, damage, counter) => {
    feed(Uint8Array.from(damage(packet(UDP, udp()))));
    expect(count(counter)).toBe(1);
    expect([got.length, sent.length]).toEqual([0, 0]);
  });

  test('padding of the link is cut off', () => {
    feed(concat(packet(UDP, udp()), new Uint8Array(6).fill(9)));
    expect(got).toEqual(['8']);
  });

  test('§5: an interface with an MTU below 1280 gets no address', () => {
    rig.a.ifp.mtu = 1279;
    expect(() => addAddress6(rig.a.inet, rig.a.ifp, ip6Parse('2001:db8::5'), 64)).toThrow(
      /MTU of 1279 bytes; IPv6 needs 1280/,
    );
  });
});

describe('§4 extension headers', () => {
  test('all of them, in the order of §4.1, lead to the upper protocol', () => {
    const none = new Uint8Array(0);
    feed(
      packet(
        HOPOPTS,
        optionsHeader(DSTOPTS, Uint8Array.of(5, 2, 0, 0)),
        optionsHeader(ROUTING, none),
        routingHeader(FRAGMENT, 2, 0),
        fragmentHeader(DSTOPTS, 0, false, 1),
        optionsHeader(UDP, none),
        udp(),
      ),
    );
    expect(got).toEqual(['8']);
  });

  test('§4: an unknown next header is told of, code 1, pointing at it', () => {
    feed(packet(DSTOPTS, optionsHeader(200, new Uint8Array(0)), new Uint8Array(8)));
    expect(answer()).toEqual([4, 1, 40]);
    expect(count('ip6.noProto')).toBe(1);
  });

  test('§4.1: hop-by-hop options elsewhere than first are an unknown next header', () => {
    feed(
      packet(
        DSTOPTS,
        optionsHeader(HOPOPTS, new Uint8Array(0)),
        optionsHeader(UDP, new Uint8Array(0)),
        udp(),
      ),
    );
    expect(answer()).toEqual([4, 1, 40]);
  });

  test('§4.7: no next header ends the packet without an answer', () => {
    feed(packet(NONE, new Uint8Array(8)));
    expect([count('ip6.noNext'), sent.length]).toEqual([1, 0]);
  });

  test('§4: with no IPsec installed ESP is an unknown next header', () => {
    feed(packet(ESP, new Uint8Array(16)));
    expect(answer()).toEqual([4, 1, 6]);
  });

  test.each([
    [0x1e, 'skip', []],
    [0x5e, 'discard', null],
    [0x9e, 'discard and tell', [4, 2, 42]],
    [0xde, 'discard and tell unless to a group', [4, 2, 42]],
  ])('§4.2: option 0x%s unknown: %s', (type, _what, told) => {
    const option = Uint8Array.of(type, 1, 0);
    feed(packet(HOPOPTS, optionsHeader(UDP, option), udp()));
    expect(got.length).toBe(told !== null && told.length === 0 ? 1 : 0);
    if (told === null || told.length === 0) expect(sent.length).toBe(0);
    else expect(answer()).toEqual(told);
  });

  test('§4.2: what is told about a group: action 2 yes, action 3 no', () => {
    const to = ip6Parse('ff02::1');
    for (const type of [0x9e, 0xde]) {
      const payload = concat(optionsHeader(NONE, Uint8Array.of(type, 1, 0)));
      feed(ip6Packet({ src: rig.a.addr6, dst: to, nxt: DSTOPTS, payload }));
    }
    expect(answer()).toEqual([4, 2, 42]);
    expect(count('ip6.badOptions')).toBe(2);
  });

  test('an option that does not fit its header points at itself', () => {
    feed(packet(DSTOPTS, Uint8Array.of(UDP, 0, 0x1e, 9, 0, 0, 0, 0), udp()));
    expect(answer()).toEqual([4, 0, 42]);
  });

  test('§4.4: an unknown routing type with no segments left is ignored', () => {
    feed(packet(ROUTING, routingHeader(UDP, 250, 0), udp()));
    expect(got).toEqual(['8']);
  });

  test.each([0, 2, 250])('§4.4: routing type %i with segments left is refused', (type) => {
    feed(packet(ROUTING, routingHeader(UDP, type, 1), udp()));
    expect(answer()).toEqual([4, 0, 42]);
    expect(got).toEqual([]);
  });

  test('RFC 5095 §3: type 0 is treated as any unknown type', () => {
    feed(packet(ROUTING, routingHeader(UDP, 0, 0), udp()));
    expect(got).toEqual(['8']);
    feed(packet(ROUTING, routingHeader(UDP, 0, 1), udp()));
    expect([count('ip6.routing'), got.length]).toEqual([1, 1]);
  });

  test('a header beyond the packet is dropped', () => {
    feed(packet(DSTOPTS, Uint8Array.of(UDP, 9, 1, 4, 0, 0, 0, 0)));
    expect(count('ip6.badExt')).toBe(1);
  });

  test('the work for one packet is bounded: 8 headers pass, 9 do not (RFC 8504 §5.3)', () => {
    const many = (n: number): Uint8Array[] =>
      Array.from({ length: n }, (_, i) =>
        optionsHeader(i === n - 1 ? UDP : DSTOPTS, new Uint8Array(0)),
      );
    feed(packet(DSTOPTS, ...many(8), udp()));
    expect(got).toEqual(['8']);
    feed(packet(DSTOPTS, ...many(9), udp()));
    expect(count('ip6.tooManyExt')).toBe(1);
  });

  test('and so are the bytes: 1024 of options and no more', () => {
    feed(packet(DSTOPTS, optionsHeader(UDP, new Uint8Array(1030)), udp()));
    expect(count('ip6.tooManyExt')).toBe(1);
  });
});

describe('§4.5 fragments', () => {
  const frag = (offset: number, more: boolean, data: Uint8Array, ident = 1): Uint8Array =>
    packet(FRAGMENT, fragmentHeader(UDP, offset, more, ident), data);

  test('in whatever order they come, they are put together, behind whatever headers', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.nat(), fc.boolean(), (at, seed, hop) => {
        got = [];
        const whole = udp(Uint8Array.from({ length: 480 }, (_, i) => i));
        const edges = [0, ...at.sort((x, y) => x - y).map((n) => n * 8), whole.length];
        const parts = edges.slice(0, -1).map((from, i) => {
          const to = edges[i + 1]!;
          const more = to < whole.length;
          const body = concat(fragmentHeader(UDP, from, more, seed), whole.slice(from, to));
          return hop
            ? packet(HOPOPTS, optionsHeader(FRAGMENT, new Uint8Array(0)), body)
            : packet(FRAGMENT, body);
        });
        const order = parts
          .map((p, i) => ({ p, k: (Math.imul(i + 1, 2654435761) ^ seed) >>> 0 }))
          .sort((x, y) => x.k - y.k);
        for (const { p } of order) feed(p);
        expect(got).toEqual(['480']);
      }),
    );
    expect(rig.b.pool.inUse).toBe(0);
  });

  test('other headers before the last fragment than before the first: the first ones stay', () => {
    const whole = udp(new Uint8Array(56));
    feed(packet(FRAGMENT, fragmentHeader(UDP, 0, true, 5), whole.slice(0, 32)));
    feed(
      packet(
        DSTOPTS,
        optionsHeader(FRAGMENT, new Uint8Array(0)),
        fragmentHeader(UDP, 32, false, 5),
        whole.slice(32),
      ),
    );
    expect(got).toEqual(['56']);
  });

  test('a length that is no multiple of 8 before the last: code 0 at the payload length', () => {
    feed(frag(0, true, new Uint8Array(15)));
    expect(answer()).toEqual([4, 0, 4]);
    expect(count('reass.bad')).toBe(1);
  });

  test('a fragment past 65535 bytes: code 0 at its offset', () => {
    feed(frag(65528, false, new Uint8Array(16)));
    expect(answer()).toEqual([4, 0, 42]);
  });

  test('RFC 7112 §5: a first fragment without all headers is dropped: code 3', () => {
    feed(
      packet(
        FRAGMENT,
        fragmentHeader(DSTOPTS, 0, true, 1),
        Uint8Array.of(UDP, 1, 1, 12, 0, 0, 0, 0),
      ),
    );
    expect(answer()).toEqual([4, 3, 0]);
    expect(count('frag6.noChain')).toBe(1);
  });

  test('RFC 6946 §4: an atomic fragment is taken alone, whatever else has its identification', () => {
    const whole = udp(new Uint8Array(56));
    feed(frag(0, true, whole.slice(0, 32)));
    feed(frag(0, false, udp(new Uint8Array(4))));
    expect(got).toEqual(['4']);
    feed(frag(32, false, whole.slice(32)));
    expect(got).toEqual(['4', '56']);
    expect(count('frag6.atomic')).toBe(1);
  });

  test('a fragment inside a fragment is dropped', () => {
    const inner = concat(fragmentHeader(UDP, 0, false, 2), udp());
    feed(packet(FRAGMENT, fragmentHeader(FRAGMENT, 0, false, 1), inner));
    expect([count('ip6.nestedFrag'), got.length]).toEqual([1, 0]);
  });

  test('after 60 s a datagram is given up, and the sender of its first fragment told', () => {
    const first = frag(0, true, udp(new Uint8Array(56)).slice(0, 32));
    feed(first);
    feed(frag(16, true, new Uint8Array(8), 77));
    rig.clock.cycle = secondsToCycles(60);
    slowTimo(rig.b.inet);
    expect(answer()).toEqual([3, 1, 0]);
    expect(sent[0]!.slice(62)).toEqual(first);
    expect(count('reass.timedOut')).toBe(2);
  });

  test('what is sent in fragments has them all of one identification, 8 bytes in each of room', () => {
    const wire = watch(rig.a);
    new UdpSocket(rig.a.inet).sendTo(new Uint8Array(4000), rig.b.addr6, 53);
    rig.pump();
    expect(got).toEqual(['4000']);
    const shown = wire.map((f) => {
      const v = new DataView(f.buffer, 54);
      return [
        f.length,
        f[20],
        v.getUint16(2),
        v.getUint32(4) - new DataView(wire[0]!.buffer).getUint32(58),
      ];
    });
    expect(shown).toEqual([
      [1510, FRAGMENT, 1, 0],
      [1510, FRAGMENT, 1448 + 1, 0],
      [14 + 48 + 4008 - 2896, FRAGMENT, 2896, 0],
    ]);
  });

  test('mbufs run out: none of the fragments goes', () => {
    const wire = watch(rig.a);
    const socket = new UdpSocket(rig.a.inet);
    const m = rig.a.pool;
    const held: number[] = [];
    for (let h = m.alloc(); h !== NO_MBUF; h = m.alloc()) held.push(h);
    m.free(held.pop()!);
    expect(socket.sendTo(new Uint8Array(4000), rig.b.addr6, 53)).not.toBe(0);
    expect(wire).toEqual([]);
    for (const h of held) m.free(h);
  });
});

describe('§8.1 UDP', () => {
  test('a datagram without a checksum is refused', () => {
    feed(packet(UDP, udp(new Uint8Array(8), 0)));
    expect([count('udp6.noSum'), got.length]).toEqual([1, 0]);
  });

  test('a wrong checksum is refused', () => {
    feed(packet(UDP, udp(new Uint8Array(8), 0x1234)));
    expect(count('udp6.badSum')).toBe(1);
  });

  test('a sum of zero is sent as all ones', () => {
    const wire = watch(rig.a);
    const socket = new UdpSocket(rig.a.inet).bind(rig.a.addr6, 7);
    const seen = new Set<number>();
    for (let i = 0; i < 65536; i += 1) {
      // Two bytes of data that run through all values bring the sum to 0 once.
      socket.sendTo(Uint8Array.of(i >> 8, i), rig.b.addr6, 53);
      seen.add(new DataView(wire[i]!.buffer).getUint16(14 + 46));
      rig.b.ifp.queue.drain(rig.b.pool);
    }
    expect(seen.has(0)).toBe(false);
    expect(seen.has(0xffff)).toBe(true);
  });

  test('dontFragment: what does not fit the path is refused (EMSGSIZE)', () => {
    const socket = new UdpSocket(rig.a.inet, { dontFragment: true });
    expect(socket.sendTo(new Uint8Array(1452), rig.b.addr6, 53)).toBe(0);
    expect(socket.sendTo(new Uint8Array(1453), rig.b.addr6, 53)).toBe(40);
    rig.pump();
    expect(got).toEqual(['1452']);
  });

  test('class and hop limit of the socket stand in the header', () => {
    const wire = watch(rig.a);
    new UdpSocket(rig.a.inet, { tos: 0xb8, ttl: 3 }).sendTo(new Uint8Array(1), rig.b.addr6, 53);
    expect([...wire[0]!.slice(14, 18), wire[0]![21]]).toEqual([0x6b, 0x80, 0, 0, 3]);
    rig.pump();
  });
});

describe('what tells no lies', () => {
  test('an ICMPv6 error about a group or from :: is never sent', () => {
    const payload = new Uint8Array(8);
    feed(ip6Packet({ src: rig.a.addr6, dst: ip6Parse('ff02::1'), nxt: 200, payload }));
    feed(ip6Packet({ src: IN6ADDR_ANY, dst: rig.b.addr6, nxt: 200, payload }));
    const about = icmp6Message(rig.a.addr6, rig.b.addr6, 1, 0, 0, new Uint8Array(40));
    feed(packet(58, about));
    expect(sent).toEqual([]);
    expect(count('icmp6.notAbout')).toBe(2);
  });
});
