// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { in6Words, ip6Parse } from '../../../src/header/ip6.ts';
import { IFF_UP } from '../../../src/net/ifnet.ts';
import { detachInterface, removeAddress } from '../../../src/netinet/in_ifdetach.ts';
import { addAddress, attachInterface } from '../../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../../src/netinet/in6_proto.ts';
import { NetRig } from '../../lib/net_rig.ts';

let rig: NetRig;
beforeEach(() => {
  rig = new NetRig(2);
});
afterEach(() => rig.end());

const B = ipParse('10.1.0.2');
const send = (size = 10) => rig.udp(0).sendTo(new Uint8Array(size), B, 7);

describe('an interface is removed while packets are queued', () => {
  it('packets that wait for ARP are freed and counted; addresses and routes are gone', () => {
    const [a] = rig.link(0, 1, '10.1.0');
    const { inet, pool } = rig.hosts[0]!;
    for (let i = 0; i < 5; i++) send();
    expect(pool.inUse).toBe(5);
    detachInterface(inet, a);
    expect(pool.inUse).toBe(0);
    expect(rig.count(0, 'if.detached')).toBe(5);
    expect(inet.addrs.isLocal(ipParse('10.1.0.1'))).toBe(false);
    expect(inet.routeTo(B)).toBe(null);
    expect(inet.routeTo(ipParse('10.1.0.1'))).toBe(null);
    expect(send()).not.toBe(0);
    expect(rig.count(0, 'udp.noSource')).toBe(1);
  });

  it('the same with IPv6: neighbours, addresses, routes, and the links that are left', () => {
    const [a] = rig.wire(0, 1);
    const [c] = rig.wire(0, 1);
    const { inet, pool } = rig.hosts[0]!;
    for (const [ifp, net] of [
      [a, '2001:db8:1'],
      [c, '2001:db8:2'],
    ] as const) {
      attachInterface(inet, ifp);
      addAddress6(inet, ifp, ip6Parse(`${net}::1`), 64);
    }
    const to = (text: string): number => rig.udp(0).sendTo(new Uint8Array(4), ip6Parse(text), 7);
    for (let i = 0; i < 5; i++) to('2001:db8:1::2');
    expect(pool.inUse).toBe(5);
    detachInterface(inet, a);
    expect([pool.inUse, rig.count(0, 'if.detached')]).toEqual([0, 5]);
    const routeTo = (text: string): unknown => {
      const [w0, w1, w2, w3] = in6Words(ip6Parse(text)) as unknown as [
        number,
        number,
        number,
        number,
      ];
      return inet.ip6.routeTo(w0, w1, w2, w3);
    };
    expect(routeTo('2001:db8:1::1')).toBe(null);
    expect(routeTo('2001:db8:2::9')).toBe(c);
    // Groups and link-local addresses were that link's as long as it was the first.
    expect([routeTo('ff02::1'), routeTo('fe80::9')]).toEqual([c, c]);
    expect(to('2001:db8:1::2')).not.toBe(0);
    expect(rig.count(0, 'udp6.noSource')).toBe(1);
  });

  it('so are those that it had received, and those it brings up later', () => {
    const [, b] = rig.link(0, 1, '10.1.0');
    send();
    rig.pump();
    send();
    send();
    expect(b.queued).toBe(2);
    detachInterface(rig.hosts[1]!.inet, b);
    expect(b.queued).toBe(0);
    b.input(rig.hosts[1]!.pool.alloc());
    expect(rig.count(1, 'if.detached')).toBe(3);
    expect(rig.hosts[1]!.pool.inUse).toBe(0);
  });

  it('packets in the loopback queue go with lo0', () => {
    const { inet, soft, pool } = rig.hosts[0]!;
    rig.udp(0).sendTo(new Uint8Array(4), ipParse('127.0.0.1'), 7);
    expect(pool.inUse).toBe(1);
    detachInterface(inet, soft[0]!);
    expect([pool.inUse, rig.count(0, 'if.detached')]).toEqual([0, 1]);
  });

  it('the routes that others have stay, and a new interface may take the place', () => {
    const [a] = rig.link(0, 1, '10.1.0');
    rig.link(0, 1, '10.2.0');
    const { inet } = rig.hosts[0]!;
    detachInterface(inet, a);
    expect(inet.routeTo(ipParse('10.2.0.2'))).not.toBe(null);
    attachInterface(inet, a);
    a.flags |= IFF_UP;
    addAddress(inet, a, ipParse('10.1.0.1'), 24);
    let got = 0;
    const server = rig.udp(1);
    server.bind(0, 7);
    server.onMessage(() => got++);
    send();
    rig.pump();
    expect(got).toBe(1);
  });

  it('one that is no interface of the host, or an address that is not its own, is refused', () => {
    const [a] = rig.wire(0, 1);
    const { inet } = rig.hosts[0]!;
    expect(() => detachInterface(inet, a)).toThrow(/epair1a is no interface/);
    expect(() => removeAddress(inet, B)).toThrow(/10\.1\.0\.2 is no address/);
  });
});

describe('up, down, MTU', () => {
  it('down: nothing leaves, what comes is dropped, both counted; up again: all is well', () => {
    const [a, b] = rig.link(0, 1, '10.1.0');
    send();
    rig.pump();
    a.flags &= ~IFF_UP;
    send();
    expect(rig.count(0, 'ip.ifDown')).toBe(1);
    a.flags |= IFF_UP;
    send();
    expect(b.queued).toBe(1);
    b.flags &= ~IFF_UP;
    rig.pump();
    expect(rig.count(1, 'epair.down')).toBe(1);
  });

  it('an MTU that shrinks while a packet waits for its link address: dropped and counted', () => {
    const [a] = rig.link(0, 1, '10.1.0');
    send(1000);
    send(500);
    a.mtu = 600;
    rig.pump();
    expect(rig.count(0, 'if.tooLong')).toBe(1);
    expect(rig.count(1, 'udp.received')).toBe(1);
  });
});
