// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from './errno.ts';
import type { PacketExt } from './packet_ext.ts';
import { TurnRules } from './turn_rule.ts';
import { PERSISTENT } from './turn_rules.ts';

/**
 * Packet tags: m_tag(9) from a pool.
 *
 * A tag is (cookie u32, id u16, payload). An id means something only under its cookie, the number
 * that names the ABI of the tag's owner; no other code touches the payload without a pact. Tags
 * hang on an mbuf in a list and die with it. A tag is an index into the pool, NO_TAG is none, so
 * that the packet path leaves nothing to the garbage collector.
 *
 *     words of one slot:  | cookie | id, lenBytes | next | serial |  payload, 12 words  |
 *                           0        1              2      3         4 … 15
 */
export type MTag = number;
// What a module exports or imports is looked up at each use; a constant of its own costs nothing.
const NONE = -1;
export const NO_TAG: MTag = NONE;

/** A bit inside the id, as FreeBSD has it: the tag survives deleteNonpersistent(). */
export const MTAG_PERSISTENT = 0x800;

const PAYLOAD_BYTES = 48;
export const MTAG_PAYLOAD_BYTES: number = PAYLOAD_BYTES;
const SLOT_WORDS = 16;
const SLOT_SHIFT = 4;
const PAYLOAD_WORD = 4;

/** The part of an mbuf pool that a tag list hangs on: first tag of each mbuf. */
export interface TagHeads {
  readonly firstTag: Int32Array;
  readonly ext?: PacketExt | null;
}

/** What the owner of a cookie says of its tags, for whoever watches over them (tag_san.ts). */
export interface TagMachine {
  nameOf(id: number): string;
  /** [from, to]: the changes of the id that are allowed. */
  readonly moves: readonly (readonly [number, number])[];
  /** Ids that claim something about an SA, say: is it still so? The payload is words[at …]. */
  isStale(words: Uint32Array, at: number): boolean;
}

export class MTagPool {
  /** For payloads, at the index that payload() gives: whoever reads or writes has asked it first. */
  words: Uint32Array;
  readonly capacity: number;
  /** The host's rules of what happens to tags where a packet turns. */
  readonly rules: TurnRules = new TurnRules();
  /** Allocations that were refused. */
  refused = 0;
  /** Allocations by the low four bits of the id: what a packet's way costs, told apart. */
  readonly allocsById: Float64Array = new Float64Array(16);
  /** Allocations to refuse, for tests of memory pressure: counts down. */
  failNext = 0;
  /** Called on every change of an id under a cookie; the run's digest listens here. */
  onRelabel: ((t: MTag, from: number, to: number) => void) | null = null;

