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
    elsewhere:
      'DPDK rte_security inline protocol: the link header must be that for the packet after IPsec',
  },
  {
    id: 'H27',
    title: 'segmentation offload and IPsec take each other for granted',
    reason: 'there is no segmentation offload, in the stack or in the card: one mbuf is one frame',
    elsewhere: 'Linux GSO and validate_xmit_xfrm, VXLAN over IPsec',
    fix: '234d1eff5d49, 1118aaa3b351, 29366dfe5041',
  },
  {
    id: 'H31',
    title: 'a frame that the card encrypts skips the packet filter for its outer header',
    reason:
      'there is no packet filter; what filters is the SPD, and a packet with ESP goes through ' +
      'ip_output again from the start, with its outer header, whoever encrypts it',
    elsewhere: 'FreeBSD pf under ipsec_accel: no state for the outer header',
  },
  {
    id: 'H32',
    title: 'the receive path runs without the context of its network stack',
    reason:
      'no code looks for a current stack: every function is handed the host that it works for, and ' +
      'an interface belongs to one host',
    elsewhere: 'FreeBSD key_allocsa without a vnet: page fault',
  },
  {
    id: 'H35',
    title: 'the first packet is sent before its SA is in the card',
    reason:
      'requests name SAs alone that saInstall() has answered for, and its register writes are posted ' +
      'on the same ordered bus as the doorbell that follows',
    elsewhere: 'DPDK: the flow rule comes after the first packet',
    fix: '3a690d5a65',
  },
  {
    id: 'H39',
    title: 'a bonding interface fails over while SAs move between its cards',
    reason:
      'there is no bonding interface; a change of route from one card to another is H7, and an SA may ' +
      'be in two cards at once, each of which is asked by its own name for it',
    elsewhere: 'Linux bonding: failover races of offloaded states',
  },
];
