// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import type { BareHost, TxFields } from '../../../src/validate/bare_host.ts';
import { ESP_DST6, espSealed, hex, placesOf, plainFrame } from '../../../src/validate/frames.ts';
import * as P from '../../../src/validate/inner_packets.ts';
import { referenceCksum } from '../../reference/cksum.ts';
import { BareCard, BUFFERS, brief, CARDS, CTRL_ON, cut, piece, SA, SA_ROW } from './bare_card.ts';
import { random } from './esp_frames.ts';

/** Sums of TCP and UDP, made and looked at: RTL of every width and the model, by test/reference/cksum.ts. */
let card: BareCard;
const start = (...options: ConstructorParameters<typeof BareCard>): BareHost => {
  card = new BareCard(...options);
  return card.host;
};
const ON = CTRL_ON | R.CTRL_RX_CSUM;

/** One packet of each kind: payload of ESP, next header, and what else ESP has. */
function packets(next: () => number, seq: number) {
  const proto = next() % 2 === 0 ? P.TCP : P.UDP;
  const lenBytes = 20 + (next() % (next() % 8 === 0 ? 6000 : 200));
  const shape = { proto, lenBytes, seed: next() & 0xffff };
  const vlan = next() % 4 === 0;
  const udpPort = next() % 3 === 0 ? 4500 : 0;
  const esp = { spi: SA.spi, seq, vlan, udpPort };
  return [
    P.around(P.l4(proto, lenBytes, P.OUTER4, shape.seed), proto, esp),
    P.around(P.inner4(shape), P.IPV4, esp),
    P.around(P.inner6(shape), P.IPV6, esp),
  ];
}

test('the packets of these tests have the sums of the readable reference', () => {
  const next = random(2);
  for (let i = 0; i < 40; i++) {
    const bytes = P.l4(i % 2 ? P.TCP : P.UDP, 20 + (next() % 300), P.OUTER4, i);
    const whole = [...P.pseudo(P.OUTER4, i % 2 ? P.TCP : P.UDP, bytes.length), ...bytes];
    expect(referenceCksum(Uint8Array.from(whole))).toBe(0);
  }
});

