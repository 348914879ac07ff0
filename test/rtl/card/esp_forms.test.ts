// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import { World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, CTRL, REG, type Sa } from './card_host.ts';
import { espFrame, espOffsetOf, random, randomBytes, randomSa, seal } from './esp_frames.ts';
import { AROUND, allKinds, ESN_HI, inMatch, V4, V6 } from './esp_kinds.ts';

/**
 * All forms of ESP that the card knows, in every kind of packet round it, both ways; node:crypto says
 * what is right. Extended sequence numbers, counters, and frames with a bad ICV on request.
 */
let library: string;
beforeAll(async () => {
  library = (await cardLibrary()).library;
}, 600_000);

let world: World | undefined;
afterEach(() => {
  world?.destroy();
  world = undefined;
});

const start = (options: ConstructorParameters<typeof World>[1] = {}): CardHost => {
  world = new World(library, {
    cardCount: 1,
    arenaBytes: 4 << 20,
    tapBytes: 4 << 20,
    regTimeoutCycles: 5000,
    ...options,
  });
  const host = new CardHost(world, 0, 6);
  host.start();
  return host;
};

const TEXTS = Array.from({ length: 24 }, (_, i) => 4 * (i + 1)).concat(
  1400,
  1404,
  1408,
  1412,
  8900,
);
const SLOT = 10240;
describe('transmit', () => {
  test.each(AROUND)('%s: every algorithm, every alignment', (_name, around) => {
    const host = start({ memStallPermille: 50 });
    const next = random(11);
    const sas = allKinds(next);
    sas.forEach((sa, i) => {
      host.installSa(REG.txSa, i, sa);
    });
    const jobs = TEXTS.flatMap((textBytes) => sas.map((sa, saIdx) => ({ textBytes, sa, saIdx })));
    for (let at = 0; at < jobs.length; at += host.size) {
      const batch = jobs.slice(at, at + host.size).map((job) => {
        return { ...job, frame: espFrame({ ...around, ...job, spi: next() }, next) };
      });
      batch.forEach(({ frame, sa, saIdx }, i) => {
        const addr = BUFFERS_AT + i * SLOT + ((at + i) % 64);
        host.world.arena.set(frame, addr);
        const espOffset = espOffsetOf(frame);
        const esnHi = sa.esn ? ESN_HI : 0;
        const d = { addr, lenBytes: frame.length, ipsec: true, esn: sa.esn === true, esnHi };
        host.send({ ...d, saIdx, espOffset, cookie: at + i }, i === batch.length - 1);
      });
      const completions = host.awaitSent(batch.length);
      const wire = host.world.frames();
      batch.forEach(({ frame, sa, textBytes }, i) => {
        const name = `text of ${textBytes}, ${sa.gmac ? 'GMAC' : 'GCM'}, ESN ${sa.esn}`;
        expect(completions[i], name).toMatchObject({ code: CODE.ok, secp: true });
        expect(Buffer.compare(wire[i]!.bytes, seal(frame, sa, ESN_HI)), name).toBe(0);
      });
    }
    const total = (i: number): number =>
      TEXTS.reduce(
        (n, t) => n + espFrame({ ...around, textBytes: t, spi: i }, next).length + 16,
        0,
      );
    for (let i = 0; i < sas.length; i++) {
      const expected = { packets: BigInt(TEXTS.length), bytes: BigInt(total(i)), errors: 0 };
      expect(host.saState(REG.txSa, i)).toMatchObject(expected);
    }
  });
});

