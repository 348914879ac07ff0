// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import type { OffloadSa } from '../../src/netipsec/pact.ts';
import { ESP_DST, espSealed, testSa } from '../../src/validate/frames.ts';
import { bareOf } from '../../src/validate/offload_frames.ts';
import {
  BUFFERS_AT,
  type CardHost,
  CTRL,
  REG,
  RING,
  type TxDescriptor,
} from '../../test/rtl/card/card_host.ts';
import { buckets, espFrame, plainFrame, random, randomSa } from '../../test/rtl/card/esp_frames.ts';
import type { Bench } from './bench.ts';
import { NOWHERE } from './traffic.ts';

/** Packet offload, and frames of several buffers: stimuli. */

const OUT = BUFFERS_AT;
const INTO = BUFFERS_AT + (1 << 20);

/** A descriptor with any flags and next header. */
export function send(host: CardHost, d: TxDescriptor, flags: number, next = 0): void {
  const at = host.base + R.TXD_BYTES * (host.txTail & (host.size - 1));
  host.send(d, false);
  host.world.arenaView.setUint16(at + 10, flags, true);
  host.world.arenaView.setUint8(at + 15, next);
}

export const ring = (host: CardHost): void => host.post(RING.tx + R.RING_TAIL, host.txTail);

/** An SA that the card numbers, and whose window it keeps; or one of software. */
export function installOffload(host: CardHost, window: number, idx: number, sa: OffloadSa): void {
  const words = new DataView(Uint8Array.from([...sa.key, ...sa.salt]).buffer);
  for (let at = 0; at < sa.key.length; at += 4)
    host.post(window + R.SA_KEY0 + at, words.getUint32(at, true));
  host.post(window + R.SA_SALT, words.getUint32(sa.key.length, true));
  const kind =
    (sa.key.length === 32 ? R.SA_KEY256 : 0) |
    (sa.esn ? R.SA_ESN : 0) |
    (sa.alg === 'aes-gmac' ? R.SA_GMAC : 0);
  const mode = sa.mode === 'packet' ? R.SA_PACKET : 0;
  host.post(window + R.SA_CTRL, R.SA_VALID | mode | kind);
  host.post(window + R.SA_SPI, sa.spi);
  const seq = window === R.SA_TX ? sa.sentSeq : sa.receivedSeq;
  host.post(window + R.SA_SEQ_LO, seq % 2 ** 32);
  host.post(window + R.SA_SEQ_HI, Math.floor(seq / 2 ** 32));
  if (window === R.SA_RX) {
    host.post(window + R.SA_WINDOW, sa.replayPackets);
    sa.seen.forEach((bits, i) => {
      host.post(window + R.SA_SEEN0 + 4 * i, bits);
    });
  }
  host.post(window, R.SA_WRITE + idx);
  if (window === R.SA_RX) host.match(buckets(sa.spi)[0]! * 4, sa.spi, ESP_DST, idx);
  host.run(2);
}

export function noteState(b: Bench, window: number, idx: number): void {
  b.host.post(window, R.SA_READ + idx);
  b.host.run(20);
  for (let at = 0; at <= R.SA_REPLAYS; at += 4) b.noteRegister(window + at);
}

const TOP = 2 ** 32;
const SAS: readonly [number, Partial<OffloadSa>][] = [
  [1, {}],
  [2, { key: new Uint8Array(32).fill(0x5c), replayPackets: 128 }],
  [3, { alg: 'aes-gmac', replayPackets: 32, receivedSeq: 100, sentSeq: 100 }],
  [515, { esn: true, receivedSeq: TOP - 20, sentSeq: TOP - 5, seen: Uint32Array.of(5, 0, 9, 1) }],
  [700, { receivedSeq: TOP - 40, sentSeq: TOP - 4 }],
  [1022, { esn: true, receivedSeq: 3 * TOP + 70, sentSeq: 3 * TOP + 70, replayPackets: 64 }],
];

