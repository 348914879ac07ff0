// SPDX-License-Identifier: BSD-2-Clause
// The cases of DPDK's app/test/test_security_inline_proto.c, by the names in its table
// inline_ipsec_testsuite, as that was at commit 026fb64a26aa.
import { is, isNot } from './cases.ts';

const VECTORS = 'rfc/rfc4106_rfc3602_vectors.test.ts';
const PACKET = 'seal gives the packet, open gives the text, byte for byte';
const TRANSFORMS = 'unit/netipsec/transforms.test.ts';
const EVERY_WAY = '%s, IPv%i in IPv%i';
const FORBIDDEN = '%s is refused with the reason';
const SETKEY = 'unit/netipsec/setkey.test.ts';
const CAPTURES = 'replay of what Linux sent, by software, gives every packet byte for byte';
const REPLAYED = 'cli/replay_linux.test.ts';
const DSCP = 'DSCP is copied, or the one that the SA has; ECN is copied either way (RFC 6040 §4.1)';
const ANY_ORDER6 = 'in whatever order they come, they are put together, behind whatever headers';
const PMTU = 'rfc/rfc4301_pmtu.test.ts';
const REPLAY = 'rfc/rfc4303_replay.test.ts';
const ESN = 'rfc/rfc4303_esn.test.ts';
const LIFETIMES = 'rfc/rfc4301_lifetimes.test.ts';
const BYTES = 'bytes: the soft one tells once, at the hard one the SA carries no more';
const SADB_UNIT = 'unit/netipsec/sadb.test.ts';
const FAIL_CLOSED = 'unit/netipsec/fail_closed_in.test.ts';
const OTHER_ENDS = 'ESP of another mode, or of other ends, than policy asks for is refused';
const FIXED_DSCP6 = 'RFC 4301 §5.1.2.2: or the DSCP that the SA has';
const REASS = 'rfc/rfc791.test.ts';
const ANY_ORDER = 'fragments in any order, some twice, by any MTUs, make the datagram';
const FLOW_LABEL =
  'RFC 4301 §5.1.2.2: the header of a tunnel has traffic class and flow label of the inner one';
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

/** What the case is about, as it stands between the brackets of its name. */
const vector = (direction: 'Outbound' | 'Inbound', alg: string, family = 4) =>
  `${direction} known vector (ESP tunnel mode IPv${family} ${alg})`;

const SHA2 = ['HMAC-SHA256 [16B ICV]', 'HMAC-SHA384 [24B ICV]', 'HMAC-SHA512 [32B ICV]'];

const vectors = (direction: 'Outbound' | 'Inbound') => {
  // What software seals, reference code opens; what it opens, Linux has sealed.
  const [file, test] = direction === 'Outbound' ? [TRANSFORMS, EVERY_WAY] : [REPLAYED, CAPTURES];
  return [
    ...['128', '192', '256'].map((bits) =>
      is(vector(direction, `AES-GCM ${bits}`), VECTORS, PACKET),
    ),
    ...SHA2.map((mac) => is(vector(direction, `AES-CBC 128 ${mac}`), file, test)),
    is(vector(direction, 'AES-GCM 128', 6), file, test),
    is(vector(direction, 'AES-CBC 128 HMAC-SHA256 [16B ICV]', 6), file, test),
    is(
      vector(direction, 'NULL AES-XCBC-MAC [12B ICV]'),
      'rfc/esp_algorithm_vectors.test.ts',
      'RFC 3566 §4.6, cases 1 and 2',
    ),
    ...[
      'AES-CBC MD5 [12B ICV]',
      ...SHA2.flatMap((mac) => [`3DES-CBC ${mac}`, `DES-CBC ${mac}`]),
    ].map((alg) => is(vector(direction, alg), SETKEY, FORBIDDEN)),
    ...['3DES-CBC', 'DES-CBC'].map((alg) =>
      is(vector(direction, `${alg} HMAC-SHA256 [16B ICV]`, 6), SETKEY, FORBIDDEN),
    ),
  ];
};

