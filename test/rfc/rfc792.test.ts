// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipParse } from '../../src/header/ip.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { HEADROOM_BYTES, M_BCAST } from '../../src/kern/mbuf.ts';
import { icmpEcho } from '../../src/netinet/icmp.ts';
import { icmpError } from '../../src/netinet/icmp_error.ts';
import { slowTimo } from '../../src/netinet/in_proto.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { etherFrame, icmpMessage, ipPacket, udpDatagram } from '../lib/packets.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver, knowEachOther, watch } from '../lib/wire.ts';
import { referenceCksum } from '../reference/cksum.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
});
afterEach(() => rig.end());

const icmpOf = (frame: Uint8Array): Uint8Array => frame.slice(14 + (frame[14]! & 15) * 4);
const fromA = (proto: number, payload: Uint8Array, more = {}): Uint8Array =>
  ipPacket({ src: rig.a.addr, dst: rig.b.addr, proto, payload, ...more });
const toNobody = (): Uint8Array =>
  fromA(17, udpDatagram(rig.a.addr, 7, rig.b.addr, 99, Buffer.from('secret payload')));

describe('echo (RFC 792 p. 14)', () => {
  test('the reply has addresses exchanged, type 0, the same id, sequence and data', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1400 }),
        fc.nat(65535),
        fc.nat(65535),
        (data, id, seq) => {
          const sent = watch(rig.a);
          const answered = watch(rig.b);
          expect(icmpEcho(rig.a.inet, rig.b.addr, id, seq, data)).toBe(0);
          rig.pump();
          expect(icmpOf(sent[0]!)).toEqual(icmpMessage(8, 0, id * 65536 + seq, data));
          expect(icmpOf(answered[0]!)).toEqual(icmpMessage(0, 0, id * 65536 + seq, data));
          expect(answered[0]!.slice(26, 34)).toEqual(
            Uint8Array.of(...sent[0]!.slice(30, 34), ...sent[0]!.slice(26, 30)),
          );
          expect(referenceCksum(answered[0]!.slice(14, 34))).toBe(0);
        },
      ),
    );
  });

  test('a ping of more than the MTU comes back in fragments', () => {
    const heard: number[] = [];
    rig.a.inet.onIcmp = (m) => heard.push(rig.a.pool.len[m]!);
    icmpEcho(rig.a.inet, rig.b.addr, 1, 1, new Uint8Array(5000).fill(7));
    rig.pump();
    expect(heard).toEqual([5028]);
  });

  test('a request with options is answered without them', () => {
    const frames = watch(rig.b);
    const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);
    deliver(rig.b, rig.a, fromA(1, icmpMessage(8, 0, 5, Buffer.from('abc')), { options }));
    expect(frames[0]![14]).toBe(0x45);
    expect(icmpOf(frames[0]!)).toEqual(icmpMessage(0, 0, 5, Buffer.from('abc')));
  });

  test('a host answers itself through loopback', () => {
    let replies = 0;
    rig.a.inet.onIcmp = (m) => {
      if (rig.a.pool.data[rig.a.pool.off[m]! + 20] === 0) replies++;
    };
    icmpEcho(rig.a.inet, ipParse('127.0.0.1'), 1, 1, Buffer.from('x'));
    icmpEcho(rig.a.inet, rig.a.addr, 1, 2, Buffer.from('x'));
    rig.pump();
    expect(replies).toBe(2);
  });

  test('short, broken or unknown messages are counted', () => {
    deliver(rig.b, rig.a, fromA(1, Uint8Array.of(8, 0, 0, 0)));
    const broken = icmpMessage(8, 0, 1, Buffer.from('x'));
    broken[8]! ^= 1;
    deliver(rig.b, rig.a, fromA(1, broken));
    deliver(rig.b, rig.a, fromA(1, icmpMessage(42, 0, 0, Buffer.from('x'))));
    const { counters } = rig.b;
    const names = ['icmp.short', 'icmp.badSum', 'icmp.unknownType'];
    expect(names.map((n) => counters.get(n))).toEqual([1, 1, 1]);
  });
});

