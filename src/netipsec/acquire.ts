// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFromWords } from '../header/ip_addr.ts';
import { type Clock, secondsToCycles } from '../kern/clock.ts';
import type { Counters } from '../kern/counters.ts';
import { hashAddr } from './hash_chains.ts';
import { IPSEC_ACQUIRE } from './ipsec_counters.ts';
import type { Ends, Secpolicy, SpRequest } from './secpolicy.ts';
import type { IpsecRequest, Policy } from './spd.ts';

/** net.key.blockacq_lifetime of the BSDs: how long nobody is asked again for the same SA. */
const BLOCK_SECONDS = 20;
const SLOTS = 256; // a power of two

/** SADB_ACQUIRE: a packet is there and its SA is not. */
export interface Acquire {
  readonly policy: Policy;
  readonly request: IpsecRequest;
  readonly src: IpAddr;
  readonly dst: IpAddr;
  /** Of the SA that is wanted; level `unique` makes one up when the policy names none. */
  readonly reqid: number;
}

/** Asks key management for SAs: once for each policy and peer, until a while later. */
export class Acquires {
  /** Called where the packet was, after it is freed: it may add the SA, and must not throw. */
  onAcquire: ((a: Acquire) => void) | null = null;
  readonly #clock: Clock;
  readonly #n: Float64Array;
  /** Whom a slot is about, and until what cycle; two that share one are asked for by turns. */
  readonly #request = new Array<SpRequest | null>(SLOTS).fill(null);
  readonly #hash = new Int32Array(SLOTS);
  readonly #until = new Float64Array(SLOTS);

  constructor(clock: Clock, counters: Counters) {
    this.#clock = clock;
    this.#n = counters.n;
  }

  ask(sp: Secpolicy, request: SpRequest, ends: Ends): void {
    const hash = hashAddr(hashAddr(request.reqid, ends.src), ends.dst);
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    const { cycle } = this.#clock;
    const isSame = this.#request[slot] === request && this.#hash[slot] === hash;
    if (isSame && cycle < this.#until[slot]!) return;
    this.#request[slot] = request;
    this.#hash[slot] = hash;
    this.#until[slot] = cycle + secondsToCycles(BLOCK_SECONDS);
    this.#n[IPSEC_ACQUIRE]!++;
    const { policy } = sp;
    const src = ipAddrFromWords(ends.family, ends.src);
    const dst = ipAddrFromWords(ends.family, ends.dst);
    this.onAcquire?.({ policy, request: request.request, src, dst, reqid: request.reqid });
  }
}
