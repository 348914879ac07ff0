// SPDX-License-Identifier: BSD-2-Clause
import { rule } from './turn_rule.ts';

// A packet turns round, or is put in again.

export const LOOPBACK = rule({
  id: 'loopback',
  turn: 'loopback hands up what was sent',
  tags: 'persistent ones stay, all others go',
  by: 'net/if_loop',
  why: 'an old OUT_DONE would excuse the answer from IPsec',
  hazards: [1],
  elsewhere: 'FreeBSD if_simloop, NetBSD looutput (its ALTQ path returns before the strip)',
});
export const REFLECT = rule({
  id: 'reflect',
  turn: 'an ICMP or ICMPv6 request becomes the reply, in its mbuf',
  tags: 'persistent ones stay, all others go',
  by: 'netinet/icmp',
  why: 'the reply is a new packet: its policy is looked up, whatever was done to the request',
  hazards: [2],
  elsewhere: 'NetBSD icmp_reflect',
});
export const FORWARD = rule({
  id: 'forward',
  turn: 'a gateway sends on what came in',
  tags: 'persistent ones stay, all others go, once policy has read them',
  by: 'netinet/ip_forward',
  why: 'what was done on the way in says nothing about the way out',
  hazards: [2],
  elsewhere: 'FreeBSD m_tag_delete_nonpersistent: packets that turn round',
});
export const PERSISTENT = rule({
  id: 'persistent',
  turn: 'any of those turns, on a tag whose id has the bit MTAG_PERSISTENT',
  tags: 'it stays',
  by: 'kern/m_tag deleteNonpersistent',
  why: 'its owner said that it outlives the turn; IPsec has no such tag',
  hazards: [1, 2],
  elsewhere: 'FreeBSD m_tag_delete_nonpersistent; NetBSD deletes all',
});
export const KEEP_TILL_POLICY = rule({
  id: 'keep-till-policy',
  turn: 'a packet taken out of ESP goes into IP again',
  tags: 'every IN_DONE stays until policy has read it, and goes with the mbuf',
  by: 'netipsec/ipsec_input',
  why: 'the policy of the inner packet asks which SAs it came by; sockets copy the bytes out',
  hazards: [34],
  elsewhere: 'Linux secpath_reset, sec_path.verified_cnt',
  errno: 'EACCES',
  fix: 'b0355dbbf13c',
});
export const POLICY_AFTER_DECAP = rule({
  id: 'policy-after-decap',
  turn: 'a packet taken out of ESP reaches its upper protocol',
  tags: 'all are read, none changes',
  by: 'netinet/ip_input, netipsec/ipsec_policy',
  why: 'a good ICV says who sent it, not that policy lets it in',
  hazards: [30],
  elsewhere: 'FreeBSD enc0 and pfil, fed by the driver under ipsec_accel',
  errno: 'EACCES',
});

// A packet is copied, or waits.

export const COPY_WHOLE = rule({
  id: 'copy-whole',
  turn: 'a packet is copied: bridge flood, duplicate',
  tags: 'all are copied, or the copy is not made',
  by: 'kern/mbuf dup, kern/m_tag copyChain',
  why: 'a copy that lost its request would leave with its payload in clear',
  hazards: [5],
  elsewhere: 'FreeBSD m_tag_copy_chain wipes the destination and returns 0',
  errno: 'ENOBUFS',
});
export const DONE_ONCE = rule({
  id: 'done-once',
  turn: 'a packet is queued again after its crypto was done',
  tags: 'OUT_CRYPTO_NEEDED was made OUT_DONE, which stays',
  by: 'netipsec/ipsec_transmit',
  why: 'a second pass must find nothing left to do',
  hazards: [6],
  elsewhere: 'Linux validate_xmit_xfrm, the mark XFRM_XMIT',
  fix: 'Huy Nguyen 2020, for f6e27114a60a',
});
export const TAP = rule({
  id: 'tap',
  turn: 'a tap sees the packet',
  tags: 'all stay: the tap reads, and has the bytes that a card has yet to encrypt, or has decrypted',
  by: 'netinet/ether_input, netinet/ether_output_frame',
  why: 'watching must change nothing',
  hazards: [30],
  elsewhere: 'BSD bpf_mtap in the driver',
});

