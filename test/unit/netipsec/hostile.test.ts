// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cksum } from '../../../src/header/cksum.ts';
import { ip6Parse } from '../../../src/header/ip6.ts';
import { readCapture } from '../../../src/header/pcap.ts';
import { Rng } from '../../../src/kern/rng.ts';
import { addAddress } from '../../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../../src/netinet/in6_proto.ts';
import { inputEither } from '../../../src/netipsec/ip_either.ts';
import { Ipsec } from '../../../src/netipsec/ipsec.ts';
import { applySetkey, parseSetkey } from '../../../src/netipsec/setkey.ts';
import { createRig } from '../../lib/rig.ts';

const DIR = new URL('../../data/linux-esp/', import.meta.url);
const NAMES = [
  ['01-gcm128-transport-v4', 'esp'],
  ['02-gcm256-tunnel-v4', 'esp'],
  ['04-cbc128-sha256-transport-v4', 'esp'],
  ['20-ctr256-sha256-tunnel-v6', 'esp'],
  ['23-ccm192-icv12-transport-v6', 'esp'],
  ['24-chacha20-transport-v4', 'esp'],
  ['26-gmac128-transport-v4', 'esp'],
  ['31-ah-sha256-tunnel-v4', 'ah'],
  ['34-ah-sha512-options-transport-v4', 'ah'],
  ['35-ah-sha256-extensions-transport-v6', 'ah'],
] as const;
const ETHER = 14;
const PACKETS = 8_000;

/** What a packet can end as, each counted once. */
const ENDS = {
  esp: [
    ...['esp.inOk', 'esp.noSa', 'esp.runt', 'esp.badLength', 'esp.badIcv'],
    ...['esp.badPad', 'esp.badNextHeader', 'esp.badInner', 'esp.dummy', 'esp.ecnDrop'],
    ...['esp.reportMisfit', 'ipsec.noTag'],
  ],
  ah: [
    ...['ah.inOk', 'ah.noSa', 'ah.runt', 'ah.badLength', 'ah.badHeaders', 'ah.badIcv'],
    ...['ah.badNextHeader', 'ah.badInner', 'ah.ecnDrop', 'ipsec.noTag'],
  ],
};
const PROTO = { esp: 50, ah: 51 };

describe('hostile ESP and AH', () => {
  it.each(NAMES)('mutated packets of %s: no throw, no leak, each counted once', (name, kind) => {
    const rig = createRig({ mbufs: 64, jumbos: 64 });
    const { inet, pool, counters, ifp } = rig.a;
    for (const a of [0x0a090001, 0x0a090002]) addAddress(inet, ifp, a, 24);
    for (const a of ['fd09::1', 'fd09::2']) addAddress6(inet, ifp, ip6Parse(a), 64);
    const ipsec = new Ipsec({ inet, offload: false, receiveOnly: true });
    inet.ipsec = ipsec;
    // Without a window, so that the crypto sees every packet.
    const conf = readFileSync(new URL(`${name}.conf`, DIR), 'utf8').replaceAll('-r 4', '');
    applySetkey(ipsec, parseSetkey(conf));
    const frames = [...readCapture(new URL(`${name}.pcap`, DIR).pathname)]
      .map((f) => Uint8Array.from(f.bytes.subarray(ETHER)))
      .filter((p) => protoOf(p) === PROTO[kind]);
    expect(frames.length).toBeGreaterThan(20);
    const rng = new Rng(7);
    for (let i = 0; i < PACKETS; i++) {
      const packet = mutate(frames[rng.below(frames.length)]!.slice(), rng);
      const m = pool.allocFor(packet.length);
      pool.append(m, packet.length);
      pool.data.set(packet, pool.off[m]!);
      pool.rcvIf[m] = ifp.index;
      pool.tags.failNext = rng.below(50) === 0 ? 1 : 0;
      inputEither(inet, m);
      rig.pump();
    }
    const arrived = counters.get(`${kind}.in`);
    expect(ENDS[kind].reduce((n, end) => n + counters.get(end), 0)).toBe(arrived);
    expect(arrived).toBeGreaterThan(PACKETS / 2);
    expect(counters.get(`${kind}.badIcv`)).toBeGreaterThan(PACKETS / 5);
    expect(counters.get(`${kind}.inOk`)).toBeGreaterThan(PACKETS / 20);
    rig.end();
  });
});

/** Bytes in front of ESP or AH. */
function headersOf(p: Uint8Array): number {
  if (p[0]! >> 4 === 4) return (p[0]! & 15) * 4;
  let at = 40;
  for (let next = p[6]; next === 0 || next === 43 || next === 60; ) {
    next = p[at];
    at += 8 * (p[at + 1]! + 1);
  }
  return at;
}

function protoOf(p: Uint8Array): number {
  if (p[0]! >> 4 === 4) return p[9]!;
  let next = p[6]!;
  for (let at = 40; next === 0 || next === 43 || next === 60; at += 8 * (p[at + 1]! + 1)) {
    next = p[at]!;
  }
  return next;
}

/** Some bytes changed, the end cut or grown; length and sum of the IP header mostly put right. */
function mutate(p: Uint8Array, rng: Rng): Uint8Array {
  let packet = p;
  const headersLen = headersOf(p);
  const kind = rng.below(10);
  if (kind < 6) {
    for (let n = rng.below(4); n >= 0; n--)
      packet[headersLen + rng.below(p.length - headersLen)]! ^= 1 << rng.below(8);
  } else if (kind === 6) {
    packet = packet.slice(0, headersLen + rng.below(p.length - headersLen));
  } else if (kind === 7) {
    const longer = new Uint8Array(p.length + rng.below(64));
    longer.set(p);
    packet = longer;
  } else if (kind === 8) {
    packet[rng.below(headersLen)]! ^= 1 << rng.below(8);
  }
  if (rng.below(20) === 0) return packet;
  const v = new DataView(packet.buffer);
  if (packet[0]! >> 4 === 6) {
    v.setUint16(4, packet.length - 40);
    return packet;
  }
  v.setUint16(2, packet.length);
  v.setUint16(10, 0);
  v.setUint16(10, cksum(v, 0, Math.min(packet.length, (packet[0]! & 15) * 4)));
  return packet;
}
