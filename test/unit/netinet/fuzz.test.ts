// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drainInet } from '../../../src/netinet/in_proto.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { ownSamples, repairFrame, STEPS } from '../../lib/hostile.ts';
import { arpPacket, etherFrame, icmpMessage, ipPacket, udpDatagram } from '../../lib/packets.ts';
import { createRig, type Rig } from '../../lib/rig.ts';
import { referenceCksum } from '../../reference/cksum.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig({ mbufs: 64, jumbos: 20 });
  new UdpSocket(rig.b.inet).bind(0, 53).onMessage(() => {});
});
afterEach(() => rig.end());

/** How many frames' ends b has counted: dropped under a name, answered, delivered or kept. */
function ends(): number {
  const kept = rig.b.pool.inUse;
  return Object.entries(rig.b.counters.nonZero())
    .filter(([name]) => !STEPS.test(name) && name !== 'reass.fragments')
    .reduce((sum, [, n]) => sum + n, kept);
}

function feed(frame: Uint8Array): void {
  const before = ends();
  const { ifp, pool } = rig.b;
  ifp.inject(frame);
  ifp.poll();
  rig.a.ifp.queue.drain(rig.a.pool);
  expect(ends() - before, JSON.stringify(rig.b.counters.nonZero())).toBeGreaterThanOrEqual(1);
  drainInet(rig.b.inet);
  expect(pool.inUse).toBe(0);
  expect(pool.tags.inUse).toBe(0);
}

function samples(): Uint8Array[] {
  const { a, b } = rig;
  const data = Uint8Array.from({ length: 40 }, (_, i) => i);
  const udp = udpDatagram(a.addr, 7, b.addr, 53, data);
  const ip = (proto: number, payload: Uint8Array, more = {}): Uint8Array =>
    ipPacket({ src: a.addr, dst: b.addr, proto, payload, ...more });
  const quoted = ip(17, udpDatagram(b.addr, 53, a.addr, 7, data));
  const packets = [
    ip(17, udp),
    ip(17, udp, { options: Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0) }),
    ip(17, udp.slice(0, 24), { off: 0x2000 }),
    ip(17, udp.slice(24), { off: 3 }),
    ip(1, icmpMessage(8, 0, 77, data)),
    ip(1, icmpMessage(3, 4, 576, quoted)),
    ip(1, icmpMessage(11, 0, 0, quoted)),
    ip(50, data),
    ip(17, udp, { dst: 0x0a0000ff }),
  ];
  const frames = packets.map((p) => etherFrame(b.ifp.lladdr, a.ifp.lladdr, 0x0800, p));
  const arp = arpPacket(1, a.ifp.lladdr, a.addr, new Uint8Array(6), b.addr);
  frames.push(etherFrame(new Uint8Array(6).fill(255), a.ifp.lladdr, 0x0806, arp));
  return frames;
}

/** Makes the IP header checksum of a frame right again, so that damage gets past it. */
function repair(frame: Uint8Array): void {
  const hdrLen = (frame[14]! & 15) * 4;
  if (hdrLen < 20 || frame.length < 14 + hdrLen) return;
  frame.set([0, 0], 24);
  const sum = referenceCksum(frame.slice(14, 14 + hdrLen));
  frame.set([sum >> 8, sum & 255], 24);
}

describe('whatever comes in: no throw, no leak, and each frame ends under a name', () => {
  test('any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => feed(bytes)),
      { numRuns: 500 },
    );
  });

  test('any bytes behind a right Ethernet header', () => {
    const type = fc.constantFrom(0x0800, 0x0806, 0x86dd);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), type, (bytes, t) =>
        feed(etherFrame(rig.b.ifp.lladdr, rig.a.ifp.lladdr, t, bytes)),
      ),
      { numRuns: 500 },
    );
  });

  test('good frames, some bytes changed, cut or lengthened, checksum repaired or not', () => {
    const damage = fc.record({
      which: fc.nat(9),
      changes: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      cut: fc.oneof(fc.constant(0), fc.nat(80)),
      pad: fc.oneof(fc.constant(0), fc.nat(60)),
      repaired: fc.boolean(),
    });
    const all = samples();
    fc.assert(
      fc.property(damage, ({ which, changes, cut, pad, repaired }) => {
        const sample = all[which]!;
        const frame = new Uint8Array(Math.max(0, sample.length - cut) + pad);
        frame.set(sample.slice(0, frame.length));
        for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
        if (repaired) repair(frame);
        feed(frame);
      }),
      { numRuns: 3000 },
    );
  });

  test('the same with IPv6: extension headers, fragments, ICMPv6, neighbours', () => {
    const damage = fc.record({
      which: fc.nat(),
      changes: fc.array(fc.tuple(fc.nat(160), fc.nat(255)), { maxLength: 4 }),
      cut: fc.oneof(fc.constant(0), fc.nat(80)),
      repaired: fc.boolean(),
    });
    const all = ownSamples(rig);
    fc.assert(
      fc.property(damage, ({ which, changes, cut, repaired }) => {
        const sample = all[which % all.length]!;
        const frame = sample.slice(0, Math.max(0, sample.length - cut));
        for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
        if (repaired && frame.length > 54) repairFrame(frame);
        feed(frame);
      }),
      { numRuns: 3000 },
    );
  });

  test('many damaged fragments at once, kept and given up', () => {
    const [, , first, second] = samples();
    const change = fc.tuple(fc.boolean(), fc.constantFrom(16, 18, 19, 20, 21, 23), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        for (const [isFirst, at, value] of changes) {
          const frame = (isFirst ? first! : second!).slice();
          frame[at] = value;
          repair(frame);
          rig.b.ifp.inject(frame);
          rig.b.ifp.poll();
        }
        rig.a.ifp.queue.drain(rig.a.pool);
        drainInet(rig.b.inet);
        expect(rig.b.pool.inUse).toBe(0);
      }),
    );
  });

  test('with no mbuf left, frames that want an answer are still dropped under a name', () => {
    for (const frame of samples()) {
      const { ifp, pool } = rig.b;
      ifp.inject(frame);
      pool.failNext = 100;
      ifp.poll();
      pool.failNext = 0;
      drainInet(rig.b.inet);
      expect(pool.inUse).toBe(0);
    }
    expect(rig.b.counters.get('reass.noMbuf')).toBe(2);
    expect(rig.b.counters.get('icmp.noMbuf')).toBe(1);
    expect(rig.b.counters.get('arp.noMbuf')).toBe(2);
  });
});
