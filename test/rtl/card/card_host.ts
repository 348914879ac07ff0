// SPDX-License-Identifier: BSD-2-Clause
import { TW, type World } from '../../sim/world.ts';

/** Register offsets and bits of the card that these tests poke, named as in the hardware. */
export const REG = {
  id: 0x00,
  version: 0x04,
  ctrl: 0x08,
  status: 0x0c,
  macLo: 0x10,
  macHi: 0x14,
  maxFrame: 0x18,
  caps: 0x1c,
  nattPort: 0x20,
  queues: 0x24,
  eicr: 0x100,
  eims: 0x104,
  eimc: 0x108,
  eics: 0x10c,
  itr: 0x110,
  txSa: 0x400,
  rxSa: 0x500,
  saSpi: 0x530,
  saDst: 0x534,
  matchIdx: 0x540,
  matchSa: 0x544,
  saDst1: 0x548,
  saWindow: 0x554,
  saSeqLo: 0x558,
  saSeqHi: 0x55c,
  txFrames: 0x600,
  txIpsec: 0x604,
  txDrop: 0x608,
  rxFrames: 0x60c,
  rxIpsecOk: 0x610,
  rxIcvBad: 0x614,
  rxNoSa: 0x618,
  rxOverflow: 0x61c,
  rxFiltered: 0x624,
  rxLenBad: 0x628,
  dmaErrors: 0x62c,
  keyErrors: 0x630,
} as const;
export const RING = { tx: 0x200, rx: 0x240, txc: 0x280, rxc: 0x2c0 } as const;
export const CTRL = {
  txEn: 1,
  rxEn: 2,
  promisc: 4,
  ipsecTx: 8,
  ipsecRx: 16,
  flagBad: 32,
  all: 27,
  reset: -1 << 31,
};
export const CODE = {
  ok: 0,
  authFail: 1,
  badLen: 2,
  noSa: 3,
  dmaErr: 4,
  tooBig: 5,
  keyErr: 8,
} as const;
export const SECP = 16;
export const ESP_SEEN = 32;
export const NO_SA = 0xffff;
export const STATION = [0x02, 0, 0, 0, 0, 1];

export interface Completion {
  cookie: number;
  lenBytes: number;
  saIdx: number;
  code: number;
  secp: boolean;
  espSeen: boolean;
  espOffset: number;
  esnHi: number;
}

/** One SA as both windows take it; key 16 or 32 bytes, salt 4. */
export interface Sa {
  key: Uint8Array;
  salt: Uint8Array;
  esn?: boolean;
  /** RFC 4543. */
  gmac?: boolean;
  /** Of receive with ESN: window in packets and the highest number seen. */
  window?: number;
  top?: bigint;
}

/** Counters of an SA as the card has them. */
export interface SaState {
  packets: bigint;
  bytes: bigint;
  errors: number;
  seq: bigint;
}

export interface TxDescriptor {
  addr: number;
  lenBytes: number;
  ipsec?: boolean;
  esn?: boolean;
  saIdx?: number;
  espOffset?: number;
  esnHi?: number;
  cookie?: number;
}

/**
 * Ring memory of one card, from the start of its half of the arena, for rings of up to 1024; buffers may
 * follow at 128 KiB. Rings of 4096 lie four times as far.
 */
const RINGS_AT = { tx: 0, rx: 0x8000, txc: 0xc040, rxc: 0x14080 } as const;
export const BUFFERS_AT = 0x20000;

/** A bare host in front of a card: rings, descriptors, completions, SA windows; no driver. */
export class CardHost {
  readonly world: World;
  readonly card: number;
  readonly log2: number;
  /** Where its rings lie. */
  base: number;
  txTail = 0;
  rxTail = 0;
  txcHead = 0;
  rxcHead = 0;

  constructor(world: World, card: number, log2: number) {
    this.world = world;
    this.card = card;
    this.log2 = log2;
    this.base = (card * world.arena.length) / 2;
  }