describe('receive', () => {
  test.each(AROUND)('%s: every algorithm, good and bad ICVs', (_name, around) => {
    const host = start({ memStallPermille: 50 });
    const next = random(12);
    const spis = allKinds(next).map(() => next());
    const sas = allKinds(next);
    sas.forEach((sa, i) => {
      host.installSa(REG.rxSa, i, sa);
      inMatch(host, spis[i]!, around.dst, i);
    });
    const jobs = TEXTS.flatMap((textBytes) => sas.map((sa, i) => ({ textBytes, sa, i })));
    let good = 0;
    for (let at = 0; at < jobs.length; at += host.size) {
      const batch = jobs.slice(at, at + host.size).map(({ textBytes, sa, i }, k) => {
        const seq = 0x80000001 + at + k;
        const frame = espFrame({ ...around, textBytes, spi: spis[i]!, seq }, next);
        const wire = seal(frame, sa, ESN_HI);
        const bad = (at + k) % 7 === 3;
        // Behind the SPI, which would name another SA.
        if (bad) wire[espOffsetOf(frame) + 8 + (next() % (textBytes + 24))]! ^= 1 << (next() % 8);
        return { frame, wire, sa, i, bad, textBytes };
      });
      const { arena } = host.world;
      arena.fill(0xee, BUFFERS_AT, BUFFERS_AT + host.size * SLOT);
      const addrOf = (k: number): number => BUFFERS_AT + k * SLOT + ((at + k) % 64);
      batch.forEach((_, k) => {
        host.supply(addrOf(k), 9300, k);
      });
      for (const { wire } of batch) host.inject(wire);
      const completions = host.awaitReceived(batch.length);
      batch.forEach(({ frame, wire, sa, i, bad, textBytes }, k) => {
        const name = `${at + k}: text of ${textBytes}, ${sa.gmac ? 'GMAC' : 'GCM'}, ESN ${sa.esn}`;
        const code = bad ? CODE.authFail : CODE.ok;
        const esnHi = sa.esn ? ESN_HI : 0;
        expect(completions[k], name).toMatchObject({ code, secp: !bad, saIdx: i, esnHi });
        const from = BUFFERS_AT + k * SLOT;
        const slot = new Uint8Array(SLOT).fill(0xee);
        if (!bad) {
          slot.set(frame, addrOf(k) - from);
          slot.set(wire.subarray(frame.length), addrOf(k) - from + frame.length);
          good++;
        }
        expect(Buffer.compare(arena.subarray(from, from + SLOT), slot), name).toBe(0);
      });
    }
    expect(host.read(REG.rxIpsecOk)).toBe(good);
    expect(host.read(REG.rxIcvBad)).toBe(jobs.length - good);
    const states = sas.map((_, i) => host.saState(REG.rxSa, i));
    expect(states.reduce((n, s) => n + Number(s.packets), 0)).toBe(good);
    expect(states.reduce((n, s) => n + s.errors, 0)).toBe(jobs.length - good);
    expect(states[0]!.seq).toBe(0n);
  });

  const untouched = (host: CardHost, wires: readonly Uint8Array[], espSeen: boolean): void => {
    const { arena } = host.world;
    wires.forEach((wire, k) => {
      host.supply(BUFFERS_AT + k * SLOT, 9300, k);
      host.inject(wire);
    });
    const code = espSeen ? CODE.noSa : CODE.ok;
    host.awaitReceived(wires.length).forEach((c, k) => {
      expect(c, `frame ${k}`).toMatchObject({ code, secp: false, espSeen });
      const at = BUFFERS_AT + k * SLOT;
      expect(Buffer.compare(arena.subarray(at, at + wires[k]!.length), wires[k]!)).toBe(0);
    });
  };

  test('the destination counts with all its 128 bits, and with its family', () => {
    const host = start();
    const next = random(13);
    const sa = randomSa(16, next);
    host.installSa(REG.rxSa, 5, sa);
    inMatch(host, 0x1234, V6, 5);
    const wires = Array.from({ length: 16 }, (_, i) => {
      const dst = V6.map((w, n) => (n === i >> 2 ? (w ^ (1 << ((i * 7) % 32))) >>> 0 : w));
      return seal(espFrame({ textBytes: 40, spi: 0x1234, dst }, next), sa);
    });
    untouched(host, wires, true);
    inMatch(host, 0x77, [V4, 0, 0, 0], 5);
    inMatch(host, 0x78, V4, 5);
    untouched(host, [seal(espFrame({ textBytes: 40, spi: 0x77, dst: V4 }, next), sa)], true);
    const six = seal(espFrame({ textBytes: 40, spi: 0x78, dst: [V4, 0, 0, 0] }, next), sa);
    untouched(host, [six], true);
  });

  test('what is no ESP in UDP: another port, IKE, a wrong length (RFC 3948 §2)', () => {
    const host = start();
    const next = random(14);
    const sa = randomSa(16, next);
    host.installSa(REG.rxSa, 5, sa);
    for (const spi of [0x99, 0]) inMatch(host, spi, V4, 5);
    const base = { textBytes: 60, spi: 0x99, dst: V4, udpPort: 4500 };
    const good = seal(espFrame(base, next), sa);
    const changed = (at: number, value: number): Uint8Array =>
      Uint8Array.from(good, (v, i) => (i === at ? value : v));
    const ike = seal(espFrame({ ...base, spi: 0 }, next), sa);
    const other = seal(espFrame({ ...base, udpPort: 4501 }, next), sa);
    const wires = [other, ike, changed(39, good[39]! ^ 4)];
    untouched(host, wires, false);
    // §2.1: "receivers MUST NOT depend on the UDP checksum being a zero value".
    host.supply(BUFFERS_AT, 9300, 1);
    host.inject(changed(40, 0x5a));
    expect(host.awaitReceived(1)[0]).toMatchObject({ code: CODE.ok, secp: true });
    host.post(REG.nattPort, 0);
    untouched(host, [good], false);
    host.post(REG.nattPort, 4501);
    untouched(host, [good], false);
    host.supply(BUFFERS_AT, 9300, 1);
    host.inject(other);
    expect(host.awaitReceived(1)[0]).toMatchObject({ code: CODE.ok, secp: true });
  });

  test('IPv6 with extension headers, two VLAN tags, fragments and short packets pass as they are', () => {
    const host = start();
    const next = random(15);
    const sa = randomSa(16, next);
    host.installSa(REG.rxSa, 5, sa);
    for (const dst of [V4, V6]) inMatch(host, 0x99, dst, 5);
    const six = seal(espFrame({ textBytes: 60, spi: 0x99, dst: V6 }, next), sa);
    const tagged = seal(espFrame({ textBytes: 60, spi: 0x99, dst: V4, vlan: true }, next), sa);
    const set = (frame: Uint8Array, ...bytes: [at: number, value: number][]): Uint8Array => {
      const copy = Uint8Array.from(frame);
      for (const [at, value] of bytes) copy[at] = value;
      return copy;
    };
    const wires = [
      set(six, [20, 0]), // hop-by-hop options
      set(six, [20, 44]), // fragment header
      set(six, [14, 0x40]), // version
      set(six, [18, 0], [19, 35]), // shorter than ESP
      set(six, [18, 4]), // longer than the frame
      set(tagged, [16, 0x81], [17, 0]), // a second tag
      set(tagged, [24, 0x20]), // more fragments
      tagged.slice(0, 20),
      six.slice(0, 60),
    ];
    untouched(host, wires, false);
  });
});

