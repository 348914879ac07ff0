// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { espClear, espSealed } from '../../../src/validate/frames.ts';
import { BareCard, BUFFERS, brief, piece, QUEUED, SA, SA_ROW, WIDTHS } from './bare_card.ts';
import { random } from './esp_frames.ts';

/** RFC 4303 §2.4, packet offload: padding of each length is taken off when it is 1, 2, 3 …, and only then. */
const INTO = BUFFERS + 0x10000;
const HEADERS = 34;
const PADS = 256;

let card: BareCard;
afterEach(() => card.world.close());

describe.each([WIDTHS[0]!, ...QUEUED])('%s', (_name, make) => {
  const begin = (seed: number) => {
    card = new BareCard(make);
    card.host.install(R.SA_RX, SA_ROW, { ...SA, mode: 'packet' });
    const next = random(seed);
    let seq = 0;
    /** Payload that ends with whole words behind so much padding. */
    const shape = (pad: number) => ({
      ...{ to: 0, spi: SA.spi, seq: ++seq, pad, next: next() & 255, seed: seq },
      payloadBytes: 4 * (1 + (next() % 20)) + (-(pad + 2) & 3),
    });
    const receive = (frame: Uint8Array) => {
      card.host.supply(piece(INTO, 2048), seq);
      card.host.flush();
      card.world.inject(0, frame, 0);
      card.settle();
      return brief(card.host.received());
    };
    return { next, shape, receive };
  };

  test('0 to 255 bytes of right padding', () => {
    const { shape, receive } = begin(51);
    for (let pad = 0; pad < PADS; pad++) {
      const packet = shape(pad);
      const lenBytes = HEADERS + packet.payloadBytes;
      const secp = R.CPL_SECP;
      expect([pad, receive(espSealed(packet, SA))]).toEqual([pad, [[packet.seq, secp, lenBytes]]]);
      const clear = espClear(packet);
      const expected = [...clear.subarray(0, HEADERS), ...clear.subarray(HEADERS + 16)];
      const got = card.world.arena.slice(INTO, INTO + lenBytes);
      expect([pad, Buffer.compare(got, Buffer.from(expected).subarray(0, lenBytes))]).toEqual([
        pad,
        0,
      ]);
    }
    expect(card.stat('rxBadPad')).toBe(0);
  });

  test('1 to 255 bytes, one of them wrong: BAD_PAD, nothing is delivered', () => {
    const { next, shape, receive } = begin(52);
    for (let pad = 1; pad < PADS; pad++) {
      const packet = { ...shape(pad), wrongPad: 1 + (next() % pad) };
      const status = R.CODE_BAD_PAD;
      expect([pad, receive(espSealed(packet, SA))]).toEqual([pad, [[packet.seq, status, 0]]]);
    }
    expect(card.stat('rxBadPad')).toBe(PADS - 1);
  });
});
