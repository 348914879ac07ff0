// SPDX-License-Identifier: BSD-2-Clause
import { type Clock, secondsToCycles } from '../kern/clock.ts';
import { type Counters, counter } from '../kern/counters.ts';
import { NO_TAG } from '../kern/m_tag.ts';
import { HEADROOM_BYTES, type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';

const REASS_FRAGMENTS = counter('reass.fragments', 'fragments received');
const REASS_WHOLE = counter('reass.whole', 'datagrams put together');
const REASS_DUPLICATE = counter('reass.duplicate', 'fragment that was here already');
/** Counted by each family's file, which sees the lengths first. */
export const REASS_BAD = counter('reass.bad', 'fragment empty, not a multiple of 8, or past 65535');
const REASS_OVERLAP = counter('reass.overlap', 'datagrams given up: fragments overlap or disagree');
const REASS_MIXED = counter('reass.mixed', 'datagrams given up: fragments came under unlike tags');
const REASS_TOO_MANY = counter('reass.tooMany', 'datagrams given up: too many fragments');
const REASS_LATE = counter('reass.late', 'fragment of a datagram that was given up');
const REASS_EVICTED = counter('reass.evicted', 'datagrams given up: too many at once');
const REASS_TIMED_OUT = counter('reass.timedOut', 'datagrams given up: fragments did not come');
const REASS_NO_MBUF = counter('reass.noMbuf', 'no jumbo mbuf to put a datagram together in');
const REASS_DRAINED = counter('reass.drained', 'unfinished datagrams thrown away at the end');

/** Bounds: datagrams at once, fragments of each, and how long they are waited for. */
export const REASS_DATAGRAMS = 16;
export const REASS_MAX_FRAGMENTS = 192;
/** RFC 1122 §3.3.2 wants 60 to 120 s. */
const LIFE_CYCLES = secondsToCycles(60);

const FREE = 0;
const COLLECTING = 1;
/** Given up, but remembered: what still comes of it must not begin it anew (RFC 5722 §4). */
const GIVEN_UP = 2;
const WORDS = 8192 / 32;
/** Words of a key: two IPv6 addresses and an identification. */
export const REASS_KEY_WORDS = 9;
/** Room for what stands before the payload in the first fragment, bytes. */
export const REASS_HEADER_ROOM = 320;

/**
 * Puts datagrams of both families together, under one set of bounds (RFC 791 §3.2, RFC 8200 §4.5;
 * RFC 815's holes, kept as a bitmap of the blocks of 8 bytes that are here). Fragments come in any
 * order, each is copied to its place in a jumbo mbuf. Any overlap but an exact repetition gives the
 * datagram up: RFC 5722 §4, and IPv4 does well to do the same.
 *
 *     jumbo:  | headroom | room for the header | payload …             |
 *                                 header here ^|^ base + block * 8
 */
export class Reass {
  /** What the fragments of one datagram share; its file fills it in before input(). */
  readonly key: Uint32Array = new Uint32Array(REASS_KEY_WORDS);
  readonly #pool: MbufPool;
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #sameOrigin: (a: Mbuf, b: Mbuf) => boolean;
  readonly #state: Uint8Array = new Uint8Array(REASS_DATAGRAMS);
  readonly #keys: Uint32Array = new Uint32Array(REASS_DATAGRAMS * REASS_KEY_WORDS);
  readonly #deadline: Float64Array = new Float64Array(REASS_DATAGRAMS);
  readonly #jumbo: Int32Array = new Int32Array(REASS_DATAGRAMS);
  /** Bytes before the payload, and of it, in the first fragment; 0: not here yet. */
  readonly #hdrLen: Int32Array = new Int32Array(REASS_DATAGRAMS);
  readonly #firstLen: Int32Array = new Int32Array(REASS_DATAGRAMS);
  /** Payload bytes as the last fragment says, -1: not here yet; and the end of the furthest one. */
  readonly #total: Int32Array = new Int32Array(REASS_DATAGRAMS);
  readonly #reach: Int32Array = new Int32Array(REASS_DATAGRAMS);
  readonly #blocks: Int32Array = new Int32Array(REASS_DATAGRAMS);
  readonly #fragments: Int32Array = new Int32Array(REASS_DATAGRAMS);
  readonly #bitmap: Uint32Array = new Uint32Array(REASS_DATAGRAMS * WORDS);

  /** sameOrigin: may two fragments be parts of one datagram, as IPsec sees it? */
  constructor(
    pool: MbufPool,
    counters: Counters,
    clock: Clock,
    sameOrigin: (a: Mbuf, b: Mbuf) => boolean,
  ) {
    this.#pool = pool;
    this.#counters = counters;
    this.#clock = clock;
    this.#sameOrigin = sameOrigin;
  }

  /**
   * A fragment under `key`: hdrLen bytes of headers, then the payload's bytes from `begin` on, at
   * least one, and a multiple of 8 if there is more. Owns m. The whole behind the first fragment's
   * headers, or NO_MBUF.
   */
  input(m: Mbuf, hdrLen: number, begin: number, more: boolean): Mbuf {
    const pool = this.#pool;
    const at = pool.off[m]!;
    const size = pool.len[m]! - hdrLen;
    const end = begin + size;
    this.#count(REASS_FRAGMENTS);
    const slot = this.#slotFor(m);
    if (slot < 0) return this.#drop(m, REASS_NO_MBUF);
    if (this.#state[slot] === GIVEN_UP) return this.#drop(m, REASS_LATE);
    if (!this.#sameTags(slot, m)) return this.#giveUp(slot, m, REASS_MIXED);
    const total = this.#total[slot]!;
    if (!more && ((total >= 0 && total !== end) || this.#reach[slot]! > end)) {
      return this.#giveUp(slot, m, REASS_OVERLAP);
    }
    if (more && total >= 0 && end >= total) return this.#giveUp(slot, m, REASS_OVERLAP);

    const count = (size + 7) >> 3;
    const present = this.#countPresent(slot, begin >> 3, count);
    const base = this.#base(slot);
    if (present === count && this.#sameBytes(base + begin, at + hdrLen, size)) {
      return this.#drop(m, REASS_DUPLICATE);
    }
    if (present !== 0) return this.#giveUp(slot, m, REASS_OVERLAP);
    if (++this.#fragments[slot]! > REASS_MAX_FRAGMENTS) {
      return this.#giveUp(slot, m, REASS_TOO_MANY);
    }
    pool.data.copyWithin(base + begin, at + hdrLen, at + hdrLen + size);
    this.#mark(slot, begin >> 3, count);
    this.#blocks[slot]! += count;
    if (end > this.#reach[slot]!) this.#reach[slot] = end;
    if (!more) this.#total[slot] = end;
    if (begin === 0) this.#takeHeader(slot, m, at, hdrLen);
    pool.free(m);
    if (this.#total[slot]! < 0 || this.#blocks[slot] !== (this.#total[slot]! + 7) >> 3) {
      return NO_MBUF;
    }
    return this.#finish(slot);
  }

  /** The slot of m's datagram, made with its jumbo mbuf if there is none; -1: no jumbo. */
  #slotFor(m: Mbuf): number {
    let free = -1;
    let oldest = 0;
    for (let i = 0; i < REASS_DATAGRAMS; i++) {
      if (this.#state[i] === FREE) free = i;
      else if (this.#hasKey(i)) return i;
      if (this.#deadline[i]! < this.#deadline[oldest]!) oldest = i;
    }
    if (free < 0) {
      this.#count(REASS_EVICTED);
      this.#release(oldest);
      free = oldest;
    }
    const jumbo = this.#pool.allocJumbo();
    if (jumbo === NO_MBUF) return -1;
    this.#state[free] = COLLECTING;
    this.#keys.set(this.key, free * REASS_KEY_WORDS);
    this.#deadline[free] = this.#clock.cycle + LIFE_CYCLES;
    this.#jumbo[free] = jumbo;
    this.#hdrLen[free] = 0;
    this.#total[free] = -1;
    this.#reach[free] = 0;
    this.#blocks[free] = 0;
    this.#fragments[free] = 0;
    this.#bitmap.fill(0, free * WORDS, (free + 1) * WORDS);
    this.#moveTags(free, m);
    this.#pool.flags[jumbo] = this.#pool.flags[m]!;
    this.#pool.rcvIf[jumbo] = this.#pool.rcvIf[m]!;
    return free;
  }

  #hasKey(slot: number): boolean {
    const p = slot * REASS_KEY_WORDS;
    for (let i = 0; i < REASS_KEY_WORDS; i++) if (this.#keys[p + i] !== this.key[i]) return false;
    return true;
  }

  /** Arena offset of the payload's first byte. */
  #base(slot: number): number {
    return this.#pool.cluster(this.#jumbo[slot]!) + HEADROOM_BYTES + REASS_HEADER_ROOM;
  }

  /** The datagram gets header and tags of its first fragment. */
  #takeHeader(slot: number, m: Mbuf, at: number, hdrLen: number): void {
    this.#pool.data.copyWithin(this.#base(slot) - hdrLen, at, at + hdrLen);
    this.#hdrLen[slot] = hdrLen;
    this.#firstLen[slot] = this.#pool.len[m]! - hdrLen;
    this.#moveTags(slot, m);
  }

  #moveTags(slot: number, m: Mbuf): void {
    const pool = this.#pool;
    const jumbo = this.#jumbo[slot]!;
    if (pool.ext !== null) {
      pool.ext.clear(jumbo);
      pool.ext.copy(jumbo, m);
    }
    // The very first fragment left its tags here already.
    if (pool.firstTag[m] === NO_TAG) return;
    pool.tags.moveChain(pool, jumbo, m);
  }

  /**
   * Did m come as the fragments before it did? Tags are private, but their names are not: if those
   * differ, one fragment came through IPsec and another did not, and the whole would pass for both.
   * What more there is to it, IPsec says.
   */
  #sameTags(slot: number, m: Mbuf): boolean {
    const { tags } = this.#pool;
    if (this.#fragments[slot] === 0) return true;
    let a = this.#pool.firstTag[this.#jumbo[slot]!]!;
    let b = this.#pool.firstTag[m]!;
    while (a !== NO_TAG && b !== NO_TAG) {
      if (tags.cookie(a) !== tags.cookie(b) || tags.id(a) !== tags.id(b)) return false;
      a = tags.next(a);
      b = tags.next(b);
    }
    return a === b && this.#sameOrigin(this.#jumbo[slot]!, m);
  }

  #countPresent(slot: number, block: number, count: number): number {
    let n = 0;
    for (let b = block; b < block + count; b++) {
      n += (this.#bitmap[slot * WORDS + (b >> 5)]! >>> (b & 31)) & 1;
    }
    return n;
  }

  #mark(slot: number, block: number, count: number): void {
    for (let b = block; b < block + count; b++) {
      this.#bitmap[slot * WORDS + (b >> 5)]! |= 1 << (b & 31);
    }
  }

  #sameBytes(a: number, b: number, lenBytes: number): boolean {
    const { data } = this.#pool;
    for (let i = 0; i < lenBytes; i++) if (data[a + i] !== data[b + i]) return false;
    return true;
  }

  #finish(slot: number): Mbuf {
    const pool = this.#pool;
    const m = this.#jumbo[slot]!;
    const hdrLen = this.#hdrLen[slot]!;
    this.#state[slot] = FREE;
    pool.off[m] = this.#base(slot) - hdrLen;
    pool.len[m] = hdrLen + this.#total[slot]!;
    this.#count(REASS_WHOLE);
    return m;
  }

  /**
   * One datagram whose time is up, for the timer: an mbuf with its first fragment (the caller tells the sender, and frees it), or NO_MBUF when none is left.
   */
  nextTimedOut(): Mbuf {
    for (let slot = 0; slot < REASS_DATAGRAMS; slot++) {
      if (this.#state[slot] === FREE || this.#clock.cycle < this.#deadline[slot]!) continue;
      const hdrLen = this.#hdrLen[slot]!;
      const m = this.#jumbo[slot]!;
      if (this.#state[slot] === COLLECTING) this.#count(REASS_TIMED_OUT);
      // RFC 1122 §3.3.2, RFC 8200 §4.5: no message unless fragment zero is here.
      if (this.#state[slot] === GIVEN_UP || hdrLen === 0) {
        this.#release(slot);
        continue;
      }
      this.#state[slot] = FREE;
      this.#pool.off[m] = this.#base(slot) - hdrLen;
      this.#pool.len[m] = hdrLen + this.#firstLen[slot]!;
      return m;
    }
    return NO_MBUF;
  }

  /** Throws unfinished datagrams away; returns how many. */
  drain(): number {
    let n = 0;
    for (let slot = 0; slot < REASS_DATAGRAMS; slot++) {
      if (this.#state[slot] === COLLECTING) {
        n++;
        this.#count(REASS_DRAINED);
      }
      this.#release(slot);
    }
    return n;
  }

  #release(slot: number): void {
    if (this.#state[slot] === COLLECTING) this.#pool.free(this.#jumbo[slot]!);
    this.#state[slot] = FREE;
  }

  #giveUp(slot: number, m: Mbuf, why: number): Mbuf {
    this.#release(slot);
    this.#state[slot] = GIVEN_UP;
    return this.#drop(m, why);
  }

  #drop(m: Mbuf, why: number): Mbuf {
    this.#count(why);
    this.#pool.free(m);
    return NO_MBUF;
  }

  #count(which: number): void {
    this.#counters.n[which]!++;
  }
}
