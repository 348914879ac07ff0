// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN } from '../../header/ether.ts';
import type { Host } from '../../host.ts';
import { BridgeIf } from '../../net/if_bridge.ts';
import { epair } from '../../net/if_epair.ts';
import { gatedTransmit } from '../../netinet/ether_output_frame.ts';
import { DetourIf } from '../detour_if.ts';
import { MARKER, sendMarked } from './detours.ts';
import type { Hazard } from './hazard.ts';

const PACKETS = 10;

/** The host's card becomes a port of a bridge, which takes what the host sends by it. */
function bridgeCard(host: Host, other: DetourIf): void {
  const { inet, nic } = host;
  const bridge = new BridgeIf({
    ...{ name: 'bridge0', index: host.newIndex(), lladdr: nic.lladdr },
    ...{ pool: host.mbufs, counters: host.counters, clock: inet.clock },
    gate: (m, ifp, ipOffset) => inet.ipsec.beforeTransmit(m, ifp, ipOffset),
  });
  const transmit = nic.transmit.bind(nic);
  let isBridges = false;
  nic.transmit = (m) => {
    if (isBridges) return transmit(m);
    isBridges = true;
    const error = bridge.transmit(m);
    isBridges = false;
    return error;
  };
  bridge.addMember(nic);
  bridge.addMember(other);
}

/** Bridges and pairs of interfaces. */
export const LINK_HAZARDS: readonly Hazard[] = [
  {
    id: 'H3',
    title: 'a bridge floods a request to ports that cannot encrypt',
    rule: 'bridge-gate',
    alsoOff: ['bridge-once'],
    reason:
      'the card is a port of a bridge, whose other port has no IPsec; each copy passes the gate for ' +
      'the port it leaves by. (Of two copies one would be the card’s and one software’s: a further ' +
      'rule has the crypto done before the flood.)',
    expected: {
      withRule: { flooded: PACKETS, heard: PACKETS },
      withoutRule: { flooded: PACKETS, heard: PACKETS, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host, peer] = world.hosts;
      const detour = new DetourIf(host!, MARKER);
      bridgeCard(host!, detour);
      let heard = 0;
      const server = peer!.udp().bind(0, 4242);
      server.onMessage(() => heard++);
      for (let i = 0; i < PACKETS; i++) sendMarked(host!);
      await world.settle();
      const flooded = detour.encrypted + detour.clear;
      return lab.figures({ heard, flooded, plaintextLeaks: detour.clear });
    },
  },
  {
    id: 'H4',
    title: 'tags are stripped at a re-injection while the crypto is still to be done',
    rule: 'gate-interface',
    reason:
      'what is tagged for the card takes the way round by a pair of interfaces, where tags end, and ' +
      'reaches the card without its request; the gate before the pair has the crypto done',
    expected: {
      withRule: { delivered: PACKETS, software: PACKETS },
      withoutRule: { delivered: 0, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const host = world.hosts[0]!;
      const { inet, mbufs, counters, nic } = host;
      const [a, b] = epair(
        0,
        { index: host.newIndex(), pool: mbufs, counters },
        { index: host.newIndex(), pool: mbufs, counters },
      );
      host.addInterface(a);
      host.addInterface(b);
      const transmit = nic.transmit.bind(nic);
      nic.transmit = (m) => gatedTransmit(inet, a, m, ETHER_HDR_LEN);
      b.input = transmit;
      await world.flow(0, { packets: PACKETS, size: 100 });
      return lab.figures();
    },
  },
];