export const DPDK = [
  ...vectors('Outbound'),
  is(
    'Outbound fragmented packet',
    PMTU,
    'fragments that come to the gateway are protected one by one',
  ),
  ...vectors('Inbound'),
  is(vector('Inbound', 'AES-CBC 128'), SADB_UNIT, 'refuses with "%s" an SA with %o'),
  is('Combined test alg list', 'cosim/algorithms.test.ts', '--alg %s'),
  is(
    'UDP encapsulation',
    'rfc/rfc3948.test.ts',
    'is ESP behind a UDP header of port 4500 with no checksum, and comes out of it',
  ),
  is(
    'UDP encapsulation ports verification test',
    'rfc/rfc3948.test.ts',
    'ports of the SA are those of its packets',
  ),
  is(
    'Negative test: ICV corruption',
    'driver/contract_esp.ts',
    'a wrong ICV, or one bit wrong anywhere under it: no byte reaches the host',
  ),
  is('Tunnel dst addr verification', FAIL_CLOSED, OTHER_ENDS),
  is('Tunnel src and dst addr verification', FAIL_CLOSED, OTHER_ENDS),
  isNot(
    'Inner IP checksum',
    'a card that checks inner headers by itself: ip_input does it after ESP',
  ),
  isNot('Inner L4 checksum', 'a card that checks inner UDP by itself: udp_input does it after ESP'),
  is('Tunnel IPv4 in IPv4', TRANSFORMS, EVERY_WAY),
  is('Tunnel IPv6 in IPv6', TRANSFORMS, EVERY_WAY),
  is('Tunnel IPv4 in IPv6', TRANSFORMS, EVERY_WAY),
  is('Tunnel IPv6 in IPv4', TRANSFORMS, EVERY_WAY),
  is('Transport IPv4', TRANSFORMS, EVERY_WAY),
  isNot(
    'Transport l4 checksum',
    'a card that checks UDP under ESP by itself: udp_input does it when ESP is off',
  ),
  is(
    'Statistics: success',
    'unit/netipsec/end_to_end.test.ts',
    'splits the SA counters between card and software',
  ),
  is(
    'Fragmented packet',
    PMTU,
    'a long datagram is cut before ESP: each piece is protected, none is cut on the way',
  ),
  ...['copy DF (inner 0)', 'copy DF (inner 1)', 'set DF 0 (inner 1)', 'set DF 1 (inner 0)'].map(
    (what) => is(`Tunnel header ${what}`, PMTU, '%s: inner %o, outer %s'),
  ),
  ...['copy DSCP (inner 0)', 'copy DSCP (inner 1)'].flatMap((what) => [
    is(`Tunnel header IPv4 ${what}`, PMTU, DSCP),
    is(`Tunnel header IPv6 ${what}`, 'rfc/rfc4303_ip6.test.ts', FLOW_LABEL),
  ]),
  ...['set DSCP 0 (inner 1)', 'set DSCP 1 (inner 0)'].flatMap((what) => [
    is(`Tunnel header IPv4 ${what}`, PMTU, DSCP),
    is(`Tunnel header IPv6 ${what}`, 'rfc/rfc4303_ip6.test.ts', FIXED_DSCP6),
  ]),
  ...['copy FLABEL (inner 0)', 'copy FLABEL (inner 1)'].map((what) =>
    is(`Tunnel header IPv6 ${what}`, 'rfc/rfc4303_ip6.test.ts', FLOW_LABEL),
  ),
  ...['set FLABEL 0 (inner 1)', 'set FLABEL 1 (inner 0)'].map((what) =>
    isNot(
      `Tunnel header IPv6 ${what}`,
      'an SA has no flow label of its own: the inner one is copied',
    ),
  ),
  is(
    'Tunnel header IPv4 decrement inner TTL',
    PMTU,
    'the inner TTL is one less at each gateway, however long the tunnel; it has its own',
  ),
  is(
    'Tunnel header IPv6 decrement inner hop limit',
    'rfc/rfc4443.test.ts',
    'passes a packet on, one hop fewer and nothing else changed',
  ),
  is('IV generation', 'rfc/rfc4303_packets.test.ts', 'numbers from 1 and the IV is the number'),
  is('SA soft expiry with packet limit', LIFETIMES, 'packets: exactly so many pass'),
  is('SA soft expiry with byte limit', LIFETIMES, BYTES),
  is('SA hard expiry with packet limit', LIFETIMES, 'packets: exactly so many pass'),
  is('SA hard expiry with byte limit', LIFETIMES, BYTES),
  ...[1024, 2048, 4096].flatMap(windows),
  ...[2, 4, 5].flatMap((n) => [
    is(`IPv4 Reassembly with ${n} fragments`, REASS, ANY_ORDER),
    is(`IPv6 Reassembly with ${n} fragments`, 'rfc/rfc8200.test.ts', ANY_ORDER6),
  ]),
  is(
    'IPv4 Reassembly with incomplete fragments',
    'rfc/rfc792.test.ts',
    'fragments that are not completed in 60 s: code 1, if the first one is here',
  ),
  is(
    'IPv4 Reassembly with overlapping fragments',
    'rfc/rfc5722.test.ts',
    'overlapping fragments give the datagram up (RFC 5722 §4)',
  ),
  is('IPv4 Reassembly with out of order fragments', REASS, ANY_ORDER),
  is(
    'IPv4 Reassembly with burst of 4 fragments',
    REASS,
    'fragments of many datagrams, interleaved, do not mix',
  ),
  isNot(
    'Inbound Out-Of-Place processing',
    'the card writes plaintext to the buffer that the frame has: there is one',
  ),
  isNot('Inbound Rx Inject processing', NO_PACKET_OFFLOAD),
];
