// SPDX-License-Identifier: BSD-2-Clause
import { ENOBUFS } from '../../kern/errno.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import type { PacketExt } from '../../kern/packet_ext.ts';
import {
  type Carrier,
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQUEST_WORDS,
} from '../../netipsec/pact.ts';
import { putRequest } from '../../netipsec/request_words.ts';

/** Requests that an mbuf has room for: the fields were laid out once, for every mbuf there is. */
export const FIELD_DEPTH = 2;
/** Bytes that a request takes: its words, and its place in ol_flags. */
export const MBUF_FIELD_BYTES = 4 * REQUEST_WORDS + 4;
const MBUF_WORDS = FIELD_DEPTH * REQUEST_WORDS;
/** ol_flags: eight bits of state for each request, oldest lowest. */
const STATE_BITS = 8;
const STATE_MASK = 0xff;

/**
 * DPDK: fields of the mbuf itself (rte_security_dynfield_t) and bits of ol_flags, here with all that
 * a tag says. Nothing is allocated; every mbuf pays the bytes, whether it needs them or not. The
 * fields live as long as the mbuf, hold no reference, and are copied by those who know of them.
 */
export class CarrierMbufField implements Carrier, PacketExt {
  readonly name = 'mbuf-field';
  /** Per mbuf: FIELD_DEPTH requests, and the state of each. */
  readonly words: Uint32Array;
  readonly #flags: Uint32Array;

  constructor(mbufs: MbufPool) {
    this.words = new Uint32Array(mbufs.count * MBUF_WORDS);
    this.#flags = new Uint32Array(mbufs.count);
    mbufs.ext = this;
  }

  request(m: Mbuf, state: number, r: OffloadRequest): number {
    const flags = this.#flags[m]!;
    const n = depth(flags);
    if (n === FIELD_DEPTH) return ENOBUFS;
    putRequest(this.words, m * MBUF_WORDS + n * REQUEST_WORDS, r);
    this.#flags[m] = flags | (state << (n * STATE_BITS));
    return 0;
  }

  handOver(_m: Mbuf): number {
    return 0;
  }

  take(m: Mbuf): number {
    return this.#newest(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
  }

  done(m: Mbuf, _at: number): void {
    this.#relabel(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, PACKET_TAG_IPSEC_OUT_DONE);
  }

  report(m: Mbuf, state: number, r: OffloadRequest): number {
    return this.request(m, state, r);
  }

  read(m: Mbuf): number {
    return this.#newest(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE);
  }

  accept(m: Mbuf, _at: number): void {
    this.#relabel(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  applied(m: Mbuf, i: number): number {
    return this.#nth(m, i, PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
  }

  accepted(m: Mbuf, i: number): number {
    return this.#nth(m, i, PACKET_TAG_IPSEC_IN_DONE, PACKET_TAG_IPSEC_IN_DONE);
  }

  clear(m: Mbuf): void {
    this.#flags[m] = 0;
  }

  copy(to: Mbuf, from: Mbuf): number {
    const flags = this.#flags[from]!;
    this.#flags[to] = flags;
    const words = depth(flags) * REQUEST_WORDS;
    const a = from * MBUF_WORDS;
    const b = to * MBUF_WORDS;
    for (let i = 0; i < words; i++) this.words[b + i] = this.words[a + i]!;
    return 0;
  }

  /** Only the newest request can be waiting: whatever lay inside is done by then. */
  #newest(m: Mbuf, state: number): number {
    const flags = this.#flags[m]!;
    if (flags === 0) return NO_REQUEST;
    const at = depth(flags) - 1;
    if (flags >>> (at * STATE_BITS) !== state) return NO_REQUEST;
    return m * MBUF_WORDS + at * REQUEST_WORDS;
  }

  #nth(m: Mbuf, n: number, stateA: number, stateB: number): number {
    const flags = this.#flags[m]!;
    let left = n;
    for (let at = depth(flags) - 1; at >= 0; at--) {
      const state = (flags >>> (at * STATE_BITS)) & STATE_MASK;
      if ((state !== stateA && state !== stateB) || left-- > 0) continue;
      return m * MBUF_WORDS + at * REQUEST_WORDS;
    }
    return NO_REQUEST;
  }

  #relabel(m: Mbuf, from: number, to: number): void {
    const flags = this.#flags[m]!;
    const shift = (depth(flags) - 1) * STATE_BITS;
    if (flags === 0 || flags >>> shift !== from)
      throw new Error(`mbuf ${m} carries no request in state ${from}`);
    this.#flags[m] = flags ^ ((from ^ to) << shift);
  }
}

/** Requests that the flags speak of. */
function depth(flags: number): number {
  if (flags === 0) return 0;
  return flags > STATE_MASK ? 2 : 1;
}
