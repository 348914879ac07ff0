// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN } from '../../header/ether.ts';
import type { Host } from '../../host.ts';
import { gatedTransmit } from '../../netinet/ether_output_frame.ts';
import { DetourIf } from '../detour_if.ts';
import { addressOf, OUTER } from '../topology.ts';

import type { Figures, Hazard } from './hazard.ts';
import { type Lab, notOffloaded } from './lab.ts';

const PACKETS = 10;
const PORT = 4242;
const [, PEER] = OUTER;

/** In every datagram below. */
export const MARKER = new Uint8Array(32).fill(0x5a);

/** A datagram whose payload a listener would know again. */
export function sendMarked(host: Host): void {
  const client = host.udp().connect(addressOf(PEER), PORT);
  client.send(new Uint8Array(100).fill(MARKER[0]!));
  client.close();
}

/** Between tag and transmit, the route to the peer moves to the detour; afterwards it moves back. */
async function routeFlips(lab: Lab): Promise<Figures> {
  const world = await lab.world();
  const host = world.hosts[0]!;
  const detour = new DetourIf(host, MARKER);
  const { carrier } = host.ipsec;
  const { routes, arp } = host.inet;
  arp.addStatic(detour.index, addressOf(PEER), world.hosts[1]!.nic.lladdr);
  const request = carrier.request.bind(carrier);
  carrier.request = (...args) => {
    routes.add(addressOf(PEER), 32, detour);
    return request(...args);
  };
  for (let i = 0; i < PACKETS; i++) {
    sendMarked(host);
    routes.delete(addressOf(PEER), 32);
  }
  await world.settle();
  const sa = host.ipsec.sadb.list().find((s) => s.direction === 'out')!;
  return lab.figures({
    detoured: detour.encrypted + detour.clear,
    plaintextLeaks: detour.clear,
    bookedForCard: sa.hwPackets,
    interfaceChanged: notOffloaded(host, 'interfaceChanged'),
  });
}

/** The packet leaves by another interface than its request was made for. */
export const DETOUR_HAZARDS: readonly Hazard[] = [
  {
    id: 'H7',
    title: 'the route moves to another interface after tagging',
    rule: 'gate-interface',
    reason:
      'the gate before each interface compares the request with it, and has ESP done in software; ' +
      'else the frame goes out in clear where nobody encrypts',
    expected: {
      withRule: { detoured: PACKETS, software: PACKETS, interfaceChanged: PACKETS },
      withoutRule: { detoured: PACKETS, plaintextLeaks: PACKETS },
    },
    run: routeFlips,
  },
  {
    id: 'H8',
    title: 'a frame is redirected after the decision to encapsulate',
    rule: 'gate-interface',
    reason:
      'as tc mirred does, each frame for the card is sent by another interface; every way into an ' +
      'interface passes the gate of that interface',
    expected: {
      withRule: { redirected: PACKETS, software: PACKETS },
      withoutRule: { redirected: PACKETS, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const host = world.hosts[0]!;
      const detour = new DetourIf(host, MARKER);
      host.nic.transmit = (m) => gatedTransmit(host.inet, detour, m, ETHER_HDR_LEN);
      for (let i = 0; i < PACKETS; i++) sendMarked(host);
      await world.settle();
      const redirected = detour.encrypted + detour.clear;
      return lab.figures({ redirected, plaintextLeaks: detour.clear });
    },
  },
  {
    id: 'H10',
    title: 'forwarded packets are never offloaded',
    rule: 'forward-offload',
    reason:
      'two gateways with a tunnel between them: what an end host sent is tagged for the card as what ' +
      'the gateway itself sends',
    expected: {
      withRule: { delivered: PACKETS, hardware: PACKETS },
      withoutRule: { delivered: PACKETS, hardware: 0, software: PACKETS },
    },
    async run(lab) {
      const world = await lab.world({ mode: 'tunnel', gateways: true });
      await world.flow(0, { packets: PACKETS, size: 100 });
      return lab.figures();
    },
  },
  {
    id: 'H23',
    title: "software finishes a packet that was counted as a card's",
    rule: 'rebook',
    reason:
      'ipsec_output counts when it tags; when the gate then does the crypto in software, the packet ' +
      'moves to the other count',
    expected: {
      withRule: { detoured: PACKETS, bookedForCard: 0, software: PACKETS },
      withoutRule: { detoured: PACKETS, bookedForCard: PACKETS, software: 0 },
    },
    run: routeFlips,
  },
];