  /** Slot s starts at word s * 16; see the drawing. */
  protected readonly slots: Uint32Array;
  /** Free slots are a list by their `next`. */
  #free: MTag = NONE;
  #frees = 0;
  #serial = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.slots = new Uint32Array(capacity * SLOT_WORDS);
    this.words = this.slots;
    for (let t = capacity - 1; t >= 0; t--) this.#rest(t);
    this.#frees = 0;
  }

  get inUse(): number {
    return this.#serial - this.#frees;
  }

  /** Tags taken since the start: the serials given out. */
  get allocs(): number {
    return this.#serial;
  }

  /** Tags given back since the start. */
  get frees(): number {
    return this.#serial - this.inUse;
  }

  /**
   * m_tag_alloc: a tag of its own, on no mbuf; NONE when the pool is empty. The payload is zero,
   * unless the caller writes all of it at once and says so.
   */
  alloc(cookie: number, id: number, lenBytes: number, isWritten = false): MTag {
    const t = this.#free;
    if (t === NONE || this.failNext > 0 || lenBytes > PAYLOAD_BYTES) return this.#refuse(lenBytes);
    const w = t * SLOT_WORDS;
    const words = this.slots;
    this.#free = words[w + 2]! | 0;
    words[w] = cookie;
    words[w + 1] = id | (lenBytes << 16);
    words[w + 2] = NONE;
    // 0 marks a free slot; 2^32 tags are more than a process lives to see.
    words[w + 3] = ++this.#serial;
    if (!isWritten) words.fill(0, w + PAYLOAD_WORD, w + SLOT_WORDS);
    this.allocsById[id & 15]!++;
    return t;
  }

  #refuse(lenBytes: number): MTag {
    if (lenBytes > PAYLOAD_BYTES) throw new RangeError(`"lenBytes" ${lenBytes} > ${PAYLOAD_BYTES}`);
    if (this.failNext > 0) this.failNext--;
    this.refused++;
    return NONE;
  }

  /** m_tag_free: back to the pool. The tag must hang on no mbuf. */
  free(t: MTag): void {
    const w = t * SLOT_WORDS + 3;
    if (this.slots[w] === 0) freedTwice(t);
    this.slots[w] = 0;
    this.release(t);
  }

  /** The slot of a freed tag may be used again. */
  protected release(t: MTag): void {
    this.#rest(t);
  }

  #rest(t: MTag): void {
    this.slots[t * SLOT_WORDS + 2] = this.#free;
    this.#free = t;
    this.#frees++;
  }

  cookie(t: MTag): number {
    return this.slots[t * SLOT_WORDS]!;
  }

  id(t: MTag): number {
    return this.slots[t * SLOT_WORDS + 1]! & 0xffff;
  }

  lenBytes(t: MTag): number {
    return this.slots[t * SLOT_WORDS + 1]! >>> 16;
  }

  /** A number that no other tag of this pool ever had: names a tag in reports. */
  serial(t: MTag): number {
    return this.slots[t * SLOT_WORDS + 3]!;
  }

  /**
   * Index into `words` of the payload's first word, good until the next call that takes or frees a
   * tag. `cookie` is the caller's claim to be the owner, or a party to its pact.
   */
  payload(t: MTag, _cookie: number): number {
    return t * SLOT_WORDS + PAYLOAD_WORD;
  }

  /** The tag whose payload() is `at`. */
  tagAt(at: number): MTag {
    return at >>> SLOT_SHIFT;
  }

  /** Gives the tag another id under its own cookie: only the owner, or a party to its pact. */
  relabel(t: MTag, _cookie: number, id: number): void {
    const w = t * SLOT_WORDS + 1;
    const from = this.slots[w]! & 0xffff;
    this.slots[w] = (this.slots[w]! & 0xffff0000) | id;
    if (this.onRelabel !== null) this.onRelabel(t, from, id);
  }

  /** The owner of a cookie declares its tags' states. Nobody watches here. */
  declare(_cookie: number, _machine: TagMachine): void {}

  /** m has turned round, or begins another way: what its tags say is of the past. */
  turned(_m: number): void {}

  /** The chain of one mbuf goes to another, whose own is freed. */
  moveChain(on: TagHeads, to: number, from: number): void {
    this.deleteChain(on, to);
    on.firstTag[to] = on.firstTag[from]!;
    on.firstTag[from] = NO_TAG;
  }

  /** Is it (cookie, id)? */
  isA(t: MTag, cookie: number, id: number): boolean {
    const w = t * SLOT_WORDS;
    return this.slots[w] === cookie && (this.slots[w + 1]! & 0xffff) === id;
  }

  /** m_tag_prepend */
  prepend(on: TagHeads, m: number, t: MTag): void {
    this.slots[t * SLOT_WORDS + 2] = on.firstTag[m]!;
    on.firstTag[m] = t;
  }

  /** m_tag_first */
  first(on: TagHeads, m: number): MTag {
    return on.firstTag[m]!;
  }

  /** m_tag_next */
  next(t: MTag): MTag {
    return this.slots[t * SLOT_WORDS + 2]! | 0;
  }

  /** m_tag_locate: the first (cookie, id) after `after`, or from the start with NONE. */
  locate(on: TagHeads, m: number, cookie: number, id: number, after: MTag): MTag {
    let t = after === NONE ? on.firstTag[m]! : this.next(after);
    while (t !== NONE) {
      const w = t * SLOT_WORDS;
      if (this.slots[w] === cookie && (this.slots[w + 1]! & 0xffff) === id) return t;
      t = this.slots[w + 2]! | 0;
    }
    return NONE;
  }

  /** m_tag_unlink: off the mbuf, still allocated. */
  unlink(on: TagHeads, m: number, t: MTag): void {
    let at = on.firstTag[m]!;
    if (at === t) {
      on.firstTag[m] = this.next(t);
      return;
    }
    while (at !== NONE) {
      const next = this.next(at);
      if (next === t) {
        this.slots[at * SLOT_WORDS + 2] = this.next(t);
        return;
      }
      at = next;
    }
    throw new Error(`tag ${t} does not hang on mbuf ${m}`);
  }

  /** m_tag_delete: unlink and free. */
  delete(on: TagHeads, m: number, t: MTag): void {
    this.unlink(on, m, t);
    this.free(t);
  }

  /** m_tag_delete_chain: all tags of the mbuf. */
  deleteChain(on: TagHeads, m: number): void {
    let t = on.firstTag[m]!;
    on.firstTag[m] = NONE;
    while (t !== NONE) {
      const next = this.next(t);
      this.free(t);
      t = next;
    }
  }

  /** m_tag_delete_nonpersistent: what a packet that turns round must lose. */
  deleteNonpersistent(on: TagHeads, m: number): void {
    const kept = this.rules.on[PERSISTENT] === 1 ? MTAG_PERSISTENT : 0;
    on.ext?.clear(m);
    let t = on.firstTag[m]!;
    while (t !== NONE) {
      const next = this.next(t);
      if ((this.id(t) & kept) === 0) this.delete(on, m, t);
      t = next;
    }
  }

  /** m_tag_copy: a tag of its own with the same cookie, id and payload; NONE when out of tags. */
  copy(t: MTag): MTag {
    const c = this.alloc(this.cookie(t), this.id(t), this.lenBytes(t), true);
    if (c === NONE) return NONE;
    const words = this.slots;
    const from = t * SLOT_WORDS;
    const to = c * SLOT_WORDS;
    for (let i = PAYLOAD_WORD; i < SLOT_WORDS; i++) words[to + i] = words[from + i]!;
    return c;
  }

  /**
   * m_tag_copy_chain: all tags of `from` onto `to`, in order, after wiping `to`. When tags run out
   * `to` is left with none and ENOBUFS says so: the caller must not send such a packet.
   */
  copyChain(on: TagHeads, to: number, from: number): number {
    this.deleteChain(on, to);
    let last = NONE;
    for (let t = on.firstTag[from]!; t !== NONE; t = this.next(t)) {
      const c = this.copy(t);
      if (c === NONE) {
        this.deleteChain(on, to);
        return ENOBUFS;
      }
      if (last === NONE) on.firstTag[to] = c;
      else this.slots[last * SLOT_WORDS + 2] = c;
      last = c;
    }
    return 0;
  }
}

function freedTwice(t: MTag): never {
  throw new Error(`tag ${t} is freed twice`);
}
