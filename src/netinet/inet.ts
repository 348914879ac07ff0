// SPDX-License-Identifier: BSD-2-Clause
import type { Clock } from '../kern/clock.ts';
import type { Counters } from '../kern/counters.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { Rng } from '../kern/rng.ts';
import type { Ifnet } from '../net/ifnet.ts';
import { ArpTable } from './arp_table.ts';
import { IcmpLimit } from './icmp_limit.ts';
import { InIfaddrs } from './in_ifaddr.ts';
import { InPcbs } from './in_pcb.ts';
import { Inet6 } from './inet6.ts';
import { type IpsecMethods, NO_IPSEC } from './ipsec_hook.ts';
import { Protosw } from './protosw.ts';
import { Reass } from './reass.ts';
import { RouteTable } from './route.ts';

export interface InetConfig {
  readonly pool: MbufPool;
  readonly counters: Counters;
  readonly clock: Clock;
  /** For IP ids and ephemeral ports. */
  readonly seed?: number;
}

/** What the files of one host's IP share: its tables, and the pools and clock it was given. */
export class Inet {
  readonly pool: MbufPool;
  readonly counters: Counters;
  readonly clock: Clock;
  /** The composition root replaces it before the first packet. */
  ipsec: IpsecMethods = NO_IPSEC;
  readonly interfaces: Ifnet[] = [];
  readonly addrs: InIfaddrs = new InIfaddrs();
  readonly routes: RouteTable = new RouteTable();
  readonly arp: ArpTable;
  readonly reass: Reass;
  readonly protosw: Protosw = new Protosw();
  readonly pcbs: InPcbs;
  readonly icmpLimit: IcmpLimit;
  /** The same for IPv6. */
  readonly ip6: Inet6;
  /**
   * Where a gateway takes what is not for this host: m starts at its checked IP header, the callee
   * owns it: ip_forward.ts, or another. null: this host forwards nothing.
   */
  forward: ((inet: Inet, m: Mbuf, hdrLen: number) => void) | null = null;
  /** Sees each ICMP message that came in and is right, at its IP header; may not keep it. */
  onIcmp: ((m: Mbuf, hdrLen: number) => void) | null = null;
  #nextId: number;

  constructor(config: InetConfig) {
    const rng = new Rng(config.seed ?? 1);
    this.pool = config.pool;
    this.counters = config.counters;
    this.clock = config.clock;
    this.arp = new ArpTable(config.clock);
    this.reass = new Reass(config.pool, config.counters, config.clock, (a, b) =>
      this.ipsec.sameOrigin(a, b),
    );
    this.icmpLimit = new IcmpLimit(config.clock);
    this.pcbs = new InPcbs(rng);
    this.#nextId = rng.below(0x10000);
    this.ip6 = new Inet6(config.clock, rng);
  }

  /** An identification for a datagram, distinct from the 65535 before it. */
  nextId(): number {
    this.#nextId = (this.#nextId + 1) & 0xffff;
    return this.#nextId;
  }

  /** The interface with this index. */
  interfaceAt(index: number): Ifnet | undefined {
    for (const ifp of this.interfaces) if (ifp.index === index) return ifp;
    return undefined;
  }

  /** The interface that a packet to dst would leave by, or null. */
  routeTo(dst: number): Ifnet | null {
    const route = this.routes.lookup(dst);
    return route < 0 ? null : this.routes.ifp(route);
  }
}
