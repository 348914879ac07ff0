// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipParse } from '../../src/header/ip.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { addAddress, slowTimo } from '../../src/netinet/in_proto.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { arpPacket, concat } from '../lib/packets.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver, watch } from '../lib/wire.ts';

const ARP = 0x0806;
const ZERO = new Uint8Array(6);
const BROADCAST = new Uint8Array(6).fill(0xff);
let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.end());

const send = (text: string, to = rig.b.addr): number =>
  new UdpSocket(rig.a.inet).sendTo(Buffer.from(text), to, 9);

describe('ARP as RFC 826 has it', () => {
  test('a request is broadcast, and the frame is the one of the drawing', () => {
    const frames = watch(rig.a, true);
    send('x');
    const { ifp, addr } = rig.a;
    const arp = arpPacket(1, ifp.lladdr, addr, ZERO, rig.b.addr);
    expect(frames).toEqual([concat(BROADCAST, ifp.lladdr, [8, 6], arp)]);
  });

  test('the target answers the sender alone, and learns from the request', () => {
    const frames = watch(rig.b);
    send('x');
    rig.pump();
    const { a, b } = rig;
    const reply = arpPacket(2, b.ifp.lladdr, b.addr, a.ifp.lladdr, a.addr);
    expect(frames[0]).toEqual(concat(a.ifp.lladdr, b.ifp.lladdr, [8, 6], reply));
    new UdpSocket(b.inet).sendTo(Buffer.from('y'), a.addr, 9);
    expect(b.counters.get('arp.requests')).toBe(0);
  });

  test('packets wait for the answer, bounded, and leave in order', () => {
    const { a } = rig;
    const frames = watch(a);
    const results = Array.from({ length: 70 }, (_, i) => send(String.fromCharCode(i)));
    expect(results.filter((e) => e !== 0).length).toBe(6);
    expect(a.counters.get('arp.queueFull')).toBe(6);
    expect(a.counters.get('arp.requests')).toBe(1);
    rig.pump();
    const data = frames.filter((f) => f[12] === 8 && f[13] === 0).map((f) => f[42]);
    expect(data).toEqual(Array.from({ length: 64 }, (_, i) => i));
  });

  test('a pair that is known is brought up to date by whatever is heard', () => {
    send('x');
    rig.pump();
    const moved = Uint8Array.of(2, 0, 0, 0, 0, 99);
    const other = ipParse('10.0.0.77');
    deliver(rig.a, rig.b, arpPacket(1, moved, rig.b.addr, ZERO, other), ARP);
    const frames = watch(rig.a, true);
    send('y');
    expect(frames[0]!.slice(0, 6)).toEqual(moved);
  });

  test('what concerns others teaches nothing, nor does an answer that nobody asked for', () => {
    const { a, b } = rig;
    const other = ipParse('10.0.0.77');
    deliver(a, b, arpPacket(1, b.ifp.lladdr, other, ZERO, b.addr), ARP);
    deliver(a, b, arpPacket(2, b.ifp.lladdr, other, a.ifp.lladdr, b.addr), ARP);
    deliver(a, b, arpPacket(2, b.ifp.lladdr, other, a.ifp.lladdr, a.addr), ARP);
    expect(a.inet.arp.find(a.ifp.index, other)).toBe(-1);
    expect(a.counters.get('arp.notForUs')).toBe(2);
  });

  test.each([
    ['another hardware type', 0, [0, 6]],
    ['another protocol', 2, [0x86, 0xdd]],
    ['another hardware length', 4, [8]],
    ['another protocol length', 5, [16]],
    ['an unknown operation', 6, [0, 3]],
    ['a multicast sender', 8, [3]],
  ])('%s is counted and dropped', (_name, at, bytes) => {
    const { a, b } = rig;
    const packet = arpPacket(1, b.ifp.lladdr, b.addr, ZERO, a.addr);
    packet.set(bytes, at);
    deliver(a, b, packet, ARP);
    expect(a.counters.get('arp.bad')).toBe(1);
    expect(a.counters.get('arp.replies')).toBe(0);
  });

  test('a short packet is counted and dropped', () => {
    const { a, b } = rig;
    deliver(a, b, arpPacket(1, b.ifp.lladdr, b.addr, ZERO, a.addr).slice(0, 27), ARP);
    expect(a.counters.get('arp.bad')).toBe(1);
  });
});

