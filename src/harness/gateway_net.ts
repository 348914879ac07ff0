// SPDX-License-Identifier: BSD-2-Clause
import { EndHost, poolBytes } from '../end_host.ts';
import { ETHER_HDR_LEN } from '../header/ether.ts';
import type { Host } from '../host.ts';
import type { Clock } from '../kern/clock.ts';
import { type EpairIf, epair } from '../net/if_epair.ts';
import { addAddress } from '../netinet/in_proto.ts';
import { ipForward } from '../netinet/ip_forward.ts';
import { addressOf, BEHIND, INNER } from './topology.ts';

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
}

/** An end host of a gateway world, and the link that it shares with its gateway. */
export interface Behind {
  readonly host: EndHost;
  /** The ends of the link: the host's and the gateway's. */
  readonly link: readonly [EpairIf, EpairIf];
}

/** Makes host `n` a gateway, and puts an end host without a card behind it; see topology.ts. */
export function putBehind(gateway: Host, n: number, place: EndHostPlace): Behind {
  const { arena, baseBytes, clock, mtu, seed, tagsan } = place;
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
  const inside = addressOf(INNER[n]!);
  addAddress(host.inet, near, addressOf(BEHIND[n]!), 24);
  addAddress(gateway.inet, far, inside, 24);
  // Each knows the other, so no ARP is needed.
  host.inet.arp.addStatic(near.index, inside, far.lladdr);
  gateway.inet.arp.addStatic(far.index, addressOf(BEHIND[n]!), near.lladdr);
  host.inet.routes.add(0, 0, near, inside);
  gateway.inet.forward = ipForward;
  return { host, link };
}
