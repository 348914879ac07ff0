// SPDX-License-Identifier: BSD-2-Clause
import type { Ifnet } from '../net/ifnet.ts';

const CAPACITY = 64;
const CACHE_SLOTS = 256;
const CACHE_EMPTY = -2;

/** Prefixes up to /32, from the shortest; null bits of a mask are those of the host. */
export function maskOf(prefixLen: number): number {
  if (!(prefixLen >= 0 && prefixLen <= 32)) throw new RangeError(`"prefixLen" ${prefixLen} > 32`);
  return prefixLen === 0 ? 0 : (0xffffffff << (32 - prefixLen)) >>> 0;
}

/**
 * The routing table: a few prefixes, the longest match wins. A small table of destinations lately
 * looked up makes the packet path O(1); any change of the routes empties it.
 *
 * A route is an index, valid until the table changes; -1 is none.
 */
export class RouteTable {
  /** Per route, from the longest prefix to the shortest. Gateway 0: the destination is on the link. */
  readonly #prefix: Uint32Array = new Uint32Array(CAPACITY);
  readonly #mask: Uint32Array = new Uint32Array(CAPACITY);
  readonly #gateway: Uint32Array = new Uint32Array(CAPACITY);
  readonly #ifp: Ifnet[] = [];
  readonly #cacheDst: Uint32Array = new Uint32Array(CACHE_SLOTS);
  readonly #cacheRoute: Int32Array = new Int32Array(CACHE_SLOTS).fill(CACHE_EMPTY);

  get length(): number {
    return this.#ifp.length;
  }

  /** Adds prefix/prefixLen by ifp, and by a gateway unless that is 0. The same prefix is replaced. */
  add(prefix: number, prefixLen: number, ifp: Ifnet, gateway = 0): void {
    const mask = maskOf(prefixLen);
    const net = (prefix & mask) >>> 0;
    this.delete(net, prefixLen);
    const n = this.#ifp.length;
    if (n === CAPACITY) throw new RangeError(`more than ${CAPACITY} routes`);
    let at = 0;
    while (at < n && this.#mask[at]! >= mask) at++;
    for (const a of [this.#prefix, this.#mask, this.#gateway]) a.copyWithin(at + 1, at, n);
    this.#prefix[at] = net;
    this.#mask[at] = mask;
    this.#gateway[at] = gateway;
    this.#ifp.splice(at, 0, ifp);
    this.#cacheRoute.fill(CACHE_EMPTY);
  }

  /** False when there is no such route. */
  delete(prefix: number, prefixLen: number): boolean {
    const mask = maskOf(prefixLen);
    for (let i = 0; i < this.#ifp.length; i++) {
      if (this.#mask[i] !== mask || this.#prefix[i] !== (prefix & mask) >>> 0) continue;
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
    for (const a of [this.#prefix, this.#mask, this.#gateway]) a.copyWithin(i, i + 1);
    this.#ifp.splice(i, 1);
    this.#cacheRoute.fill(CACHE_EMPTY);
  }

  /** The route to dst, or -1. */
  lookup(dst: number): number {
    const slot = (dst ^ (dst >>> 8) ^ (dst >>> 16)) & (CACHE_SLOTS - 1);
    const cached = this.#cacheRoute[slot]!;
    if (cached !== CACHE_EMPTY && this.#cacheDst[slot] === dst) return cached;
    const found = this.#search(dst);
    this.#cacheDst[slot] = dst;
    this.#cacheRoute[slot] = found;
    return found;
  }

  #search(dst: number): number {
    for (let i = 0; i < this.#ifp.length; i++) {
      if ((dst & this.#mask[i]!) >>> 0 === this.#prefix[i]) return i;
    }
    return -1;
  }

  ifp(route: number): Ifnet {
    return this.#ifp[route]!;
  }

  /** Where a packet to dst goes next: the gateway, or dst itself. */
  nextHop(route: number, dst: number): number {
    const gateway = this.#gateway[route]!;
    return gateway === 0 ? dst : gateway;
  }
}
