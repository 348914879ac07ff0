// SPDX-License-Identifier: BSD-2-Clause
// The items of the IPv6 Ready Logo Phase-2 IPsec conformance specification, end-node and gateway, by
// their titles.
import { is, isNot } from './cases.ts';

const IP6 = 'rfc/rfc4303_ip6.test.ts';
const TRANSFORMS = 'unit/netipsec/transforms.test.ts';
const EVERY_WAY = '%s, IPv%i in IPv%i';
const SETKEY = 'unit/netipsec/setkey.test.ts';
const PMTU6 = 'rfc/rfc4443.test.ts';
const TOO_BIG = 'RFC 4301 §8.2.1: what ESP will add is taken off, but never below 1280';
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
  is('End-Node: Select SPD', 'rfc/rfc4301_sadb.test.ts', 'each port has the SA of its id'),
  is('End-Node: Select SPD (ICMP Type)', IP6, 'an ICMPv6 type is one: echo requests go by ESP'),
  is(
    'End-Node: Sequence Number Increment',
    'rfc/rfc4303_packets.test.ts',
    'numbers from 1 and the IV is the number',
  ),
  is(
    'End-Node: Packet Too Big Reception',
    PMTU6,
    'it is obeyed: later packets to that host are cut',
  ),
  is(
    'End-Node: Receipt of No Next Header',
    'rfc/rfc4303_tfc.test.ts',
    'follow every so many packets, as long as these, and the receiver drops',
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
    'padding longer than needed is right (§2.4)',
  ),
  is(
    'End-Node: TFC Padding',
    'rfc/rfc4303_packets.test.ts',
    'text behind the inner packet of a tunnel (TFC padding, §2.7) is cut off',
  ),
  is(
    'End-Node: Invalid SPI',
    'driver/contract_esp.ts',
    'unknown SPI: delivered as it came, without a report',
  ),
  is(
    'End-Node: Invalid ICV',
    'rfc/rfc4303_packets.test.ts',
    'a packet that fails its ICV does not move the window',
  ),
  is('End-Node: Tunnel Mode with End-Node', TRANSFORMS, EVERY_WAY),
  is('End-Node: Tunnel Mode with SGW', TRANSFORMS, EVERY_WAY),
  is(
    'End-Node: Tunnel Mode Fragmentation',
    'rfc/rfc4301_pmtu.test.ts',
    'packets that may be cut are cut before ESP to that size',
  ),
  is('End-Node: Transport Mode Fragmentation', IP6, 'carries %i bytes in pieces that fit the MTU'),
  is(
    'End-Node: Extended Sequence Number',
    'rfc/rfc4303_esn.test.ts',
    'with ESN as without the SA stops at its last one',
  ),
  is(
    'End-Node: Neighbour Discovery with a policy for all',
    IP6,
    'is not encrypted by a policy for all, nor refused',
  ),
  ...ALGORITHMS.map((name) => is(`End-Node: ${name}`, TRANSFORMS, EVERY_WAY)),
  is('End-Node: 3DES-CBC', SETKEY, '%s is refused with the reason'),
  isNot(
    'End-Node: CAMELLIA-CBC',
    'RFC 8221 asks for no Camellia by MUST or SHOULD, and what it does not ask for is not here',
  ),
  is('SGW: Select SPD', 'rfc/rfc4301_sadb.test.ts', 'each port has the SA of its id'),
  is(
    'SGW: Sequence Number Increment',
    'rfc/rfc4303_packets.test.ts',
    'numbers from 1 and the IV is the number',
  ),
  is('SGW: Packet Too Big Transmission', PMTU6, TOO_BIG),
  is(
    'SGW: Packet Too Big Forwarding (Known Original Host)',
    'rfc/rfc4301_pmtu.test.ts',
    'lowers the path of the SA, and the next inner packet is answered',
  ),
  is(
    'SGW: Packet Too Big Forwarding (Unknown Original Host)',
    'rfc/rfc4301_pmtu.test.ts',
    'lowers the path of the SA, and the next inner packet is answered',
  ),
  is(
    'SGW: Receipt of No Next Header',
    'rfc/rfc4303_tfc.test.ts',
    'follow every so many packets, as long as these, and the receiver drops',
  ),
  is('SGW: Bypass Policy', 'rfc/rfc4301_sadb.test.ts', 'IKE goes in clear before SAs are there'),
  is(
    'SGW: Discard Policy',
    'cosim/gateway.test.ts',
    'what comes in clear for a protected network is not forwarded',
  ),
  is(
    'SGW: Tunnel Mode Padding',
    'rfc/rfc4303_packets.test.ts',
    'padding longer than needed is right (§2.4)',
  ),
  is('SGW: TFC Padding', 'rfc/rfc4303_tfc.test.ts', 'makes all packets of a tunnel equally long'),
  is(
    'SGW: Invalid SPI',
    'driver/contract_esp.ts',
    'unknown SPI: delivered as it came, without a report',
  ),
  is(
    'SGW: Invalid ICV',
    'rfc/rfc4303_packets.test.ts',
    'a packet that fails its ICV does not move the window',
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