describe('destination unreachable (RFC 792 p. 4)', () => {
  test('port: code 3, quoting the IP header and 8 bytes, and no more of the payload', () => {
    const frames = watch(rig.b, true);
    const packet = toNobody();
    deliver(rig.b, rig.a, packet);
    expect(icmpOf(frames[0]!)).toEqual(icmpMessage(3, 3, 0, packet.slice(0, 28)));
    expect(frames[0]!.slice(26, 34)).toEqual(
      Uint8Array.of(...packet.slice(16, 20), ...packet.slice(12, 16)),
    );
    expect(rig.b.counters.get('udp.noPort')).toBe(1);
  });

  test('protocol: code 2', () => {
    const frames = watch(rig.b, true);
    deliver(rig.b, rig.a, fromA(132, new Uint8Array(20)));
    expect([...icmpOf(frames[0]!).slice(0, 2)]).toEqual([3, 2]);
    expect(rig.b.counters.get('ip.noProto')).toBe(1);
  });

  test('fragmentation needed: code 4 with the MTU of the next hop (RFC 1191 §4)', () => {
    const frames = watch(rig.b, true);
    const { pool } = rig.b;
    const m = pool.alloc();
    const packet = toNobody();
    pool.append(m, packet.length);
    pool.data.set(packet, pool.off[m]!);
    icmpError(rig.b.inet, m, 20, 3, 4, 1400);
    expect(icmpOf(frames[0]!)).toEqual(icmpMessage(3, 4, 1400, packet.slice(0, 28)));
    expect(pool.off[m]).toBe(pool.cluster(m) + HEADROOM_BYTES);
    pool.free(m);
  });

  test('the socket that the error is about hears of it, type, code and MTU', () => {
    const heard: number[][] = [];
    const socket = new UdpSocket(rig.a.inet).connect(rig.b.addr, 99);
    socket.onError((type, code, mtu) => heard.push([type, code, mtu]));
    socket.send(Buffer.from('x'));
    rig.pump();
    expect(heard).toEqual([[3, 3, 0]]);
    const about = ipPacket({
      src: rig.a.addr,
      dst: rig.b.addr,
      proto: 17,
      payload: udpDatagram(rig.a.addr, socket.port, rig.b.addr, 99, new Uint8Array(0)),
    });
    const error = icmpMessage(3, 4, 1280, about);
    deliver(rig.a, rig.b, ipPacket({ src: rig.b.addr, dst: rig.a.addr, proto: 1, payload: error }));
    expect(heard[1]).toEqual([3, 4, 1280]);
    for (let n = 0; n < about.length; n++) {
      const cut = icmpMessage(3, 4, 1280, about.slice(0, n));
      deliver(rig.a, rig.b, ipPacket({ src: rig.b.addr, dst: rig.a.addr, proto: 1, payload: cut }));
    }
    expect(heard.length).toBe(2);
    expect(rig.a.counters.get('icmp.unmatched')).toBe(about.length);
  });
});

describe('time exceeded (RFC 792 p. 6, RFC 1122 §3.3.2)', () => {
  const first = (): Uint8Array => fromA(17, toNobody().slice(20, 36), { off: 0x2000 });

  test('fragments that are not completed in 60 s: code 1, if the first one is here', () => {
    const frames = watch(rig.b, true);
    deliver(rig.b, rig.a, first());
    rig.clock.cycle = secondsToCycles(60) - 1;
    slowTimo(rig.b.inet);
    expect(frames.length).toBe(0);
    rig.clock.cycle++;
    slowTimo(rig.b.inet);
    expect([...icmpOf(frames[0]!).slice(0, 2)]).toEqual([11, 1]);
    expect(icmpOf(frames[0]!).length).toBe(8 + 28);
    expect(rig.b.counters.get('reass.timedOut')).toBe(1);
    expect(rig.b.pool.inUse).toBe(0);
  });

  test('without the first fragment nothing is sent, whatever lay in its place before', () => {
    const frames = watch(rig.b, true);
    rig.b.inet.protosw.register(200, (inet, m) => inet.pool.free(m));
    deliver(rig.b, rig.a, fromA(200, toNobody().slice(0, 40), { off: 0x2000 }));
    deliver(rig.b, rig.a, fromA(200, new Uint8Array(8), { off: 5 }));
    deliver(rig.b, rig.a, fromA(17, new Uint8Array(16), { off: 20 }));
    rig.clock.cycle = secondsToCycles(60);
    slowTimo(rig.b.inet);
    expect(frames.length).toBe(0);
    expect(rig.b.counters.get('reass.timedOut')).toBe(1);
    expect(rig.b.pool.inUse).toBe(0);
  });
});