export function packetOffload(b: Bench): void {
  const { host, world } = b;
  host.start();
  host.post(REG.eims, 4);
  const sas = SAS.map(([idx, more]) => {
    const sa = testSa('in', 0x1000 + 77 * idx, { mode: 'packet', ...more });
    installOffload(host, R.SA_TX, idx, sa);
    installOffload(host, R.SA_RX, idx, sa);
    return { idx, sa };
  });
  const next = random(3);
  // Out: each length of padding, next headers, the last numbers of an SA.
  for (let round = 0; round < 8; round++) {
    sas.forEach(({ idx, sa }, i) => {
      const family = (i + round) % 3 === 0 ? 6 : 4;
      const shape = {
        to: 0,
        spi: sa.spi,
        seq: 1,
        payloadBytes: (round * 31 + i) % 90,
        family,
      } as const;
      const frame = bareOf({ ...shape, vlan: i === 2, udpPort: round === 5 ? 4500 : 0 });
      const at = OUT + 2048 * (8 * i + round) + (next() % 64);
      world.arena.set(frame, at);
      const head = (family === 6 ? 54 : 34) + (i === 2 ? 4 : 0) + (round === 5 ? 8 : 0);
      const d = { addr: at, lenBytes: frame.length, saIdx: idx, espOffset: head, cookie: next() };
      const flags = R.TXD_IPSEC | R.TXD_PACKET | (sa.esn ? R.TXD_ESN : 0);
      send(host, d, flags, round === 7 ? 59 : 17 + round);
    });
    if (round % 2) ring(host);
  }
  // Lengths that cannot be, and an SA of the other mode.
  for (const [lenBytes, espOffset, flags] of [
    [34, 34, 5],
    [33, 34, 5],
    [8990, 34, 5],
    [60, 30, 5],
    [60, 34, 1],
    [60, 34, 4],
    [60, 34, 7],
  ] as const)
    send(host, { addr: OUT, lenBytes, espOffset, saIdx: 1, cookie: next() }, flags, 17);
  ring(host);
  b.noteSent(55);
  b.noteFrames();
  for (const { idx } of sas) noteState(b, R.SA_TX, idx);

  // In: in order, out of order, twice, too old, far ahead; wrong padding and wrong ICVs between.
  const steps = [
    1, 2, 3, 3, 5, 4, 4, 40, 9, 39, 41, 200, 137, 136, 73, 72, 150, 170, 169, 168, 167,
  ];
  for (const { idx, sa } of sas) {
    steps.forEach((step, i) => {
      const number = sa.receivedSeq + step;
      const high = Math.floor(number / TOP);
      const bad =
        i % 7 === 5 ? { wrongPad: 1 + (i % 2), pad: 2 } : i === 6 ? { padLength: 200 } : {};
      const shape = {
        to: 0,
        spi: sa.spi,
        seq: number % TOP,
        seqHi: high,
        payloadBytes: 4 * i + (i & 2),
      };
      const frame = espSealed({ ...shape, seed: i, ...bad }, sa, high);
      if (i === 8) frame[60]! ^= 4;
      host.supply(INTO + 2048 * i + (i & 15), 1600, next());
      host.inject(frame);
    });
    b.noteReceived(steps.length);
    b.noteMemory(INTO, INTO + 2048 * 32);
    noteState(b, R.SA_RX, idx);
  }
  // A window written anew, with what was seen; then none.
  const again = testSa('in', sas[0]!.sa.spi, {
    mode: 'packet',
    receivedSeq: 50,
    seen: Uint32Array.of(3, 1, 0, 0),
  });
  installOffload(host, R.SA_RX, 1, again);
  for (const seq of [50, 49, 48, 18, 17, 19, 51, 50]) {
    host.supply(INTO, 1600, seq);
    host.inject(espSealed({ to: 0, spi: again.spi, seq, payloadBytes: 60 }, again));
  }
  b.noteReceived(8);
  noteState(b, R.SA_RX, 1);
  host.clearSa(R.SA_RX, 1);
  host.clearSa(R.SA_TX, 1);
  for (const window of [R.SA_TX, R.SA_RX]) noteState(b, window, 1);
  b.noteStatistics();
}

/** Frames cut into buffers at random, both ways; chains that are broken, or cannot be read. */
export function chains(b: Bench, seed: number): void {
  const { host, world } = b;
  host.start(CTRL.all | R.CTRL_RX_SCATTER | CTRL.promisc);
  const next = random(seed);
  const sa = randomSa(32, next);
  host.installSa(REG.txSa, 3, sa);
  const frame = espFrame({ textBytes: 1400, spi: 5, dst: 6 }, next);
  for (let i = 0; i < 8; i++) world.arena.set(frame, OUT + 16384 * i);
  for (let round = 0; round < 5; round++) {
    let posted = 0;
    for (let k = 0; k < 8; k++) {
      const count = 1 + (next() % 9);
      const isEsp = next() % 2 === 0;
      let total = isEsp ? 34 + 16 + 4 * (1 + (next() % 300)) : 14 + (next() % 1200);
      for (let i = 0; i < count; i++) {
        const isLast = i === count - 1;
        const lenBytes = isLast ? total : Math.min(total, next() % (next() % 3 ? 40 : 500));
        total -= lenBytes;
        const isBroken = next() % 40 === 0;
        const addr = next() % 60 === 0 ? NOWHERE : OUT + 16384 * (i & 7) + (next() % 200);
        const flags =
          (i === 0 ? (isEsp ? R.TXD_IPSEC : 0) : R.TXD_CONT) | (isLast ? 0 : R.TXD_MORE);
        const about = { saIdx: 3, espOffset: isEsp ? 34 : 0, cookie: next() };
        send(host, { addr, lenBytes, ...about }, isBroken ? flags ^ R.TXD_MORE : flags);
      }
      posted++;
    }
    ring(host);
    b.noteSent(posted);
    b.noteFrames();
    world.arena.fill(0xee, INTO, INTO + 64 * 2048);
    for (let k = 0; k < 40; k++) {
      const lenBytes = next() % 5 === 0 ? next() % 20 : 100 + (next() % 900);
      host.supply(next() % 50 === 0 ? NOWHERE : INTO + k * 2048 + (next() % 64), lenBytes, next());
    }
    for (let k = 0; k < 8; k++) host.inject(plainFrame(14 + (next() % 1500), next));
    b.noteReceived(40);
    b.noteMemory(INTO, INTO + 64 * 2048);
    if (round === 3) host.post(REG.ctrl, CTRL.all | CTRL.promisc);
  }
  for (const name of Object.values(RING))
    for (let at = 0; at < 0x18; at += 4) b.noteRegister(name + at);
  b.noteStatistics();
}
