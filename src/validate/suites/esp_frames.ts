// SPDX-License-Identifier: BSD-2-Clause
import { CPL_ESP_SEEN, CPL_SECP, matchBucket0, matchBucket1 } from '../../dev/nic/nic_regs.ts';
import type { Case } from '../case.ts';
import { ESP_DST, espClear, espSealed, hex, pattern, plainFrame, testSa } from '../frames.ts';
import { install, sendOffload, withoutIcv } from '../offload_frames.ts';

/** Payloads round the edges of AES blocks, bus beats, pages and the MTU. */
const RANGES: readonly [string, readonly number[]][] = [
  ['blocks', Array.from({ length: 36 }, (_, i) => i + 1)],
  ['beats', [60, 61, 62, 63, 64, 65, 66, 67, 94, 95, 96, 97, 126, 127, 128, 129, 130]],
  ['pages', [4030, 4031, 4032, 4033, 4046, 4047, 4048, 4094, 4095, 4096, 4097, 4098]],
  ['longest', [1420, 1472, 2000, 8000, 8896, 8897, 8898, 8899, 8900]],
];

const lengths: readonly Case[] = [16, 32].flatMap((keyBytes) =>
  RANGES.map(
    ([name, sizes]): Case => ({
      id: `esp/lengths-${name}-${keyBytes * 8}`,
      title: `payloads of ${sizes[0]}..${sizes.at(-1)} bytes, key of ${keyBytes * 8} bits: sealed as node:crypto does, open behind`,
      checks: 'RFC 4106 §3, §6; RFC 4303 §2',
      parameters: { name, keyBytes },
      async run(c) {
        const rig = await c.rig();
        const key = pattern(keyBytes, 5);
        const sa = testSa('out', 0x1001, { key });
        const cardSa = install(rig.a, sa);
        install(rig.b, testSa('in', 0x1001, { key, saHandle: 33, generation: 4 }));
        const shapes = sizes.map((payloadBytes, i) => ({
          ...{ to: 1, spi: sa.spi, seq: i + 1, payloadBytes },
          optionWords: i % 5 === 4 ? (i % 10) + 1 : 0,
        }));
        for (const shape of shapes) c.equal('errno', sendOffload(rig.a, shape, sa, cardSa), 0);
        rig.settle();
        c.equal('frames received', rig.b.received.length, sizes.length);
        for (const [i, shape] of shapes.entries()) {
          const { bytes, report } = rig.b.received[i]!;
          const what = `${shape.payloadBytes} bytes`;
          c.equal(`${what}: text`, hex([withoutIcv(bytes)]), hex([withoutIcv(espClear(shape))]));
          const icv = espSealed(shape, sa).subarray(-16);
          c.equal(`${what}: ICV`, hex([bytes.subarray(-16)]), hex([icv]));
          c.figures(`${what}: report`, report ?? {}, {
            ...{ spi: sa.spi, proto: 50, family: 4 },
            ...{ saHandle: 33, generation: 4, ifIndex: 2, dst0: ESP_DST },
            espOffset: 20 + 4 * shape.optionWords,
          });
        }
        c.equal('allocations for the hand-over', rig.a.nic.handoverAllocs, 0);
        c.stats(rig.a, { txIpsec: sizes.length, txDrop: 0 });
        c.stats(rig.b, { rxIpsecOk: sizes.length, rxIcvBad: 0 });
      },
    }),
  ),
);

const alignments: readonly Case[] = [0, 1, 2, 3].map(
  (quarter): Case => ({
    id: `esp/alignment-${quarter * 16}`,
    title: `data at addresses ${quarter * 16}..${quarter * 16 + 15} of a line of 64 bytes: the same frame`,
    checks: 'descriptor contract: any address',
    parameters: { quarter },
    async run(c) {
      const rig = await c.rig();
      const sent: Uint8Array[] = [];
      for (let i = 0; i < 16; i++) {
        const frame = plainFrame(1, 60 + 5 * i, i);
        const m = rig.a.mbuf(new Uint8Array(0));
        rig.a.pool.off[m]! += 16 * quarter + i;
        rig.a.pool.data.set(frame, rig.a.pool.off[m]!);
        rig.a.pool.len[m] = frame.length;
        c.equal('errno', rig.a.nic.transmit(m), 0);
        sent.push(frame);
      }
      rig.settle();
      c.equal('frames received', hex(rig.b.received.map((r) => r.bytes)), hex(sent));
    },
  }),
);

/** Byte of the frame, what lies there. */
const WRONG: readonly [number, string][] = [
  [38, 'sequence number, first byte'],
  [41, 'sequence number, last byte'],
  [42, 'IV, first byte'],
  [49, 'IV, last byte'],
  [50, 'text, first byte'],
  [150, 'text, in the middle'],
  [-17, 'next header'],
  [-16, 'ICV, first byte'],
  [-1, 'ICV, last byte'],
];

