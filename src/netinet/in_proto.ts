// SPDX-License-Identifier: BSD-2-Clause
import { ICMP_TIMXCEED, ICMP_TIMXCEED_REASS } from '../header/icmp.ts';
import { ICMP6_TIME_EXCEED_REASSEMBLY, ICMP6_TIME_EXCEEDED } from '../header/icmp6.ts';
import { IPPROTO_ICMP, IPPROTO_UDP, inLoopback, ipHdrLen } from '../header/ip.ts';
import { ip6Version } from '../header/ip6.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { IFF_LOOPBACK, type Ifnet } from '../net/ifnet.ts';
import { arpAnnounce, arpTimer } from './arp.ts';
import { etherInput } from './ether_input.ts';
import { icmpInput } from './icmp.ts';
import { icmpError } from './icmp_error.ts';
import { icmp6Error } from './icmp6_error.ts';
import { registerInet6 } from './in6_proto.ts';
import { Inet, type InetConfig } from './inet.ts';
import { ipInput } from './ip_input.ts';
import { ip6Input } from './ip6_input.ts';
import { nd6Timer } from './nd6.ts';
import { maskOf } from './route.ts';
import { udpInput } from './udp_input.ts';

/** IP for one host, with ICMP and UDP in its demux table and no interface yet. */
export function createInet(config: InetConfig): Inet {
  const inet = new Inet(config);
  inet.protosw.register(IPPROTO_ICMP, icmpInput);
  inet.protosw.register(IPPROTO_UDP, udpInput);
  registerInet6(inet);
  return inet;
}

/** Joins an interface to the stack: from now on what it receives goes up. */
export function attachInterface(inet: Inet, ifp: Ifnet): void {
  if (inet.interfaceAt(ifp.index) !== undefined) {
    throw new RangeError(`two interfaces have the index ${ifp.index}`);
  }
  inet.interfaces.push(ifp);
  ifp.input =
    ifp.lladdr === null ? (m) => bareInput(inet, ifp, m) : (m) => etherInput(inet, ifp, m);
}

/** From an interface without frames: the first four bits say what it is. */
function bareInput(inet: Inet, ifp: Ifnet, m: Mbuf): void {
  const { pool } = inet;
  ifp.tap?.(m, 'in');
  if (pool.len[m]! > 0 && ip6Version(pool.view, pool.off[m]!) === 6) ip6Input(inet, m);
  else ipInput(inet, m);
}

/**
 * Gives an interface an address (host order), with the route to its network; the address itself is
 * reached through loopback, if there is one. Announces it on the link unless told not to.
 */
export function addAddress(
  inet: Inet,
  ifp: Ifnet,
  addr: number,
  prefixLen: number,
  announce = false,
): void {
  inet.addrs.add(ifp, addr, maskOf(prefixLen));
  inet.routes.add(addr, prefixLen, ifp);
  const loop = inet.interfaces.find((i) => (i.flags & IFF_LOOPBACK) !== 0);
  if (loop !== undefined) {
    for (let i = 0; i < inet.addrs.length; i++) {
      if (!inLoopback(inet.addrs.addr(i))) inet.routes.add(inet.addrs.addr(i), 32, loop);
    }
  }
  if (announce && ifp.lladdr !== null) arpAnnounce(inet, ifp, addr);
}

/** What is due by the clock: ARP and neighbours asked again, datagrams given up. Call it now and then. */
export function slowTimo(inet: Inet): void {
  arpTimer(inet);
  nd6Timer(inet);
  const { pool } = inet;
  for (let m = inet.reass.nextTimedOut(); m !== NO_MBUF; m = inet.reass.nextTimedOut()) {
    if (ip6Version(pool.view, pool.off[m]!) === 6) {
      icmp6Error(inet, m, ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_REASSEMBLY, 0); // RFC 8200 §4.5
    } else {
      const hdrLen = ipHdrLen(pool.view, pool.off[m]!);
      icmpError(inet, m, hdrLen, ICMP_TIMXCEED, ICMP_TIMXCEED_REASS, 0); // RFC 1122 §3.3.2
    }
    pool.free(m);
  }
}

/** Frees every packet that IP still holds: at the end of a run, before the count of leaks. */
export function drainInet(inet: Inet): void {
  inet.reass.drain();
  inet.arp.drain(inet.pool);
  inet.ip6.nd.drain(inet.pool);
}
