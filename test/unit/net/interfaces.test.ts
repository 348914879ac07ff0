// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCapture } from '../../../src/header/pcap.ts';
import { PcapngWriter } from '../../../src/header/pcapng.ts';
import { ENOBUFS } from '../../../src/kern/errno.ts';
import { M_LOOP, NO_MBUF } from '../../../src/kern/mbuf.ts';
import { FaultIf, type Faults } from '../../../src/net/if_fault.ts';
import { capture } from '../../../src/net/if_pcap.ts';
import { IfWrapper } from '../../../src/net/if_wrapper.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { icmpEcho } from '../../../src/netinet/icmp.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import {
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
} from '../../../src/netipsec/pact.ts';
import { createRig, type Rig } from '../../lib/rig.ts';
import { knowEachOther, watch } from '../../lib/wire.ts';
import { FakeCard } from '../netipsec/fake_card.ts';
import { createIpsecRig, GCM_SAS, TRANSPORT } from '../netipsec/ipsec_rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.end());

const packet = (...bytes: number[]): number => {
  const { pool } = rig.a;
  const m = pool.alloc();
  pool.append(m, bytes.length);
  pool.data.set(bytes, pool.off[m]!);
  return m;
};
const bytesOf = (m: number): number[] => {
  const { pool } = rig.a;
  return [...pool.data.subarray(pool.off[m]!, pool.off[m]! + pool.len[m]!)];
};

describe('loopback', () => {
  test('hands up at poll(), in order, marked; what is sent meanwhile waits for the next poll', () => {
    const { lo, pool } = rig.a;
    const got: number[][] = [];
    lo.input = (m) => {
      got.push([...bytesOf(m), pool.flags[m]!, pool.rcvIf[m]!]);
      if (got.length === 1) lo.transmit(packet(3));
      pool.free(m);
    };
    lo.transmit(packet(1));
    lo.transmit(packet(2));
    expect(got).toEqual([]);
    expect(lo.poll()).toBe(2);
    expect(got).toEqual([
      [1, M_LOOP, 1],
      [2, M_LOOP, 1],
    ]);
    expect(lo.poll()).toBe(1);
  });

  test('a full queue refuses, counted', () => {
    const { lo, counters } = rig.a;
    for (let i = 0; i < 256; i++) expect(lo.transmit(packet(1))).toBe(0);
    expect(lo.transmit(packet(1))).toBe(ENOBUFS);
    expect(counters.get('loop.full')).toBe(1);
  });
});

describe('wrappers are the interface they are round', () => {
  test('name, index, MTU, flags, capabilities, address', () => {
    const { ifp } = rig.a;
    const outer = new IfWrapper(new IfWrapper(ifp));
    outer.mtu = 1400;
    outer.flags = 0;
    expect([outer.name, outer.index, outer.capabilities]).toEqual([ifp.name, ifp.index, 0]);
    expect([ifp.mtu, ifp.flags, outer.mtu, outer.flags]).toEqual([1400, 0, 1400, 0]);
    expect(outer.lladdr).toBe(ifp.lladdr);
  });

  test('what comes in before the stack is there is freed, as without a wrapper', () => {
    const { ifp, pool } = rig.a;
    ifp.input = (m) => pool.free(m);
    new IfWrapper(ifp);
    ifp.input(packet(1));
    expect(pool.inUse).toBe(0);
  });
});

