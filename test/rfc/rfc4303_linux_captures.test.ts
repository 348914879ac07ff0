// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ipHdrLen } from '../../src/header/ip.ts';
import { readCapture } from '../../src/header/pcap.ts';
import { Ipsec } from '../../src/netipsec/ipsec.ts';
import { applySetkey, parseSetkey } from '../../src/netipsec/setkey.ts';
import { INSIDE_NOTHING } from '../../src/netipsec/xform.ts';
import { XformEsp } from '../../src/netipsec/xform_esp.ts';
import { createRig } from '../lib/rig.ts';

const DIR = new URL('../data/linux-esp/', import.meta.url);
const ETHER = 14;

interface Truth {
  frames: { kind: string; spi: string; seq: number; inner: string }[];
}

/** Captures of a Linux 6.1 kernel's ESP, with the inner packets that it had. */
describe.each(['01-gcm128-transport-v4', '02-gcm256-tunnel-v4', '04-cbc128-sha256-transport-v4'])(
  'RFC 4303: ESP from Linux, %s',
  (name) => {
    const truth = JSON.parse(readFileSync(new URL(`${name}.json`, DIR), 'utf8')) as Truth;
    const frames = [...readCapture(new URL(`${name}.pcap`, DIR).pathname)];
    const conf = readFileSync(new URL(`${name}.conf`, DIR), 'utf8');

    it('gives every inner packet, byte for byte', () => {
      const rig = createRig();
      const { inet, pool } = rig.a;
      const ipsec = new Ipsec({ inet, offload: false, receiveOnly: true });
      applySetkey(ipsec, parseSetkey(conf, `${name}.conf`));
      const xform = new XformEsp(inet, () => {});
      let esp = 0;
      for (const [i, t] of truth.frames.entries()) {
        if (t.kind !== 'esp') continue;
        const packet = frames[i]!.bytes.slice(ETHER);
        const m = pool.allocFor(packet.length);
        pool.append(m, packet.length);
        const at = pool.off[m]!;
        pool.data.set(packet, at);
        pool.adj(m, pool.view.getUint16(at + 2) - packet.length);
        const sa = ipsec.sadb.find(pool.view.getUint32(at + 16), Number(t.spi))!;
        const inside = xform.input(m, sa, ipHdrLen(pool.view, at), false, 0);
        expect(inside, `frame ${i}: ${JSON.stringify(rig.a.counters.nonZero())}`).not.toBe(
          INSIDE_NOTHING,
        );
        const from = pool.off[m]!;
        const inner = Buffer.from(pool.data.slice(from, from + pool.len[m]!)).toString('hex');
        expect(inner, `frame ${i}`).toBe(t.inner);
        pool.free(m);
        esp++;
      }
      expect(esp).toBe(truth.frames.filter((t) => t.kind === 'esp').length);
      expect(esp).toBeGreaterThan(50);
      rig.end();
    });

    it('refuses every packet the second time', () => {
      const rig = createRig();
      const { inet, pool, counters } = rig.a;
      const ipsec = new Ipsec({ inet, offload: false, receiveOnly: true });
      inet.ipsec = ipsec;
      applySetkey(ipsec, parseSetkey(conf));
      const espFrames = truth.frames.flatMap((t, i) =>
        t.kind === 'esp' ? [frames[i]!.bytes] : [],
      );
      for (let round = 0; round < 2; round++) {
        for (const frame of espFrames) {
          const packet = frame.slice(ETHER);
          const m = pool.allocFor(packet.length);
          pool.append(m, packet.length);
          pool.data.set(packet, pool.off[m]!);
          ipsec.input(m, 4, 20, 50);
        }
      }
      expect(counters.get('esp.inOk')).toBe(espFrames.length);
      expect(counters.get('esp.replay')).toBe(espFrames.length);
      rig.end();
    });
  },
);