const wrongBits: readonly Case[] = WRONG.map(
  ([at, what]): Case => ({
    id: `esp/wrong-${what.replaceAll(/[ ,]+/g, '-').toLowerCase()}`,
    title: `each bit wrong of: ${what}. No byte reaches the host, and the next frame does`,
    checks: 'RFC 4303 §3.4.4.2; plaintext is released behind the verdict',
    parameters: { at },
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x5005);
      const cardSa = install(rig.b, sa);
      const shape = { to: 1, spi: sa.spi, seq: 9, payloadBytes: 200 };
      const good = espSealed(shape, sa);
      const before = rig.b.pool.data.slice(0, rig.b.pool.data.length);
      for (let bit = 0; bit < 8; bit++) {
        const bad = good.slice();
        bad[at < 0 ? bad.length + at : at]! ^= 1 << bit;
        rig.inject(1, bad, 0);
      }
      rig.settle();
      c.equal('frames handed up', rig.b.received.length, 0);
      c.equal('nic.rxAuthFail', rig.b.count('nic.rxAuthFail'), 8);
      const text = Buffer.from(espClear(shape).subarray(50, 250));
      const changed = Buffer.from(rig.b.pool.data).includes(text.subarray(0, 32));
      c.ok(!changed && before.length > 0, 'no plaintext lies in the memory of the host');
      rig.inject(1, good, 0);
      rig.settle();
      c.equal(
        'the good one',
        hex(rig.b.received.map((r) => withoutIcv(r.bytes))),
        hex([withoutIcv(espClear(shape))]),
      );
      c.figures('counters of the SA', rig.b.nic.sa.saCounters('in', cardSa), {
        ...{ packets: 1, authFailed: 8 },
      });
    },
  }),
);

/** Frames that are no ESP for the card, made from one that is. */
const NOT_ESP: readonly [string, string, string, (frame: Uint8Array) => void][] = [
  ['first-fragment', 'a first fragment', 'RFC 4303 §3.4.1', (f) => (f[20] = 0x20)],
  ['later-fragment', 'a later fragment', 'RFC 4303 §3.4.1', (f) => (f[21] = 8)],
  ['udp', 'another protocol', 'RFC 791 §3.1', (f) => (f[23] = 17)],
  ['ah', 'AH', 'RFC 4302 §2', (f) => (f[23] = 51)],
  ['ethertype', 'an EtherType that nobody uses', 'IEEE 802.3', (f) => f.set([0x88, 0xb5], 12)],
  ['ihl-4', 'an IP header shorter than 20 bytes', 'RFC 791 §3.1', (f) => (f[14] = 0x44)],
  ['length-lies', 'a length beyond the frame', 'RFC 791 §3.1', (f) => (f[16] = 4)],
];

const untouched: readonly Case[] = NOT_ESP.map(
  ([name, what, checks, change]): Case => ({
    id: `esp/untouched-${name}`,
    title: `${what}: delivered as it came, without a report`,
    checks,
    parameters: { name },
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x4004);
      install(rig.b, sa);
      const frame = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 80 }, sa);
      change(frame);
      rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames', hex(rig.b.received.map((r) => r.bytes)), hex([frame]));
      c.equal('report', rig.b.received[0]!.report, null);
      const seen = rig.b.completions.filter(([, , s]) => (s & (CPL_SECP | CPL_ESP_SEEN)) !== 0);
      c.equal('completions that speak of ESP', seen, []);
    },
  }),
);

