// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipParse } from '../../src/header/ip.ts';
import { EHOSTUNREACH, ENETDOWN } from '../../src/kern/errno.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { concat, etherFrame, type IpFields, ipPacket, udpDatagram } from '../lib/packets.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver, knowEachOther, watch } from '../lib/wire.ts';

let rig: Rig;
let got: number;
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
  got = 0;
  new UdpSocket(rig.b.inet).bind(0, 53).onMessage(() => got++);
});
afterEach(() => rig.end());

function packet(change: Partial<IpFields> = {}): Uint8Array {
  const src = change.src ?? rig.a.addr;
  const dst = change.dst ?? rig.b.addr;
  const payload = udpDatagram(src, 1, dst, 53, Uint8Array.of(1, 2, 3, 4));
  return ipPacket({ src, dst, proto: 17, payload, ...change });
}

describe('what IP looks at in a packet that comes in (RFC 1122 §3.2.1)', () => {
  test('the unchanged packet is let in, with link padding or without', () => {
    deliver(rig.b, rig.a, packet());
    deliver(rig.b, rig.a, concat(packet(), new Uint8Array(14)));
    expect(got).toBe(2);
  });

  test('link padding is no part of the packet', () => {
    const lens: number[] = [];
    rig.b.inet.protosw.register(200, (inet, m) => {
      lens.push(inet.pool.len[m]!);
      inet.pool.free(m);
    });
    deliver(rig.b, rig.a, concat(packet({ proto: 200 }), new Uint8Array(14)));
    expect(lens).toEqual([32]);
  });

  test.each<[string, string, Partial<IpFields>]>([
    ['§3.2.1.1 version 6', 'ip.badVersion', { version: 6 }],
    ['§3.2.1.1 version 0', 'ip.badVersion', { version: 0 }],
    ['header length 16', 'ip.badHdrLen', { ihl: 4 }],
    ['header length beyond the packet', 'ip.badHdrLen', { ihl: 15 }],
    ['§3.2.1.2 checksum', 'ip.badSum', { sum: 0x1234 }],
    ['total length below the header length', 'ip.badLen', { len: 19 }],
    ['total length beyond the packet', 'ip.tooShort', { len: 33 }],
    ['§3.2.1.3 source 255.255.255.255', 'ip.badSource', { src: 0xffffffff }],
    ['§3.2.1.3 source 10.0.0.255', 'ip.badSource', { src: 0x0a0000ff }],
    ['§3.2.1.3 source multicast', 'ip.badSource', { src: 0xe0000001 }],
    ['§3.2.1.3(g) source 127.0.0.1 from outside', 'ip.martian', { src: 0x7f000001 }],
    ['§3.2.1.3(g) destination 127.0.0.1 from outside', 'ip.martian', { dst: 0x7f000001 }],
    ['a group that nobody joined', 'ip.multicast', { dst: 0xe0000005 }],
    ['another host', 'ip.forward', { dst: 0x0a000009 }],
  ])('%s is dropped under %s', (_name, name, change) => {
    deliver(rig.b, rig.a, packet(change));
    expect(rig.b.counters.get(name)).toBe(1);
    expect(got).toBe(0);
  });

  test('every length below 20 bytes is ip.short', () => {
    for (let n = 0; n < 20; n++) deliver(rig.b, rig.a, packet().slice(0, n));
    expect(rig.b.counters.get('ip.short')).toBe(20);
  });

  test('§3.2.1.7: TTL 1 and 0 are no reason to drop what is for us', () => {
    deliver(rig.b, rig.a, packet({ ttl: 1 }));
    deliver(rig.b, rig.a, packet({ ttl: 0 }));
    expect(got).toBe(2);
  });

  test('broadcasts are let in: limited and directed', () => {
    deliver(rig.b, rig.a, packet({ dst: 0xffffffff }));
    deliver(rig.b, rig.a, packet({ dst: 0x0a0000ff }));
    expect(got).toBe(2);
  });

  test('§3.3.6: a unicast in a link-level broadcast is dropped', () => {
    const frame = etherFrame(new Uint8Array(6).fill(255), rig.a.ifp.lladdr, 0x800, packet());
    rig.b.ifp.inject(frame);
    rig.b.ifp.poll();
    expect(rig.b.counters.get('ip.linkBroadcast')).toBe(1);
    expect(got).toBe(0);
  });

  test('a gateway can take what is for others: the hook gets the checked packet', () => {
    const seen: number[][] = [];
    rig.b.inet.forward = (inet, m, hdrLen) => {
      seen.push([inet.pool.len[m]!, hdrLen]);
      inet.pool.free(m);
    };
    deliver(rig.b, rig.a, packet({ dst: ipParse('10.0.0.9') }));
    expect(seen).toEqual([[32, 20]]);
  });
});

