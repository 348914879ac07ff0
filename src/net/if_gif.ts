// SPDX-License-Identifier: BSD-2-Clause
import { type Counters, counter } from '../kern/counters.ts';
import { EHOSTUNREACH, ENETDOWN, ENOBUFS } from '../kern/errno.ts';
import { NO_TAG } from '../kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { GIF_MARKER, TUNNEL_IN } from '../kern/turn_rules_if.ts';
import { IFF_UP, type Ifnet, type Tap } from './ifnet.ts';

const GIF_SENT = counter('gif.sent', 'packets put into an IP-in-IP tunnel');
const GIF_RECEIVED = counter('gif.received', 'packets taken out of an IP-in-IP tunnel');
const GIF_DOWN = counter('gif.down', 'the tunnel is down, or has no ends');
const GIF_LOOP = counter('gif.loop', 'packet that is in this tunnel already, or in too many');
const GIF_NO_TAG = counter('gif.noTag', 'out of tags for the marker of a tunnelled packet');

/** Names the ABI of gif's own tags: a marker of the tunnels that a packet has entered here. */
export const MTAG_COOKIE_GIF = 0x67696631; // "gif1"
/** As in FreeBSD's <sys/mbuf.h>. Payload: the index of the interface. */
export const PACKET_TAG_GIF = 8;

export interface GifConfig {
  readonly name: string;
  readonly index: number;
  readonly pool: MbufPool;
  readonly counters: Counters;
}

/**
 * gif(4): an IP-in-IP tunnel as an interface (RFC 2003, RFC 4213). It takes bare packets; what goes
 * round them is in_gif.ts's.
 */
export class GifIf implements Ifnet {
  readonly name: string;
  readonly index: number;
  readonly capabilities = 0;
  readonly lladdr = null;
  /** RFC 4213 §3.2.1: with a fixed MTU of 1280 no tunnel has to know its path. */
  mtu = 1280;
  flags: number = IFF_UP;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  /** FreeBSD's net.link.gif.max_nesting: tunnels that a packet may be in at once. */
  maxNesting = 1;
  /** Puts the outer header on m and sends it; owns m. 0 or errno. null: the tunnel has no ends. */
  encap: ((m: Mbuf) => number) | null = null;
  readonly #pool: MbufPool;
  readonly #n: Float64Array;
  /** A packet is on its way out by this very call: fragments of it would carry no marker. */
  #isSending = false;
  /** Or on its way up. */
  #isReceiving = false;

  constructor(config: GifConfig) {
    this.name = config.name;
    this.index = config.index;
    this.#pool = config.pool;
    this.#n = config.counters.n;
    this.input = (m) => config.pool.free(m);
    config.pool.tags.declare(MTAG_COOKIE_GIF, {
      nameOf: () => 'GIF',
      moves: [[0, PACKET_TAG_GIF]],
      isStale: () => false,
    });
  }

  transmit(m: Mbuf): number {
    if (this.encap === null || (this.flags & IFF_UP) === 0) {
      return this.#drop(m, GIF_DOWN, ENETDOWN);
    }
    if (this.#isSending) return this.#drop(m, GIF_LOOP, EHOSTUNREACH);
    if (this.#pool.rules.on[GIF_MARKER] === 1) {
      if (!this.#mayEnter(m)) return this.#drop(m, GIF_LOOP, EHOSTUNREACH);
      if (!this.#mark(m)) return this.#drop(m, GIF_NO_TAG, ENOBUFS);
    }
    this.#n[GIF_SENT]!++;
    this.#isSending = true;
    const error = this.encap(m);
    this.#isSending = false;
    return error;
  }

  /** A packet that came through this tunnel, at its own header again. Owns m. */
  received(m: Mbuf): void {
    if ((this.flags & IFF_UP) === 0) {
      this.#drop(m, GIF_DOWN, 0);
      return;
    }
    // A packet in a packet in a packet, each for this tunnel: bounded work for one frame.
    if (this.#isReceiving) {
      this.#drop(m, GIF_LOOP, 0);
      return;
    }
    const pool = this.#pool;
    // What the tags say is about the packet outside: it may have come by IPsec, this one did not.
    pool.turn(m, TUNNEL_IN);
    pool.flags[m] = 0;
    pool.rcvIf[m] = this.index;
    this.#n[GIF_RECEIVED]!++;
    this.#isReceiving = true;
    this.input(m);
    this.#isReceiving = false;
  }

  /** if_tunnel_check_nesting */
  #mayEnter(m: Mbuf): boolean {
    const { tags } = this.#pool;
    let depth = 0;
    for (let t = tags.first(this.#pool, m); t !== NO_TAG; t = tags.next(t)) {
      if (tags.cookie(t) !== MTAG_COOKIE_GIF) continue;
      if (tags.words[tags.payload(t, MTAG_COOKIE_GIF)] === this.index) return false;
      depth++;
    }
    return depth < this.maxNesting;
  }

  #mark(m: Mbuf): boolean {
    const { tags } = this.#pool;
    const t = tags.alloc(MTAG_COOKIE_GIF, PACKET_TAG_GIF, 4);
    if (t === NO_TAG) return false;
    tags.words[tags.payload(t, MTAG_COOKIE_GIF)] = this.index;
    tags.prepend(this.#pool, m, t);
    return true;
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#n[why]!++;
    this.#pool.free(m);
    return errno;
  }
}