  get size(): number {
    return 1 << this.log2;
  }

  ringAt(name: keyof typeof RINGS_AT): number {
    return this.base + (RINGS_AT[name] << Math.max(0, this.log2 - 10));
  }

  post(offset: number, value: number): void {
    this.world.post(this.card, offset, value >>> 0);
  }

  read(offset: number): number {
    return this.world.read(this.card, offset);
  }

  /** Rings up, station address set, everything on. Waits for the scrub. */
  start(ctrl = CTRL.all): void {
    while (this.read(REG.status) & 4) this.run(200);
    for (const name of ['tx', 'rx', 'txc', 'rxc'] as const) {
      const at = this.ringAt(name);
      this.world.arena.fill(0, at, at + (32 << this.log2));
      this.post(RING[name], at);
      this.post(RING[name] + 4, 0);
      this.post(RING[name] + 8, this.log2);
      this.post(RING[name] + 12, 1);
    }
    this.txTail = this.rxTail = this.txcHead = this.rxcHead = 0;
    this.post(REG.macLo, 0x00000002);
    this.post(REG.macHi, 0x0100);
    this.post(REG.ctrl, ctrl);
    this.run(50);
  }

  run(cycles: number): void {
    const code = this.world.run(cycles);
    if (code < 0) throw new Error(this.world.error);
  }

  /** Runs in steps until done() or too long. */
  runUntil(done: () => boolean, maxCycles = 200_000): void {
    for (let spent = 0; !done(); spent += 200) {
      if (spent > maxCycles) throw new Error(`nothing for ${maxCycles} cycles`);
      this.run(200);
    }
  }

  /** Fills a table entry of the tx or rx window (REG.txSa, REG.rxSa). */
  installSa(window: number, idx: number, sa: Sa): void {
    const words = new DataView(sa.key.buffer, sa.key.byteOffset, sa.key.length);
    this.post(
      window + 4,
      1 | (sa.key.length === 32 ? 2 : 0) | (sa.esn ? 4 : 0) | (sa.gmac ? 8 : 0),
    );
    this.post(window + 8, new DataView(sa.salt.buffer, sa.salt.byteOffset).getUint32(0, true));
    for (let i = 0; i < sa.key.length / 4; i++) {
      this.post(window + 16 + 4 * i, words.getUint32(4 * i, true));
    }
    if (window === REG.rxSa && sa.window !== undefined) this.post(window + 0x54, sa.window);
    if (window === REG.rxSa && sa.top !== undefined) {
      this.post(window + 0x58, Number(sa.top & 0xffffffffn));
      this.post(window + 0x5c, Number(sa.top >> 32n));
    }
    this.post(window, 2 ** 31 + idx);
  }

  /** Takes the state of an SA by READ, then its words one by one. */
  saState(window: number, idx: number): SaState {
    this.post(window, 2 ** 29 + idx);
    while (this.read(window) !== 0) this.run(1);
    const long = (at: number): bigint =>
      BigInt(this.read(window + at)) | (BigInt(this.read(window + at + 4)) << 32n);
    const seq = window === REG.rxSa ? long(0x58) : 0n;
    return { packets: long(0x60), bytes: long(0x68), errors: this.read(window + 0x70), seq };
  }

  clearSa(window: number, idx: number): void {
    this.post(window, 2 ** 30 + idx);
  }

  /** dst: an IPv4 address, or the four words of an IPv6 one. */
  match(slot: number, spi: number, dst: number | readonly number[], saIdx: number): void {
    const words = typeof dst === 'number' ? [dst] : dst;
    this.post(REG.saSpi, spi);
    this.post(REG.saDst, words[0]!);
    words.slice(1).forEach((w, i) => {
      this.post(REG.saDst1 + 4 * i, w);
    });
    this.post(REG.matchSa, saIdx + (words.length > 1 ? 2 ** 31 : 0));
    this.post(REG.matchIdx, 2 ** 31 + slot);
  }

