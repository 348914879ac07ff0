// SPDX-License-Identifier: BSD-2-Clause
import { EndHost, poolBytes } from '../end_host.ts';
import { ETHER_HDR_LEN } from '../header/ether.ts';
import { ipAddrParse } from '../header/ip_addr.ts';
import type { Host } from '../host.ts';
import type { Clock } from '../kern/clock.ts';
import { type EpairIf, epair } from '../net/if_epair.ts';
import { ipForward } from '../netinet/ip_forward.ts';
import { ip6Forward } from '../netinet/ip6_forward.ts';
import { giveAddress, giveDefaultRoute, giveNeighbor, NET } from './addressing.ts';
import type { Addresses } from './topology.ts';

/** A flow's window on the way out, another on the way in, and what lies between layers. */
const MBUFS = 2048;

/** Arena bytes of one end host. */
export function endHostBytes(mtu: number): number {
  return poolBytes(mtu + ETHER_HDR_LEN, MBUFS);
}

export interface EndHostPlace {
  readonly arena: Uint8Array;
  /** endHostBytes() of it are the host's. */
  readonly baseBytes: number;
  readonly clock: Clock;
  readonly mtu: number;
  readonly seed: number;
  readonly tagsan: boolean;
  readonly addresses: Addresses;
}

/** An end host of a gateway world, and the link that it shares with its gateway. */
export interface Behind {
  readonly host: EndHost;
  /** The ends of the link: the host's and the gateway's. */
  readonly link: readonly [EpairIf, EpairIf];
}

/** Makes host `n` a gateway, and puts an end host without a card behind it; see topology.ts. */
export function putBehind(gateway: Host, n: number, place: EndHostPlace): Behind {
  const { arena, baseBytes, clock, mtu, seed, tagsan, addresses } = place;
  const host = new EndHost({
    name: `end${n}`,
    ...{ arena, baseBytes, clock, seed, tagsan, offload: false },
    mbufCount: MBUFS,
    frameBytes: mtu + ETHER_HDR_LEN,
  });
  const link = epair(
    n,
    { index: host.newIndex(), pool: host.mbufs, counters: host.counters },
    { index: gateway.newIndex(), pool: gateway.mbufs, counters: gateway.counters },
    mtu,
  );
  const [near, far] = link;
  host.addInterface(near);
  gateway.addInterface(far);
  const inside = ipAddrParse(addresses.inner[n]!);
  const behind = ipAddrParse(addresses.behind[n]!);
  giveAddress(host.inet, near, behind, NET);
  giveAddress(gateway.inet, far, inside, NET);
  // Each knows the other, so that it need not ask.
  giveNeighbor(host.inet, near, inside, far.lladdr);
  giveNeighbor(gateway.inet, far, behind, near.lladdr);
  giveDefaultRoute(host.inet, near, inside);
  gateway.inet.forward = ipForward;
  gateway.inet.ip6.forward = ip6Forward;
  return { host, link };
}
