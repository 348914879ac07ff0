// SPDX-License-Identifier: BSD-2-Clause
import type { NoHazard } from './hazard.ts';

/** What cannot come about in this stack and card. */
export const NO_HAZARDS: readonly NoHazard[] = [
  {
    id: 'H9',
    title: 'the link header is for the inner destination of a hardware tunnel',
    reason:
      'the card encrypts, it does not build tunnels: the outer header is in the packet before ' +
      'ip_output looks for a next hop, and the link header is made last, for the outer destination',
  },
  {
    id: 'H27',
    title: 'segmentation offload and IPsec take each other for granted',
    reason: 'there is no segmentation offload, in the stack or in the card: one mbuf is one frame',
  },
  {
    id: 'H31',
    title: 'a frame that the card encrypts skips the packet filter for its outer header',
    reason:
      'there is no packet filter; what filters is the SPD, and a packet with ESP goes through ' +
      'ip_output again from the start, with its outer header, whoever encrypts it',
  },
  {
    id: 'H32',
    title: 'the receive path runs without the context of its network stack',
    reason:
      'no code looks for a current stack: every function is handed the host that it works for, and ' +
      'an interface belongs to one host',
  },
  {
    id: 'H35',
    title: 'the first packet is sent before its SA is in the card',
    reason:
      'requests name SAs alone that saInstall() has answered for, and its register writes are posted ' +
      'on the same ordered bus as the doorbell that follows',
  },
  {
    id: 'H39',
    title: 'a bonding interface fails over while SAs move between its cards',
    reason:
      'there is no bonding interface; a change of route from one card to another is H7, and an SA may ' +
      'be in two cards at once, each of which is asked by its own name for it',
  },
];