  /** Writes a descriptor; rings the doorbell unless told not to. */
  send(d: TxDescriptor, doorbell = true): void {
    const view = this.world.arenaView;
    const at = this.ringAt('tx') + 32 * (this.txTail & (this.size - 1));
    view.setBigUint64(at, BigInt(d.addr), true);
    view.setUint16(at + 8, d.lenBytes, true);
    view.setUint16(at + 10, (d.ipsec ? 1 : 0) | (d.esn ? 2 : 0), true);
    view.setUint16(at + 12, d.saIdx ?? 0, true);
    view.setUint8(at + 14, d.espOffset ?? 0);
    view.setUint32(at + 16, d.esnHi ?? 0, true);
    view.setUint32(at + 20, d.cookie ?? 0, true);
    this.txTail = (this.txTail + 1) & 0xffff;
    if (doorbell) this.post(RING.tx + 20, this.txTail);
  }

  supply(addr: number, lenBytes: number, cookie: number): void {
    const view = this.world.arenaView;
    const at = this.ringAt('rx') + 16 * (this.rxTail & (this.size - 1));
    view.setBigUint64(at, BigInt(addr), true);
    view.setUint32(at + 8, lenBytes, true);
    view.setUint32(at + 12, cookie, true);
    this.rxTail = (this.rxTail + 1) & 0xffff;
    this.post(RING.rx + 20, this.rxTail);
  }

  #completion(ring: 'txc' | 'rxc', head: number): Completion | null {
    const view = this.world.arenaView;
    const at = this.ringAt(ring) + 16 * (head & (this.size - 1));
    const last = view.getUint32(at + 12, true);
    if (last >>> 31 !== 1 - ((head >> this.log2) & 1)) return null;
    const status = view.getUint32(at + 8, true);
    return {
      cookie: view.getUint32(at, true),
      lenBytes: view.getUint16(at + 4, true),
      saIdx: view.getUint16(at + 6, true),
      code: status & 15,
      secp: (status & SECP) !== 0,
      espSeen: (status & ESP_SEEN) !== 0,
      espOffset: (status >>> 8) & 255,
      esnHi: last & 0x7fffffff,
    };
  }

  /** Takes what is complete and, unless told not to, tells the card. */
  sent(tellCard = true): Completion[] {
    const found: Completion[] = [];
    for (let c = this.#completion('txc', this.txcHead); c; ) {
      found.push(c);
      this.txcHead = (this.txcHead + 1) & 0xffff;
      c = found.length < this.size ? this.#completion('txc', this.txcHead) : null;
    }
    if (tellCard && found.length > 0) this.post(RING.txc + 16, this.txcHead);
    return found;
  }

  received(tellCard = true): Completion[] {
    const found: Completion[] = [];
    for (let c = this.#completion('rxc', this.rxcHead); c; ) {
      found.push(c);
      this.rxcHead = (this.rxcHead + 1) & 0xffff;
      c = found.length < this.size ? this.#completion('rxc', this.rxcHead) : null;
    }
    if (tellCard && found.length > 0) this.post(RING.rxc + 16, this.rxcHead);
    return found;
  }

  /** Runs until count completions came, in order. */
  awaitSent(count: number): Completion[] {
    const all: Completion[] = [];
    this.runUntil(() => all.push(...this.sent()) >= count);
    return all;
  }

  awaitReceived(count: number): Completion[] {
    const all: Completion[] = [];
    this.runUntil(() => all.push(...this.received()) >= count);
    return all;
  }

  /** Puts bytes on the wire towards the card, by way of scratch memory at the end of its half. */
  inject(bytes: Uint8Array): void {
    this.run(1); // posted writes first: the wire does not wait for them
    const at = this.base + this.world.arena.length / 2 - TW.frameMax - 64;
    this.world.arena.set(bytes, at);
    if (this.world.inject(this.card, at, bytes.length) !== 0) throw new Error(this.world.error);
  }
}
