// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { concat, ipPacket, u16, udpDatagram } from '../lib/packets.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver, knowEachOther, watch } from '../lib/wire.ts';

let rig: Rig;
let got: Uint8Array[];
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
  got = [];
  new UdpSocket(rig.b.inet).bind(0, 53).onMessage((bytes) => got.push(bytes));
});
afterEach(() => rig.end());

/** b receives these UDP bytes from a. */
function receive(udp: Uint8Array): void {
  deliver(rig.b, rig.a, ipPacket({ src: rig.a.addr, dst: rig.b.addr, proto: 17, payload: udp }));
}

describe('UDP as RFC 768 has it', () => {
  test('what goes out is the datagram that the drawing says, checksum included', () => {
    const frames = watch(rig.a, true);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 65535 }),
        (d, port) => {
          frames.length = 0;
          const socket = new UdpSocket(rig.a.inet);
          expect(socket.sendTo(d, rig.b.addr, port)).toBe(0);
          const expected = udpDatagram(rig.a.addr, socket.port, rig.b.addr, port, d);
          expect(frames[0]!.slice(34)).toEqual(expected);
          socket.close();
        },
      ),
    );
  });

  test('a computed checksum of zero is sent as all ones, and taken as right', () => {
    const frames = watch(rig.a);
    const socket = new UdpSocket(rig.a.inet).bind(0, 4000);
    // With these two bytes the sum over everything else becomes ffff.
    const plain = udpDatagram(rig.a.addr, 4000, rig.b.addr, 53, Uint8Array.of(0, 0));
    socket.sendTo(plain.slice(6, 8), rig.b.addr, 53);
    expect([...frames[0]!.slice(40, 42)]).toEqual([0xff, 0xff]);
    rig.pump();
    expect(got).toEqual([plain.slice(6, 8)]);
  });

  test('an all zero checksum means that the sender generated none', () => {
    receive(udpDatagram(rig.a.addr, 1, rig.b.addr, 53, Uint8Array.of(1, 2, 3), 0));
    expect(got).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  test('any bit flipped in datagram or addresses is dropped and counted', () => {
    const right = udpDatagram(rig.a.addr, 1, rig.b.addr, 53, Uint8Array.of(1, 2, 3));
    for (let bit = 0; bit < right.length * 8; bit++) {
      // Ports only change the receiver, the length has counters of its own, and 0 is no checksum.
      const broken = right.slice();
      broken[bit >> 3]! ^= 1 << (bit & 7);
      receive(broken);
    }
    expect(got).toEqual([]);
    receive(udpDatagram(rig.a.addr ^ 1, 1, rig.b.addr, 53, Uint8Array.of(1, 2, 3)));
    expect(got).toEqual([]);
    const { counters } = rig.b;
    expect(counters.get('udp.badSum') + counters.get('udp.badLen')).toBe(right.length * 8 + 1);
  });

  test("bytes behind the length field's end are no data", () => {
    const udp = udpDatagram(rig.a.addr, 1, rig.b.addr, 53, Uint8Array.of(1, 2, 3));
    receive(concat(udp, [9, 9, 9]));
    expect(got).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  test('a datagram shorter than its header, or with a length that cannot be, is counted', () => {
    const udp = udpDatagram(rig.a.addr, 1, rig.b.addr, 53, Uint8Array.of(1, 2, 3));
    receive(udp.slice(0, 7));
    for (const len of [0, 7, 12, 65535]) receive(concat(udp.slice(0, 4), u16(len), udp.slice(6)));
    expect(rig.b.counters.get('udp.short')).toBe(1);
    expect(rig.b.counters.get('udp.badLen')).toBe(4);
    expect(got).toEqual([]);
  });

  test('an empty datagram is a datagram', () => {
    new UdpSocket(rig.a.inet).sendTo(new Uint8Array(0), rig.b.addr, 53);
    rig.pump();
    expect(got).toEqual([new Uint8Array(0)]);
  });
});
