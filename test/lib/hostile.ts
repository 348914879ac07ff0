// SPDX-License-Identifier: BSD-2-Clause
/**
 * Hostile frames for a host with IPsec: random bytes, mutated packets of every kind that the stack
 * reads, and mutated packets of a Linux kernel's captures (test/data/linux-esp), whose SAs the host
 * has. Seeded: the same seed makes the same frames, and the same counters.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { ip6Parse } from '../../src/header/ip6.ts';
import { asEthernet } from '../../src/header/link_type.ts';
import { readCapture } from '../../src/header/pcap.ts';
import { Rng } from '../../src/kern/rng.ts';
import { addAddress, drainInet, slowTimo } from '../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../src/netinet/in6_proto.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { Ipsec } from '../../src/netipsec/ipsec.ts';
import { applySetkey, parseSetkey } from '../../src/netipsec/setkey.ts';
import { referenceCksum } from '../reference/cksum.ts';
import { leakCheck } from './leak_check.ts';
import { arpPacket, concat, etherFrame, icmpMessage, ipPacket, udpDatagram } from './packets.ts';
import {
  fragmentHeader,
  icmp6Message,
  ip6Packet,
  ndBody,
  optionsHeader,
  routingHeader,
  sum6,
  udp6Datagram,
} from './packets6.ts';
import { createRig, type Rig } from './rig.ts';

const CAPTURES = new URL('../data/linux-esp/', import.meta.url);

/**
 * Counters that are no end of a frame: what they count goes on, is counted again further up, or is
 * of what the host itself sends.
 */
export const STEPS =
  /^(ether\.received|(ip6?|udp6?|icmp6?)\.received|ip6?\.delivered|(ip6?|if)\.sent|ip6?\.fragment(s|ed)|arp\.(requests|replies)|nd6\.(solicits|adverts)|icmp6?\.(errors|notAbout|limited|noSource)|reass\.(whole|evicted|timedOut)|frag6\.atomic|esp\.in|ah\.in|ipsec\.bypassed)$/;
/** Frames sent because of one that came in: what waited for a neighbour's answer, and an answer. */
const ANSWERS_MAX = 70;

export interface HostileFigures {
  readonly frames: number;
  /** Frames that ended under no name at all. */
  readonly unnamed: number;
  readonly mostAnswers: number;
  readonly mostMbufs: number;
  readonly counters: Record<string, number>;
}

/** Feeds so many frames to a host, looking at each; throws or fails an expectation on a leak. */
export function hostileRun(frames: number, seed: number): HostileFigures {
  const rig = createRig({ mbufs: 512, jumbos: 40 });
  const { inet, ifp, pool, counters } = rig.b;
  for (const a of [0x0a090001, 0x0a090002]) addAddress(inet, ifp, a, 24);
  for (const a of ['fd09::1', 'fd09::2']) addAddress6(inet, ifp, ip6Parse(a), 64);
  const ipsec = new Ipsec({ inet, offload: false, receiveOnly: true });
  inet.ipsec = ipsec;
  const samples = ownSamples(rig);
  samples.push(...captured(ifp.lladdr, (conf) => applySetkey(ipsec, parseSetkey(conf))));
  new UdpSocket(inet)
    .bind(0, 53)
    .bind(ip6Parse('::'), 53)
    .onMessage(() => {});
  const rng = new Rng(seed);
  let answers = 0;
  ifp.onWire = () => {
    answers++;
    return false;
  };
  const ends = endsOf(counters);
  let [unnamed, mostAnswers, mostMbufs] = [0, 0, 0];
  for (let i = 0; i < frames; i++) {
    answers = 0;
    const before = ends();
    const kept = pool.inUse;
    ifp.inject(hostileFrame(samples, rng, ifp.lladdr));
    pool.failNext = rng.below(500) === 0 ? 1 + rng.below(3) : 0;
    ifp.poll();
    pool.failNext = 0;
    // A fragment, or an answer that waits for a neighbour, is kept.
    if (ends() === before && pool.inUse <= kept) unnamed++;
    rig.b.lo.poll();
    mostAnswers = Math.max(mostAnswers, answers);
    mostMbufs = Math.max(mostMbufs, pool.inUse);
    if (i % 256 === 0) {
      rig.clock.cycle += rng.below(5e9);
      slowTimo(inet);
    }
  }
  if (mostAnswers > ANSWERS_MAX) throw new Error(`${mostAnswers} frames sent because of one`);
  drainInet(inet);
  rig.b.lo.drain();
  leakCheck(pool);
  return { frames, unnamed, mostAnswers, mostMbufs, counters: counters.nonZero() };
}