describe('extended sequence numbers on receive (RFC 4303 §A2)', () => {
  const TWO32 = 1n << 32n;
  const cases: readonly [string, number, bigint][] = [
    ['at the start', 64, 0n],
    ['in the middle', 64, 5n * TWO32 + 0x70000000n],
    ['before a turn', 64, 7n * TWO32 - 3n],
    ['at a turn', 64, 7n * TWO32],
    ['behind a turn', 64, 7n * TWO32 + 3n],
    ['behind a turn, wide window', 4096, 7n * TWO32 + 100n],
    ['the widest window', 65535, 9n * TWO32 + 65534n],
    ['without a window', 0, 3n * TWO32 + 1000n],
  ];
  test.each(cases)('%s: window %i, top %i', (_name, window, top) => {
    const host = start();
    const next = random(20);
    const sa: Sa = { ...randomSa(16, next, true), window, top };
    host.installSa(REG.rxSa, 9, sa);
    inMatch(host, 0x55, V4, 9);
    let seen = top;
    const w = BigInt(window);
    const steps = [1n, 2n, 0n, -1n, -w + 1n, -w, w, 100n, TWO32 - w, TWO32 - w + 1n, 3n, -2n];
    // Without a window none is old: all are taken for new.
    for (const step of steps) {
      const seq = seen + step;
      if (seq <= 0n) continue;
      const frame = espFrame({ textBytes: 44, spi: 0x55, dst: V4, seq: Number(seq % TWO32) }, next);
      host.supply(BUFFERS_AT, 9300, 1);
      host.inject(seal(frame, sa, Number(seq >> 32n)));
      const recovered = seq > seen - w && seq <= seen - w + TWO32;
      const [c] = host.awaitReceived(1);
      expect(c, `${seq} after ${seen}`).toMatchObject(
        recovered
          ? { code: CODE.ok, secp: true, esnHi: Number(seq >> 32n) }
          : { code: CODE.authFail, secp: false },
      );
      if (recovered && seq > seen) seen = seq;
      expect(host.saState(REG.rxSa, 9).seq).toBe(seen);
    }
  });

  test('a forged number does not move the top', () => {
    const host = start();
    const next = random(21);
    const sa: Sa = { ...randomSa(32, next, true), window: 64, top: 100n };
    host.installSa(REG.rxSa, 1, sa);
    inMatch(host, 0x56, V4, 1);
    const send = (seq: number, flip: boolean): number => {
      const wire = seal(espFrame({ textBytes: 44, spi: 0x56, dst: V4, seq }, next), sa, 0);
      if (flip) wire[wire.length - 1]! ^= 1;
      host.supply(BUFFERS_AT, 9300, 1);
      host.inject(wire);
      return host.awaitReceived(1)[0]!.code;
    };
    expect(send(0xfffffff0, true)).toBe(CODE.authFail);
    expect(host.saState(REG.rxSa, 1).seq).toBe(100n);
    expect(send(101, false)).toBe(CODE.ok);
    expect(host.saState(REG.rxSa, 1).seq).toBe(101n);
  });
});

