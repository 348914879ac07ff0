// SPDX-License-Identifier: BSD-2-Clause
// The SAs of esp_card, as its driver sees them: esp_card.sv has their registers.
import type { CardSas, NicConfig } from 'tagwire';

type OffloadSa = Parameters<CardSas['saInstall']>[0];
type SaInstalled = ReturnType<CardSas['saInstall']>;
type SaCounters = ReturnType<CardSas['saCounters']>;

const STATUS = 0x08;
const STATUS_RX_BUSY = 2;
const NATT = 0x38;
const FLAGS = 0x40;
const SPI = 0x44;
const SALT = 0x48;
const WINDOW = 0x4c;
const TOP_LO = 0x50;
const TOP_HI = 0x54;
const DST = 0x60;
const KEY = 0x80;
const SA_PUT = 0xa0;
const PUT_RX = 0x80000000;

const VALID = 1;
const KEY256 = 2;
const ESN = 4;
const GMAC = 8;
const V6 = 16;

const COUNT = 64;
const LOOKS = 2000;
const EEXIST = 17;
const ENOSPC = 28;
const EOPNOTSUPP = 45;
const ENXIO = 6;
const IPPROTO_ESP = 50;

/** An SA in the card; `going`: it was removed, and frames of it may still come. */
export interface CardSa extends SaCounters {
  readonly sa: OffloadSa;
  readonly dst: readonly [number, number, number, number];
  going: boolean;
  /** Transmit: frames that name it and are not done. Receive: when so many were read, it is free. */
  until: number;
}

/** What removal needs of the rings. */
export interface Rings {
  /** Shows all frames to the card, and takes back those that it is done with. */
  pump(): void;
  /** Frames read so far, and those that lie in memory unread. */
  framesRead(): number;
  framesUnread(): number;
}

/** Four words; of IPv4 the first, as requests and reports have it. */
function dstWords({ dst }: OffloadSa): [number, number, number, number] {
  const v = new DataView(dst.buffer, dst.byteOffset, dst.byteLength);
  const word = (i: number): number => (4 * i < dst.length ? v.getUint32(4 * i) : 0);
  return [word(0), word(1), word(2), word(3)];
}

class Table {
  readonly slots: (CardSa | null)[] = new Array(COUNT).fill(null);

  get freeCount(): number {
    return this.slots.filter((slot) => slot === null).length;
  }

  find(sa: OffloadSa): CardSa | undefined {
    const dst = dstWords(sa);
    const isSame = (s: CardSa | null): boolean =>
      s !== null && !s.going && s.sa.spi === sa.spi && s.dst.every((w, i) => w === dst[i]);
    return this.slots.find(isSame) ?? undefined;
  }
}

export class EspSas implements CardSas {
  readonly ifIndex: number;
  readonly out = new Table();
  readonly in = new Table();
  up = false;

  readonly #bus: NicConfig['bus'];
  readonly #rings: Rings;

  constructor({ index, bus }: NicConfig, rings: Rings) {
    this.ifIndex = index;
    this.#bus = bus;
    this.#rings = rings;
  }

  saInstall(sa: OffloadSa): SaInstalled {
    const refuse = (errno: number, reason: string): SaInstalled => ({ ok: false, errno, reason });
    if (!this.up) return refuse(ENXIO, 'the interface is not attached');
    const why = unsupported(sa);
    if (why !== null) return refuse(EOPNOTSUPP, why);
    const isIn = sa.direction === 'in';
    if (isIn && this.in.find(sa)) return refuse(EEXIST, `SPI ${sa.spi} is in the card already`);
    const port = sa.udpPort === 0 ? 0 : this.#otherPort(sa.udpPort);
    if (isIn && port !== 0)
      return refuse(EOPNOTSUPP, `the card looks for ESP in UDP at port ${port}`);
    this.released();
    const { slots } = this[sa.direction];
    const i = slots.indexOf(null);
    if (i < 0) return refuse(ENOSPC, `all ${COUNT} SAs of the card are in use`);
    const zero = { packets: 0, bytes: 0, authFailed: 0, replayed: 0 };
    slots[i] = {
      sa: { ...sa, key: new Uint8Array(0) },
      dst: dstWords(sa),
      going: false,
      until: 0,
      ...zero,
    };
    this.#write(i, sa);
    return { ok: true, cardSa: i };
  }

