// SPDX-License-Identifier: BSD-2-Clause
import { EADDRINUSE } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Rng } from '../kern/rng.ts';
import { IP_DEFAULTS, type IpHow } from './ip_output.ts';

/**
 * A datagram came: m starts at its IPv6 header, the data are lenBytes at arena offset `at`, the
 * source address is at srcAt. The callee owns m and frees it.
 */
export type OnDatagram6 = (
  m: Mbuf,
  at: number,
  lenBytes: number,
  srcAt: number,
  srcPort: number,
) => void;

/** Protocol control block: one end of UDP over IPv6. Addresses are four words, :: is any. */
export class In6Pcb {
  readonly laddr: Uint32Array = new Uint32Array(4);
  lport = 0;
  readonly faddr: Uint32Array = new Uint32Array(4);
  fport = 0;
  /** Its ttl is the hop limit here, its tos the traffic class; options are IPv4's alone. */
  how: IpHow = IP_DEFAULTS;
  onDatagram: OnDatagram6 | null = null;
  /** An ICMPv6 error about what was sent from here; mtu is that of "packet too big", or 0. */
  onError: ((type: number, code: number, mtu: number) => void) | null = null;
  next: In6Pcb | null = null;
}

const BUCKETS = 1024;
const EPHEMERAL_FIRST = 49152;
const EPHEMERAL_COUNT = 16384;

/** The bound IPv6 ends of one host, by local port. */
export class In6Pcbs {
  readonly #buckets: (In6Pcb | null)[] = new Array<In6Pcb | null>(BUCKETS).fill(null);
  #ephemeral: number;
  length = 0;

  constructor(rng: Rng) {
    this.#ephemeral = rng.below(EPHEMERAL_COUNT);
  }

  /** in6_pcbbind: port 0 takes an ephemeral one (RFC 6335 §6). 0 or EADDRINUSE. */
  bind(pcb: In6Pcb, laddr: Uint32Array, lport: number): number {
    if (pcb.lport !== 0) throw new Error(`already bound to port ${pcb.lport}`);
    const port = lport === 0 ? this.#freePort(laddr) : lport;
    if (port === 0 || this.#taken(laddr, port)) return EADDRINUSE;
    pcb.laddr.set(laddr);
    pcb.lport = port;
    pcb.next = this.#buckets[port % BUCKETS]!;
    this.#buckets[port % BUCKETS] = pcb;
    this.length++;
    return 0;
  }

  /** in6_pcbdetach */
  detach(pcb: In6Pcb): void {
    if (pcb.lport === 0) return;
    const b = pcb.lport % BUCKETS;
    if (this.#buckets[b] === pcb) this.#buckets[b] = pcb.next;
    for (let p = this.#buckets[b] ?? null; p !== null; p = p.next) {
      if (p.next === pcb) p.next = pcb.next;
    }
    pcb.lport = 0;
    pcb.next = null;
    this.length--;
  }

  /**
   * in6_pcblookup: the end that a packet belongs to, the most definite of those that match. The
   * addresses lie in v, at laddrAt and faddrAt.
   */
  lookup(
    v: DataView,
    laddrAt: number,
    lport: number,
    faddrAt: number,
    fport: number,
  ): In6Pcb | null {
    let best: In6Pcb | null = null;
    let bestScore = -1;
    for (let p = this.#buckets[lport % BUCKETS] ?? null; p !== null; p = p.next) {
      if (p.lport !== lport) continue;
      const anyLocal = isAny(p.laddr);
      if (!anyLocal && !isAt(p.laddr, v, laddrAt)) continue;
      if (p.fport !== 0 && (p.fport !== fport || !isAt(p.faddr, v, faddrAt))) continue;
      const score = (p.fport !== 0 ? 2 : 0) + (anyLocal ? 0 : 1);
      if (score > bestScore) {
        best = p;
        bestScore = score;
      }
    }
    return best;
  }

  #taken(laddr: Uint32Array, lport: number): boolean {
    for (let p = this.#buckets[lport % BUCKETS] ?? null; p !== null; p = p.next) {
      if (p.lport !== lport) continue;
      if (isAny(p.laddr) || isAny(laddr) || laddr.every((w, i) => w === p.laddr[i])) return true;
    }
    return false;
  }

  #freePort(laddr: Uint32Array): number {
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      this.#ephemeral = (this.#ephemeral + 1) % EPHEMERAL_COUNT;
      if (!this.#taken(laddr, EPHEMERAL_FIRST + this.#ephemeral)) {
        return EPHEMERAL_FIRST + this.#ephemeral;
      }
    }
    return 0;
  }
}

function isAny(w: Uint32Array): boolean {
  return (w[0]! | w[1]! | w[2]! | w[3]!) === 0;
}

function isAt(w: Uint32Array, v: DataView, at: number): boolean {
  return (
    w[3] === v.getUint32(at + 12) &&
    w[2] === v.getUint32(at + 8) &&
    w[1] === v.getUint32(at + 4) &&
    w[0] === v.getUint32(at)
  );
}
