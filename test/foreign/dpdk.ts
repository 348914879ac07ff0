// SPDX-License-Identifier: BSD-2-Clause
// The cases of DPDK's app/test/test_security_inline_proto.c, by the names it prints.
import { is, isNot } from './cases.ts';

const VECTORS = 'rfc/rfc4106_rfc3602_vectors.test.ts';
const PACKET = 'seal gives the packet, open gives the text, byte for byte';
const TRANSFORMS = 'unit/netipsec/transforms.test.ts';
const EVERY_WAY = '%s, IPv%i in IPv%i';
const FORBIDDEN = '%s is refused with the reason';
const SETKEY = 'unit/netipsec/setkey.test.ts';
const PMTU = 'rfc/rfc4301_pmtu.test.ts';
const REPLAY = 'rfc/rfc4303_replay.test.ts';
const ESN = 'rfc/rfc4303_esn.test.ts';
const SADB = 'rfc/rfc4301_sadb.test.ts';
const REASS = 'rfc/rfc791.test.ts';
const ANY_ORDER = 'fragments in any order, some twice, by any MTUs, make the datagram';
const FLOW_LABEL = 'the header of a tunnel has traffic class and flow label of the inner one';
const NO_PACKET_OFFLOAD =
  'the card encrypts and does not build tunnels: the host writes every header, and tests of it hold';

const windows = (n: number) => [
  is(
    `Antireplay with window size ${n}`,
    REPLAY,
    'a window of %i decides as the rule in words does',
  ),
  is(
    `ESN and Antireplay with window size ${n}`,
    ESN,
    'RFC 4303 App. A2: window and high half together',
  ),
];