  #otherPort(port: number): number {
    const other = this.in.slots.find((s) => s !== null && ![0, port].includes(s.sa.udpPort));
    return other?.sa.udpPort ?? 0;
  }

  #write(i: number, sa: OffloadSa): void {
    const bus = this.#bus;
    const word = (b: Uint8Array, at: number): number =>
      new DataView(b.buffer, b.byteOffset, b.byteLength).getUint32(at, true);
    const flag = (is: boolean, bit: number): number => (is ? bit : 0);
    const isGmac = flag(sa.alg === 'aes-gmac', GMAC);
    const kind = flag(sa.key.length === 32, KEY256) | flag(sa.esn, ESN) | isGmac;
    bus.writeReg(FLAGS, VALID | kind | flag(sa.family === 6, V6));
    bus.writeReg(SPI, sa.spi);
    bus.writeReg(SALT, word(sa.salt, 0));
    bus.writeReg(WINDOW, Math.max(1, Math.min(sa.replayPackets, 0xffff)));
    bus.writeReg(TOP_LO, sa.receivedSeq >>> 0);
    bus.writeReg(TOP_HI, Math.floor(sa.receivedSeq / 2 ** 32));
    const dst = dstWords(sa);
    const placed = sa.family === 6 ? dst : [0, 0, 0, dst[0]];
    for (const [w, value] of placed.entries()) bus.writeReg(DST + 4 * w, value);
    for (let at = 0; at < sa.key.length; at += 4) bus.writeReg(KEY + at, word(sa.key, at));
    if (sa.direction === 'in' && sa.udpPort !== 0) bus.writeReg(NATT, sa.udpPort);
    bus.writeReg(SA_PUT, sa.direction === 'in' ? (PUT_RX | i) >>> 0 : i);
  }

  saRemove(direction: 'in' | 'out', i: number): null {
    if (!this.up) return null;
    const entry = this[direction].slots[i];
    if (!entry || entry.going)
      throw new RangeError(`"cardSa" ${i} (${direction}) is not installed`);
    entry.going = true;
    const bus = this.#bus;
    if (direction === 'out') {
      for (let n = 0; n < LOOKS && entry.until > 0; n++) {
        const before: number = entry.until;
        this.#rings.pump();
        if (entry.until < before) n = 0;
        if (entry.until > 0) bus.readReg(STATUS);
      }
    }
    bus.writeReg(FLAGS, 0);
    bus.writeReg(SA_PUT, direction === 'in' ? (PUT_RX | i) >>> 0 : i);
    if (direction === 'out') {
      if (entry.until === 0) this.out.slots[i] = null;
      return null;
    }
    entry.until = Number.POSITIVE_INFINITY;
    for (let n = 0; n < LOOKS && entry.until === Number.POSITIVE_INFINITY; n++) this.#noteQuiet();
    this.released();
    return null;
  }

  /** With the receive side at rest, all that comes under a removed SA is in memory already. */
  #noteQuiet(): void {
    if ((this.#bus.readReg(STATUS) & STATUS_RX_BUSY) !== 0) return;
    const until = this.#rings.framesRead() + this.#rings.framesUnread();
    for (const s of this.in.slots) if (s?.going) s.until = Math.min(s.until, until);
  }

  /** Slots whose last frame was read are free again. */
  released(): void {
    const read = this.#rings.framesRead();
    for (const [i, s] of this.in.slots.entries()) {
      if (s?.going && s.until <= read) this.in.slots[i] = null;
    }
  }

  /** A frame that named transmit SA i is done. */
  txDone(i: number): void {
    const entry = this.out.slots[i]!;
    entry.until--;
    if (entry.until === 0 && entry.going) this.out.slots[i] = null;
  }

  saCounters(direction: 'in' | 'out', i: number): SaCounters {
    const { packets, bytes, authFailed, replayed } = this[direction].slots[i]!;
    return { packets, bytes, authFailed, replayed };
  }

  /** The card knows no SA any more. */
  forgetAll(): void {
    this.up = false;
    this.out.slots.fill(null);
    this.in.slots.fill(null);
  }
}

/** Why the card cannot do an SA, or null. */
function unsupported(sa: OffloadSa): string | null {
  if (sa.mode !== 'crypto') return 'the card does crypto only';
  if (sa.proto !== IPPROTO_ESP) return `protocol ${sa.proto} is not ESP`;
  if (sa.alg !== 'aes-gcm-16' && sa.alg !== 'aes-gmac') return `the card does not do ${sa.alg}`;
  if (sa.key.length !== 16 && sa.key.length !== 32)
    return `the card does not do keys of ${8 * sa.key.length} bits`;
  if (sa.udpPort !== 0 && sa.family === 6 && sa.direction === 'out')
    return 'the card makes no checksum of UDP over IPv6';
  return null;
}
