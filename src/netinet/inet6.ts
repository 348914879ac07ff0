// SPDX-License-Identifier: BSD-2-Clause
import type { Clock } from '../kern/clock.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Rng } from '../kern/rng.ts';
import type { Ifnet } from '../net/ifnet.ts';
import { IcmpLimit } from './icmp_limit.ts';
import { In6Ifaddrs } from './in6_ifaddr.ts';
import { In6Pcbs } from './in6_pcb.ts';
import type { Inet } from './inet.ts';
import { Ip6Pmtu } from './ip6_pmtu.ts';
import { Nd6Table } from './nd6_table.ts';
import { Protosw } from './protosw.ts';
import { RouteTable6 } from './route6.ts';

/** IPv6's own tables of one host; what both families share is in Inet, which has this as ip6. */
export class Inet6 {
  readonly addrs: In6Ifaddrs = new In6Ifaddrs();
  readonly routes: RouteTable6 = new RouteTable6();
  readonly nd: Nd6Table;
  readonly pmtu: Ip6Pmtu;
  readonly protosw: Protosw = new Protosw();
  readonly pcbs: In6Pcbs;
  readonly icmpLimit: IcmpLimit;
  /**
   * Where a router takes what is not for this host: m starts at its checked IPv6 header, the callee
   * owns it: ip6_forward.ts, or another. null: this host forwards nothing.
   */
  forward: ((inet: Inet, m: Mbuf) => void) | null = null;
  /** Sees each ICMPv6 message that came in and is right, at its IPv6 header; may not keep it. */
  onIcmp: ((m: Mbuf, hdrLen: number) => void) | null = null;
  #nextIdent: number;

  constructor(clock: Clock, rng: Rng) {
    this.nd = new Nd6Table(clock);
    this.pmtu = new Ip6Pmtu(clock);
    this.pcbs = new In6Pcbs(rng);
    this.icmpLimit = new IcmpLimit(clock);
    this.#nextIdent = rng.u32();
  }

  /** The interface that a packet to a destination would leave by, or null. */
  routeTo(w0: number, w1: number, w2: number, w3: number): Ifnet | null {
    const route = this.routes.lookup(w0, w1, w2, w3);
    return route < 0 ? null : this.routes.ifp(route);
  }

  /** An identification for the fragments of a packet (RFC 8200 §4.5). */
  nextIdent(): number {
    this.#nextIdent = (this.#nextIdent + 1) >>> 0;
    return this.#nextIdent;
  }
}
