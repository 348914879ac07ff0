// SPDX-License-Identifier: BSD-2-Clause
import {
  MTAG_PERSISTENT,
  type MTag,
  MTagPool,
  NO_TAG,
  type TagHeads,
  type TagMachine,
} from './m_tag.ts';

export type TagFindingKind = 'access' | 'state' | 'stale' | 'freed' | 'doubleFree' | 'leak';

/** Something that was done to a tag and must not be. Places are short stack frames, inmost first. */
export interface TagFinding {
  readonly kind: TagFindingKind;
  readonly text: string;
  readonly madeAt: readonly string[];
  readonly misusedAt: readonly string[];
}

const SLOT_WORDS = 16;
const PAYLOAD_WORD = 4;
const FRAMES = 4;
/** Freed slots that rest before they are used again: who still holds one is caught. */
const QUARANTINE = 256;
const KEPT = 20;

/**
 * The tag sanitiser: a pool that watches what is done to its tags.
 *
 *   access      a payload was touched without payload(), or under another cookie than its own
 *   state       an id became one that the owner's table does not allow
 *   stale       a tag of a gone SA, or from before its packet turned round, was about to decide
 *   freed       a tag was used after its end, also when the slot is another tag's by now
 *   doubleFree  it was freed again
 *   leak        it was never freed
 */
export class TagSan extends MTagPool {
  /** The first of them; count has all. */
  readonly findings: TagFinding[] = [];
  count = 0;
  readonly #machines = new Map<number, TagMachine>();
  readonly #made: (Error | null)[];
  readonly #freed: (Error | null)[];
  /** Serial under which a slot's payload may be touched now; 0: not. */
  readonly #open: Uint32Array;
  readonly #opened: MTag[] = [];
  /** Times that each mbuf turned round, and had when the tag was made. */
  readonly #turns = new Map<number, number>();
  readonly #madeTurn: Int32Array;
  readonly #mbufOf: Int32Array;
  readonly #resting: MTag[] = [];

  constructor(capacity: number) {
    super(capacity);
    this.#made = new Array<Error | null>(capacity).fill(null);
    this.#freed = new Array<Error | null>(capacity).fill(null);
    this.#open = new Uint32Array(capacity);
    this.#madeTurn = new Int32Array(capacity);
    this.#mbufOf = new Int32Array(capacity).fill(-1);
    this.words = new Proxy(this.slots, {
      get: (target, key) => {
        if (typeof key === 'string' && key >= '0' && key < ':') this.#touch(Number(key), 'read');
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, key, value) => {
        this.#touch(Number(key), 'written');
        return Reflect.set(target, key, value, target);
      },
    });
  }

  override get inUse(): number {
    return super.inUse - this.#resting.length;
  }

  override declare(cookie: number, machine: TagMachine): void {
    this.#machines.set(cookie, machine);
  }

  override turned(m: number): void {
    this.#turns.set(m, (this.#turns.get(m) ?? 0) + 1);
  }

  override alloc(cookie: number, id: number, lenBytes: number, isWritten = false): MTag {
    this.#close();
    if (this.inUse + this.#resting.length === this.capacity) this.#wake();
    const t = super.alloc(cookie, id, lenBytes, isWritten);
    if (t === NO_TAG) return t;
    this.#made[t] = here();
    this.#mbufOf[t] = -1;
    this.#checkMove(t, 0, id);
    return t;
  }

  override free(t: MTag): void {
    const opened = this.#open[t]!;
    this.#close();
    this.#open[t] = opened;
    if (this.serial(t) === 0) {
      this.#report('doubleFree', t, `freed again; first ${places(this.#freed[t]!).join(' < ')}`);
    } else this.#freed[t] = here();
    super.free(t);
  }

  protected override release(t: MTag): void {
    this.#resting.push(t);
    if (this.#resting.length > Math.min(QUARANTINE, this.capacity >> 1)) this.#wake();
  }

  #wake(): void {
    const t = this.#resting.shift();
    if (t !== undefined) super.release(t);
  }

  override prepend(on: TagHeads, m: number, t: MTag): void {
    super.prepend(on, m, t);
    this.#hang(m, t);
  }

  override copyChain(on: TagHeads, to: number, from: number): number {
    const error = super.copyChain(on, to, from);
    for (let t = this.first(on, to); t !== NO_TAG; t = this.next(t)) this.#hang(to, t);
    return error;
  }

  override moveChain(on: TagHeads, to: number, from: number): void {
    super.moveChain(on, to, from);
    for (let t = this.first(on, to); t !== NO_TAG; t = this.next(t)) this.#hang(to, t);
  }

  #hang(m: number, t: MTag): void {
    this.#mbufOf[t] = m;
    this.#madeTurn[t] = this.#turns.get(m) ?? 0;
  }

