// SPDX-License-Identifier: BSD-2-Clause
import type { CardSas } from '../../dev/nic/nic_driver.ts';
import { IPPROTO_ESP } from '../../header/ip.ts';
import { EEXIST, ENOSPC, ENXIO, EOPNOTSUPP } from '../../kern/errno.ts';
import type { OffloadSa, SaCounters, SaInstalled } from '../../netipsec/pact.ts';
import type { CCard } from './c_card.ts';

/** Looks at the card without progress after which a wait is given up; each runs the clock a little. */
const LOOKS = 2000;

/** An SA in the card. */
export interface CSa extends SaCounters {
  readonly sa: OffloadSa;
  /** Destination in four words; of IPv4 the first. */
  readonly dst: readonly number[];
  /** Removed, and frames of it may still come. */
  isGoing: boolean;
  /** Transmit: frames that name it and are not done. Receive, going: it is free when so many were read. */
  until: number;
}

function dstWords({ dst }: OffloadSa): number[] {
  const v = new DataView(dst.buffer, dst.byteOffset, dst.byteLength);
  return [0, 4, 8, 12].map((at) => (at < dst.length ? v.getUint32(at) : 0));
}

class Places {
  readonly at: (CSa | null)[];

  constructor(count: number) {
    this.at = new Array(count).fill(null);
  }

  get freeCount(): number {
    return this.at.filter((entry) => entry === null).length;
  }

  find(sa: OffloadSa): CSa | undefined {
    const dst = dstWords(sa);
    const live = this.at.filter((s) => s !== null && !s.isGoing) as CSa[];
    return live.find((s) => s.sa.spi === sa.spi && s.dst.every((w, i) => w === dst[i]));
  }
}

/** What removal needs of the driver's rings. */
export interface CRings {
  /** Shows all frames to the card, and takes back those that it is done with. */
  pump(): void;
  /** Received frames handed on since attach. */
  framesRead(): number;
}

/** The SA tables of a card under a driver in C: which place is whose, and when it is free again. */
export class CSas implements CardSas {
  readonly ifIndex: number;
  readonly out: Places;
  readonly in: Places;
  /** Set while the interface is attached. */
  up = false;
  readonly #card: CCard;
  readonly #rings: CRings;

  constructor(ifIndex: number, count: number, card: CCard, rings: CRings) {
    this.ifIndex = ifIndex;
    this.out = new Places(count);
    this.in = new Places(count);
    this.#card = card;
    this.#rings = rings;
  }

  saInstall(sa: OffloadSa): SaInstalled {
    const refuse = (errno: number, reason: string): SaInstalled => ({ ok: false, errno, reason });
    if (!this.up) return refuse(ENXIO, 'the interface is not attached');
    const why = unsupported(sa);
    if (why !== null) return refuse(EOPNOTSUPP, why);
    const places = this[sa.direction];
    if (sa.direction === 'in') {
      if (places.find(sa)) return refuse(EEXIST, `SPI ${sa.spi} is in the card already`);
      const port = this.#otherPort(sa.udpPort);
      if (port !== 0) return refuse(EOPNOTSUPP, `the card looks for ESP in UDP at port ${port}`);
      this.#release();
    }
    const i = places.at.indexOf(null);
    if (i < 0) return refuse(ENOSPC, `all ${places.at.length} SAs of the card are in use`);
    this.#card.putSa(i, sa);
    const counters = { packets: 0, bytes: 0, authFailed: 0, replayed: 0 };
    const named = { ...sa, key: new Uint8Array(0), salt: new Uint8Array(0) };
    places.at[i] = { sa: named, dst: dstWords(sa), isGoing: false, until: 0, ...counters };
    return { ok: true, cardSa: i };
  }

  /** The one other port at which the card looks for ESP in UDP; 0: there is none. */
  #otherPort(port: number): number {
    if (port === 0) return 0;
    const other = this.in.at.find((s) => s !== null && ![0, port].includes(s.sa.udpPort));
    return other?.sa.udpPort ?? 0;
  }

  /** null: the card keeps no numbers. */
  saRemove(direction: 'in' | 'out', i: number): null {
    // A card that was stopped holds no SA.
    if (!this.up) return null;
    const entry = this[direction].at[i];
    if (!entry || entry.isGoing)
      throw new RangeError(`"cardSa" ${i} (${direction}) is not installed`);
    entry.isGoing = true;
    if (direction === 'out') this.#removeOut(i, entry);
    else this.#removeIn(i, entry);
    return null;
  }

  #removeOut(i: number, entry: CSa): void {
    for (let looks = 0; entry.until > 0 && looks < LOOKS; looks++) {
      const before = entry.until;
      this.#rings.pump();
      if (entry.until < before) looks = 0;
      // Lets the clock run.
      if (entry.until > 0) this.#card.isReceiving();
    }
    this.#card.clearSa('out', i);
    if (entry.until === 0) this.out.at[i] = null;
  }

  #removeIn(i: number, entry: CSa): void {
    this.#card.clearSa('in', i);
    entry.until = Number.POSITIVE_INFINITY;
    for (let looks = 0; entry.until === Number.POSITIVE_INFINITY && looks < LOOKS; looks++) {
      this.#noteQuiet();
    }
    this.#release();
  }

  /** With the receive side at rest, all that comes under an SA that is going is in memory already. */
  #noteQuiet(): void {
    if (this.#card.isReceiving()) return;
    const until = this.#rings.framesRead() + this.#card.unread();
    for (const s of this.in.at) if (s?.isGoing) s.until = Math.min(s.until, until);
  }

  #release(): void {
    if (this.in.at.some((s) => s?.isGoing && s.until === Number.POSITIVE_INFINITY))
      this.#noteQuiet();
    const read = this.#rings.framesRead();
    for (const [i, s] of this.in.at.entries()) {
      if (s?.isGoing && s.until <= read) this.in.at[i] = null;
    }
  }

  /** A frame that named transmit SA i is done. */
  txDone(i: number): void {
    const entry = this.out.at[i]!;
    entry.until--;
    if (entry.until === 0 && entry.isGoing) this.out.at[i] = null;
  }

  saCounters(direction: 'in' | 'out', i: number): SaCounters {
    const { packets, bytes, authFailed, replayed } = this[direction].at[i]!;
    return { packets, bytes, authFailed, replayed };
  }

  /** The card was stopped: it knows no SA any more. */
  forgetAll(): void {
    this.up = false;
    this.out.at.fill(null);
    this.in.at.fill(null);
  }
}

/** Why no driver in C is asked for an SA, or null. */
function unsupported(sa: OffloadSa): string | null {
  if (sa.mode !== 'crypto') return 'a driver in C offloads crypto only';
  if (sa.proto !== IPPROTO_ESP) return `protocol ${sa.proto} is not ESP`;
  if (sa.alg !== 'aes-gcm-16' && sa.alg !== 'aes-gmac') return `the card does not do ${sa.alg}`;
  if (sa.key.length !== 16 && sa.key.length !== 32)
    return `the card does not do keys of ${8 * sa.key.length} bits`;
  if (sa.udpPort !== 0 && sa.family === 6 && sa.direction === 'out')
    return 'the card makes no checksum of UDP over IPv6';
  return null;
}
