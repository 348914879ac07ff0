// SPDX-License-Identifier: BSD-2-Clause
import { rule } from './turn_rule.ts';

// A packet passes an interface of software: the rest of turn_rules.ts's table.

export const EPAIR = rule({
  id: 'epair',
  turn: 'a frame goes over to the other end of an epair',
  tags: 'persistent ones stay in one host, all others go; another host gets bytes alone',
  by: 'net/if_epair',
  why: 'another link: what was done on the way to the first one says nothing on the second',
  hazards: [4],
  elsewhere: 'FreeBSD epair_clear_mbuf',
});
export const GIF_MARKER = rule({
  id: 'gif-marker',
  turn: 'a packet enters an IP-in-IP tunnel, and the packet round it goes into IP again',
  tags: "all stay; one more, gif's own, says which tunnels it is in",
  by: 'net/if_gif',
  why: 'a route of the outer packet that leads into the tunnel again would never end',
  hazards: [4],
  elsewhere: 'FreeBSD if_tunnel_check_nesting; NetBSD PACKET_TAG_TUNNEL_INFO',
  errno: 'EHOSTUNREACH',
});
export const TUNNEL_IN = rule({
  id: 'tunnel-in',
  turn: 'a packet leaves an IP-in-IP tunnel and goes into IP again',
  tags: 'persistent ones stay, all others go',
  by: 'net/if_gif',
  why: 'IPsec round the outer packet was for its ends: it does not vouch for the inner one',
  hazards: [2, 4],
  elsewhere: 'FreeBSD gif_input keeps them',
});
export const IPSEC_IF_ONCE = rule({
  id: 'ipsec-if-once',
  turn: 'a packet that a route-based IPsec interface protected is routed into it again',
  tags: 'OUT_DONE or OUT_CRYPTO_NEEDED of its own SA: the packet is dropped under a name',
  by: 'netipsec/if_ipsec',
  why: 'a route of the outer packet that leads into the tunnel would go round for ever',
  hazards: [4, 6],
  elsewhere: 'FreeBSD ipsec_transmit: drops what carries PACKET_TAG_IPSEC_OUT_DONE',
  errno: 'EHOSTUNREACH',
});
export const BRIDGE_GATE = rule({
  id: 'bridge-gate',
  turn: 'a bridge sends a frame, or a copy, by a member',
  tags: 'the last gate is asked once more, for that member',
  by: 'net/if_bridge',
  why: 'the request names one card, and a member may be another interface',
  hazards: [3, 8],
  elsewhere: 'OpenBSD if_bridge: drop, and software from then on; Linux tc mirred',
});
export const BRIDGE_ONCE = rule({
  id: 'bridge-once',
  turn: 'a bridge is about to copy a frame whose crypto is still to be done',
  tags: 'crypto is done in software first; every copy carries OUT_DONE',
  by: 'net/if_bridge',
  why: 'of two copies one would go to the card and one to software: one (key, IV), two encryptors',
  hazards: [3, 12],
  elsewhere: 'OpenBSD if_bridge drops it',
});
export const DECRYPTED_STAYS = rule({
  id: 'decrypted-stays',
  turn: 'a frame that a card decrypted for this host is about to leave it: bridge, redirect',
  tags: 'IN_CRYPTO_DONE goes with the packet, which is dropped under a name',
  by: 'netipsec/ipsec_transmit beforeTransmit',
  why: 'it is plaintext in an ESP coat, and no policy has seen it',
  hazards: [30],
  elsewhere: 'FreeBSD ipsec_accel: a bridge below ip_input sends on what mlx5 decrypted',
  errno: 'EACCES',
});