  override payload(t: MTag, cookie: number): number {
    if (this.serial(t) === 0) this.#report('freed', t, 'used after it was freed');
    else if (this.cookie(t) !== cookie) {
      this.#report(
        'access',
        t,
        `opened under cookie 0x${cookie.toString(16)}, which is not its own`,
      );
    } else if (this.#isFromBefore(t)) {
      this.#report('stale', t, 'read after its packet had turned round');
      this.#hang(this.#mbufOf[t]!, t); // once is enough
    }
    this.#open[t] = this.serial(t);
    this.#opened.push(t);
    return super.payload(t, cookie);
  }

  override relabel(t: MTag, cookie: number, id: number): void {
    this.#close();
    const from = this.id(t);
    if (this.serial(t) === 0) this.#report('freed', t, 'relabelled after it was freed');
    else if (this.cookie(t) !== cookie) {
      this.#report('access', t, `relabelled under cookie 0x${cookie.toString(16)}, not its own`);
    } else {
      this.#checkMove(t, from, id);
      const machine = this.#machines.get(cookie);
      if (machine?.isStale(this.slots, t * SLOT_WORDS + PAYLOAD_WORD) === true)
        this.#report('stale', t, `made ${machine.nameOf(id)} after its SA had gone`);
    }
    super.relabel(t, cookie, id);
  }

  /** To be asked at the end: tags still in use are leaks. */
  end(): readonly TagFinding[] {
    for (let t = 0; t < this.capacity; t++) {
      if (this.serial(t) !== 0) this.#report('leak', t, 'never freed');
    }
    return this.findings;
  }

  #isFromBefore(t: MTag): boolean {
    const m = this.#mbufOf[t]!;
    if (m < 0 || (this.id(t) & MTAG_PERSISTENT) !== 0) return false;
    return (this.#turns.get(m) ?? 0) > this.#madeTurn[t]!;
  }

  #checkMove(t: MTag, from: number, to: number): void {
    const machine = this.#machines.get(this.cookie(t));
    if (machine === undefined || machine.moves.some(([a, b]) => a === from && b === to)) return;
    const was = from === 0 ? 'made' : `relabelled from ${machine.nameOf(from)} to`;
    this.#report('state', t, `${was} ${machine.nameOf(to)}, which its owner does not allow`);
  }

  /** Word i was read or written through `words`, by whomever. */
  #touch(i: number, how: string): void {
    const t = Math.floor(i / SLOT_WORDS);
    if (!(t < this.capacity)) return;
    const serial = this.serial(t);
    if (this.#open[t] === serial && serial !== 0 && i % SLOT_WORDS >= PAYLOAD_WORD) return;
    if (serial === 0) this.#report('freed', t, `${how} after it was freed`);
    else if (this.#open[t] !== 0 && this.#open[t] !== serial)
      this.#report('freed', t, `${how} by one who means an earlier tag of this slot`);
    else this.#report('access', t, `word ${i % SLOT_WORDS} ${how} without payload()`);
  }

  /** Indices that payload() gave are void; but of a slot used again, who still uses one is told. */
  #close(): void {
    for (const t of this.#opened) if (this.#open[t] === this.serial(t)) this.#open[t] = 0;
    this.#opened.length = 0;
  }

  #report(kind: TagFindingKind, t: MTag, what: string): void {
    this.count++;
    if (this.findings.length >= KEPT) return;
    const machine = this.#machines.get(this.cookie(t));
    const name = machine?.nameOf(this.id(t)) ?? `id ${this.id(t)}`;
    const text = `tag ${t} (0x${this.cookie(t).toString(16)} ${name}): ${what}`;
    const madeAt = places(this.#made[t]!);
    this.findings.push({ kind, text, madeAt, misusedAt: kind === 'leak' ? [] : places(here()) });
  }
}

/** One line for people. */
export function tagFindingText(f: TagFinding): string {
  const at = f.misusedAt.length === 0 ? '' : `; misused at ${f.misusedAt.join(' < ')}`;
  return `${f.kind}: ${f.text}; made at ${f.madeAt.join(' < ')}${at}`;
}

/** This place; its text is made only when somebody asks, so that it costs little to keep. */
function here(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 12;
  const error = new Error('here');
  Error.stackTraceLimit = limit;
  return error;
}

/** `function (file:line)` of the inmost frames outside the pool. */
function places(error: Error | null): string[] {
  return (error?.stack ?? '')
    .split('\n')
    .slice(1)
    .filter((line) => !/[\\/](tag_san|m_tag|mbuf)\.[jt]s/.test(line))
    .slice(0, FRAMES)
    .map((line) => {
      const [, name = '', path = ''] = /^\s*at (?:(.*?) \()?(.*?):\d+\)?$/.exec(line) ?? [];
      const file = path.split(/[\\/]/).at(-1)!;
      return name === '' ? file : `${name} (${file})`;
    });
}