describe('time (RFC 1122 §2.3.2.1)', () => {
  test('at most one request a second; after five in vain what waited is dropped', () => {
    const { a } = rig;
    watch(a, true);
    send('x');
    for (let i = 0; i < 10; i++) send('x');
    expect(a.counters.get('arp.requests')).toBe(1);
    for (let s = 1; s <= 5; s++) {
      rig.clock.cycle = secondsToCycles(s) - 1;
      slowTimo(a.inet);
      expect(a.counters.get('arp.requests')).toBe(s);
      rig.clock.cycle = secondsToCycles(s);
      slowTimo(a.inet);
    }
    expect(a.counters.get('arp.requests')).toBe(5);
    expect(a.counters.get('arp.timedOut')).toBe(11);
    expect(a.pool.inUse).toBe(0);
  });

  test('an entry expires after twenty minutes and is asked for again', () => {
    send('x');
    rig.pump();
    rig.clock.cycle = secondsToCycles(20 * 60) - 1;
    send('x');
    expect(rig.a.counters.get('arp.requests')).toBe(1);
    rig.clock.cycle += 1;
    send('x');
    expect(rig.a.counters.get('arp.requests')).toBe(2);
    rig.pump();
    expect(rig.b.counters.get('udp.noPort')).toBe(3);
  });

  test('a static entry neither expires nor is overwritten', () => {
    const { a, b } = rig;
    const pinned = Uint8Array.of(2, 0, 0, 0, 0, 50);
    a.inet.arp.addStatic(a.ifp.index, b.addr, pinned);
    deliver(a, b, arpPacket(1, b.ifp.lladdr, b.addr, ZERO, a.addr), ARP);
    rig.clock.cycle = secondsToCycles(24 * 3600);
    const frames = watch(a, true);
    send('x');
    expect(frames[0]!.slice(0, 6)).toEqual(pinned);
  });
});

describe('announcements (RFC 5227)', () => {
  test('an address can be announced: a request for itself', () => {
    const { a } = rig;
    const frames = watch(a, true);
    const addr = ipParse('10.0.0.9');
    addAddress(a.inet, a.ifp, addr, 24, true);
    const arp = arpPacket(1, a.ifp.lladdr, addr, ZERO, addr);
    expect(frames).toEqual([concat(BROADCAST, a.ifp.lladdr, [8, 6], arp)]);
  });

  test('another host with our address is counted, and not learnt', () => {
    const { a, b } = rig;
    deliver(a, b, arpPacket(1, b.ifp.lladdr, a.addr, ZERO, a.addr), ARP);
    expect(a.counters.get('arp.duplicateAddress')).toBe(1);
    expect(a.inet.arp.find(a.ifp.index, a.addr)).toBe(-1);
  });
});

test('many neighbours: each entry is found, or asked for again, never mistaken', () => {
  const { a } = rig;
  const table = a.inet.arp;
  let lost = 0;
  for (let i = 1; i < 600; i++) {
    const e = table.make(2, 0x0a000000 + i);
    expect(e).toBeGreaterThanOrEqual(0);
    table.learn(e, Uint8Array.of(2, 0, 0, 0, i >> 8, i), 0);
  }
  for (let i = 1; i < 600; i++) {
    const e = table.find(2, 0x0a000000 + i);
    if (e < 0) lost++;
    else expect([table.lladdr[e * 6 + 4], table.lladdr[e * 6 + 5]]).toEqual([i >> 8, i & 255]);
    expect(table.find(3, 0x0a000000 + i)).toBe(-1);
  }
  expect(lost).toBeLessThan(600 - 200);
});
