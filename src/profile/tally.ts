// SPDX-License-Identifier: BSD-2-Clause
import { type MTag, type MTagPool, NO_TAG } from '../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { type Carrier, NO_REQUEST, type OffloadRequest } from '../netipsec/pact.ts';
import { CarrierSecPath, SEC_PATH_BYTES } from './carrier/sec_path.ts';
import { CarrierSideTable, SIDE_TABLE_ENTRY_BYTES } from './carrier/side_table.ts';
import type { Strategy } from './strategy.ts';

/** Bytes of a tag: header and payload, one slot of the pool. */
const TAG_BYTES = 64;

/** Totals since the host began: what the strategy took, gave back, wrote and looked at. */
export interface Totals {
  readonly allocs: number;
  readonly frees: number;
  readonly bytes: number;
  readonly steps: number;
  readonly saHolds: number;
  readonly saReleases: number;
  readonly inserts: number;
  readonly deletes: number;
}

/**
 * A carrier that counts: it passes everything on to a strategy's own, and reads what pools and
 * tables say. It is never timed. Steps are tags walked over, objects followed, table slots probed.
 */
export class Tally implements Carrier {
  readonly name: string;
  readonly words: Uint32Array;
  readonly bypass?: (m: Mbuf) => number;
  readonly inner: Carrier;
  readonly #strategy: Strategy;
  readonly #tags: MTagPool;
  #requests = 0;
  #followed = 0;
  #tagSteps = 0;

  constructor(strategy: Strategy, mbufs: MbufPool) {
    const inner = strategy.newCarrier(mbufs);
    this.name = inner.name;
    this.words = inner.words;
    this.inner = inner;
    this.#strategy = strategy;
    this.#tags = mbufs.tags;
    if (inner.bypass !== undefined) this.bypass = (m) => inner.bypass!(m);
    this.#countSteps();
  }

  totals(): Totals {
    const { inner } = this;
    const tags = this.#tags;
    const path = inner instanceof CarrierSecPath ? inner : null;
    const table = inner instanceof CarrierSideTable ? inner : null;
    const fieldBytes = this.#strategy.fieldBytes * this.#requests;
    const pathBytes = path === null ? 0 : path.allocs * SEC_PATH_BYTES;
    const tableBytes = table === null ? 0 : this.#requests * SIDE_TABLE_ENTRY_BYTES;
    return {
      allocs: tags.allocs + (path?.allocs ?? 0),
      frees: tags.frees + (path?.frees ?? 0),
      bytes: tags.allocs * TAG_BYTES + pathBytes + tableBytes + fieldBytes,
      steps: this.#tagSteps + (table?.steps ?? 0) + (path === null ? 0 : this.#followed),
      saHolds: path?.states.holds ?? 0,
      saReleases: path?.states.releases ?? 0,
      inserts: table?.inserts ?? 0,
      deletes: table?.deletes ?? 0,
    };
  }

  request(m: Mbuf, state: number, r: OffloadRequest): number {
    this.#requests++;
    return this.inner.request(m, state, r);
  }

  handOver(m: Mbuf): number {
    return this.inner.handOver(m);
  }

  take(m: Mbuf): number {
    return this.#found(this.inner.take(m));
  }

  done(m: Mbuf, at: number): void {
    this.#followed++;
    this.inner.done(m, at);
  }

  report(m: Mbuf, state: number, r: OffloadRequest): number {
    this.#requests++;
    return this.inner.report(m, state, r);
  }

  read(m: Mbuf): number {
    return this.#found(this.inner.read(m));
  }

  accept(m: Mbuf, at: number): void {
    this.#followed++;
    this.inner.accept(m, at);
  }

  applied(m: Mbuf, i: number): number {
    return this.#found(this.inner.applied(m, i));
  }

  accepted(m: Mbuf, i: number): number {
    return this.#found(this.inner.accepted(m, i));
  }

  #found(at: number): number {
    if (at !== NO_REQUEST) this.#followed++;
    return at;
  }

  /** Every tag that a walk of this host's tag lists comes to, frees aside, is a step. */
  #countSteps(): void {
    const tags = this.#tags;
    const { isA, locate, first, next } = tags;
    const seen = (t: MTag): MTag => {
      if (t !== NO_TAG) this.#tagSteps++;
      return t;
    };
    tags.isA = (t, cookie, id) => isA.call(tags, seen(t), cookie, id);
    tags.first = (on, m) => seen(first.call(tags, on, m));
    tags.next = (t) => seen(next.call(tags, t));
    tags.locate = (on, m, cookie, id, after) => {
      const before = this.#tagSteps;
      let steps = 0;
      const found = locate.call(tags, on, m, cookie, id, after);
      let t = after === NO_TAG ? on.firstTag[m]! : next.call(tags, after);
      for (; t !== NO_TAG; t = next.call(tags, t)) {
        steps++;
        if (t === found) break;
      }
      this.#tagSteps = before + steps;
      return found;
    };
    const { deleteChain, unlink } = tags;
    const silently = <A extends unknown[]>(f: (...args: A) => void): ((...args: A) => void) => {
      return (...args) => {
        const before = this.#tagSteps;
        f.apply(tags, args);
        this.#tagSteps = before;
      };
    };
    tags.deleteChain = silently(deleteChain);
    tags.unlink = silently(unlink);
  }
}
