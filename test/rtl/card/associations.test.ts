// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { BareCard, BUFFERS, CARDS, CTRL_ON, piece, QUEUED, WIDTHS } from './bare_card.ts';
import { espFrame, espOffsetOf, random, randomSa, seal } from './esp_frames.ts';
import { inMatch, install, state } from './rows.ts';

/** SAs of any bits (key, salt, SPI, address, numbers) in any row, by node:crypto: RTL of every width, the model. */
const INTO = BUFFERS + 0x10000;
const INTO_BYTES = 0x4000;

let card: BareCard;
afterEach(() => card.world.close());

/** What the card has of NAT-T: every port but 0, which looks for none. */
const PORTS = [4500, 0x8001, 0x7ffe, 0xaaaa, 0x5555];

describe.each(CARDS)('%s', (name, make) => {
  const queues = QUEUED.some(([queued]) => queued === name) ? 4 : 1;

  test('RFC 4106, 4543: frames out and in under 64 of them, and what is counted', () => {
    card = new BareCard(make, { queues, ctrl: CTRL_ON });
    const next = random(91);
    const { bus } = card.host;
    const rss = Array.from({ length: queues > 1 ? R.RSS_ENTRIES : 0 }, () => next() % queues);
    for (let i = 0; i < rss.length; i += 4) {
      const row = rss.slice(i, i + 4).reduceRight((word, queue) => (word << 8) | queue, 0);
      bus.writeReg(R.RSS + i, row >>> 0);
    }
    for (let i = 0; i < 64; i++) {
      const esn = i % 3 === 0;
      const sa = { ...randomSa(i & 1 ? 32 : 16, next, esn), gmac: i % 5 === 4 };
      const udpPort = i % 4 === 3 ? PORTS[next() % PORTS.length]! : 0;
      if (udpPort !== 0) bus.writeReg(R.REG_NATT_PORT, udpPort);
      const dst = i % 2 ? next() : [next(), next(), next(), next()];
      const ihlWords = 5 + (next() % 11);
      const [idx, spi, seq, esnHi] = [next() & 1023, next(), next(), next()];
      const shape = { dst, spi, seq, udpPort, ihlWords, vlan: next() % 3 === 0 };
      const textBytes = 4 + 4 * (next() % (i % 16 === 0 ? 2200 : 60));
      const frame = espFrame({ ...shape, textBytes }, next);
      const sealed = seal(frame, sa, esnHi);

      const queue = next() % queues;
      const sender = card.hosts[queue]!;
      install(card.host, { window: R.SA_TX, idx, sa, spi, seq: 0n });
      card.world.arena.set(frame, BUFFERS);
      const espOffset = espOffsetOf(frame);
      const cookie = next();
      const flags = R.TXD_IPSEC | (esn ? R.TXD_ESN : 0);
      const fields = { flags, saIdx: idx, espOffset, next: next() & 255, esnHi, cookie };
      sender.postFrame([piece(BUFFERS, frame.length)], fields);
      card.go();
      expect([i, card.wire()]).toEqual([i, [Buffer.from(sealed).toString('hex')]]);
      const secp = R.CPL_SECP;
      expect(sender.sent()).toMatchObject([
        { cookie, saIdx: idx, lenBytes: sealed.length, status: secp },
      ]);
      const counted = { packets: 1n, bytes: BigInt(sealed.length), errors: 0n };
      expect(state(card.host, R.SA_TX, idx)).toMatchObject(counted);

      // The highest number seen is a little lower, or higher, than what comes.
      const number = (BigInt(esnHi) << 32n) | BigInt(seq);
      const top = (number + BigInt((next() % 64) - 32)) & ((1n << 64n) - 1n);
      install(card.host, { window: R.SA_RX, idx, sa: { ...sa, window: 64 }, spi, seq: top });
      inMatch(card.host, { idx, spi, dst, way: next() & 7 });
      card.hosts.forEach((host, q) => {
        host.supply(piece(INTO + INTO_BYTES * q, INTO_BYTES), q);
      });
      for (const host of card.hosts) host.flush();
      card.world.inject(0, sealed, 0);
      card.settle();
      const to = queues > 1 ? rss[R.rssHash(spi)]! : 0;
      const got = card.hosts.map((host) => host.received());
      expect([i, got.map((done) => done.length)]).toEqual([
        i,
        card.hosts.map((_, q) => Number(q === to)),
      ]);
      const status = R.CPL_SECP | R.CPL_ESP_SEEN | (espOffset << 8);
      const said = { cookie: to, saIdx: idx, lenBytes: sealed.length, status };
      expect([i, got[to]]).toEqual([i, [{ ...said, esnHi: esn ? esnHi & 0x7fffffff : 0 }]]);
      const begin = INTO + INTO_BYTES * to;
      expect(Buffer.compare(frame, card.world.arena.subarray(begin, begin + frame.length))).toBe(0);
      expect(state(card.host, R.SA_RX, idx)).toMatchObject(counted);
      // Buffers that were not used stay in their rings: start anew.
      for (const host of card.hosts) for (const ring of [host.rx, host.rxc]) ring.enable();
    }
    const n = 64;
    const stats = ['txFrames', 'txIpsec', 'rxFrames', 'rxIpsecOk'] as const;
    expect(stats.map((stat) => card.stat(stat))).toEqual([n, n, n, n]);
  });
});

test('counters of an SA carry from one half of a word into the next, and on', () => {
  card = new BareCard(WIDTHS[0]![1], { log2: 6 });
  const next = random(92);
  const sa = randomSa(16, next);
  const spi = next();
  install(card.host, { window: R.SA_TX, idx: 700, sa, spi, seq: 0n });
  const frame = espFrame({ textBytes: 8952, spi, dst: next() }, next);
  card.world.arena.set(frame, BUFFERS);
  const lenBytes = BigInt(frame.length + 16);
  const fields = { flags: R.TXD_IPSEC, saIdx: 700, espOffset: 34 };
  for (let sent = 48; sent <= 288; sent += 48) {
    for (let i = 0; i < 48; i++) card.host.postFrame([piece(BUFFERS, frame.length)], fields);
    card.go();
    expect(card.host.sent().length).toBe(48);
    card.wire();
    const counted = { packets: BigInt(sent), bytes: BigInt(sent) * lenBytes, errors: 0n };
    expect(state(card.host, R.SA_TX, 700)).toMatchObject(counted);
  }
});