export const DPDK = [
  is('Outbound known vector (AES-GCM 128/192/256, tunnel IPv4)', VECTORS, PACKET),
  is('Outbound known vector (AES-GCM, tunnel IPv6)', TRANSFORMS, EVERY_WAY),
  is('Outbound known vector (AES-CBC-128, HMAC-SHA256/384/512)', TRANSFORMS, EVERY_WAY),
  is('Outbound known vector (3DES-CBC)', SETKEY, FORBIDDEN),
  is('Outbound known vector (DES-CBC)', SETKEY, FORBIDDEN),
  is(
    'Outbound known vector (NULL, AES-XCBC-MAC)',
    'rfc/esp_algorithm_vectors.test.ts',
    'RFC 3566 §4.6',
  ),
  is('Outbound known vector (HMAC-MD5)', SETKEY, FORBIDDEN),
  is('Inbound known vector (AES-GCM 128/192/256, tunnel IPv4)', VECTORS, PACKET),
  is(
    'Inbound known vector (AES-CBC-128, HMAC-SHA256/384/512)',
    'rfc/rfc4303_linux_captures.test.ts',
    'gives every inner packet, byte for byte',
  ),
  is('Combined test alg list', 'cosim/algorithms.test.ts', '--alg %s'),
  is(
    'Outbound fragmented packet',
    PMTU,
    'fragments that come to the gateway are protected one by one',
  ),
  is('Fragmented packet', PMTU, 'a long datagram is cut before ESP: each piece is protected'),
  is('IPv4 Reassembly with 2 fragments', REASS, ANY_ORDER),
  is(
    'IPv6 Reassembly with 2 fragments',
    'rfc/rfc8200.test.ts',
    'in whatever order they come, they are put together',
  ),
  is('IPv4 Reassembly with 4 fragments', REASS, ANY_ORDER),
  is(
    'IPv6 Reassembly with 4 fragments',
    'rfc/rfc8200.test.ts',
    'in whatever order they come, they are put together',
  ),
  is('IPv4 Reassembly with 5 fragments', REASS, ANY_ORDER),
  is(
    'IPv6 Reassembly with 5 fragments',
    'rfc/rfc8200.test.ts',
    'in whatever order they come, they are put together',
  ),
  is(
    'IPv4 Reassembly with burst of 4 fragments',
    REASS,
    'fragments of many datagrams, interleaved, do not mix',
  ),
  is(
    'IPv6 Reassembly with burst of 4 fragments',
    'rfc/rfc8200.test.ts',
    'in whatever order they come, they are put together',
  ),
  is(
    'IPv4 Reassembly incomplete',
    'rfc/rfc792.test.ts',
    'fragments that are not completed in 60 s',
  ),
  is('IPv4 Reassembly overlapping', 'rfc/rfc5722.test.ts', 'one lies inside another'),
  is('IPv4 Reassembly out of order', REASS, ANY_ORDER),
  ...[1024, 2048, 4096].flatMap(windows),
  is('IV generation', 'rfc/rfc4303_packets.test.ts', 'numbers from 1 and the IV is the number'),
  is(
    'Negative test: ICV corruption',
    'driver/contract_esp.ts',
    'a wrong ICV, or one bit wrong anywhere under it',
  ),
  is('SA soft expiry with packet limit', SADB, 'packets: exactly so many pass'),
  is('SA soft expiry with byte limit', SADB, 'bytes: the soft one tells once'),
  is('SA hard expiry with packet limit', SADB, 'packets: exactly so many pass'),
  is('SA hard expiry with byte limit', SADB, 'at the hard one the SA carries no more'),
  is('UDP encapsulation', 'rfc/rfc3948.test.ts', 'is ESP behind a UDP header of port 4500'),
  is(
    'UDP encapsulation ports verification',
    'rfc/rfc3948.test.ts',
    'ports of the SA are those of its packets',
  ),
  is(
    'Tunnel dst addr verification',
    'unit/netipsec/fail_closed.test.ts',
    'ESP of another mode, or of other ends',
  ),
  is(
    'Tunnel src and dst addr verification',
    'unit/netipsec/fail_closed.test.ts',
    'ESP of another mode, or of other ends',
  ),
  is('Tunnel IPv4 in IPv4', TRANSFORMS, EVERY_WAY),
  is('Tunnel IPv6 in IPv4', TRANSFORMS, EVERY_WAY),
  is('Tunnel IPv4 in IPv6', TRANSFORMS, EVERY_WAY),
  is('Tunnel IPv6 in IPv6', TRANSFORMS, EVERY_WAY),
  is('Transport IPv4', TRANSFORMS, EVERY_WAY),
  is('Transport l4 checksum', 'rfc/rfc3948.test.ts', 'the checksum inside is mended'),
  isNot(
    'Inner IP checksum',
    'a card that checks inner headers by itself: ip_input does it after ESP',
  ),
  isNot('Inner L4 checksum', 'a card that checks inner UDP by itself: udp_input does it after ESP'),
  is('Tunnel header copy DF (inner 0)', PMTU, '%s: inner %o, outer %s'),
  is('Tunnel header copy DF (inner 1)', PMTU, '%s: inner %o, outer %s'),
  is('Tunnel header set DF 0 (inner 1)', PMTU, '%s: inner %o, outer %s'),
  is('Tunnel header set DF 1 (inner 0)', PMTU, '%s: inner %o, outer %s'),
  is(
    'Tunnel header IPv4 copy DSCP (inner 0/1)',
    PMTU,
    'DSCP is copied, or the one that the SA has',
  ),
  is('Tunnel header IPv4 set DSCP 0/1', PMTU, 'DSCP is copied, or the one that the SA has'),
  is('Tunnel header IPv6 copy DSCP (inner 0/1)', 'rfc/rfc4303_ip6.test.ts', FLOW_LABEL),
  is('Tunnel header IPv6 set DSCP 0/1', PMTU, 'DSCP is copied, or the one that the SA has'),
  is('Tunnel header IPv6 copy FLABEL', 'rfc/rfc4303_ip6.test.ts', FLOW_LABEL),
  isNot('Tunnel header IPv6 set FLABEL', 'an SA has no flow label of its own'),
  is('Tunnel header IPv4 decrement inner TTL', PMTU, 'the inner TTL is one less at each gateway'),
  is(
    'Tunnel header IPv6 decrement inner hop limit',
    'rfc/rfc4443.test.ts',
    'passes a packet on, one hop fewer and nothing else changed',
  ),
  is(
    'Statistics: success',
    'unit/netipsec/end_to_end.test.ts',
    'splits the SA counters between card and software',
  ),
  isNot(
    'Inbound Out-Of-Place processing',
    'the card writes plaintext to the buffer that the frame has: there is one',
  ),
  isNot('Inbound Rx Inject', NO_PACKET_OFFLOAD),
];
