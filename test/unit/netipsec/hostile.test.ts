// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cksum } from '../../../src/header/cksum.ts';
import { readCapture } from '../../../src/header/pcap.ts';
import { Rng } from '../../../src/kern/rng.ts';
import { addAddress } from '../../../src/netinet/in_proto.ts';
import { ipInput } from '../../../src/netinet/ip_input.ts';
import { Ipsec } from '../../../src/netipsec/ipsec.ts';
import { applySetkey, parseSetkey } from '../../../src/netipsec/setkey.ts';
import { createRig } from '../../lib/rig.ts';

const DIR = new URL('../../data/linux-esp/', import.meta.url);
const NAMES = [
  '01-gcm128-transport-v4',
  '02-gcm256-tunnel-v4',
  '04-cbc128-sha256-transport-v4',
] as const;
const ETHER = 14;
const PACKETS = 20_000;

/** What an ESP packet can end as, each counted once. */
const ENDS = [
  ...['esp.inOk', 'esp.noSa', 'esp.runt', 'esp.badLength', 'esp.badIcv'],
  ...['esp.badPad', 'esp.badNextHeader', 'esp.badInner', 'esp.dummy', 'esp.ecnDrop'],
  ...['esp.reportMisfit', 'ipsec.noTag'],
];

describe('hostile ESP', () => {
  it.each(NAMES)('mutated packets of %s: no throw, no leak, each counted once', (name) => {
    const rig = createRig({ mbufs: 64, jumbos: 64 });
    const { inet, pool, counters, ifp } = rig.a;
    for (const a of [0x0a090001, 0x0a090002]) addAddress(inet, ifp, a, 24);
    const ipsec = new Ipsec({ inet, offload: false, receiveOnly: true });
    inet.ipsec = ipsec;
    // Without a window, so that the crypto sees every packet.
    const conf = readFileSync(new URL(`${name}.conf`, DIR), 'utf8').replaceAll('-r 4', '');
    applySetkey(ipsec, parseSetkey(conf));
    const frames = [...readCapture(new URL(`${name}.pcap`, DIR).pathname)]
      .map((f) => Uint8Array.from(f.bytes.subarray(ETHER)))
      .filter((p) => p[0] === 0x45 && p[9] === 50);
    expect(frames.length).toBeGreaterThan(50);
    const rng = new Rng(7);
    for (let i = 0; i < PACKETS; i++) {
      const packet = mutate(frames[rng.below(frames.length)]!.slice(), rng);
      const m = pool.allocFor(packet.length);
      pool.append(m, packet.length);
      pool.data.set(packet, pool.off[m]!);
      pool.rcvIf[m] = ifp.index;
      pool.tags.failNext = rng.below(50) === 0 ? 1 : 0;
      ipInput(inet, m);
      rig.pump();
    }
    expect(ENDS.reduce((n, end) => n + counters.get(end), 0)).toBe(counters.get('esp.in'));
    expect(counters.get('esp.in')).toBeGreaterThan(PACKETS / 2);
    expect(counters.get('esp.badIcv')).toBeGreaterThan(PACKETS / 4);
    expect(counters.get('esp.inOk')).toBeGreaterThan(PACKETS / 20);
    rig.end();
  });
});

/** Some bytes changed, the end cut or grown; the IP header's sum and length mostly put right. */
function mutate(p: Uint8Array, rng: Rng): Uint8Array {
  let packet = p;
  const kind = rng.below(10);
  if (kind < 6) {
    for (let n = rng.below(4); n >= 0; n--)
      packet[20 + rng.below(p.length - 20)]! ^= 1 << rng.below(8);
  } else if (kind === 6) {
    packet = packet.slice(0, 20 + rng.below(p.length - 20));
  } else if (kind === 7) {
    const longer = new Uint8Array(p.length + rng.below(64));
    longer.set(p);
    packet = longer;
  } else if (kind === 8) {
    packet[rng.below(20)]! ^= 1 << rng.below(8);
  }
  if (rng.below(20) === 0) return packet;
  const v = new DataView(packet.buffer);
  v.setUint16(2, packet.length);
  v.setUint16(10, 0);
  v.setUint16(10, cksum(v, 0, 20));
  return packet;
}