/** Sums the counters that a frame can end under, whichever of them there are by now. */
function endsOf(counters: Rig['b']['counters']): () => number {
  const isEnd = new Map<string, boolean>();
  let last = -1;
  let indices: number[] = [];
  return () => {
    // A counter that counts for the first time is looked at by its name, once.
    let total = 0;
    for (const i of indices) total += counters.n[i]!;
    let all = 0;
    for (let i = 0; i < counters.n.length; i++) if (counters.n[i] !== 0) all++;
    if (all === last) return total;
    last = all;
    const names = Object.keys(counters.nonZero());
    for (const name of names) if (!isEnd.has(name)) isEnd.set(name, !STEPS.test(name));
    const used = [...counters.n.keys()].filter((i) => counters.n[i] !== 0);
    indices = used.filter((_, k) => isEnd.get(names[k]!) === true);
    total = 0;
    for (const i of indices) total += counters.n[i]!;
    return total;
  };
}

/** One end of a link, as its frames name it. */
export interface End {
  readonly addr: number;
  readonly addr6: Uint8Array;
  readonly ifp: { readonly lladdr: Uint8Array };
}

/** Frames from a to b with every format that the stack reads, right in themselves. */
export function ownSamples({ a, b }: { readonly a: End; readonly b: End }): Uint8Array[] {
  const data = Uint8Array.from({ length: 40 }, (_, i) => i);
  const none = new Uint8Array(0);
  const udp = udpDatagram(a.addr, 7, b.addr, 53, data);
  const ip = (proto: number, payload: Uint8Array, more = {}): Uint8Array =>
    ipPacket({ src: a.addr, dst: b.addr, proto, payload, ...more });
  const quoted = ip(17, udpDatagram(b.addr, 53, a.addr, 7, data));
  const udp6 = udp6Datagram(a.addr6, 7, b.addr6, 53, data);
  const ip6 = (nxt: number, ...parts: Uint8Array[]): Uint8Array =>
    ip6Packet({ src: a.addr6, dst: b.addr6, nxt, payload: concat(...parts) });
  const quoted6 = ip6Packet({
    src: b.addr6,
    dst: a.addr6,
    nxt: 17,
    payload: udp6Datagram(b.addr6, 53, a.addr6, 7, data),
  });
  const icmp6 = (type: number, code: number, word: number, body: Uint8Array): Uint8Array =>
    icmp6Message(a.addr6, b.addr6, type, code, word, body);
  const nd = (type: number, target: Uint8Array, option: number): Uint8Array =>
    ip6Packet({
      src: a.addr6,
      dst: b.addr6,
      nxt: 58,
      hlim: 255,
      payload: icmp6(type, 0, 0x60000000, ndBody(target, option, a.ifp.lladdr)),
    });
  const fours = [
    ip(17, udp),
    ip(17, udp, { options: Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0) }),
    ip(17, udp.slice(0, 24), { off: 0x2000 }),
    ip(17, udp.slice(24), { off: 3 }),
    ip(1, icmpMessage(8, 0, 77, data)),
    ip(1, icmpMessage(3, 4, 576, quoted)),
    ip(50, data),
    ip(17, udp, { dst: 0x0a0000ff }),
  ];
  const sixes = [
    ip6(17, udp6),
    ip6(0, optionsHeader(60, Uint8Array.of(5, 2, 0, 0)), optionsHeader(17, none), udp6),
    ip6(43, routingHeader(17, 2, 0), udp6),
    ip6(44, fragmentHeader(17, 0, true, 9), udp6.slice(0, 24)),
    ip6(44, fragmentHeader(17, 24, false, 9), udp6.slice(24)),
    ip6(44, fragmentHeader(17, 0, false, 9), udp6),
    ip6(58, icmp6(128, 0, 7, data)),
    ip6(58, icmp6(2, 0, 1300, quoted6)),
    ip6(58, icmp6(1, 4, 0, quoted6)),
    nd(135, b.addr6, 1),
    nd(136, a.addr6, 2),
    ip6(50, data),
  ];
  const arp = arpPacket(1, a.ifp.lladdr, a.addr, new Uint8Array(6), b.addr);
  const frame = (type: number) => (p: Uint8Array) =>
    etherFrame(b.ifp.lladdr, a.ifp.lladdr, type, p);
  return [...fours.map(frame(0x0800)), ...sixes.map(frame(0x86dd)), frame(0x0806)(arp)];
}

