// SPDX-License-Identifier: BSD-2-Clause
// Neighbour discovery passes by policy, whatever that says: no SA is of use before a neighbour is found.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IN6ADDR_ANY, in6LinkLocalOf } from '../../../src/header/ip6.ts';
import { icmp6Echo } from '../../../src/netinet/icmp6.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { icmp6Message, ip6Packet, ndBody } from '../../lib/packets6.ts';
import { deliver6, knowEachOther, watch } from '../../lib/wire.ts';
import { createIpsecRig, type IpsecRig } from './ipsec_rig.ts';

const A = '2001:db8::1';
const B = '2001:db8::2';
const KEY = '0x000102030405060708090a0b0c0d0e0f1011121';
const SAS = `
add ${A} ${B} esp 0x2001 -r 8 -E aes-gcm-16 ${KEY}3;
add ${B} ${A} esp 0x2002 -r 8 -E aes-gcm-16 ${KEY}4;
`;
/** All of IPv6, both ways. */
const ALL = ['out', 'in']
  .map((way) => `spdadd ::/0 ::/0 any -P ${way} ipsec esp/transport//require;`)
  .join('\n');

let rig: IpsecRig;
/** What each frame on the wire is, of either host: type of neighbour discovery, or next header. */
let wire: string[];
beforeEach(() => {
  rig = createIpsecRig();
  rig.setkey(SAS + ALL);
  wire = [];
  for (const host of [rig.a, rig.b]) {
    host.ifp.onWire = (data, at) => {
      wire.push(data[at + 20] === 58 ? `icmp ${data[at + 54]}` : `${data[at + 20]}`);
      return true;
    };
  }
});
afterEach(() => rig.end());

describe('with a policy that wants ESP for all of IPv6', () => {
  it('the neighbour is found in clear, and the datagram goes in ESP', () => {
    const got: number[] = [];
    new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 7).onMessage((b) => got.push(b.length));
    new UdpSocket(rig.a.inet).sendTo(new Uint8Array(5), rig.b.addr6, 7);
    rig.pump();
    expect(got).toEqual([5]);
    expect(wire).toEqual(['icmp 135', 'icmp 136', '50']);
  });

  it('still so after a rekey', () => {
    new UdpSocket(rig.b.inet).bind(IN6ADDR_ANY, 7).onMessage(() => {});
    rig.setkey(
      `delete ${A} ${B} esp 0x2001;\nadd ${A} ${B} esp 0x2003 -r 8 -E aes-gcm-16 ${KEY}5;`,
    );
    new UdpSocket(rig.a.inet).sendTo(new Uint8Array(5), rig.b.addr6, 7);
    rig.pump();
    expect(wire).toEqual(['icmp 135', 'icmp 136', '50']);
  });

  it('but echo is protected both ways, and without an SA it does not go', () => {
    knowEachOther(rig.a, rig.b);
    icmp6Echo(rig.a.inet, rig.b.addr6, 1, 1, new Uint8Array(8));
    rig.pump();
    expect(wire).toEqual(['50', '50']);
    expect(rig.a.counters.get('icmp6.echoed')).toBe(1);
    icmp6Echo(rig.a.inet, in6LinkLocalOf(rig.b.ifp.lladdr), 1, 1, new Uint8Array(8));
    rig.pump();
    expect(wire.length).toBe(2);
  });

  it.each([
    ['of hop limit 254, which a router may have passed on', 135, 254],
    ['that is an echo request', 128, 255],
  ])('a message in clear %s is refused', (_name, type, hlim) => {
    const { a, b } = rig;
    const sent = watch(b);
    const body = ndBody(b.addr6, 1, a.ifp.lladdr);
    const payload = icmp6Message(a.addr6, b.addr6, type, 0, 0, body);
    deliver6(b, a, ip6Packet({ src: a.addr6, dst: b.addr6, nxt: 58, hlim, payload }));
    expect([b.counters.get('ip6.refusedByPolicy'), sent.length]).toEqual([1, 0]);
  });
});
