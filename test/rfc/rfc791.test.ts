// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EMSGSIZE } from '../../src/kern/errno.ts';
import { IP_DEFAULTS, ipOutput } from '../../src/netinet/ip_output.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { ipPacket, udpDatagram } from '../lib/packets.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver, knowEachOther, watch } from '../lib/wire.ts';
import { referenceCksum } from '../reference/cksum.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
});
afterEach(() => rig.end());

/** Host a sends these IP bytes as they are (but for the checksum). */
function send(packet: Uint8Array): number {
  const { pool } = rig.a;
  const m = pool.allocFor(packet.length);
  pool.append(m, packet.length);
  pool.data.set(packet, pool.off[m]!);
  return ipOutput(rig.a.inet, m);
}

const field = (p: Uint8Array, at: number): number => p[at]! * 256 + p[at + 1]!;
const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i * 5 + (i >> 8));

describe('fragmentation (RFC 791 §3.2)', () => {
  test('Appendix A, example 2: 472 bytes through an MTU of 280 make 276 and 216', () => {
    rig.a.ifp.mtu = 280;
    const frames = watch(rig.a, true);
    const data = bytes(452);
    const { a, b } = rig;
    expect(
      send(ipPacket({ src: a.addr, dst: b.addr, proto: 6, id: 111, ttl: 123, payload: data })),
    ).toBe(0);
    const parts = frames.map((f) => f.slice(14));
    expect(parts.map((p) => [field(p, 2), field(p, 4), field(p, 6), p[8], p[9]])).toEqual([
      [276, 111, 0x2000, 123, 6],
      [216, 111, 32, 123, 6],
    ]);
    expect([...parts[0]!.slice(20), ...parts[1]!.slice(20)]).toEqual([...data]);
    for (const p of parts) expect(referenceCksum(p.slice(0, 20))).toBe(0);
  });

  test('options: those with the copied bit go into every fragment, the others only into the first', () => {
    rig.a.ifp.mtu = 280;
    const frames = watch(rig.a, true);
    const recordRoute = [7, 7, 4, 0, 0, 0, 0];
    const routerAlert = [148, 4, 0, 0];
    const options = Uint8Array.of(1, ...recordRoute, ...routerAlert);
    const { a, b } = rig;
    send(ipPacket({ src: a.addr, dst: b.addr, proto: 6, payload: bytes(600), options }));
    const headers = frames.map((f) => f.slice(14, 14 + (f[14]! & 15) * 4));
    expect([...headers[0]!.slice(20)]).toEqual([...options]);
    for (const h of headers.slice(1)) expect([...h.slice(20)]).toEqual(routerAlert);
    for (const h of headers) expect(referenceCksum(h)).toBe(0);
    expect(frames.length).toBe(3);
  });

  test('a fragment is cut again: offsets go on from its own, only the last keeps its MF', () => {
    rig.a.ifp.mtu = 68;
    const frames = watch(rig.a, true);
    const { a, b } = rig;
    send(ipPacket({ src: a.addr, dst: b.addr, proto: 6, payload: bytes(96), off: 0x2000 | 10 }));
    expect(frames.map((f) => field(f, 14 + 6))).toEqual([0x2000 | 10, 0x2000 | 16]);
    frames.length = 0;
    send(ipPacket({ src: a.addr, dst: b.addr, proto: 6, payload: bytes(96), off: 10 }));
    expect(frames.map((f) => field(f, 14 + 6))).toEqual([0x2000 | 10, 16]);
  });

  test("§3.1, don't fragment: too long is EMSGSIZE, counted, and nothing leaves", () => {
    const frames = watch(rig.a, true);
    const socket = new UdpSocket(rig.a.inet, { dontFragment: true });
    expect(socket.sendTo(bytes(1472), rig.b.addr, 9)).toBe(0);
    expect(socket.sendTo(bytes(1473), rig.b.addr, 9)).toBe(EMSGSIZE);
    expect(frames.length).toBe(1);
    expect(field(frames[0]!, 20) & 0x4000).toBe(0x4000);
    expect(rig.a.counters.get('ip.cantFrag')).toBe(1);
  });

  test('when mbufs run out half way, no fragment leaves and all are given back', () => {
    const frames = watch(rig.a, true);
    const { pool } = rig.a;
    const held: number[] = [];
    while (pool.inUse < pool.count - 8 - 2) held.push(pool.alloc());
    expect(new UdpSocket(rig.a.inet).sendTo(bytes(9000), rig.b.addr, 9)).not.toBe(0);
    expect(frames.length).toBe(0);
    expect(rig.a.counters.get('ip.fragNoMbuf')).toBe(1);
    for (const m of held) pool.free(m);
  });
});

