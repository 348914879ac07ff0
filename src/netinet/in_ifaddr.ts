// SPDX-License-Identifier: BSD-2-Clause
import { INADDR_BROADCAST } from '../header/ip.ts';
import type { Ifnet } from '../net/ifnet.ts';

const CAPACITY = 32;

/** The IPv4 addresses of one host: address, mask and interface of each. */
export class InIfaddrs {
  readonly #addr: Uint32Array = new Uint32Array(CAPACITY);
  readonly #mask: Uint32Array = new Uint32Array(CAPACITY);
  readonly #broadcast: Uint32Array = new Uint32Array(CAPACITY);
  readonly #ifp: Ifnet[] = [];

  add(ifp: Ifnet, addr: number, mask: number): void {
    const n = this.#ifp.length;
    if (n === CAPACITY) throw new RangeError(`more than ${CAPACITY} addresses`);
    this.#addr[n] = addr;
    this.#mask[n] = mask;
    // RFC 3021: links of two have no broadcast address; nor has a host route.
    this.#broadcast[n] = mask >= 0xfffffffe ? INADDR_BROADCAST : (addr | ~mask) >>> 0;
    this.#ifp.push(ifp);
  }

  /** Takes the i-th address away; those behind it move up. */
  remove(i: number): void {
    for (const a of [this.#addr, this.#mask, this.#broadcast]) a.copyWithin(i, i + 1);
    this.#ifp.splice(i, 1);
  }

  get length(): number {
    return this.#ifp.length;
  }

  addr(i: number): number {
    return this.#addr[i]!;
  }

  ifp(i: number): Ifnet {
    return this.#ifp[i]!;
  }

  /** One of the host's addresses, whatever the interface (the weak model, RFC 1122 §3.3.4.2). */
  isLocal(addr: number): boolean {
    for (let i = 0; i < this.#ifp.length; i++) if (this.#addr[i] === addr) return true;
    return false;
  }

  /** Limited, or directed to a network that the host is on. */
  isBroadcast(addr: number): boolean {
    if (addr === INADDR_BROADCAST) return true;
    for (let i = 0; i < this.#ifp.length; i++) if (this.#broadcast[i] === addr) return true;
    return false;
  }

  /**
   * The address to send from by this interface to dst: dst itself if that is the host's own, else one
   * on dst's network, else the interface's first; 0: none.
   */
  sourceFor(ifp: Ifnet, dst: number): number {
    if (this.isLocal(dst)) return dst;
    let first = 0;
    for (let i = 0; i < this.#ifp.length; i++) {
      if (this.#ifp[i]!.index !== ifp.index) continue;
      if (first === 0) first = this.#addr[i]!;
      if (((this.#addr[i]! ^ dst) & this.#mask[i]!) === 0) return this.#addr[i]!;
    }
    return first;
  }
}
