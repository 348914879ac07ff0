// SPDX-License-Identifier: BSD-2-Clause
import { EADDRINUSE } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Rng } from '../kern/rng.ts';
import { IP_DEFAULTS, type IpHow } from './ip_output.ts';

/**
 * A datagram came: m starts at its IP header, the data are lenBytes at arena offset `at`. The
 * callee owns m and frees it.
 */
export type OnDatagram = (
  m: Mbuf,
  at: number,
  lenBytes: number,
  srcAddr: number,
  srcPort: number,
) => void;

/** Protocol control block: one end of UDP. Address 0 is any. */
export class InPcb {
  laddr = 0;
  lport = 0;
  faddr = 0;
  fport = 0;
  how: IpHow = IP_DEFAULTS;
  onDatagram: OnDatagram | null = null;
  /** An ICMP error about what was sent from here; mtu is that of "fragmentation needed", or 0. */
  onError: ((type: number, code: number, mtu: number) => void) | null = null;
  next: InPcb | null = null;
}

const BUCKETS = 1024;
const EPHEMERAL_FIRST = 49152;
const EPHEMERAL_COUNT = 16384;

/** The bound ends of one host, by local port. */
export class InPcbs {
  readonly #buckets: (InPcb | null)[] = new Array<InPcb | null>(BUCKETS).fill(null);
  #ephemeral: number;
  length = 0;

  constructor(rng: Rng) {
    this.#ephemeral = rng.below(EPHEMERAL_COUNT);
  }

  /** in_pcbbind: port 0 takes an ephemeral one (RFC 6335 §6). 0 or EADDRINUSE. */
  bind(pcb: InPcb, laddr: number, lport: number): number {
    if (pcb.lport !== 0) throw new Error(`already bound to port ${pcb.lport}`);
    const port = lport === 0 ? this.#freePort(laddr) : lport;
    if (port === 0 || this.#taken(laddr, port)) return EADDRINUSE;
    pcb.laddr = laddr;
    pcb.lport = port;
    pcb.next = this.#buckets[port % BUCKETS]!;
    this.#buckets[port % BUCKETS] = pcb;
    this.length++;
    return 0;
  }

  /** in_pcbdetach */
  detach(pcb: InPcb): void {
    if (pcb.lport === 0) return;
    const b = pcb.lport % BUCKETS;
    if (this.#buckets[b] === pcb) this.#buckets[b] = pcb.next;
    for (let p = this.#buckets[b] ?? null; p !== null; p = p.next)
      if (p.next === pcb) p.next = pcb.next;
    pcb.lport = 0;
    pcb.next = null;
    this.length--;
  }

  /** in_pcblookup: the end that a packet belongs to, the most definite of those that match. */
  lookup(laddr: number, lport: number, faddr: number, fport: number): InPcb | null {
    let best: InPcb | null = null;
    let bestScore = -1;
    for (let p = this.#buckets[lport % BUCKETS] ?? null; p !== null; p = p.next) {
      if (p.lport !== lport) continue;
      if (p.laddr !== 0 && p.laddr !== laddr) continue;
      if (p.fport !== 0 && (p.fport !== fport || p.faddr !== faddr)) continue;
      const score = (p.fport !== 0 ? 2 : 0) + (p.laddr !== 0 ? 1 : 0);
      if (score > bestScore) {
        best = p;
        bestScore = score;
      }
    }
    return best;
  }

  #taken(laddr: number, lport: number): boolean {
    for (let p = this.#buckets[lport % BUCKETS] ?? null; p !== null; p = p.next) {
      if (p.lport === lport && (p.laddr === laddr || p.laddr === 0 || laddr === 0)) return true;
    }
    return false;
  }

  #freePort(laddr: number): number {
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      this.#ephemeral = (this.#ephemeral + 1) % EPHEMERAL_COUNT;
      if (!this.#taken(laddr, EPHEMERAL_FIRST + this.#ephemeral)) {
        return EPHEMERAL_FIRST + this.#ephemeral;
      }
    }
    return 0;
  }
}