// Something changes between tagging and transmit.

export const GATE_INTERFACE = rule({
  id: 'gate-interface',
  turn: 'it leaves by another interface than its request names: route change, redirect, bridge port',
  tags: 'crypto is done in software, OUT_CRYPTO_NEEDED becomes OUT_DONE',
  by: 'netipsec/ipsec_transmit beforeTransmit',
  why: 'any other interface would send the payload in clear',
  hazards: [3, 4, 7, 8],
  elsewhere: 'OpenBSD ip_output IFCAP_IPSEC and if_bridge (drop); Linux xdo_dev_offload_ok',
  fix: 'd53dda291bbd, 65f079a6c446, 00ada70a13bf; DPDK 3de3a0418c',
});
export const DRIVER_MATCH = rule({
  id: 'driver-match',
  turn: 'a request reaches a driver that it does not name, or a slot that another SA has now',
  tags: 'as above, behind the gate: the driver asks for software, or drops',
  by: 'dev/nic/nic_tx',
  why: 'an index means something in one card, and as long as its generation lasts',
  hazards: [8, 15],
  elsewhere: 'FreeBSD ipsec_accel drv_spi; a driver drops an unknown id, "never sent as it is"',
  errno: 'ESRCH',
});
export const GENERATION = rule({
  id: 'generation',
  turn: 'the SA is deleted, and another one gets its handle',
  tags: 'the request stays, and fits no SA any more',
  by: 'netipsec/sadb byHandle',
  why: 'the new user has another key: (SPI, key) would not belong together',
  hazards: [15],
  elsewhere: 'FreeBSD ipsec_accel: 16-bit drv_spi from a unr, no reference; xdo_dev_state_delete',
  errno: 'ESRCH',
});
export const FORWARD_OFFLOAD = rule({
  id: 'forward-offload',
  turn: 'a gateway protects what it forwards',
  tags: 'OUT_CRYPTO_NEEDED, as on what the gateway sends itself',
  by: 'netipsec/ipsec_output',
  why: 'the interface comes from the route to the far end of the SA, whoever made the packet',
  hazards: [10],
  elsewhere: 'FreeBSD ipsec4_forward passes no ifp: software',
});
export const INNER_FIRST = rule({
  id: 'inner-first',
  turn: 'another transform goes round one that waits for a card',
  tags: 'the inner one becomes OUT_DONE in software, before the outer one is made',
  by: 'netipsec/ipsec_output',
  why: 'a card does the outermost transform alone',
  hazards: [36],
  elsewhere: 'Linux sec_path.ovec[1]: one offload a packet; a FreeBSD driver drops',
});
export const FRAGMENT = rule({
  id: 'fragment',
  turn: 'the packet with ESP is cut into fragments',
  tags: 'crypto is done in software first; fragments carry no tag',
  by: 'netinet/ip_fragment, netipsec/ipsec_output',
  why: 'a card can encrypt no part of a packet',
  hazards: [26],
  elsewhere: 'FreeBSD ipsec_accel_output_pad; DF: needfrag, else fragments before ESP',
  errno: 'EMSGSIZE',
});

// What an SA and its numbers go through while packets are on their way.