describe.each(CARDS)('checksums: %s', (_name, make) => {
  afterEach(() => card.world.close());

  /** What the card says of these frames, in their order. */
  function verdicts(frames: readonly Uint8Array[]): boolean[] {
    const { host } = card;
    return frames.flatMap((frame) => {
      host.supply(piece(BUFFERS, 9018), 1);
      host.flush();
      card.world.inject(0, frame, 0);
      card.settle();
      const done = host.received();
      expect(brief(done)).toEqual([[1, R.CPL_SECP, frame.length]]);
      return done.map(({ status }) => (status & R.CPL_L4_OK) !== 0);
    });
  }

  test('RFC 768, RFC 9293 §3.1: a right sum inside ESP is found right, one with a wrong bit is not', () => {
    start(make, { ctrl: ON, sim: { memStallPermille: 100 } });
    const next = random(3);
    for (let i = 0; i < 60; i++) {
      const good = packets(next, i)[i % 3]!;
      const payload = good.payload!.slice();
      // Not in what the card does not sum: IP's identification, hop limit, its own sum.
      const from = good.next === P.IPV4 ? 20 : good.next === P.IPV6 ? 40 : 0;
      payload[from + (next() % (payload.length - from))]! ^= 1 << (next() % 8);
      const frames = [good, { ...good, payload }].map((shape) => espSealed(shape, SA));
      expect([i, verdicts(frames)]).toEqual([i, [true, false]]);
    }
  });

  test('frames back to back, each with its own verdict', () => {
    const host = start(make, { ctrl: ON });
    const next = random(4);
    const shapes = Array.from({ length: 48 }, (_, i) => ({ ...packets(next, i)[i % 3]! }));
    const wrong = shapes.map((_, i) => next() % 3 === 0 && i > 0);
    shapes.forEach((shape, i) => {
      host.supply(piece(BUFFERS + 16384 * (i % 8), 9018), i);
      const payload = shape.payload!.slice();
      if (wrong[i]) payload[payload.length - 1]! ^= 4;
      Object.assign(shape, { payload });
    });
    host.flush();
    for (let i = 0; i < shapes.length; i += 4) {
      for (const shape of shapes.slice(i, i + 4)) card.world.inject(0, espSealed(shape, SA), 0);
      card.settle();
    }
    const said = host.received().map(({ status }) => (status & R.CPL_L4_OK) === 0);
    expect(said).toEqual(wrong);
  });

  test('of what it does not know it says nothing', () => {
    start(make, { ctrl: ON });
    const esp = { spi: SA.spi, seq: 1 };
    const shape = { proto: P.UDP, lenBytes: 64, seed: 5 };
    const transport = P.l4(P.UDP, 64, P.OUTER4, 7);
    const transport6 = P.l4(P.TCP, 64, P.OUTER6, 7);
    card.host.install(R.SA_RX, SA_ROW, { ...SA, family: 6, dst: ESP_DST6 });
    const esp6 = { ...esp, family: 6 } as const;
    const unknown = [
      ['options in front of ESP', P.around(transport, P.UDP, { ...esp, optionWords: 1 })],
      ['options inside', P.around(P.inner4({ ...shape, options: 1 }), P.IPV4, esp)],
      ['a first fragment', P.around(P.inner4({ ...shape, fragment: 0x2000 }), P.IPV4, esp)],
      ['a later fragment', P.around(P.inner4({ ...shape, fragment: 8 }), P.IPV4, esp)],
      ['longer than ESP', P.around(P.inner4({ ...shape, longer: 4 }), P.IPV4, esp)],
      ['shorter than ESP', P.around(P.inner6({ ...shape, longer: -4 }), P.IPV6, esp)],
      ['more padding than must be', P.around(P.inner4(shape), P.IPV4, { ...esp, pad: 6 })],
      ['padding of zeros', P.around(P.inner4(shape), P.IPV4, { ...esp, pad: 2, wrongPad: 1 })],
      ['ICMP', P.around(P.l4(1, 64, P.OUTER4, 7), 1, esp)],
      ['ICMP inside', P.around(P.inner4({ ...shape, proto: 1 }), P.IPV4, esp)],
      ['too short for UDP', P.around(P.l4(P.UDP, 8, P.OUTER4, 7).subarray(0, 6), P.UDP, esp)],
      ['in UDP over IPv6', P.around(transport6, P.TCP, { ...esp6, udpPort: 4500 })],
      ['ESP inside', P.around(P.l4(50, 64, P.OUTER4, 7), 50, esp)],
    ] as const;
    for (const [name, frame] of unknown)
      expect([name, verdicts([espSealed(frame, SA)])]).toEqual([name, [false]]);
    // The same without what makes them unknown.
    const known = [
      P.around(transport, P.UDP, esp),
      P.around(transport6, P.TCP, esp6),
      P.around(P.inner4(shape), P.IPV4, esp),
      P.around(P.inner4(shape), P.IPV4, { ...esp6, udpPort: 4500 }),
    ];
    expect(verdicts(known.map((s) => espSealed(s, SA)))).toEqual([true, true, true, true]);
  });

  test('unless software asked, nothing is said', () => {
    start(make);
    const shape = { proto: P.UDP, lenBytes: 64, seed: 5 };
    const frame = espSealed(P.around(P.inner4(shape), P.IPV4, { spi: SA.spi, seq: 1 }), SA);
    expect(verdicts([frame])).toEqual([false]);
    card.host.bus.writeReg(R.REG_CTRL, ON);
    expect(verdicts([frame])).toEqual([true]);
  });

  test('a frame for which there was no room has no promise', () => {
    const host = start(make, { ctrl: ON });
    const shape = { proto: P.UDP, lenBytes: 200, seed: 5 };
    const frame = espSealed(P.around(P.inner4(shape), P.IPV4, { spi: SA.spi, seq: 1 }), SA);
    host.supply(piece(BUFFERS, 60), 1);
    host.flush();
    card.world.inject(0, frame, 0);
    card.settle();
    const [done] = host.received();
    expect(done!.status & (R.CPL_CODE_MASK | R.CPL_L4_OK)).toBe(R.CODE_TOO_BIG);
  });

  /** Memory of a frame whose sum the card is to make, and the frame as it must leave. */
  function toSend(shape: ReturnType<typeof packets>[number]) {
    const { clear, csum } = P.leftToCard(shape);
    const flags = R.TXD_IPSEC | R.TXD_CSUM;
    const fields: TxFields = { flags, saIdx: SA_ROW, espOffset: placesOf(shape).esp, csum };
    return { clear, fields, sealed: espSealed(shape, SA) };
  }

  test('RFC 1071: the sum is put in before ESP is made of it, in one buffer or several', () => {
    const host = start(make, { sim: { memStallPermille: 100 } });
    const next = random(6);
    for (let i = 0; i < 60; i++) {
      const { clear, fields, sealed } = toSend(packets(next, i)[i % 3]!);
      const pieces = card.place(
        clear,
        cut(clear.length, 1 + (next() % 3), next),
        () => next() % 64,
      );
      host.postFrame(pieces, { ...fields, cookie: i });
      card.go();
      expect([i, card.wire()]).toEqual([i, hex([sealed])]);
      expect(brief(host.sent())).toEqual([[i, R.CPL_SECP, sealed.length]]);
    }
  });

  test('frames with a sum among others: order and bytes are kept', () => {
    const host = start(make);
    const next = random(8);
    const expected: Uint8Array[] = [];
    for (let i = 0; i < 60; i++) {
      const { clear, fields, sealed } = toSend(packets(next, i)[i % 3]!);
      const isSummed = next() % 2 === 0;
      const frame = isSummed ? clear : plainFrame(0, 60 + (next() % 800), i);
      const [at] = card.place(frame, [frame.length], () => i * 8192 + (next() % 64));
      host.post(at!, isSummed ? fields.flags! : 0, { ...(isSummed ? fields : {}), cookie: i });
      expected.push(isSummed ? sealed : frame);
    }
    card.go();
    expect(card.wire()).toEqual(hex(expected));
  });

  test('any range of a plain frame, also of odd length and from an odd place', () => {
    const host = start(make);
    const next = random(10);
    for (let i = 0; i < 60; i++) {
      const frame = plainFrame(0, 60 + (next() % 300), i);
      const from = 14 + (next() % 20);
      const at = from + 2 * (next() % 10);
      const stop = at + 2 + (next() % (frame.length - at - 1));
      const [memory] = card.place(frame, [frame.length], () => next() % 64);
      host.post(memory!, R.TXD_CSUM, { csum: [from, at, stop], cookie: i });
      card.go();
      const sum = referenceCksum(frame.subarray(from, stop)) || 0xffff;
      const expected = frame.slice();
      new DataView(expected.buffer).setUint16(at, sum);
      expect([i, from, at, stop, card.wire()]).toEqual([i, from, at, stop, hex([expected])]);
    }
  });

  test('RFC 768: a sum of zero leaves as ffff', () => {
    const host = start(make);
    const frame = plainFrame(0, 60, 1).fill(0, 20, 40);
    frame.set([0xff, 0xff], 30);
    const [memory] = card.place(frame, [60], () => 0);
    host.post(memory!, R.TXD_CSUM, { csum: [20, 24, 40] });
    card.go();
    frame.set([0xff, 0xff], 24);
    expect(card.wire()).toEqual(hex([frame]));
  });

  test('a field outside of what is summed, or that outside of the frame: BAD_LEN, nothing leaves', () => {
    const host = start(make);
    const bad = [
      [20, 18, 40],
      [20, 39, 40],
      [20, 24, 61],
      [70, 72, 80],
      [0xfffe, 0xfffe, 0xffff],
    ] as const;
    bad.forEach((csum, cookie) => {
      host.post(piece(BUFFERS, 60), R.TXD_CSUM, { csum, cookie });
    });
    host.post(piece(BUFFERS, 60), R.TXD_CSUM, { csum: [0, 58, 60], cookie: 9 });
    card.go();
    const codes = host.sent().map((c) => [c.cookie, c.status]);
    expect(codes).toEqual([...bad.map((_, i) => [i, R.CODE_BAD_LEN]), [9, R.CODE_OK]]);
    expect(card.wire()).toHaveLength(1);
  });
});
