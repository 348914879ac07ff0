// SPDX-License-Identifier: BSD-2-Clause
// The items of the IPv6 Ready Logo Phase-2 IPsec conformance specification, end-node and gateway, by
// the titles of revision 1.11.0, with the algorithms that revision 2.0.0b has since (ChaCha20-Poly1305,
// AES-GCM, AES-GMAC and longer keys, by its modification record). The modification records were read
// in their source; the titles follow the specification in meaning, and may differ in wording.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: titles as their source has them
import { is, isNot } from './cases.ts';

const IP6 = 'rfc/rfc4303_ip6.test.ts';
const TRANSFORMS = 'unit/netipsec/transforms.test.ts';
const EVERY_WAY = '%s, IPv%i in IPv%i';
const SETKEY = 'unit/netipsec/setkey.test.ts';
const MISC = 'rfc/netbsd_ipsec_misc.test.ts';
const PMTU6 = 'rfc/rfc4301_pmtu6.test.ts';
const ALGORITHMS = [
  'AES-CBC (128-bit) and HMAC-SHA-1',
  'AES-CBC (128-bit) and HMAC-SHA-256',
  'AES-CBC (192-bit, 256-bit)',
  'AES-CTR',
  'AES-GCM (128, 192, 256-bit)',
  'AES-GMAC',
  'NULL encryption and HMAC-SHA-1',
  'ChaCha20-Poly1305',
  'HMAC-SHA-384 and HMAC-SHA-512',
  'AES-XCBC-MAC-96',
];

export const IPV6_READY = [
  is('End-Node: Select SPD', MISC, 'ipsec_multiple_sa_${proto}_${algo}'),
  is(
    'End-Node: Select SPD (ICMP Type)',
    IP6,
    'an ICMPv6 type is one: echo requests go by ESP, their replies and all else in clear',
  ),
  is(
    'End-Node: Sequence Number Increment',
    'rfc/rfc4303_packets.test.ts',
    'numbers from 1 and the IV is the number',
  ),
  is(
    'End-Node: Packet Too Big Reception',
    PMTU6,
    'an end node, transport mode: packets that follow are cut to what the router said',
  ),
  is(
    'End-Node: Receipt of No Next Header',
    'rfc/rfc4303_tfc.test.ts',
    'follow every so many packets, as long as these, and the receiver drops and counts them',
  ),
  is(
    'End-Node: Bypass Policy',
    'unit/netipsec/fail_closed.test.ts',
    'policy bypasses one port of what is protected else',
  ),
  is('End-Node: Discard Policy', 'unit/netipsec/fail_closed.test.ts', 'policy discards'),
  is(
    'End-Node: Transport Mode Padding',
    'rfc/rfc4303_packets.test.ts',
    'padding longer than needed is right (§2.4), as long as it counts 1, 2, 3 …',
  ),
  is(
    'End-Node: TFC Padding',
    'rfc/rfc4303_packets.test.ts',
    'text behind the inner packet of a tunnel (TFC padding, §2.7) is cut off',
  ),
  is('End-Node: Invalid SPI', 'rfc/rfc4303_packets.test.ts', '%s %s'),
  is(
    'End-Node: Invalid ICV',
    'rfc/rfc4303_packets.test.ts',
    'a packet that fails its ICV does not move the window (§3.4.3)',
  ),
  is('End-Node: Tunnel Mode with End-Node', TRANSFORMS, EVERY_WAY),
  is('End-Node: Tunnel Mode with SGW', TRANSFORMS, EVERY_WAY),
  is(
    'End-Node: Tunnel Mode Fragmentation',
    'rfc/rfc4301_pmtu.test.ts',
    'packets that may be cut are cut before ESP to that size: the router cuts nothing',
  ),
  is('End-Node: Transport Mode Fragmentation', IP6, 'carries %i bytes in pieces that fit the MTU'),
  is(
    'End-Node: Extended Sequence Number',
    'rfc/rfc4303_esn.test.ts',
    'with ESN as without the SA stops at its last one, and nothing leaves in clear',
  ),
  is(
    'End-Node: Neighbour Discovery with a policy for all',
    IP6,
    'is not encrypted by a policy for all, nor refused: with its neighbour found, ESP can be',
  ),
  ...ALGORITHMS.map((name) => is(`End-Node: ${name}`, TRANSFORMS, EVERY_WAY)),
  is('End-Node: 3DES-CBC', SETKEY, '%s is refused with the reason'),
  isNot(
    'End-Node: CAMELLIA-CBC',
    'RFC 8221 asks for no Camellia by MUST or SHOULD, and what it does not ask for is not here',
  ),
  is('SGW: Select SPD', MISC, 'ipsec_multiple_sa_${proto}_${algo}'),
  is(
    'SGW: Sequence Number Increment',
    'rfc/rfc4303_packets.test.ts',
    'numbers from 1 and the IV is the number',
  ),
  is(
    'SGW: Packet Too Big Transmission',
    PMTU6,
    'packet too big says what fits the tunnel, and the sender keeps to it',
  ),
  is(
    'SGW: Packet Too Big Forwarding (Known Original Host)',
    PMTU6,
    'IPv6 outside: packet too big about ESP lowers the SA, and then the sender is told',
  ),
  is(
    'SGW: Packet Too Big Forwarding (Unknown Original Host)',
    PMTU6,
    'IPv6 outside: packet too big about ESP lowers the SA, and then the sender is told',
  ),
  is(
    'SGW: Receipt of No Next Header',
    'rfc/rfc4303_tfc.test.ts',
    'follow every so many packets, as long as these, and the receiver drops and counts them',
  ),
  is(
    'SGW: Bypass Policy',
    'rfc/rfc4301_sadb.test.ts',
    'IKE goes in clear before SAs are there, with them, and after a rekey',
  ),
  is(
    'SGW: Discard Policy',
    'cosim/gateway.test.ts',
    'RFC 4301 §4.4.1: policy says discard, and nothing of it crosses the wire',
  ),
  is(
    'SGW: Tunnel Mode Padding',
    'rfc/rfc4303_packets.test.ts',
    'padding longer than needed is right (§2.4), as long as it counts 1, 2, 3 …',
  ),
  is(
    'SGW: TFC Padding',
    'rfc/rfc4303_tfc.test.ts',
    'makes all packets of a tunnel equally long, and the receiver takes it off',
  ),
  is('SGW: Invalid SPI', 'rfc/rfc4303_packets.test.ts', '%s %s'),
  is(
    'SGW: Invalid ICV',
    'rfc/rfc4303_packets.test.ts',
    'a packet that fails its ICV does not move the window (§3.4.3)',
  ),
  is(
    'SGW: Tunnel Mode with SGW',
    'cosim/gateway.test.ts',
    'both ways between end hosts, and to the far gateway itself',
  ),
  is(
    'SGW: Tunnel Mode with End-Node',
    'cosim/gateway.test.ts',
    'both ways between end hosts, and to the far gateway itself',
  ),
  is(
    'SGW: Tunnel Mode Fragmentation',
    'rfc/rfc4301_pmtu.test.ts',
    'fragments that come to the gateway are protected one by one',
  ),
  ...ALGORITHMS.map((name) => is(`SGW: ${name}`, TRANSFORMS, EVERY_WAY)),
  is('SGW: 3DES-CBC', SETKEY, '%s is refused with the reason'),
  isNot(
    'SGW: CAMELLIA-CBC',
    'RFC 8221 asks for no Camellia by MUST or SHOULD, and what it does not ask for is not here',
  ),
];
