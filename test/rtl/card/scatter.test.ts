// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import { FAULT_READ_ERROR } from '../../../src/dev/nic/nic_bus.ts';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import type { BareHost, Completion, Piece } from '../../../src/validate/bare_host.ts';
import { espClear, espSealed, hex, plainFrame } from '../../../src/validate/frames.ts';
import { BareCard, BUFFERS, brief, CARDS, CTRL_ON, cut, NOWHERE, piece, SA } from './bare_card.ts';
import { random } from './esp_frames.ts';

/** Frames received into several buffers, on RTL of every width and on the model: the same of all. */
let card: BareCard;
afterEach(() => card.world.close());
const start = (...options: ConstructorParameters<typeof BareCard>): BareHost => {
  card = new BareCard(...options);
  return card.host;
};
const whole = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(CARDS)('receive scatter: %s', (_name, make) => {
  const ON = CTRL_ON | R.CTRL_RX_SCATTER;
  /** Buffers of these lengths, a page apart, at any address; cookies count. */
  const supply = (host: BareHost, lengths: readonly number[], offsetOf = (i: number) => i * 5) => {
    const pieces = lengths.map((n, i) => piece(BUFFERS + 16384 * i + (offsetOf(i) % 64), n));
    pieces.forEach((p, i) => {
      card.world.arena.fill(0xee, p.address - 64, p.address + Math.min(p.lenBytes, 10_000) + 64);
      host.supply(p, i);
    });
    host.flush();
    return pieces;
  };
  /** What the completions say lies in the buffers, put together again; nothing around it was touched. */
  const gather = (pieces: readonly Piece[], done: readonly Completion[]): Uint8Array => {
    for (const { cookie, lenBytes } of done) {
      const { address } = pieces[cookie]!;
      expect([...card.world.arena.subarray(address - 64, address)].every((b) => b === 0xee)).toBe(
        true,
      );
      const end = address + lenBytes;
      expect([...card.world.arena.subarray(end, end + 64)].every((b) => b === 0xee)).toBe(true);
    }
    return Buffer.concat(
      done.map(({ cookie, lenBytes }) => {
        const { address } = pieces[cookie]!;
        return card.world.arena.slice(address, address + lenBytes);
      }),
    );
  };
  const MORE = R.CPL_MORE;

  test('frames of any length over buffers of any length at any address, plain and ESP', () => {
    const host = start(make, { ctrl: ON, sim: { memStallPermille: 100 } });
    const next = random(15);
    for (let i = 0; i < 100; i++) {
      const isEsp = i % 2 === 1;
      const payloadBytes = i % 10 === 9 ? next() % 8800 : next() % 400;
      const shape = { to: 0, spi: SA.spi, seq: i + 1, payloadBytes };
      const frame = isEsp ? espSealed(shape, SA) : plainFrame(0, 14 + payloadBytes, i);
      const expected = isEsp ? espClear(shape).subarray(0, -16) : frame;
      const lengths = cut(frame.length + (next() % 3), 1 + (next() % 8), next);
      const pieces = supply(host, lengths, () => next());
      card.world.inject(0, frame, 0);
      card.settle();
      const done = host.received();
      const secp = isEsp ? R.CPL_SECP : 0;
      expect(done.map((c) => c.status & 0xff & ~R.CPL_ESP_SEEN)).toEqual(
        done.map((_, n) => secp | (n < done.length - 1 ? MORE : 0)),
      );
      const bytes = gather(pieces, done);
      expect(bytes.length).toBe(frame.length);
      expect(hex([bytes.subarray(0, expected.length)])).toEqual(hex([expected]));
      // Every buffer but the last is full; the rest of the ring stays for the next frame.
      const full = done.slice(0, -1).map((c) => c.lenBytes);
      expect(full).toEqual(lengths.slice(0, full.length));
      expect(done.map((c) => c.cookie)).toEqual(whole(done.length));
      host.start(ON);
    }
  });

  test('without the bit a frame that does not fit is TOO_BIG, as it was', () => {
    const host = start(make);
    const [, second] = supply(host, [50, 100]);
    const frame = plainFrame(0, 60, 2);
    for (let i = 0; i < 2; i++) card.world.inject(0, frame, 0);
    card.settle();
    expect(brief(host.received())).toEqual([
      [0, R.CODE_TOO_BIG, 0],
      [1, R.CODE_OK, 60],
    ]);
    expect(hex([card.world.arena.subarray(second!.address, second!.address + 60)])).toEqual(
      hex([frame]),
    );
  });

  test('buffers that are missing are waited for; frames stay behind each other', () => {
    const host = start(make, { ctrl: ON });
    supply(host, [40]);
    const frames = [plainFrame(0, 100, 1), plainFrame(0, 70, 2)];
    for (const frame of frames) card.world.inject(0, frame, 0);
    card.settle();
    const first = host.received();
    expect(brief(first)).toEqual([[0, MORE, 40]]);
    expect(card.read(R.REG_STATUS) & R.STATUS_RX_BUSY).toBe(R.STATUS_RX_BUSY);
    const pieces = [40, 30, 100].map((n, i) => piece(BUFFERS + 16384 * (i + 1) + i, n));
    pieces.forEach((p, i) => {
      host.supply(p, i + 1);
    });
    card.go();
    const rest = host.received();
    expect(brief(rest)).toEqual([
      [1, MORE, 40],
      [2, R.CODE_OK, 20],
      [3, R.CODE_OK, 70],
    ]);
    const at = (n: number, lenBytes: number) =>
      card.world.arena.subarray(pieces[n]!.address, pieces[n]!.address + lenBytes);
    expect(hex([at(0, 40), at(1, 20), at(2, 70)])).toEqual(
      hex([frames[0]!.subarray(40, 80), frames[0]!.subarray(80), frames[1]!]),
    );
    expect(card.read(R.REG_STATUS) & R.STATUS_RX_BUSY).toBe(0);
  });

  test('a forged frame takes one buffer and leaves nothing in it; the next one is whole', () => {
    const host = start(make, { ctrl: ON });
    const pieces = supply(host, [64, 64, 64, 64]);
    const shape = { to: 0, spi: SA.spi, seq: 1, payloadBytes: 60 };
    const forged = espSealed(shape, SA);
    forged[60]! ^= 1;
    card.world.inject(0, forged, 0);
    card.world.inject(0, espSealed(shape, SA), 0);
    card.settle();
    const done = host.received();
    expect(brief(done)).toEqual([
      [0, R.CODE_AUTH_FAIL, 0],
      [1, MORE | R.CPL_SECP, 64],
      [2, MORE | R.CPL_SECP, 64],
      [3, R.CPL_SECP, forged.length - 128],
    ]);
    const untouched = card.world.arena.subarray(pieces[0]!.address, pieces[0]!.address + 64);
    expect([...untouched].every((b) => b === 0xee)).toBe(true);
    const clear = espClear(shape).subarray(0, -16);
    expect(hex([gather(pieces, done.slice(1)).subarray(0, clear.length)])).toEqual(hex([clear]));
  });

  test('a bus error in the second buffer: its completion says so, the others are right', () => {
    const host = start(make, { ctrl: ON });
    const places = [
      piece(BUFFERS, 32),
      piece(NOWHERE, 32),
      piece(BUFFERS + 4096, 64),
      piece(BUFFERS + 8192, 64),
    ];
    places.forEach((p, i) => {
      host.supply(p, i);
    });
    host.flush();
    card.world.inject(0, plainFrame(0, 90, 1), 0);
    card.world.inject(0, plainFrame(0, 60, 2), 0);
    card.settle();
    expect(brief(host.received())).toEqual([
      [0, MORE, 32],
      [1, MORE | R.CODE_DMA_ERR, 0],
      [2, R.CODE_OK, 26],
      [3, R.CODE_OK, 60],
    ]);
    expect(card.stat('dmaErrors')).toBe(1);
  });

  test('a descriptor that cannot be read ends the frame; the next one arrives', () => {
    const host = start(make, { ctrl: ON });
    supply(host, [20, 20, 20, 20]);
    card.settle();
    card.world.inject(0, plainFrame(0, 100, 1), 0);
    card.settle();
    card.world.fault(0, FAULT_READ_ERROR, 1);
    host.supply(piece(BUFFERS, 200), 4);
    card.go();
    host.supply(piece(BUFFERS, 200), 5);
    host.flush();
    card.world.inject(0, plainFrame(0, 60, 2), 0);
    card.settle();
    const done = brief(host.received());
    expect(done.slice(0, 4)).toEqual(whole(4).map((i) => [i, MORE, 20]));
    expect(done[4]!.slice(1)).toEqual([R.CODE_DMA_ERR, 0]);
    expect(done.slice(5)).toEqual([[5, R.CODE_OK, 60]]);
  });

  test('the ring starts anew amid a frame: its rest is discarded, with a status', () => {
    const host = start(make, { ctrl: ON });
    supply(host, [20]);
    card.world.inject(0, plainFrame(0, 100, 1), 0);
    card.settle();
    expect(brief(host.received())).toEqual([[0, MORE, 20]]);
    host.start(ON);
    host.supply(piece(BUFFERS, 200), 1);
    host.supply(piece(BUFFERS, 200), 2);
    host.flush();
    card.world.inject(0, plainFrame(0, 60, 2), 0);
    card.settle();
    expect(brief(host.received())).toEqual([
      [1, R.CODE_TOO_BIG, 0],
      [2, R.CODE_OK, 60],
    ]);
  });

  test('the card is reset amid a frame: nothing of it is left', () => {
    const host = start(make, { ctrl: ON });
    supply(host, [20]);
    card.world.inject(0, plainFrame(0, 100, 1), 0);
    card.settle();
    host.bus.writeReg(R.REG_CTRL, R.CTRL_RESET);
    card.settle();
    host.start(ON);
    host.supply(piece(BUFFERS, 200), 1);
    card.go();
    expect(host.received()).toEqual([]);
    card.world.inject(0, plainFrame(0, 60, 2), 0);
    card.settle();
    expect(brief(host.received())).toEqual([[1, R.CODE_OK, 60]]);
  });
});
