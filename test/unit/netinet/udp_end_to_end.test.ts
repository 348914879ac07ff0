// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IN6ADDR_ANY, IN6ADDR_LOOPBACK, in6LinkLocalOf } from '../../../src/header/ip6.ts';
import { type SocketAddr, UdpSocket } from '../../../src/netinet/socket.ts';
import { createRig, type Rig } from '../../lib/rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.end());

describe('UDP from host to host', () => {
  test('a datagram arrives byte for byte, after one ARP exchange', () => {
    const got: { bytes: Uint8Array; from: SocketAddr; port: number }[] = [];
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

describe('UDP over IPv6 from host to host', () => {
  test('a datagram arrives byte for byte, after one exchange with the neighbour', () => {
    const got: { bytes: Uint8Array; from: SocketAddr; port: number }[] = [];
    new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 5000).onMessage((bytes, from, port) => {
      got.push({ bytes, from, port });
    });
    const socket = new UdpSocket(rig.a.inet).connect(rig.b.addr6, 5000);
    const bytes = Uint8Array.from({ length: 1400 }, (_, i) => i);
    expect(socket.send(bytes)).toBe(0);
    rig.pump();
    expect(got).toEqual([{ bytes, from: rig.a.addr6, port: socket.port }]);
    expect(rig.a.counters.get('nd6.solicits')).toBe(1);
    expect(rig.b.counters.get('nd6.adverts')).toBe(1);
    socket.send(bytes);
    rig.pump();
    expect(got.length).toBe(2);
    expect(rig.a.counters.get('nd6.solicits')).toBe(1);
  });

  test('a datagram longer than the MTU goes in fragments and arrives whole', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 5000).onMessage((bytes) => got.push(bytes));
    const bytes = Uint8Array.from({ length: 65527 }, (_, i) => i * 7);
    expect(new UdpSocket(rig.a.inet).sendTo(bytes, rig.b.addr6, 5000)).toBe(0);
    rig.pump();
    expect(got.length).toBe(1);
    expect(Buffer.compare(got[0]!, bytes)).toBe(0);
    expect(rig.b.counters.get('reass.whole')).toBe(1);
  });

  test('a host reaches its own address, and ::1, through loopback', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.a.inet).bind(IN6ADDR_ANY, 7).onMessage((bytes) => got.push(bytes));
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(1), rig.a.addr6, 7);
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(2), IN6ADDR_LOOPBACK, 7);
    rig.pump();
    expect(got).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    expect(rig.a.ifp.pool.allocs).toBe(2);
  });

  test('link-local addresses of the two cards reach each other', () => {
    const got: Uint8Array[] = [];
    new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 7).onMessage((bytes) => got.push(bytes));
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(3), in6LinkLocalOf(rig.b.ifp.lladdr), 7);
    rig.pump();
    expect(got).toEqual([Uint8Array.of(3)]);
  });

  test('one socket may be bound to a port of both families', () => {
    const got: SocketAddr[] = [];
    const both = new UdpSocket(rig.b.inet).bind(0, 9).bind(IN6ADDR_ANY, 9);
    both.onMessage((_bytes, from) => got.push(from));
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(4), rig.b.addr, 9);
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(6), rig.b.addr6, 9);
    rig.pump();
    expect(got).toEqual([rig.a.addr, rig.a.addr6]);
    both.close();
    expect(() => new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 9).close()).not.toThrow();
  });
});