describe('frames', () => {
  test('short, to others, of unknown type: each counted', () => {
    const { ifp, counters } = rig.b;
    for (let n = 0; n < 14; n++) ifp.inject(new Uint8Array(n));
    ifp.inject(etherFrame(Uint8Array.of(2, 0, 0, 0, 0, 9), rig.a.ifp.lladdr, 0x800, packet()));
    ifp.inject(etherFrame(ifp.lladdr, rig.a.ifp.lladdr, 0x88cc, packet()));
    ifp.poll();
    const names = ['ether.short', 'ether.notForUs', 'ether.unknownType', 'ether.received'];
    expect(names.map((n) => counters.get(n))).toEqual([14, 1, 1, 16]);
  });
});

describe('the way out', () => {
  test('no route and an interface that is down are errors, counted', () => {
    const { inet, ifp, counters } = rig.a;
    const socket = new UdpSocket(inet).bind(rig.a.addr, 0);
    expect(socket.sendTo(Uint8Array.of(1), ipParse('192.0.2.1'), 9)).toBe(EHOSTUNREACH);
    expect(counters.get('ip.noRoute')).toBe(1);
    expect(new UdpSocket(inet).sendTo(Uint8Array.of(1), ipParse('192.0.2.1'), 9)).toBe(
      EHOSTUNREACH,
    );
    expect(counters.get('udp.noSource')).toBe(1);
    ifp.flags = 0;
    expect(socket.sendTo(Uint8Array.of(1), rig.b.addr, 9)).toBe(ENETDOWN);
    expect(counters.get('ip.ifDown')).toBe(1);
  });

  test('§3.3.1: what is not on the link goes to the gateway, by its link address', () => {
    const { inet, ifp } = rig.a;
    inet.routes.add(0, 0, ifp, rig.b.addr);
    const frames = watch(rig.a, true);
    expect(new UdpSocket(inet).sendTo(Uint8Array.of(1), ipParse('198.51.100.7'), 9)).toBe(0);
    expect(frames[0]!.slice(0, 6)).toEqual(rig.b.ifp.lladdr);
    expect([...frames[0]!.slice(30, 34)]).toEqual([198, 51, 100, 7]);
    expect([...frames[0]!.slice(26, 30)]).toEqual([10, 0, 0, 1]);
  });

  test('broadcast and multicast need no ARP (RFC 1112 §6.4)', () => {
    const { inet, ifp } = rig.a;
    inet.routes.add(0, 0, ifp);
    const frames = watch(rig.a, true);
    const socket = new UdpSocket(inet);
    for (const dst of ['255.255.255.255', '10.0.0.255', '239.129.2.3']) {
      expect(socket.sendTo(Uint8Array.of(1), ipParse(dst), 9)).toBe(0);
    }
    expect(frames.map((f) => [...f.slice(0, 6)])).toEqual([
      [255, 255, 255, 255, 255, 255],
      [255, 255, 255, 255, 255, 255],
      [0x01, 0x00, 0x5e, 0x01, 2, 3],
    ]);
  });

  test('§3.2.1.5: identifications of one host do not repeat within 65536 packets', () => {
    const ids = new Set(Array.from({ length: 65536 }, () => rig.a.inet.nextId()));
    expect(ids.size).toBe(65536);
  });

  test("TTL, TOS and options are the socket's to choose (§4.1.4)", () => {
    const frames = watch(rig.a, true);
    const options = Uint8Array.of(148, 4, 0, 0);
    const how = { ttl: 3, tos: 0xb8, options };
    new UdpSocket(rig.a.inet, how).sendTo(Uint8Array.of(1), rig.b.addr, 9);
    expect([frames[0]![22], frames[0]![15], frames[0]![14]]).toEqual([3, 0xb8, 0x46]);
    expect([...frames[0]!.slice(34, 38)]).toEqual([...options]);
  });
});
