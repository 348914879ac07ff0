// SPDX-License-Identifier: BSD-2-Clause
/**
 * The case of NetBSD's tests/net/ipsec/t_ipsec_forwarding.sh, with UDP in TCP's place: a host's policy
 * for one port leads through a tunnel to the router on the way, whatever else it says goes in clear.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { giveAddress, giveDefaultRoute, giveRoute, NET } from '../../src/harness/addressing.ts';
import { type IpAddr, ipAddrParse } from '../../src/header/ip_addr.ts';
import type { Mbuf } from '../../src/kern/mbuf.ts';
import { attachInterface } from '../../src/netinet/in_proto.ts';
import { ip6Forward } from '../../src/netinet/ip6_forward.ts';
import { NetRig } from '../lib/net_rig.ts';

/* local, at home in `inner` ── forward ── remote */
const [LOCAL, FORWARD, REMOTE] = [0, 1, 2];
const NETS = {
  ipv4: {
    inner: '192.168.11.1',
    near: ['10.22.22.2', '10.22.22.1'],
    far: ['10.33.33.1', '10.33.33.2'],
    subnets: ['192.168.11.0/24', '10.33.33.0/24'],
  },
  ipv6: {
    inner: 'fc00:1111::1',
    near: ['fc00:2222::2', 'fc00:2222::1'],
    far: ['fc00:3333::1', 'fc00:3333::2'],
    subnets: ['fc00:1111::/64', 'fc00:3333::/64'],
  },
} as const;
const PORT = 1234;

let rig: NetRig;
afterEach(() => rig.end());

describe.each(['ipv4', 'ipv6'] as const)('t_ipsec_forwarding, %s', (family) => {
  const { inner, near, far, subnets } = NETS[family];
  const isV4 = family === 'ipv4';
  /** Protocols of what local sent over the first link. */
  let sent: number[];

  function build(): void {
    rig = new NetRig(3);
    const links = [
      [LOCAL, FORWARD, near],
      [FORWARD, REMOTE, far],
    ] as const;
    sent = [];
    for (const [a, b, ends] of links) {
      for (const [i, ifp] of rig.wire(a!, b!).entries()) {
        const { inet, pool } = rig.hosts[[a, b][i]!]!;
        attachInterface(inet, ifp);
        giveAddress(inet, ifp, ipAddrParse(ends[i]!), NET);
        if (a !== LOCAL || i !== 0) continue;
        giveAddress(inet, ifp, ipAddrParse(inner), NET);
        giveDefaultRoute(inet, ifp, ipAddrParse(near[1]));
        const transmit = ifp.transmit.bind(ifp);
        ifp.transmit = (m: Mbuf) => {
          const at = pool.off[m]! + 14;
          const proto = pool.data[at + (isV4 ? 9 : 6)]!;
          if (proto === 50 || proto === 17) sent.push(proto);
          return transmit(m);
        };
      }
    }
    rig.forwards(FORWARD!);
    rig.hosts[FORWARD!]!.inet.ip6.forward = ip6Forward;
    const nearIf = rig.hosts[FORWARD!]!.inet.interfaces.find((ifp) => ifp.index === 41)!;
    giveRoute(rig.hosts[FORWARD!]!.inet, nearIf, ipAddrParse(inner), NET, ipAddrParse(near[0]));
    const farIf = rig.hosts[REMOTE!]!.inet.interfaces.find((ifp) => ifp.index === 42)!;
    giveDefaultRoute(rig.hosts[REMOTE!]!.inet, farIf, ipAddrParse(far[0]));
  }

  function protect(): void {
    const key = (n: number) =>
      `-E rijndael-cbc 0x${`${n}1`.repeat(16)} -A hmac-sha1 0x${`${n}2`.repeat(20)}`;
    for (const [n, out] of [
      [LOCAL, true],
      [FORWARD, false],
    ] as const) {
      const [there, back] = out ? ['out', 'in'] : ['in', 'out'];
      rig.setkey(
        n!,
        `add ${inner} ${far[0]} esp 10000 ${key(1)};
         add ${far[0]} ${inner} esp 10001 ${key(2)};
         spdadd ${subnets[0]} ${subnets[1]}[${PORT}] udp -P ${there}
           ipsec esp/tunnel/${inner}-${far[0]}/require;
         spdadd ${subnets[1]}[${PORT}] ${subnets[0]} udp -P ${back}
           ipsec esp/tunnel/${far[0]}-${inner}/require;`,
      );
    }
  }

  /** Says hello to a port of remote, which answers; what local hears. */
  function ask(port: number): string[] {
    const any: IpAddr = isV4 ? 0 : new Uint8Array(16);
    const server = rig.udp(REMOTE!);
    server.bind(any, port);
    server.onMessage((bytes, from, fromPort) => server.sendTo(bytes, from, fromPort));
    const heard: string[] = [];
    const client = rig.udp(LOCAL!);
    client.bind(ipAddrParse(inner), 0);
    client.onMessage((bytes) => heard.push(Buffer.from(bytes).toString()));
    client.sendTo(Buffer.from('hello'), ipAddrParse(far[1]), port);
    rig.pump();
    client.close();
    server.close();
    return heard;
  }

  it(`ipsec_sp_port_${family}_rijndaelcbc`, () => {
    build();
    expect([ask(PORT), ask(PORT + 1)]).toEqual([['hello'], ['hello']]);
    expect(sent).toEqual([17, 17]);
    protect();
    sent.length = 0;
    expect([ask(PORT), ask(PORT + 1)]).toEqual([['hello'], ['hello']]);
    expect(sent).toEqual([50, 17]);
    expect([rig.count(LOCAL!, 'esp.inOk'), rig.count(FORWARD!, 'esp.inOk')]).toEqual([1, 1]);
  });
});