describe('reassembly (RFC 791 §3.2, RFC 815)', () => {
  test('fragments in any order, some twice, by any MTUs, make the datagram', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.b.inet).bind(0, 53).onMessage((b) => got.push(b));
    const frames = watch(rig.a, true);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12_000 }),
        fc.integer({ min: 28 + 40, max: 1500 }),
        fc.array(fc.nat(1_000_000), { minLength: 8, maxLength: 8 }),
        fc.constantFrom(new Uint8Array(0), Uint8Array.of(148, 4, 0, 0, 7, 3, 4, 0)),
        (size, mtu, order, options) => {
          fc.pre(size / (mtu - 28) < 180);
          frames.length = 0;
          got.length = 0;
          rig.a.ifp.mtu = mtu;
          const data = bytes(size);
          const how = { ...IP_DEFAULTS, options: options.length === 0 ? null : options };
          const socket = new UdpSocket(rig.a.inet, how);
          expect(socket.sendTo(data, rig.b.addr, 53)).toBe(0);
          socket.close();
          const mixed = [...frames];
          for (const [i, o] of order.entries()) {
            if (frames.length > 1)
              mixed.splice(o % mixed.length, 0, frames[(o + i) % frames.length]!);
          }
          mixed.sort((x, y) => hash(x, order[0]!) - hash(y, order[0]!));
          for (const f of mixed) rig.b.ifp.inject(f);
          rig.b.ifp.poll();
          expect(got.length).toBe(1);
          expect(Buffer.compare(got[0]!, data)).toBe(0);
          // Repetitions after the last fragment began another datagram.
          rig.b.inet.reass.drain();
          expect(rig.b.pool.inUse).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
    expect(rig.b.counters.get('reass.duplicate')).toBeGreaterThan(50);
  });

  test('fragments of many datagrams, interleaved, do not mix', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.b.inet).bind(0, 53).onMessage((b) => got.push(b));
    const frames = watch(rig.a, true);
    const socket = new UdpSocket(rig.a.inet);
    const sent = Array.from({ length: 8 }, (_, i) => new Uint8Array(4000).fill(i + 1));
    for (const d of sent) socket.sendTo(d, rig.b.addr, 53);
    const rounds = [2, 0, 1].flatMap((k) => sent.map((_, i) => frames[i * 3 + k]!));
    for (const f of rounds) rig.b.ifp.inject(f);
    rig.b.ifp.poll();
    expect(got).toEqual(sent);
  });

  test('the largest datagram of all, 65535 bytes, and not one byte more', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.b.inet).bind(0, 53).onMessage((b) => got.push(b));
    const data = bytes(65507);
    expect(new UdpSocket(rig.a.inet).sendTo(data, rig.b.addr, 53)).toBe(0);
    rig.pump();
    expect(Buffer.compare(got[0]!, data)).toBe(0);
    expect(new UdpSocket(rig.a.inet).sendTo(bytes(65508), rig.b.addr, 53)).toBe(EMSGSIZE);
    // "Ping of death": the last fragment ends beyond 65535.
    const { a, b } = rig;
    deliver(
      b,
      a,
      ipPacket({ src: a.addr, dst: b.addr, proto: 17, payload: bytes(800), off: 8189 - 50 }),
    );
    expect(b.counters.get('reass.bad')).toBe(1);
  });
});

describe('options (RFC 791 §3.1)', () => {
  const udp = (): Uint8Array => udpDatagram(rig.a.addr, 1, rig.b.addr, 53, Uint8Array.of(1));
  const receive = (options: number[]): void => {
    const { a, b } = rig;
    const o = Uint8Array.from(options);
    deliver(b, a, ipPacket({ src: a.addr, dst: b.addr, proto: 17, payload: udp(), options: o }));
  };

  test('right ones are passed over', () => {
    let got = 0;
    new UdpSocket(rig.b.inet).bind(0, 53).onMessage(() => got++);
    receive([1, 1, 1, 0]);
    receive([0, 0xff, 0xff, 0xff]);
    receive([7, 3, 4, 0]);
    receive([148, 4, 0, 0]);
    receive([68, 4, 5, 0]);
    receive([222, 8, 1, 2, 3, 4, 5, 6]);
    expect(got).toBe(6);
  });

  test.each([
    ['no length', [1, 1, 1, 222], 23],
    ['length 0', [222, 0, 1, 1], 21],
    ['length 1', [222, 1, 1, 1], 21],
    ['length beyond the header', [222, 5, 1, 1], 21],
    ['record route without a pointer', [1, 1, 7, 2], 23],
    ['record route, pointer below 4', [7, 3, 3, 0], 22],
    ['timestamp, pointer below 5', [68, 4, 4, 0], 22],
  ])(
    'malformed: %s is dropped and told with the byte at fault (RFC 1122 §3.2.2.5)',
    (_n, o, at) => {
      const frames = watch(rig.b, true);
      receive(o);
      expect(rig.b.counters.get('ip.badOptions')).toBe(1);
      expect([...frames[0]!.slice(34, 36)]).toEqual([12, 0]);
      expect(frames[0]![38]).toBe(at);
    },
  );

  test.each([131, 137])('source route %i is refused', (type) => {
    receive([type, 3, 4, 0]);
    expect(rig.b.counters.get('ip.sourceRoute')).toBe(1);
  });
});

function hash(frame: Uint8Array, salt: number): number {
  let h = salt;
  for (const x of frame.subarray(18, 24)) h = Math.imul(h ^ x, 0x01000193);
  return h;
}
