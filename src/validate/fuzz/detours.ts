// SPDX-License-Identifier: BSD-2-Clause

import { giveNeighbor, giveRoute, HOST, takeRoute } from '../../harness/addressing.ts';
import { DetourIf } from '../../harness/detour_if.ts';
import { type Algorithm, addressesOf, keyMaterial } from '../../harness/topology.ts';
import type { World } from '../../harness/world.ts';
import { IPPROTO_ICMP, ipProto } from '../../header/ip.ts';
import { ipAddrParse } from '../../header/ip_addr.ts';
import type { Host } from '../../host.ts';
import { BridgeIf } from '../../net/if_bridge.ts';
import { icmpEcho } from '../../netinet/icmp.ts';

const BRIDGE_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x50);
const PING_BYTES = 32;
const SHOWS: readonly Algorithm[] = ['null-sha256', 'aes-gmac-128'];

/** Ways that packets take beside the card: loopback, a bridge, an interface without IPsec. */
export class Detours {
  readonly #world: World;
  readonly #detours: (DetourIf | null)[] = [null, null];
  readonly #isRouted = [false, false];
  readonly #isBridged = [false, false];
  readonly #pings = [0, 0];
  /** Echo messages that went round by loopback without ESP. */
  #pingsInClear = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** What left in clear where it must not; '' when nothing did. */
  get wrong(): string {
    const clear = this.#detours.reduce((n, d) => n + (d?.clear ?? 0), 0);
    if (clear > 0 && !this.showsPayload)
      return `${clear} packets left in clear by an interface that does no IPsec`;
    if (this.#pingsInClear > 0) return `${this.#pingsInClear} echo messages in clear by loopback`;
    return '';
  }

  /** The world's ESP shows its payload: by that nobody can say what left in clear. */
  get showsPayload(): boolean {
    return SHOWS.includes(this.#world.config.alg);
  }

  ping(i: 0 | 1): void {
    const host = this.#world.hosts[i]!;
    const { outer } = addressesOf(this.#world.config.inner, this.#world.config.outer);
    const own = ipAddrParse(outer[i]);
    if (typeof own !== 'number') return;
    if (this.#pings[i] === 0) this.#protectLoopback(host, outer[i]);
    icmpEcho(host.inet, own, 1, this.#pings[i]!++, new Uint8Array(PING_BYTES));
    while (host.loop.poll() > 0);
  }

  #protectLoopback(host: Host, self: string): void {
    const key = Buffer.from(keyMaterial(this.#world.config.seed, 'loopback', 20)).toString('hex');
    const require = 'ipsec esp/transport//require';
    host.setkey(
      `add ${self} ${self} esp 0x2001 -m transport -r 32 -E aes-gcm-16 0x${key};
       spdadd ${self} ${self} icmp -P out ${require}; spdadd ${self} ${self} icmp -P in ${require};`,
      'loopback',
    );
    const { loop, mbufs } = host;
    const transmit = loop.transmit.bind(loop);
    loop.transmit = (m) => {
      if (ipProto(mbufs.view, mbufs.off[m]!) === IPPROTO_ICMP) this.#pingsInClear++;
      return transmit(m);
    };
  }

  /** The way to the peer leads by the detour, or back by the card. */
  route(i: 0 | 1): void {
    const host = this.#world.hosts[i]!;
    const { outer } = addressesOf(this.#world.config.inner, this.#world.config.outer);
    const peer = ipAddrParse(outer[1 - i]!);
    if (this.#isRouted[i]) takeRoute(host.inet, peer, HOST);
    else {
      const detour = this.#detourOf(i);
      giveNeighbor(host.inet, detour, peer, this.#world.hosts[1 - i]!.nic.lladdr);
      giveRoute(host.inet, detour, peer, HOST, null);
    }
    this.#isRouted[i] = !this.#isRouted[i];
  }

  bridge(i: 0 | 1): void {
    if (this.#isBridged[i]) return;
    this.#isBridged[i] = true;
    const host = this.#world.hosts[i]!;
    const { counters, inet, mbufs, nic } = host;
    const bridge = new BridgeIf({
      ...{ name: 'bridge0', index: host.newIndex(), lladdr: BRIDGE_MAC, pool: mbufs },
      ...{ counters, clock: inet.clock },
      gate: (m, ifp, ipOffset) => inet.ipsec.beforeTransmit(m, ifp, ipOffset),
    });
    bridge.addMember(nic);
    bridge.addMember(this.#detourOf(i));
  }

  #detourOf(i: 0 | 1): DetourIf {
    const { hosts, traffic } = this.#world;
    const detour = this.#detours[i] ?? new DetourIf(hosts[i]!, traffic.payloads.marker);
    this.#detours[i] = detour;
    return detour;
  }
}