/** Frames of the captures, to this Ethernet address; onConf is given the setkey(8) file of each. */
export function captured(lladdr: Uint8Array, onConf: (conf: string) => void): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (const file of readdirSync(CAPTURES).sort()) {
    if (!file.endsWith('.pcap')) continue;
    const conf = readFileSync(new URL(file.replace('.pcap', '.conf'), CAPTURES), 'utf8');
    // Without a window, so that repeated packets go on as well; ESN needs one.
    const windowless = file.includes('-esn-') ? conf : conf.replaceAll(/-r \d+/g, '');
    onConf(windowless);
    let n = 0;
    for (const f of readCapture(new URL(file, CAPTURES).pathname)) {
      if (++n > 20) break;
      const bytes = Uint8Array.from(asEthernet(f.bytes, f.linkType));
      bytes.set(lladdr);
      frames.push(bytes);
    }
  }
  return frames;
}

/** The next frame: one in ten is random, the others are samples, most of them damaged. */
export function hostileFrame(
  samples: readonly Uint8Array[],
  rng: Rng,
  lladdr: Uint8Array,
): Uint8Array {
  if (rng.below(10) === 0) return randomFrame(rng, lladdr);
  const sample = samples[rng.below(samples.length)]!;
  const cut = rng.below(8) === 0 ? rng.below(sample.length) : 0;
  const grown = rng.below(8) === 0 ? rng.below(64) : 0;
  const frame = new Uint8Array(sample.length - cut + grown);
  frame.set(sample.subarray(0, frame.length));
  // Most damage is done to headers.
  const reach = rng.below(2) === 0 ? Math.min(frame.length, 100) : frame.length;
  for (let n = rng.below(5); n > 0 && reach > 0; n--) {
    const at = rng.below(4) === 0 ? rng.below(reach) : 14 + rng.below(Math.max(reach - 14, 1));
    if (at < frame.length) frame[at] = rng.below(2) === 0 ? rng.below(256) : frame[at]! ^ 1;
  }
  if (rng.below(4) !== 0) repairFrame(frame);
  return frame;
}

function randomFrame(rng: Rng, lladdr: Uint8Array): Uint8Array {
  const frame = new Uint8Array(rng.below(300));
  for (let i = 0; i < frame.length; i++) frame[i] = rng.below(256);
  if (frame.length < 34 || rng.below(4) === 0) return frame;
  frame.set(lladdr);
  const isSix = rng.below(2) === 0;
  frame.set(isSix ? [0x86, 0xdd, 0x60] : [0x08, 0x00, 0x45], 12);
  if (rng.below(2) === 0) repairFrame(frame);
  return frame;
}

/** Makes lengths and the checksums of IPv4 and ICMPv6 right again, so that damage gets past them. */
export function repairFrame(frame: Uint8Array): void {
  const type = (frame[12]! << 8) | frame[13]!;
  const length = frame.length - 14;
  if (type === 0x86dd && length >= 40) {
    frame[18] = (length - 40) >> 8;
    frame[19] = length - 40;
    if (frame[20] === 58 && length >= 44) {
      frame.set([0, 0], 56);
      const sum = sum6(frame.subarray(22, 38), frame.subarray(38, 54), 58, frame.subarray(54));
      frame.set([sum >> 8, sum & 255], 56);
    }
  }
  const hdrLen = (frame[14]! & 15) * 4;
  if (type !== 0x0800 || hdrLen < 20 || length < hdrLen) return;
  frame.set([length >> 8, length & 255], 16);
  frame.set([0, 0], 24);
  const sum = referenceCksum(frame.subarray(14, 14 + hdrLen));
  frame.set([sum >> 8, sum & 255], 24);
}
