// SPDX-License-Identifier: BSD-2-Clause
import { counter } from '../kern/counters.ts';

/** The names under which ipsec counts. A packet is dropped under exactly one of them. */
export const IPSEC_DISCARD = counter('ipsec.discard', 'policy says discard');
export const IPSEC_NO_SA = counter('ipsec.noSa', 'policy says protect, and there is no SA');
export const IPSEC_USE_NO_SA = counter('ipsec.useNoSa', 'level use without an SA: sent as it is');
export const IPSEC_IN_POLICY = counter('ipsec.inPolicy', 'came in without the ESP policy asks for');
export const IPSEC_NO_TAG = counter('ipsec.noTag', 'out of tags');
export const IPSEC_NO_ROUTE = counter('ipsec.noRoute', 'no route to the end of the SA');
export const IPSEC_TOO_BIG = counter('ipsec.tooBig', 'with ESP larger than the MTU, and DF is set');
export const IPSEC_BAD_PACKET = counter(
  'ipsec.badPacket',
  'a packet to protect is none, or a fragment in transport mode',
);
export const IPSEC_UNKNOWN_PROTO = counter('ipsec.unknownProto', 'no transform for this protocol');
export const IPSEC_LATE_SOFTWARE = counter(
  'ipsec.lateSoftware',
  'crypto meant for a card was done in software at the interface',
);
export const IPSEC_LATE_NO_SA = counter(
  'ipsec.lateNoSa',
  'SA went away before the crypto was done',
);
export const IPSEC_HAND_OVER = counter('ipsec.handOver', 'the request could not be handed over');

export const IPSEC_CUT_FIRST = counter('ipsec.cutFirst', 'packets cut before ESP, to fit with it');
export const IPSEC_NOT_CUT = counter('ipsec.notCut', 'no mbuf for a piece, or no room in the MTU');
export const IPSEC_PMTU_LOWERED = counter(
  'ipsec.pmtuLowered',
  'routers that said an SA has a narrow path, believed',
);
export const IPSEC_PMTU_IGNORED = counter(
  'ipsec.pmtuIgnored',
  'routers that said so about no packet of ours, or nothing new',
);
export const IPSEC_DECRYPTED_LEAVES = counter(
  'ipsec.decryptedLeaves',
  'decrypted by a card for us, and about to leave in clear',
);

export const IPSEC_SOFT_EXPIRED = counter('ipsec.softExpired', 'SAs whose soft lifetime was over');
export const IPSEC_HARD_EXPIRED = counter('ipsec.hardExpired', 'SAs whose hard lifetime was over');
export const IPSEC_EXPIRED = counter('ipsec.expired', 'came in by an SA that just ended');
export const IPSEC_ACQUIRE = counter('ipsec.acquire', 'key management was asked for an SA');

export const ESP_OUT = counter('esp.out', 'packets given ESP');
export const ESP_IN = counter('esp.in', 'ESP packets that arrived');
export const ESP_IN_OK = counter('esp.inOk', 'ESP packets accepted');
export const ESP_NO_SA = counter('esp.noSa', 'no SA has this SPI and destination');
export const ESP_LARVAL = counter('esp.larval', 'the SA of this SPI is not there yet');
export const ESP_ENCAP_MISFIT = counter(
  'esp.encapMisfit',
  'in UDP, or not, other than its SA says',
);
export const ESP_PEER_MOVED = counter('esp.peerMoved', "came from another UDP port than the SA's");
export const ESP_KEEPALIVE_IN = counter('esp.keepaliveIn', 'NAT keep-alives received');
export const ESP_KEEPALIVE_OUT = counter('esp.keepaliveOut', 'NAT keep-alives sent');
export const ESP_UDP_BAD_SUM = counter(
  'esp.udpBadSum',
  'UDP over IPv6 at a port of ESP, with a wrong checksum or none',
);
export const ESP_RUNT = counter('esp.runt', 'too short to be ESP');
export const ESP_BAD_LENGTH = counter('esp.badLength', 'encrypted part is no whole block');
export const ESP_BAD_ICV = counter('esp.badIcv', 'integrity check failed');
export const ESP_REPLAY = counter('esp.replay', 'sequence number was seen, or is too old');
export const ESP_BAD_PAD = counter('esp.badPad', 'padding is not 1, 2, 3 …, or too long');
export const ESP_BAD_NEXT = counter('esp.badNextHeader', 'next header does not fit the SA');
export const ESP_BAD_INNER = counter('esp.badInner', 'no IP packet inside the tunnel');
export const ESP_DUMMY_OUT = counter('esp.dummyOut', 'dummy packets sent');
export const ESP_DUMMY = counter('esp.dummy', 'dummy packet (next header 59), thrown away');
export const ESP_ECN_DROP = counter(
  'esp.ecnDrop',
  'congestion mark on a tunnel of not-ECT packets',
);
export const ESP_REPORT_MISFIT = counter('esp.reportMisfit', "a card's report fits no SA of ours");
export const ESP_SEQ_EXHAUSTED = counter('esp.seqExhausted', 'the SA has no sequence number left');
export const ESP_NO_ROOM = counter('esp.noRoom', 'no room in the mbuf for ESP');

export const AH_OUT = counter('ah.out', 'packets given AH');
export const AH_IN = counter('ah.in', 'packets with AH that arrived');
export const AH_IN_OK = counter('ah.inOk', 'packets with AH accepted');
export const AH_NO_SA = counter('ah.noSa', 'no SA of AH has this SPI and destination');
export const AH_RUNT = counter('ah.runt', 'too short to be AH');
export const AH_BAD_LENGTH = counter('ah.badLength', 'length of AH fits neither SA nor packet');
export const AH_BAD_HEADERS = counter(
  'ah.badHeaders',
  'options or extension headers that AH cannot authenticate',
);
export const AH_BAD_ICV = counter('ah.badIcv', 'integrity check of AH failed');
export const AH_REPLAY = counter('ah.replay', 'sequence number of AH was seen, or is too old');
export const AH_BAD_NEXT = counter('ah.badNextHeader', 'next header of AH does not fit the SA');
export const AH_BAD_INNER = counter('ah.badInner', 'no IP packet inside a tunnel of AH');
export const AH_ECN_DROP = counter(
  'ah.ecnDrop',
  'congestion mark on a tunnel of AH of not-ECT packets',
);
export const AH_SEQ_EXHAUSTED = counter(
  'ah.seqExhausted',
  'the SA of AH has no sequence number left',
);
export const AH_NO_ROOM = counter('ah.noRoom', 'no room in the mbuf for AH');
