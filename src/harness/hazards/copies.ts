// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN } from '../../header/ether.ts';
import { NO_MBUF } from '../../kern/mbuf.ts';
import type { Hazard } from './hazard.ts';

const PACKETS = 10;

/** A packet is copied, or goes through the same place again. */
export const COPY_HAZARDS: readonly Hazard[] = [
  {
    id: 'H5',
    title: 'tags are lost when a packet is copied under memory pressure',
    rule: 'copy-whole',
    reason:
      'each packet is duplicated on its way to the card while the pool has no tag for the copy: the ' +
      'copy is not made, or it goes to the card without its request, payload in clear',
    expected: {
      withRule: { delivered: PACKETS, copies: 0 },
      withoutRule: { copies: PACKETS, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const { nic, mbufs, tags } = world.hosts[0]!;
      const transmit = nic.transmit.bind(nic);
      let copies = 0;
      nic.transmit = (m) => {
        tags.failNext = 1;
        const copy = mbufs.dup(m);
        if (copy !== NO_MBUF) {
          copies++;
          transmit(copy);
        }
        return transmit(m);
      };
      await world.flow(0, { packets: PACKETS, size: 100 });
      return lab.figures({ copies });
    },
  },
  {
    id: 'H6',
    title: 'a packet that is queued again is processed twice',
    rule: 'done-once',
    reason:
      'a queue does the crypto in software before it holds the packet, as validate_xmit_xfrm does, and ' +
      'then sends it through the card: OUT_DONE tells the card to leave it alone. Counter mode ' +
      'applied twice is plaintext',
    expected: {
      withRule: { delivered: PACKETS, software: PACKETS },
      withoutRule: { delivered: 0, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const { nic, ipsec } = world.hosts[0]!;
      const transmit = nic.transmit.bind(nic);
      nic.transmit = (m) => {
        ipsec.finishInSoftware(m, ETHER_HDR_LEN);
        return transmit(m);
      };
      await world.flow(0, { packets: PACKETS, size: 100 });
      return lab.figures();
    },
  },
];
