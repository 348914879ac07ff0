// SPDX-License-Identifier: BSD-2-Clause
import {
  type In6Addr,
  in6IsLinkLocal,
  in6MaskWord,
  in6SolicitedNode,
  in6Words,
} from '../header/ip6.ts';
import type { Ifnet } from '../net/ifnet.ts';

const CAPACITY = 32;
/** ff02::1 and ff02::2, and the words before the last of ff02::1:ffXX:XXXX. */
const LINK_GROUP = 0xff020000;
const ALL_NODES = 1;
const ALL_ROUTERS = 2;

/** The IPv6 addresses of one host: four words, prefix length and interface of each. */
export class In6Ifaddrs {
  readonly #words: Uint32Array = new Uint32Array(CAPACITY * 4);
  readonly #prefixLen: Int32Array = new Int32Array(CAPACITY);
  readonly #ifp: Ifnet[] = [];

  add(ifp: Ifnet, addr: In6Addr, prefixLen: number): void {
    const n = this.#ifp.length;
    if (n === CAPACITY) throw new RangeError(`more than ${CAPACITY} IPv6 addresses`);
    this.#words.set(in6Words(addr), 4 * n);
    this.#prefixLen[n] = prefixLen;
    this.#ifp.push(ifp);
  }

  /** Takes the i-th address away; those behind it move up. */
  remove(i: number): void {
    this.#words.copyWithin(4 * i, 4 * (i + 1));
    this.#prefixLen.copyWithin(i, i + 1);
    this.#ifp.splice(i, 1);
  }

  get length(): number {
    return this.#ifp.length;
  }

  ifp(i: number): Ifnet {
    return this.#ifp[i]!;
  }

  /** Word `word` of address i. */
  word(i: number, word: number): number {
    return this.#words[4 * i + word]!;
  }

  /** The index of the address, or -1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    const w = this.#words;
    for (let i = 0, p = 0; i < this.#ifp.length; i++, p += 4) {
      if (w[p + 3] === w3 && w[p + 2] === w2 && w[p + 1] === w1 && w[p] === w0) return i;
    }
    return -1;
  }

  /** One of the host's addresses, whatever the interface. */
  isLocal(w0: number, w1: number, w2: number, w3: number): boolean {
    return this.find(w0, w1, w2, w3) >= 0;
  }

  /**
   * A group that the host is in: all nodes, all routers if it is one, and the solicited-node groups
   * of its addresses (RFC 4291 §2.8).
   */
  isJoined(w0: number, w1: number, w2: number, w3: number, router: boolean): boolean {
    if (w0 !== LINK_GROUP || w1 !== 0) return false;
    if (w2 === 0) return w3 === ALL_NODES || (router && w3 === ALL_ROUTERS);
    if (w2 !== 1) return false;
    for (let i = 0; i < this.#ifp.length; i++) {
      if (in6SolicitedNode(this.#words[4 * i + 3]!) === w3) return true;
    }
    return false;
  }

  /**
   * The index of the address to send from by this interface to a destination: that one itself if it
   * is the host's own, else one of its scope with the longest common prefix (RFC 6724 §5, rules 1, 2
   * and 8), else any of the interface; -1: none.
   */
  sourceFor(ifp: Ifnet, w0: number, w1: number, w2: number, w3: number): number {
    const own = this.find(w0, w1, w2, w3);
    if (own >= 0) return own;
    // A group of link scope is spoken to from a link-local address, too.
    const wantLinkLocal = in6IsLinkLocal(w0) || w0 >>> 16 === 0xff02;
    let best = -1;
    let bestScore = -1;
    for (let i = 0; i < this.#ifp.length; i++) {
      if (this.#ifp[i]!.index !== ifp.index) continue;
      const sameScope = in6IsLinkLocal(this.#words[4 * i]!) === wantLinkLocal;
      const score = (sameScope ? 2 : 0) + (this.#onPrefix(i, w0, w1, w2, w3) ? 1 : 0);
      if (score > bestScore) {
        best = i;
        bestScore = score;
      }
    }
    return best;
  }

  #onPrefix(i: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const n = this.#prefixLen[i]!;
    const w = this.#words;
    const p = 4 * i;
    return (
      ((w[p]! ^ w0) & in6MaskWord(n, 0)) === 0 &&
      ((w[p + 1]! ^ w1) & in6MaskWord(n, 1)) === 0 &&
      ((w[p + 2]! ^ w2) & in6MaskWord(n, 2)) === 0 &&
      ((w[p + 3]! ^ w3) & in6MaskWord(n, 3)) === 0
    );
  }
}