describe('tap: what bpf(4) sees', () => {
  test('each frame out as it is handed over, each frame in as it came, ARP too', () => {
    const { a, b } = rig;
    const seen: string[] = [];
    a.ifp.tap = (m, direction) => {
      const at = a.pool.off[m]!;
      seen.push(`${direction} ${a.pool.view.getUint16(at + 12).toString(16)}`);
    };
    icmpEcho(a.inet, b.addr, 1, 1, new Uint8Array(4));
    rig.pump();
    expect(seen).toEqual(['out 806', 'in 806', 'out 800', 'in 800']);
    a.ifp.tap = null;
    icmpEcho(a.inet, b.addr, 1, 1, new Uint8Array(4));
    rig.pump();
    expect(seen.length).toBe(4);
  });

  test('an interface without frames shows packets; a wrapper shows those of the inner one', () => {
    const { inet, lo } = rig.a;
    const seen: string[] = [];
    new IfWrapper(lo).tap = (m, direction) => {
      seen.push(`${direction} ${rig.a.pool.len[m]}`);
    };
    icmpEcho(inet, rig.a.addr, 1, 1, new Uint8Array(4));
    rig.pump();
    expect(seen).toEqual(['out 32', 'in 32', 'out 32', 'in 32']);
  });

  test('H30: with a card that does crypto it sees ESP round a payload in clear, out and in', () => {
    const r = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    knowEachOther(r.a, r.b);
    for (const [h, ipsec] of [
      [r.a, r.ipsecA],
      [r.b, r.ipsecB],
    ] as const) {
      ipsec.attachOffload(h.ifp, new FakeCard(h, ipsec.carrier));
    }
    r.setkey(GCM_SAS + TRANSPORT);
    const text = 'nobody encrypted this';
    const seen: unknown[] = [];
    for (const h of [r.a, r.b]) {
      h.ifp.tap = (m, direction) => {
        const at = h.pool.off[m]!;
        const frame = Buffer.from(h.pool.data.subarray(at, at + h.pool.len[m]!));
        const { tags } = h.pool;
        seen.push([direction, frame[23], frame.includes(text), tags.id(tags.first(h.pool, m))]);
      };
    }
    const wire = watch(r.a);
    new UdpSocket(r.a.inet).sendTo(Buffer.from(text), r.b.addr, 9);
    r.pump();
    expect(seen.slice(0, 2)).toEqual([
      ['out', 50, true, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED],
      ['in', 50, true, PACKET_TAG_IPSEC_IN_CRYPTO_DONE],
    ]);
    expect(wire.some((f) => Buffer.from(f).includes(text))).toBe(false);
    r.end();
  });

  test('capture writes what passes, with time, direction, interface and comment', () => {
    const dir = mkdtempSync(join(tmpdir(), 'if-pcap-'));
    const path = join(dir, 'x.pcapng');
    const fd = openSync(path, 'w');
    const writer = new PcapngWriter(fd, path);
    const { ifp, pool } = rig.a;
    const comment = (m: number): string => `${pool.len[m]} bytes`;
    capture(ifp, { pool, clock: rig.clock, writer, name: 'a.mem2', comment });
    rig.clock.cycle = 10;
    const [out, inn] = [packet(1, 2), packet(3)];
    ifp.tap!(out, 'out');
    rig.clock.cycle = 20;
    ifp.tap!(inn, 'in');
    pool.free(out);
    pool.free(inn);
    writer.flush();
    closeSync(fd);
    const frames = [...readCapture(path)].map((f) => [f.timeNs, f.linkType, ...f.bytes]);
    expect(frames).toEqual([
      [40n, 1, 1, 2],
      [80n, 1, 3],
    ]);
    // Option epb_flags: code 2, 4 bytes; outbound is 2, inbound is 1.
    const bytes = readFileSync(path);
    const hex = bytes.toString('hex');
    expect(hex.match(/02000400(02|01)000000/g)).toEqual(['0200040002000000', '0200040001000000']);
    for (const text of ['a.mem2', '2 bytes', '1 bytes']) expect(bytes.includes(text)).toBe(true);
    rmSync(dir, { recursive: true });
  });
});

describe('faults', () => {
  function run(faults: Partial<Faults>, seed = 1): { got: number[][]; sent: number } {
    const { ifp, pool, counters } = rig.a;
    const outer = new FaultIf(ifp, pool, counters, seed, faults);
    const got: number[][] = [];
    outer.input = (m) => {
      got.push(bytesOf(m));
      pool.free(m);
    };
    for (let i = 0; i < 200; i++) ifp.input(packet(i, 0, 0, 0));
    outer.flush();
    return { got, sent: 200 };
  }
  const count = (name: string): number => rig.a.counters.get(`fault.${name}`);

  test('none: all packets, in order', () => {
    expect(run({}).got.map((b) => b[0])).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  test('loss, duplicates, flips, cuts and swaps happen as often as they are counted', () => {
    expect(run({ loss: 0.2 }).got.length).toBe(200 - count('lost'));
    expect(count('lost')).toBeGreaterThan(20);
    expect(run({ duplicate: 0.2 }).got.length).toBe(200 + count('duplicated'));
    const flipped = run({ flip: 0.2 }).got.filter((b, i) => b.join() !== [i, 0, 0, 0].join());
    expect(flipped.length).toBe(count('flipped'));
    expect(run({ cut: 0.2 }).got.filter((b) => b.length < 4).length).toBe(count('cut'));
    const { got } = run({ swap: 0.2 });
    const late = got.filter((b, i) => i > 0 && b[0]! < got[i - 1]![0]!).length;
    expect(late).toBe(count('swapped'));
    expect(got.length).toBe(200);
  });

  test('one seed, one damage', () => {
    const all = { loss: 0.1, duplicate: 0.1, flip: 0.1, cut: 0.1, swap: 0.1 };
    expect(run(all, 5).got).toEqual(run(all, 5).got);
    expect(run(all, 6).got).not.toEqual(run(all, 5).got);
  });

  test('a refused transmit frees the packet and says ENOBUFS', () => {
    const { ifp, pool, counters } = rig.a;
    const outer = new FaultIf(ifp, pool, counters, 1, { refuse: 1 });
    expect(outer.transmit(packet(1))).toBe(ENOBUFS);
    expect([pool.inUse, count('refused')]).toEqual([0, 1]);
  });

  test('no mbuf for a duplicate: then there is none', () => {
    const { ifp, pool, counters } = rig.a;
    const outer = new FaultIf(ifp, pool, counters, 1, { duplicate: 1 });
    let got = 0;
    outer.input = (m) => {
      got++;
      pool.free(m);
    };
    const m = packet(1);
    pool.failNext = 1;
    ifp.input(m);
    expect(got).toBe(1);
    expect(m).not.toBe(NO_MBUF);
  });
});
