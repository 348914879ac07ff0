// SPDX-License-Identifier: BSD-2-Clause
import type { WireSa } from '../../src/harness/oracle/wire_sa.ts';
import { type EspOptions, esp, ether, ipv4, udp } from '../unit/harness/esp_frame.ts';
import { type PcapOptions, pcap, pcapng } from './capture_file.ts';

// Captures that a replay has to sort out, made with node:crypto. Keys and addresses are made up.
const SRC = '10.9.0.1';
const DST = '10.9.0.2';
const OUTER = { proto: 50, src: SRC, dst: DST };

const base: WireSa = {
  spi: 0xadec4e98,
  dst: DST,
  mode: 'transport',
  alg: 'aes-gcm-16',
  key: Buffer.from('b35a6f0ad1765fe404d3de8441996ef3', 'hex'),
  salt: Buffer.from('a82e1063', 'hex'),
};
const tunnel: WireSa = { ...base, spi: 0x2000, mode: 'tunnel', key: Buffer.alloc(32, 0x5a) };
const esn: WireSa = { ...base, spi: 0x3000, esn: true };
const aes192: WireSa = { ...base, spi: 0x4000, key: Buffer.alloc(24, 0x77) };

function line(sa: WireSa): string {
  const key = Buffer.concat([sa.key, sa.salt!]).toString('hex');
  const window = sa.esn ? '-esn ' : '';
  return `add ${SRC} ${sa.dst} esp 0x${sa.spi.toString(16)} -m ${sa.mode} -r 4 ${window}-E aes-gcm-16 0x${key};`;
}

/** An SA that its file says to encapsulate, and whose time would long be over. */
const mortal: WireSa = { ...base, spi: 0x5000, key: Buffer.alloc(16, 0x33) };
const mortalLine = line(mortal).replace(
  ' -m ',
  ` -natt ${SRC} [4500] ${DST} [4500] -bs 1 -bh 1 -m `,
);

/** setkey(8) file of all SAs here. */
export const SETKEY = `${[base, tunnel, esn, aes192].map(line).join('\n')}\n${mortalLine}\n`;

/** UDP datagram n of sizeBytes. */
function datagram(n: number, sizeBytes = 100): Buffer {
  const data = Buffer.alloc(sizeBytes, n);
  return udp(SRC, DST, 1000 + n, 9, data);
}

function packet(n: number, o: Partial<EspOptions> = {}, data = datagram(n)): Buffer {
  return esp({ sa: base, seq: n, nextHeader: 17, ...o }, data);
}

function frame(n: number, o: Partial<EspOptions> = {}, data = datagram(n)): Buffer {
  return ether(ipv4(OUTER, packet(n, o, data)));
}

/** What must come out for datagram n in transport mode. */
function inner(n: number, data = datagram(n), options?: Buffer): Buffer {
  const head = { ...OUTER, proto: 17, ...(options === undefined ? {} : { options }) };
  return ipv4(head, data);
}

function flipped(b: Buffer, at: number): Buffer {
  const copy = Buffer.from(b);
  copy[copy.length + at]! ^= 4;
  return copy;
}

export interface ReplayCase {
  readonly name: string;
  readonly capture: Buffer;
  /** Figures that are not zero, `esp` and `frames` among them. */
  readonly figures: Readonly<Record<string, number>>;
  /** notOffloaded, when there is a card. */
  readonly notOffloaded?: number;
  readonly inner: readonly Buffer[];
  /** Only software sees it otherwise than the card. */
  readonly softwareFigures?: Readonly<Record<string, number>>;
}

function ok(
  name: string,
  frames: readonly Buffer[],
  out: readonly Buffer[],
  more: Partial<ReplayCase> & { readonly pcap?: PcapOptions } = {},
): ReplayCase {
  const n = out.length;
  const figures = { frames: frames.length, esp: n, decrypted: n };
  return { name, capture: pcap(frames, more.pcap), figures, inner: out, ...more };
}

const options = Buffer.from('0701040094040000', 'hex').subarray(4);
const fragmented = packet(1, {}, datagram(1, 2000));
const fragment = (from: number, to: number, flags: number): Buffer =>
  ether(ipv4({ ...OUTER, id: 7, fragment: flags | (from / 8) }, fragmented.subarray(from, to)));
const tunnelled = ipv4({ proto: 17, src: '192.168.1.1', dst: '192.168.2.1' }, datagram(9));
const noSum = (f: Buffer): Buffer => {
  const copy = Buffer.from(f);
  copy.fill(0, 24, 26);
  return copy;
};
const natt = (data: Buffer): Buffer =>
  ether(ipv4({ ...OUTER, proto: 17 }, udp(SRC, DST, 4500, 4500, data)));
