// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import { Rng } from '../../src/kern/rng.ts';
import { espSealed, pattern, testSa } from '../../src/validate/frames.ts';
import { bareOf } from '../../src/validate/offload_frames.ts';
import { BUFFERS_AT, CTRL, REG } from '../../test/rtl/card/card_host.ts';
import type { Bench } from './bench.ts';
import { installOffload, noteState, ring, send } from './offload.ts';
import { NOWHERE } from './traffic.ts';

/** Packet offload with any lengths, paddings and next headers: stimuli. */

const OUT = BUFFERS_AT;
const INTO = BUFFERS_AT + (1 << 20);
const SLOT = 10240;

/** Packets out, whole or in two buffers, some of which cannot be read. */
export function packetsOut(b: Bench, seed: number): void {
  const { host, world } = b;
  host.start();
  const rng = new Rng(seed);
  // The highest number that is one here: 53 bits.
  const far = { esn: true, sentSeq: 2 ** 53 - 60 };
  const kinds = [{}, { key: pattern(32, 5) }, { alg: 'aes-gmac' as const }, far];
  const sas = kinds.map((more, i) => {
    const sa = testSa('out', 0x80000001 + rng.below(1 << 30), { mode: 'packet', ...more });
    installOffload(host, R.SA_TX, 300 * i + 5, sa);
    return { sa, idx: 300 * i + 5 };
  });
  for (let round = 0; round < 12; round++) {
    for (let k = 0; k < 16; k++) {
      const { sa, idx } = sas[rng.below(4)]!;
      const payloadBytes = 1 + rng.below(rng.below(5) === 0 ? 8900 : 120);
      const [vlan, udpPort] = [rng.below(4) === 0, rng.below(4) === 0 ? 4500 : 0];
      const family = rng.below(3) === 0 ? 6 : 4;
      const shape = { to: 1, spi: sa.spi, seq: 1, payloadBytes, family, vlan, udpPort } as const;
      const frame = bareOf({ ...shape, seed: rng.below(65536) });
      const at = OUT + SLOT * k + rng.below(64);
      world.arena.set(frame, at);
      const espOffset = 14 + (family === 6 ? 40 : 20) + (vlan ? 4 : 0) + (udpPort ? 8 : 0);
      const about = { saIdx: idx, espOffset, cookie: rng.below(1 << 30) };
      const flags = R.TXD_IPSEC | R.TXD_PACKET | (sa.esn ? R.TXD_ESN : 0);
      const cut = rng.below(3) === 0 ? espOffset + rng.below(payloadBytes) : 0;
      const [first, second] = [0, 1].map((i) => (rng.below(12) === i ? NOWHERE : at));
      if (cut === 0) {
        send(host, { addr: first!, lenBytes: frame.length, ...about }, flags, rng.below(256));
      } else {
        send(host, { addr: first!, lenBytes: cut, ...about }, flags | R.TXD_MORE, rng.below(256));
        const rest = { lenBytes: frame.length - cut, cookie: rng.below(1 << 30) };
        send(host, { addr: second === at ? at + cut : NOWHERE, ...rest }, R.TXD_CONT);
      }
    }
    ring(host);
    b.noteSent(16);
    b.noteFrames();
  }
  for (const { idx } of sas) noteState(b, R.SA_TX, idx);
  b.noteStatistics();
}

/**
 * Packets in, in any order, with paddings of any length that are right, wrong in one byte, or of another
 * length.
 */
export function packetsIn(b: Bench, seed: number): void {
  const { host, world } = b;
  host.start(CTRL.all);
  const rng = new Rng(seed);
  const sas = [{}, { key: pattern(32, 5) }, { alg: 'aes-gmac' as const }].map((more, i) => {
    const about = { mode: 'packet' as const, replayPackets: 128, ...more };
    const sa = testSa('in', 0x80000001 + rng.below(1 << 30), about);
    installOffload(host, R.SA_RX, 300 * i + 7, sa);
    return { sa, idx: 300 * i + 7, seq: 200 };
  });
  for (let round = 0; round < 16; round++) {
    world.arena.fill(0xee, INTO, INTO + 16 * 2048);
    for (let k = 0; k < 16; k++) {
      const one = sas[rng.below(3)]!;
      const payloadBytes = rng.below(140);
      const pad = (-(payloadBytes + 2) & 3) + 4 * rng.below(rng.below(2) === 0 ? 3 : 63);
      const payload = pattern(payloadBytes, rng.below(65536));
      // The payload counts up to the padding, as if it were more of it.
      const run = rng.below(3) === 0 ? rng.below(payloadBytes + 1) : 0;
      for (let i = 1; i <= run; i++) payload[payloadBytes - i] = 1 - i;
      const isNew = rng.below(2) === 0;
      if (isNew) one.seq += 1 + rng.below(4);
      const isWrong = rng.below(3) === 0 && pad > 0;
      const shape = {
        to: 0,
        spi: one.sa.spi,
        seq: isNew ? one.seq : one.seq - rng.below(140),
        payloadBytes,
        payload,
        pad,
        next: rng.below(256),
        vlan: rng.below(4) === 0,
        ...(isWrong ? { wrongPad: 1 + rng.below(pad) } : {}),
        ...(rng.below(5) === 0 ? { padLength: rng.below(256) } : {}),
      };
      host.supply(INTO + 2048 * k + rng.below(64), 1900, rng.below(1 << 30));
      host.inject(espSealed(shape, one.sa));
    }
    b.noteReceived(16);
    b.noteMemory(INTO, INTO + 16 * 2048);
  }
  // Each number of a window, in no order, and each again.
  const { sa, idx, seq } = sas[0]!;
  for (let k = 0; k < 256; k++) {
    const number = seq + 200 - ((k * 37) & 127);
    const shape = { to: 0, spi: sa.spi, seq: number, payloadBytes: 30 };
    host.supply(INTO, 1900, k);
    host.inject(espSealed(shape, sa));
    b.noteReceived(1);
    if (k % 16 === 15) noteState(b, R.SA_RX, idx);
  }
  for (const { idx } of sas) noteState(b, R.SA_RX, idx);
  for (let at = REG.txFrames; at < REG.txFrames + 60; at += 4) b.noteRegister(at);
}