export const ONE_NUMBERER = rule({
  id: 'one-numberer',
  turn: 'card and software take turns on one SA',
  tags: 'the sequence number is in the packet when the tag is made',
  by: 'netipsec/xform_esp',
  why: 'two counters give one number twice: the receiver drops the second packet as a replay',
  hazards: [11, 13],
  elsewhere: 'a FreeBSD ipsec_accel driver: 14 packets passed, 14 dropped as replays',
});
export const IV_IS_SEQ = rule({
  id: 'iv-is-seq',
  turn: 'software resumes an SA that a card had',
  tags: 'the IV is in the packet when the tag is made',
  by: 'netipsec/xform_esp',
  why: 'the IV is the sequence number, whoever encrypts, so that no (key, IV) comes twice',
  hazards: [12],
  elsewhere: 'a FreeBSD ipsec_accel driver sets bit 63 of sav->cntr at install',
});
export const REPLAY_AFTER_CARD = rule({
  id: 'replay-after-card',
  turn: 'the card decrypted it',
  tags: 'IN_CRYPTO_DONE stays until replay, SA and padding are checked, then it is IN_DONE',
  by: 'netipsec/xform_esp input',
  why: "the one replay window is the stack's; the card has none",
  hazards: [24],
  elsewhere: 'FreeBSD ipsec_accel_input: card window checked, kernel window not advanced',
});
export const ESN_HIGH = rule({
  id: 'esn-high',
  turn: 'the low half of the sequence number wraps under a card',
  tags: 'the request carries the high half',
  by: 'netipsec/xform_esp, dev/nic/nic_tx',
  why: 'the card keeps no number of its own that could be half updated',
  hazards: [25],
  elsewhere: 'Linux xdo_dev_state_advance_esn; DPDK iavf',
  fix: 'DPDK 53f85be62b',
});
export const REPORT_MATCH = rule({
  id: 'report-match',
  turn: 'what the card decrypted comes up after its SA was deleted',
  tags: 'IN_CRYPTO_DONE goes with the packet, which is dropped under a name',
  by: 'dev/nic/nic_rx, netipsec/ipsec_input',
  why: 'it would count as a packet of the SA that has the SPI now',
  hazards: [33],
  elsewhere: 'a FreeBSD ipsec_accel driver: ipsec_rx_nokey',
});
export const REBOOK = rule({
  id: 'rebook',
  turn: 'software finishes what was counted for a card',
  tags: 'OUT_CRYPTO_NEEDED becomes OUT_DONE; the packet moves to the count of software',
  by: 'netipsec/ipsec_transmit',
  why: "the SA's two counts say who did the crypto",
  hazards: [23],
  elsewhere: 'FreeBSD ipsec_accel_sa_recordxfer counts at tag time',
});
export const SA_CHECKED = rule({
  id: 'sa-checked',
  turn: 'an SA is offered to a card',
  tags: 'requests are made for SAs alone that the card took',
  by: 'dev/nic/nic_sa saInstall',
  why: 'what it cannot do, it must not be told to do',
  hazards: [38],
  elsewhere: 'Linux xdo_dev_state_add, user flags',
  errno: 'EOPNOTSUPP',
  fix: '7c76ecd9c99b',
});
export const FULL_IS_SOFTWARE = rule({
  id: 'full-is-software',
  turn: "the card's SA table is full",
  tags: 'none asks for the card: OUT_DONE from the start, with a reason',
  by: 'netipsec/sa_offload',
  why: "an SA without a slot is software's, and works",
  hazards: [20],
  elsewhere: 'netdevsim ENOSPC: the add fails; FreeBSD: only EOPNOTSUPP is recorded REJECTED',
  errno: 'ENOSPC',
});
export const UPDATE_TOLD = rule({
  id: 'update-told',
  turn: 'an SA is updated: other addresses, other ports, the same key',
  tags: 'packets from then on are tagged for the card as before',
  by: 'netipsec/sadb update',
  why: 'the card gets the SA as it is now, and the number goes on; nothing stays behind in it',
  hazards: [14],
  elsewhere: 'FreeBSD key_updateaddresses: a clone of which no driver hears',
});
export const COUNTS_CARD = rule({
  id: 'counts-card',
  turn: 'an SA with a lifetime sends by a card',
  tags: 'each request counts when it is made',
  by: 'netipsec/sadb mayUse',
  why: 'a lifetime of packets or bytes is over, whoever encrypted them; no card is asked',
  hazards: [22],
  elsewhere: 'FreeBSD if_sa_cnt, which key.c never calls; Linux xdo_dev_state_update_stats',
});
export const OFFER_AGAIN = rule({
  id: 'offer-again',
  turn: 'a slot of the card falls free',
  tags: 'packets from then on are tagged for the card',
  by: 'netipsec/sa_offload',
  why: 'an SA refused for want of room is offered again, not only at its rekey',
  hazards: [21],
  elsewhere: 'FreeBSD ipsec_accel: a decline sticks until rekey',
});
export const REMOVE_FROM_CARD = rule({
  id: 'remove-from-card',
  turn: 'an SA is deleted or replaced',
  tags: 'requests under way are sent first, or fit nothing any more',
  by: 'netipsec/sa_offload remove',
  why: 'each install has one removal, or the table fills up',
  hazards: [17],
  elsewhere: 'Linux xdo_dev_state_delete, xdo_dev_state_free',
  fix: '7d2fc41f91bc, c5d4d7d83165',
});
export const REMOVE_BY_INSTALL = rule({
  id: 'remove-by-install',
  turn: 'IFCAP_IPSEC is switched off with SAs in the card',
  tags: 'requests under way are finished in software at the gate',
  by: 'netipsec/sa_offload remove',
  why: 'what was installed is removed, whatever the interface says now',
  hazards: [18],
  elsewhere: 'Linux NETIF_F_HW_ESP off, then the device is deleted: reference leaks',
});
export const SLOT_RESTS = rule({
  id: 'slot-rests',
  turn: 'an inbound SA leaves the card while frames of it are in memory, unread',
  tags: 'what comes up for the slot fits no SA, and is dropped under a name',
  by: 'dev/nic/nic_sa saRemove',
  why: 'the slot is used again when the last frame of its old SA was read, no earlier',
  hazards: [19],
  elsewhere: 'FreeBSD ipsec_accel: one taskqueue thread, INST and DEINST flags',
});
export const DETACH_FREES = rule({
  id: 'detach-frees',
  turn: 'the interface goes away with packets in its rings',
  tags: 'all go with their mbufs, which the driver frees',
  by: 'dev/nic/nic_tx discard',
  why: "no packet is in anybody's hands after detach",
  hazards: [16],
  elsewhere: 'Linux unregister_netdevice waits for deferred skbs; dev_gclist',
  fix: 'Klassert, for d77e38e612a0',
});
export const FLOW_STAMP = rule({
  id: 'flow-stamp',
  turn: 'policy changes under a flow that is cached',
  tags: 'the next packet is tagged as the new policy says',
  by: 'netipsec/flow_cache',
  why: 'the cache forgets with every change of the SPD: no fast path round policy',
  hazards: [37],
  elsewhere: 'Linux flow offload of a third-party driver: clear text past policy',
});
export const SA_STAMP = rule({
  id: 'sa-stamp',
  turn: 'the SA of a cached flow is deleted',
  tags: 'none is made for it any more',
  by: 'netipsec/flow_cache, netipsec/ipsec_output',
  why: 'nobody uses an SA that he has given back',
  hazards: [40],
  elsewhere: 'FreeBSD ipsec_accel_output: key_freesav, then if_hwassist of it',
});
export const ANY_LENGTH = rule({
  id: 'any-length',
  turn: 'a packet shorter than 48 bytes of ESP',
  tags: 'OUT_CRYPTO_NEEDED, as on every other',
  by: 'dev/nic/nic_tx',
  why: 'a card that cannot send it short must not lose it',
  hazards: [28],
  elsewhere: 'mlx5 on a ConnectX-6: all ESP below 48 bytes lost',
});
export const FREE_ONCE = rule({
  id: 'free-once',
  turn: 'the card gives back a buffer with an error',
  tags: 'it has none',
  by: 'dev/nic/nic_rx',
  why: 'one owner frees it, once',
  hazards: [29],
  elsewhere: 'Linux xfrm_input free path: panic at MTU 9000 under load',
});