describe('RFC 1122 §3.2.2: no ICMP error as the result of', () => {
  const silent = (packet: Uint8Array, dst = rig.b.ifp.lladdr): void => {
    const frames = watch(rig.b, true);
    rig.b.ifp.inject(etherFrame(dst, rig.a.ifp.lladdr, 0x800, packet));
    rig.b.ifp.poll();
    expect(frames.length).toBe(0);
    expect(rig.b.counters.get('icmp.errors')).toBe(0);
  };
  const udp = (): Uint8Array => toNobody().slice(20);
  /** An error of an unknown code about something, with bad options, so that an error is due. */
  const withBadOptions = (proto: number, payload: Uint8Array, more = {}): Uint8Array =>
    fromA(proto, payload, { options: Uint8Array.of(7, 3, 0, 0), ...more });

  test('an ICMP error message', () => {
    for (const type of [3, 4, 5, 11, 12]) {
      silent(withBadOptions(1, icmpMessage(type, 0, 0, toNobody())));
    }
    expect(rig.b.counters.get('icmp.notAbout')).toBe(5);
  });
  test('an ICMP message too short to tell', () => silent(withBadOptions(1, new Uint8Array(0))));
  test('a datagram to a broadcast address', () => {
    for (const dst of ['10.0.0.255', '255.255.255.255']) {
      const to = ipParse(dst);
      const payload = udpDatagram(rig.a.addr, 7, to, 99, Buffer.from('x'));
      silent(ipPacket({ src: rig.a.addr, dst: to, proto: 17, payload }), Buffer.alloc(6, 0xff));
    }
    expect(rig.b.counters.get('udp.noPort')).toBe(2);
  });
  /** ip_input drops some of these before it comes to that, so icmpError is asked itself. */
  const silentItself = (packet: Uint8Array, flags = 0): void => {
    const { pool, inet, counters } = rig.b;
    const m = pool.alloc();
    pool.append(m, packet.length);
    pool.data.set(packet, pool.off[m]!);
    pool.flags[m] = flags;
    icmpError(inet, m, 20, 3, 3, 0);
    expect(counters.get('icmp.errors')).toBe(0);
    pool.free(m);
  };
  test('a link-level broadcast', () => {
    silent(withBadOptions(17, udp()), Buffer.alloc(6, 0xff));
    silentItself(toNobody(), M_BCAST);
  });
  test('a fragment that is not the first', () => silent(withBadOptions(17, udp(), { off: 5 })));
  test('a source that is no single host', () => {
    for (const src of ['0.0.0.0', '10.0.0.255', '255.255.255.255', '224.0.0.1', '127.0.0.1']) {
      silent(withBadOptions(17, udp(), { src: ipParse(src) }));
      silentItself(fromA(17, udp(), { src: ipParse(src) }));
    }
  });
});

test('errors are limited: 50 in one go, 200 a second (RFC 1812 §4.3.2.8)', () => {
  const frames = watch(rig.b, true);
  for (let i = 0; i < 80; i++) deliver(rig.b, rig.a, toNobody());
  expect(frames.length).toBe(50);
  expect(rig.b.counters.get('icmp.limited')).toBe(30);
  rig.clock.cycle = secondsToCycles(0.1);
  for (let i = 0; i < 80; i++) deliver(rig.b, rig.a, toNobody());
  expect(frames.length).toBe(70);
});