const rest: readonly Case[] = [
  {
    id: 'esp/unknown-spi',
    title: 'an SPI or destination without an SA: delivered as it came, and counted',
    checks: 'RFC 4301 §4.1; RFC 4303 §3.4.2',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x4004);
      install(rig.b, sa);
      const shape = { to: 1, seq: 1, payloadBytes: 80 };
      const frames = [
        espSealed({ ...shape, spi: 0x4005 }, sa),
        espSealed({ ...shape, spi: 0x4004, dst: 1 }, sa),
      ];
      for (const frame of frames) rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames', hex(rig.b.received.map((r) => r.bytes)), hex(frames));
      c.ok(
        rig.b.received.every((r) => r.report === null),
        'no report',
      );
      c.stats(rig.b, { rxNoSa: 2, rxIpsecOk: 0 });
    },
  },
  {
    id: 'esp/unknown-spi-beside',
    title: 'SPIs without an SA that the card looks for where it keeps one: delivered as they came',
    checks: 'RFC 4301 §4.1; register contract: match table',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x4004);
      install(rig.b, sa);
      const own = [matchBucket0(sa.spi), matchBucket1(sa.spi)];
      const spis: number[] = [];
      for (let spi = 0x5000; spis.length < 8; spi++) {
        if (own.includes(matchBucket0(spi)) || own.includes(matchBucket1(spi))) spis.push(spi);
      }
      const frames = spis.map((spi) => espSealed({ to: 1, seq: 1, payloadBytes: 80, spi }, sa));
      for (const frame of frames) rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames', hex(rig.b.received.map((r) => r.bytes)), hex(frames));
      c.stats(rig.b, { rxNoSa: spis.length, rxIpsecOk: 0 });
    },
  },
  {
    id: 'esp/spis-of-one-bucket',
    title: 'SPIs of which all would lie in one bucket of the match table: each is found',
    checks: 'RFC 4301 §4.1; register contract: two buckets an SPI',
    async run(c) {
      const rig = await c.rig();
      const spis: number[] = [];
      for (let spi = 0x4004; spis.length < 8; spi++) {
        if (matchBucket0(spi) === matchBucket0(0x4004)) spis.push(spi);
      }
      for (const spi of spis) install(rig.b, testSa('in', spi));
      for (const spi of spis) {
        rig.inject(1, espSealed({ to: 1, seq: 1, payloadBytes: 80, spi }, testSa('in', spi)), 0);
      }
      rig.settle();
      c.equal(
        'SPIs of the reports',
        rig.b.received.map((r) => r.report?.spi),
        spis,
      );
      c.stats(rig.b, { rxNoSa: 0, rxIpsecOk: spis.length });
    },
  },
  {
    id: 'esp/keys-change',
    title: 'keys and key sizes change with every frame, plain frames between them',
    checks: 'RFC 4106 §8.1: each SA its own key and salt',
    async run(c) {
      const rig = await c.rig();
      const sas = [0, 1, 2, 3].map((i) =>
        testSa('out', 0x2000 + i, { key: pattern(i % 2 === 0 ? 16 : 32, 50 + i) }),
      );
      const cards = sas.map((sa) => install(rig.a, sa));
      for (const sa of sas) install(rig.b, { ...sa, direction: 'in' });
      const wanted: Uint8Array[] = [];
      for (let i = 0; i < 40; i++) {
        const sa = sas[i % 4]!;
        const shape = { to: 1, spi: sa.spi, seq: i + 1, payloadBytes: (i * 37) % 300 };
        if (i % 5 === 2) {
          const plain = plainFrame(1, 100 + i, i);
          wanted.push(plain);
          rig.a.send(plain);
        } else {
          wanted.push(withoutIcv(espClear(shape)));
          sendOffload(rig.a, shape, sa, cards[i % 4]!);
        }
      }
      rig.settle();
      const got = rig.b.received.map((r) => (r.report === null ? r.bytes : withoutIcv(r.bytes)));
      c.equal('frames', hex(got), hex(wanted));
    },
  },
  {
    id: 'esp/text-not-of-4',
    title: 'text that is no multiple of 4 bytes is delivered as it came',
    checks: 'RFC 4303 §2.4',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x5006);
      install(rig.b, sa);
      for (const less of [1, 2, 3]) {
        const whole = espSealed({ to: 1, spi: sa.spi, seq: less, payloadBytes: 100 }, sa);
        const shorter = whole.slice(0, whole.length - less);
        new DataView(shorter.buffer).setUint16(16, shorter.length - 14);
        rig.inject(1, shorter, 0);
        rig.settle();
        const got = rig.b.received.at(-1)!;
        c.equal('frame', hex([got.bytes]), hex([shorter]));
        c.equal('report', got.report, null);
      }
    },
  },
  {
    id: 'esp/ethernet-padding',
    title: 'bytes behind the IP packet pass as they are',
    checks: 'IEEE 802.3 §4.2.3.3',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x5007);
      install(rig.b, sa);
      for (const padding of [1, 7, 22]) {
        const shape = { to: 1, spi: sa.spi, seq: padding, payloadBytes: 33 };
        const sealed = espSealed(shape, sa);
        const frame = new Uint8Array(sealed.length + padding).fill(0xaa);
        frame.set(sealed);
        rig.inject(1, frame, 0);
        rig.settle();
        const { bytes } = rig.b.received.at(-1)!;
        c.equal('padding', bytes.slice(-padding), new Uint8Array(padding).fill(0xaa));
        const text = bytes.slice(0, -padding - 16);
        c.equal('text', hex([text]), hex([withoutIcv(espClear(shape))]));
      }
    },
  },
  {
    id: 'esp/no-tag-left',
    title: 'no tag left: a decrypted frame is dropped and counted, never handed up untagged',
    checks: 'pact: one tag on what the card decrypted',
    async run(c) {
      const rig = await c.rig();
      const sa = testSa('in', 0x5008);
      install(rig.b, sa);
      rig.b.tags.failNext = 1;
      for (const seq of [1, 2]) {
        rig.inject(1, espSealed({ to: 1, spi: sa.spi, seq, payloadBytes: 50 }, sa), 0);
      }
      rig.settle();
      c.equal('frames handed up', rig.b.received.length, 1);
      c.ok(rig.b.received[0]!.report !== null, 'that one has its report');
      c.equal('nic.rxNoTag', rig.b.count('nic.rxNoTag'), 1);
    },
  },
];

export const ESP_FRAMES: readonly Case[] = [
  ...lengths,
  ...alignments,
  ...wrongBits,
  ...untouched,
  ...rest,
];