const arp = ether(Buffer.alloc(46), 0x0806);
const clearUdp = ether(ipv4({ proto: 17, src: SRC, dst: DST }, datagram(3)));
const others = frame(1);
others.set([1, 0, 0x5e, 0, 0, 1], 0);
const vlan = Buffer.concat([
  frame(1).subarray(0, 12),
  Buffer.from('81000005', 'hex'),
  frame(1).subarray(12),
]);
/** Linux cooked headers, both versions, in place of Ethernet's. */
const cooked = (f: Buffer): Buffer =>
  Buffer.concat([Buffer.from('0000000100060200000000010000', 'hex'), f.subarray(12)]);
const cooked2 = (f: Buffer): Buffer =>
  Buffer.concat([
    f.subarray(12, 14),
    Buffer.from('000000000003000100060200000000010000', 'hex'),
    f.subarray(14),
  ]);
const many = Array.from({ length: 150 }, (_, i) => i + 1);

export const CASES: readonly ReplayCase[] = [
  ok('transport mode', [frame(1), frame(2)], [inner(1), inner(2)]),
  ok('a tunnel with AES-256', [frame(1, { sa: tunnel, nextHeader: 4 }, tunnelled)], [tunnelled]),
  ok(
    '150 packets, of 1 to 8800 bytes',
    many.map((n) => frame(n, {}, datagram(n, size(n)))),
    [...many.map((n) => inner(n, datagram(n, size(n))))],
  ),
  ok(
    'a sequence that begins late',
    [frame(1, { seq: 0xfffffff0 }), frame(2, { seq: 0xfffffff1 })],
    [inner(1), inner(2)],
  ),
  ok(
    'order turned round inside the window',
    [frame(5), frame(3), frame(4)],
    [5, 3, 4].map((n) => inner(n)),
  ),
  ok(
    'IP options before ESP',
    [ether(ipv4({ ...OUTER, options }, packet(1)))],
    [inner(1, datagram(1), options)],
  ),
  ok('an outer header whose sum the card was to fill in', [noSum(frame(1))], [inner(1)]),
  ok('padding of the link', [Buffer.concat([frame(1), Buffer.alloc(30, 0xff)])], [inner(1)]),
  ok('frames to a group and to others', [others], [inner(1)]),
  ok('raw IP', [frame(1).subarray(14), frame(2).subarray(14)], [inner(1), inner(2)], {
    pcap: { linkType: 101 },
  }),
  ok('pcap of nanoseconds, big endian', [frame(1), frame(2)], [inner(1), inner(2)], {
    pcap: { nanoseconds: true, bigEndian: true },
  }),
  ok('Linux cooked', [cooked(frame(1)), cooked(vlan)], [inner(1)], {
    pcap: { linkType: 113 },
    figures: { frames: 2, esp: 2, decrypted: 1, replayed: 1 },
  }),
  ok('Linux cooked v2', [cooked2(frame(1)), cooked2(frame(2))], [inner(1), inner(2)], {
    pcap: { linkType: 276 },
  }),
  ok(
    'BSD loopback',
    [Buffer.concat([Buffer.from([2, 0, 0, 0]), frame(1).subarray(14)])],
    [inner(1)],
    {
      pcap: { linkType: 0 },
    },
  ),
  {
    name: 'link headers that are cut short',
    capture: pcap([cooked2(frame(1)).subarray(0, 19), cooked2(frame(2))], { linkType: 276 }),
    figures: { frames: 2, esp: 1, decrypted: 1, malformed: 1 },
    inner: [inner(2)],
  },
  {
    name: 'pcapng with an interface of another kind, that says nothing',
    capture: pcapng([189, 1], [{ on: 1, bytes: frame(1) }]),
    figures: { frames: 1, esp: 1, decrypted: 1 },
    inner: [inner(1)],
  },
  {
    name: 'pcapng with an Ethernet and a raw IP interface',
    capture: pcapng(
      [1, 101],
      [
        { on: 1, bytes: frame(1).subarray(14) },
        { on: 0, bytes: frame(2) },
      ],
    ),
    figures: { frames: 2, esp: 2, decrypted: 2 },
    inner: [inner(1), inner(2)],
  },
  ok(
    'fragments of ESP, in any order',
    [fragment(800, 1600, 0x2000), fragment(1600, 9999, 0), fragment(0, 800, 0x2000)],
    [ipv4({ ...OUTER, proto: 17, id: 7 }, datagram(1, 2000))],
    {
      figures: { frames: 3, esp: 1, decrypted: 1 },
      notOffloaded: 1,
    },
  ),
  ok('a VLAN tag', [vlan], [inner(1)]),
  ok(
    'a frame larger than the card takes',
    [frame(1, {}, datagram(1, 9400))],
    [inner(1, datagram(1, 9400))],
    { notOffloaded: 1 },
  ),
  ok('AES-192', [frame(1, { sa: aes192 })], [inner(1)], { notOffloaded: 1 }),
  ok(
    'ESN in the middle of its life',
    [6, 7, 8].map((n) =>
      frame(n, { sa: esn, seq: (0xfffffff0 + 2 * n) >>> 0, esnHi: 7 + (n > 7 ? 1 : 0) }),
    ),
    [6, 7, 8].map((n) => inner(n)),
    { notOffloaded: 3 },
  ),
  ok(
    'ESP in UDP (RFC 3948)',
    [ether(ipv4({ ...OUTER, proto: 17 }, udp(SRC, DST, 4500, 4500, packet(1))))],
    [inner(1)],
  ),
  ok(
    'ESP in UDP between other ports, under an SA of the file',
    [ether(ipv4({ ...OUTER, proto: 17 }, udp(SRC, DST, 40001, 40002, packet(1))))],
    [inner(1)],
    { notOffloaded: 1 },
  ),
  ok(
    'an SA with a lifetime and NAT traversal, in UDP and without',
    [natt(packet(1, { sa: mortal })), frame(2, { sa: mortal })],
    [inner(1), inner(2)],
  ),
  ok('keep-alive and IKE at port 4500', [natt(Buffer.from([0xff])), natt(Buffer.alloc(40))], []),
  {
    name: 'ESP in UDP of an SPI that no SA has',
    capture: pcap([natt(packet(1, { sa: { ...base, spi: 0x9999 } }))]),
    figures: { frames: 1, esp: 1, unknownSa: 1 },
    inner: [],
  },
  ok('what is no ESP', [arp, clearUdp, ether(Buffer.alloc(60), 0x88b5)], []),
  {
    name: 'a bit flipped in text and in ICV',
    capture: pcap([frame(1), flipped(frame(2), -30), flipped(frame(3), -1), frame(4)]),
    figures: { frames: 4, esp: 4, decrypted: 2, authFailed: 2 },
    inner: [inner(1), inner(4)],
  },
  {
    name: 'a frame that comes twice, and one too old for the window',
    capture: pcap([frame(50), frame(50), frame(18), frame(51)]),
    figures: { frames: 4, esp: 4, decrypted: 2, replayed: 2 },
    inner: [inner(50), inner(51)],
  },
  {
    name: 'an SPI, and a destination, that no SA has',
    capture: pcap([
      frame(1, { sa: { ...base, spi: 0x9999 } }),
      ether(ipv4({ ...OUTER, dst: '10.9.0.3' }, packet(2))),
      frame(3),
    ]),
    figures: { frames: 3, esp: 3, decrypted: 1, unknownSa: 2 },
    inner: [inner(3)],
  },
  {
    name: 'padding that is not 1, 2, 3; a pad length past the text; a runt of ESP',
    capture: pcap([
      frame(1, { trailer: Buffer.from([1, 9, 2, 17]) }),
      frame(2, { trailer: Buffer.from([1, 2, 255, 17]) }),
      ether(ipv4(OUTER, packet(3).subarray(0, 12))),
      frame(4),
    ]),
    figures: { frames: 4, esp: 4, decrypted: 1, malformed: 3 },
    inner: [inner(4)],
  },
  {
    name: 'a text that is not in 32-bit words (RFC 4303 §2.4)',
    capture: pcap([frame(1, { trailer: Buffer.from([0, 17]) }, datagram(1, 101))]),
    figures: { frames: 1, esp: 1, malformed: 1 },
    inner: [],
  },
  {
    name: 'dummy packets (RFC 4303 §2.6)',
    capture: pcap([frame(1, { nextHeader: 59 }), frame(2)]),
    figures: { frames: 2, esp: 2, decrypted: 1, dummy: 1 },
    inner: [inner(2)],
  },
  {
    name: 'packets that the capture cut',
    capture: pcap([frame(1), clearUdp, arp], { snapLen: 58 }),
    figures: { frames: 3, esp: 1, malformed: 3 },
    inner: [],
  },
  {
    name: 'frames too short to be any',
    capture: pcap([Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(13), frame(1)]),
    figures: { frames: 4, esp: 1, decrypted: 1, malformed: 3 },
    inner: [inner(1)],
  },
  {
    name: 'broken IP headers',
    capture: pcap([flipped(frame(1), 11 - frame(1).length + 14), ether(Buffer.alloc(30, 0x45))]),
    figures: { frames: 2, esp: 1, malformed: 2 },
    inner: [],
  },
  {
    name: 'fragments that do not all come',
    capture: pcap([fragment(0, 800, 0x2000), frame(2)]),
    figures: { frames: 2, esp: 1, decrypted: 1, malformed: 1 },
    inner: [inner(2)],
  },
  { name: 'no packet at all', capture: pcap([]), figures: {}, inner: [] },
];

function size(n: number): number {
  return n % 10 === 0 ? 8800 : 1 + ((n * 37) % 1400);
}
