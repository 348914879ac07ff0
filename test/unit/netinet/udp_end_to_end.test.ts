// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { createRig, type Rig } from '../../lib/rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.end());

describe('UDP from host to host', () => {
  test('a datagram arrives byte for byte, after one ARP exchange', () => {
    const got: { bytes: Uint8Array; from: number; port: number }[] = [];
    new UdpSocket(rig.b.inet).bind(0, 5000).onMessage((bytes, from, port) => {
      got.push({ bytes, from, port });
    });
    const socket = new UdpSocket(rig.a.inet).connect(rig.b.addr, 5000);
    const bytes = Uint8Array.from({ length: 1400 }, (_, i) => i);
    expect(socket.send(bytes)).toBe(0);
    rig.pump();
    expect(got).toEqual([{ bytes, from: rig.a.addr, port: socket.port }]);
    expect(rig.a.counters.get('arp.requests')).toBe(1);
    expect(rig.b.counters.get('arp.replies')).toBe(1);
    socket.send(bytes);
    rig.pump();
    expect(got.length).toBe(2);
    expect(rig.a.counters.get('arp.requests')).toBe(1);
  });

  test('a datagram longer than the MTU goes in fragments and arrives whole', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.b.inet).bind(0, 5000).onMessage((bytes) => got.push(bytes));
    const bytes = Uint8Array.from({ length: 65507 }, (_, i) => i * 7);
    expect(new UdpSocket(rig.a.inet).sendTo(bytes, rig.b.addr, 5000)).toBe(0);
    rig.pump();
    expect(got.length).toBe(1);
    expect(Buffer.compare(got[0]!, bytes)).toBe(0);
    expect(rig.b.counters.get('reass.whole')).toBe(1);
  });

  test('a host reaches its own address through loopback', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.a.inet).bind(0, 7).onMessage((bytes) => got.push(bytes));
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(1), rig.a.addr, 7);
    rig.pump();
    expect(got).toEqual([Uint8Array.of(1)]);
    expect(rig.a.ifp.pool.allocs).toBe(1);
  });
});
