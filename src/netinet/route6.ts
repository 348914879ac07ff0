// SPDX-License-Identifier: BSD-2-Clause
import { type In6Addr, in6MaskWord, in6Words } from '../header/ip6.ts';
import type { Ifnet } from '../net/ifnet.ts';

const CAPACITY = 64;
const CACHE_SLOTS = 256;
const CACHE_EMPTY = -2;
const ON_LINK = new Uint32Array(4);

/** The IPv6 routing table: as route.ts has it for IPv4, with addresses of four words. */
export class RouteTable6 {
  /** Per route, from the longest prefix to the shortest. Gateway ::, the destination is on the link. */
  readonly #prefix: Uint32Array = new Uint32Array(CAPACITY * 4);
  readonly #mask: Uint32Array = new Uint32Array(CAPACITY * 4);
  readonly #gateway: Uint32Array = new Uint32Array(CAPACITY * 4);
  readonly #prefixLen: Int32Array = new Int32Array(CAPACITY);
  readonly #ifp: Ifnet[] = [];
  readonly #cacheDst: Uint32Array = new Uint32Array(CACHE_SLOTS * 4);
  readonly #cacheRoute: Int32Array = new Int32Array(CACHE_SLOTS).fill(CACHE_EMPTY);

  get length(): number {
    return this.#ifp.length;
  }

  /** Adds prefix/prefixLen by ifp, and by a gateway if there is one. The same prefix is replaced. */
  add(prefix: In6Addr, prefixLen: number, ifp: Ifnet, gateway: In6Addr | null = null): void {
    this.delete(prefix, prefixLen);
    const n = this.#ifp.length;
    if (n === CAPACITY) throw new RangeError(`more than ${CAPACITY} IPv6 routes`);
    let at = 0;
    while (at < n && this.#prefixLen[at]! >= prefixLen) at++;
    for (const a of [this.#prefix, this.#mask, this.#gateway]) {
      a.copyWithin(4 * (at + 1), 4 * at, 4 * n);
    }
    this.#prefixLen.copyWithin(at + 1, at, n);
    const words = in6Words(prefix);
    for (let i = 0; i < 4; i++) {
      this.#mask[4 * at + i] = in6MaskWord(prefixLen, i);
      this.#prefix[4 * at + i] = words[i]! & in6MaskWord(prefixLen, i);
    }
    this.#gateway.set(gateway === null ? ON_LINK : in6Words(gateway), 4 * at);
    this.#prefixLen[at] = prefixLen;
    this.#ifp.splice(at, 0, ifp);
    this.#cacheRoute.fill(CACHE_EMPTY);
  }

  /** False when there is no such route. */
  delete(prefix: In6Addr, prefixLen: number): boolean {
    if (!(prefixLen >= 0 && prefixLen <= 128)) {
      throw new RangeError(`"prefixLen" ${prefixLen} > 128`);
    }
    const [w0, w1, w2, w3] = in6Words(prefix) as unknown as [number, number, number, number];
    for (let i = 0; i < this.#ifp.length; i++) {
      if (this.#prefixLen[i] !== prefixLen || !this.#matches(i, w0, w1, w2, w3)) continue;
      this.#remove(i);
      return true;
    }
    return false;
  }

  /** Takes away every route by ifp; returns how many those were. */
  deleteInterface(ifp: Ifnet): number {
    let n = 0;
    for (let i = this.#ifp.length - 1; i >= 0; i--) {
      if (this.#ifp[i] !== ifp) continue;
      this.#remove(i);
      n++;
    }
    return n;
  }

  #remove(i: number): void {
    for (const a of [this.#prefix, this.#mask, this.#gateway]) a.copyWithin(4 * i, 4 * (i + 1));
    this.#prefixLen.copyWithin(i, i + 1);
    this.#ifp.splice(i, 1);
    this.#cacheRoute.fill(CACHE_EMPTY);
  }

  /** The route to a destination, or -1; valid until the table changes. */
  lookup(w0: number, w1: number, w2: number, w3: number): number {
    const mix = w3 ^ (w3 >>> 8) ^ w2 ^ w1 ^ w0;
    const slot = (mix ^ (mix >>> 16)) & (CACHE_SLOTS - 1);
    const c = this.#cacheDst;
    const p = slot * 4;
    const cached = this.#cacheRoute[slot]!;
    if (
      cached !== CACHE_EMPTY &&
      c[p + 3] === w3 &&
      c[p + 2] === w2 &&
      c[p + 1] === w1 &&
      c[p] === w0
    ) {
      return cached;
    }
    c[p] = w0;
    c[p + 1] = w1;
    c[p + 2] = w2;
    c[p + 3] = w3;
    let found = 0;
    while (found < this.#ifp.length && !this.#matches(found, w0, w1, w2, w3)) found++;
    if (found === this.#ifp.length) found = -1;
    this.#cacheRoute[slot] = found;
    return found;
  }

  #matches(i: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const m = this.#mask;
    const n = this.#prefix;
    const p = 4 * i;
    return (
      ((w0 ^ n[p]!) & m[p]!) === 0 &&
      ((w1 ^ n[p + 1]!) & m[p + 1]!) === 0 &&
      ((w2 ^ n[p + 2]!) & m[p + 2]!) === 0 &&
      ((w3 ^ n[p + 3]!) & m[p + 3]!) === 0
    );
  }

  ifp(route: number): Ifnet {
    return this.#ifp[route]!;
  }

  /** Does a packet go to a gateway, and not to its destination's own link? */
  hasGateway(route: number): boolean {
    const g = this.#gateway;
    const p = 4 * route;
    return (g[p]! | g[p + 1]! | g[p + 2]! | g[p + 3]!) !== 0;
  }

  /** Word i of the gateway's address. */
  gateway(route: number, i: number): number {
    return this.#gateway[4 * route + i]!;
  }
}
