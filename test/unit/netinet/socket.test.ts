// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { EADDRINUSE, EADDRNOTAVAIL, EMSGSIZE, ENOBUFS } from '../../../src/kern/errno.ts';
import { InPcb } from '../../../src/netinet/in_pcb.ts';
import { SocketError, UdpSocket } from '../../../src/netinet/socket.ts';
import { createRig, type Rig } from '../../lib/rig.ts';
import { knowEachOther } from '../../lib/wire.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
});
afterEach(() => rig.end());

describe('bind', () => {
  test("a port is one socket's, until it is closed", () => {
    const first = new UdpSocket(rig.a.inet).bind(0, 53);
    const again = (): UdpSocket => new UdpSocket(rig.a.inet).bind(rig.a.addr, 53);
    expect(again).toThrow(expect.objectContaining({ errno: EADDRINUSE }));
    first.close();
    again().close();
    expect(rig.a.inet.pcbs.length).toBe(0);
  });

  test('two addresses of a host have ports of their own', () => {
    new UdpSocket(rig.a.inet).bind(rig.a.addr, 53);
    new UdpSocket(rig.a.inet).bind(ipParse('127.0.0.1'), 53);
  });

  test('an address of another host is refused', () => {
    expect(() => new UdpSocket(rig.a.inet).bind(rig.b.addr, 53)).toThrow(
      expect.objectContaining({ errno: EADDRNOTAVAIL }),
    );
    expect(() => new UdpSocket(rig.a.inet).bind(rig.b.addr, 53)).toThrow(SocketError);
  });

  test('port 0 is a free one of 49152 … 65535 (RFC 6335 §6), until there is none', () => {
    const ports = new Set<number>();
    for (let i = 0; i < 16384; i++) ports.add(new UdpSocket(rig.a.inet).bind(0, 0).port);
    expect([ports.size, Math.min(...ports), Math.max(...ports)]).toEqual([16384, 49152, 65535]);
    expect(() => new UdpSocket(rig.a.inet).bind(0, 0)).toThrow(/in use/);
  });
});

describe('who gets a datagram', () => {
  test('the most definite end: connected before bound to an address before any', () => {
    const { pcbs } = rig.b.inet;
    const end = (laddr: number, faddr: number, fport: number): InPcb => {
      const pcb = new InPcb();
      pcb.laddr = laddr;
      pcb.lport = 53;
      pcb.faddr = faddr;
      pcb.fport = fport;
      return pcb;
    };
    const any = new InPcb();
    pcbs.bind(any, 0, 53);
    expect(pcbs.lookup(rig.b.addr, 53, rig.a.addr, 7)).toBe(any);
    expect(pcbs.lookup(rig.b.addr, 54, rig.a.addr, 7)).toBeNull();
    expect(pcbs.lookup(rig.b.addr, 53 + 1024, rig.a.addr, 7)).toBeNull();
    // Ends that bind() would not let share a port do so here by hand.
    any.next = end(rig.b.addr, 0, 0);
    expect(pcbs.lookup(rig.b.addr, 53, rig.a.addr, 7)).toBe(any.next);
    expect(pcbs.lookup(1, 53, rig.a.addr, 7)).toBe(any);
    any.next.next = end(0, rig.a.addr, 7);
    expect(pcbs.lookup(rig.b.addr, 53, rig.a.addr, 7)).toBe(any.next.next);
    expect(pcbs.lookup(rig.b.addr, 53, rig.a.addr, 8)).toBe(any.next);
    any.next = null;
    pcbs.detach(any);
  });

  test('a connected socket hears only its peer', () => {
    const got: string[] = [];
    const server = new UdpSocket(rig.b.inet).bind(0, 53);
    const friend = new UdpSocket(rig.a.inet).bind(0, 1000);
    const other = new UdpSocket(rig.a.inet).bind(0, 1001);
    server.connect(rig.a.addr, 1000).onMessage((bytes) => got.push(Buffer.from(bytes).toString()));
    friend.sendTo(Buffer.from('friend'), rig.b.addr, 53);
    other.sendTo(Buffer.from('other'), rig.b.addr, 53);
    rig.pump();
    expect(got).toEqual(['friend']);
    expect(rig.b.counters.get('udp.noPort')).toBe(1);
  });

  test('what comes to a socket that does not receive is counted', () => {
    new UdpSocket(rig.b.inet).bind(0, 53);
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(1), rig.b.addr, 53);
    rig.pump();
    expect(rig.b.counters.get('udp.noReceiver')).toBe(1);
  });

  test('an answer may be sent from within the callback, also by loopback', () => {
    const { inet, addr } = rig.a;
    let answers = 0;
    const echo = new UdpSocket(inet).bind(0, 7);
    echo.onMessage((bytes, from, port) => echo.sendTo(bytes, from, port));
    const client = new UdpSocket(inet).connect(addr, 7).onMessage(() => answers++);
    client.send(Uint8Array.of(1));
    rig.pump();
    expect(answers).toBe(1);
  });
});

describe('send', () => {
  test('errors come back as errno: too long, no mbuf', () => {
    const socket = new UdpSocket(rig.a.inet);
    expect(socket.sendTo(new Uint8Array(65508), rig.b.addr, 9)).toBe(EMSGSIZE);
    rig.a.pool.failNext = 1;
    expect(socket.sendTo(new Uint8Array(1), rig.b.addr, 9)).toBe(ENOBUFS);
    expect(rig.a.counters.get('socket.noMbuf')).toBe(1);
  });

  test('without a peer it is a mistake', () => {
    expect(() => new UdpSocket(rig.a.inet).send(new Uint8Array(1))).toThrow(/not connected/);
  });
});