describe('counters of an SA', () => {
  test('READ takes all words of one moment, while traffic goes on', () => {
    const host = start();
    const next = random(30);
    const sa = randomSa(16, next);
    host.installSa(REG.rxSa, 3, sa);
    inMatch(host, 0x57, V4, 3);
    const wire = seal(espFrame({ textBytes: 64, spi: 0x57, dst: V4 }, next), sa);
    let sent = 0;
    let last = 0n;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 4; i++, sent++) {
        host.supply(BUFFERS_AT + i * SLOT, 9300, 1);
        host.inject(wire);
      }
      host.run(next() % 60);
      const { packets, bytes } = host.saState(REG.rxSa, 3);
      // The words come one register read after the other; frames arrive in between.
      expect(bytes).toBe(packets * BigInt(wire.length));
      expect(packets).toBeGreaterThanOrEqual(last);
      last = packets;
      if (round % 8 === 7) host.awaitReceived(32);
    }
    expect(sent % 32).toBe(0);
    host.run(3000);
    expect(host.saState(REG.rxSa, 3).packets).toBe(BigInt(sent));
    host.installSa(REG.rxSa, 3, sa);
    expect(host.saState(REG.rxSa, 3)).toEqual({ packets: 0n, bytes: 0n, errors: 0, seq: 0n });
  });
});

describe('CTRL.RX_FLAG_BAD', () => {
  test.each([false, true])(
    'a bad ICV is delivered and flagged (GMAC %s), and not without',
    (gmac) => {
      const host = start();
      const next = random(31);
      const sa: Sa = { ...randomSa(16, next), gmac };
      host.installSa(REG.rxSa, 3, sa);
      inMatch(host, 0x58, V4, 3);
      const frame = espFrame({ textBytes: 100, spi: 0x58, dst: V4 }, next);
      const wire = seal(frame, sa);
      wire[wire.length - 1]! ^= 0x80;
      const receive = (): { code: number; lenBytes: number; secp: boolean; text: Uint8Array } => {
        host.world.arena.set(
          randomBytes(300, () => 0),
          BUFFERS_AT,
        );
        host.supply(BUFFERS_AT, 9300, 1);
        host.inject(wire);
        const [c] = host.awaitReceived(1);
        return { ...c!, text: host.world.arena.slice(BUFFERS_AT, BUFFERS_AT + frame.length) };
      };
      expect(receive()).toMatchObject({ code: CODE.authFail, lenBytes: 0, secp: false });
      host.post(REG.ctrl, CTRL.all | CTRL.flagBad);
      const kept = receive();
      expect(kept).toMatchObject({ code: CODE.authFail, lenBytes: wire.length, secp: false });
      expect(Buffer.compare(kept.text, frame)).toBe(0);
      host.post(REG.ctrl, CTRL.all);
      const dropped = receive();
      expect(dropped).toMatchObject({ code: CODE.authFail, lenBytes: 0, secp: false });
      expect(dropped.text.every((b) => b === 0)).toBe(true);
      expect(host.saState(REG.rxSa, 3)).toMatchObject({ packets: 0n, errors: 3 });
    },
  );
});
