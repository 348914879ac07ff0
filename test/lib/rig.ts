// SPDX-License-Identifier: BSD-2-Clause
import { ipParse } from '../../src/header/ip.ts';
import { IN6ADDR_LOOPBACK, type In6Addr, IPV6_MMTU, ip6Parse } from '../../src/header/ip6.ts';
import { Counters } from '../../src/kern/counters.ts';
import { MTagPool } from '../../src/kern/m_tag.ts';
import { type Mbuf, MbufPool, NO_MBUF } from '../../src/kern/mbuf.ts';
import { Mbufq } from '../../src/kern/mbufq.ts';
import { TagSan } from '../../src/kern/tag_san.ts';
import { LoopIf } from '../../src/net/if_loop.ts';
import { IFF_UP, type Ifnet, type Tap } from '../../src/net/ifnet.ts';
import { addAddress, attachInterface, createInet, drainInet } from '../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../src/netinet/in6_proto.ts';
import type { Inet } from '../../src/netinet/inet.ts';
import { leakCheck } from './leak_check.ts';

/** Time that a test sets by hand. */
export class ManualClock {
  cycle = 0;
}

/** One end of a wire in memory: what is sent is copied to the peer, and comes up at poll(). */
export class MemIf implements Ifnet {
  readonly name: string;
  readonly index: number;
  mtu: number;
  flags: number = IFF_UP;
  readonly capabilities: number;
  readonly lladdr: Uint8Array;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  /** Sees each frame on the wire, as arena bytes [at, at + lenBytes); false loses it. */
  onWire: ((data: Uint8Array, at: number, lenBytes: number) => boolean) | null = null;
  /** Called first: a fake card would do its crypto here. An errno refuses (and this frees m). */
  beforeWire: ((m: Mbuf) => number) | null = null;
  /** Called on each frame that came in, before the stack has it: a fake card decrypts here. */
  afterWire: ((m: Mbuf) => void) | null = null;
  readonly pool: MbufPool;
  peer: MemIf | null = null;
  readonly queue: Mbufq = new Mbufq(4096);

  constructor(pool: MbufPool, index: number, mac: number, mtu: number, capabilities: number) {
    this.pool = pool;
    this.name = `mem${index}`;
    this.index = index;
    this.mtu = mtu;
    this.capabilities = capabilities;
    this.lladdr = Uint8Array.of(2, 0, 0, 0, 0, mac);
    this.input = (m) => pool.free(m);
  }

  transmit(m: Mbuf): number {
    const { pool, peer } = this;
    const refused = this.beforeWire === null ? 0 : this.beforeWire(m);
    if (refused === 0 && peer !== null) this.#carry(m, peer);
    pool.free(m);
    return refused;
  }

  #carry(m: Mbuf, peer: MemIf): void {
    const { pool } = this;
    const at = pool.off[m]!;
    const len = pool.len[m]!;
    if (this.onWire !== null && !this.onWire(pool.data, at, len)) return;
    const to = peer.pool.allocFor(len);
    if (to === NO_MBUF) return;
    peer.pool.append(to, len);
    const toAt = peer.pool.off[to]!;
    // Both pools lie in one arena, as in the simulator.
    if (peer.pool.data === pool.data) pool.data.copyWithin(toAt, at, at + len);
    else peer.pool.data.set(pool.data.subarray(at, at + len), toAt);
    peer.pool.rcvIf[to] = peer.index;
    if (!peer.queue.enqueue(peer.pool, to)) peer.pool.free(to);
  }

  /** Puts a frame on this interface as if the wire had brought it. */
  inject(frame: Uint8Array): void {
    const m = this.pool.allocFor(frame.length);
    if (m === NO_MBUF) return;
    this.pool.append(m, frame.length);
    this.pool.data.set(frame, this.pool.off[m]!);
    this.pool.rcvIf[m] = this.index;
    this.queue.enqueue(this.pool, m);
  }

  /** Hands up what is queued now; returns how many frames that were. */
  poll(): number {
    const n = this.queue.length;
    for (let i = 0; i < n; i++) {
      const m = this.queue.dequeue(this.pool);
      this.afterWire?.(m);
      this.input(m);
    }
    return n;
  }
}

export interface RigHost {
  readonly inet: Inet;
  readonly pool: MbufPool;
  readonly counters: Counters;
  readonly lo: LoopIf;
  readonly ifp: MemIf;
  readonly addr: number;
  readonly addr6: In6Addr;
}

export interface RigConfig {
  readonly mtu?: number;
  readonly capabilities?: number;
  readonly mbufs?: number;
  readonly jumbos?: number;
  readonly tags?: number;
  /** False: a bare tag pool, where a test measures what packets cost. */
  readonly tagsan?: boolean;
}

export interface Rig {
  readonly clock: ManualClock;
  /** 10.0.0.1/24 and 2001:db8::1/64 */
  readonly a: RigHost;
  /** 10.0.0.2/24 and 2001:db8::2/64 */
  readonly b: RigHost;
  /** Carries frames to and fro until all is quiet. */
  pump(): void;
  /** Frees what the stacks still hold, and expects no mbuf and no tag out. */
  end(): void;
}

/** Two hosts on one wire in memory: hosts 10.0.0.1 and 10.0.0.2, each with a loopback. */
export function createRig(config: RigConfig = {}): Rig {
  const {
    mtu = 1500,
    capabilities = 0,
    mbufs = 512,
    jumbos = 8,
    tags = 1024,
    tagsan = true,
  } = config;
  const clock = new ManualClock();
  const hostBytes = mbufs * (mtu + 512) + jumbos * 66048;
  const arena = new Uint8Array(2 * hostBytes);
  const host = (n: number): RigHost => {
    const counters = new Counters();
    const pool = new MbufPool(arena, tagsan ? new TagSan(tags) : new MTagPool(tags), {
      baseBytes: (n - 1) * hostBytes,
      sizeBytes: hostBytes,
      frameBytes: mtu + 14,
      jumboCount: jumbos,
    });
    const inet = createInet({ pool, counters, clock, seed: n });
    const lo = new LoopIf(1, pool, counters);
    const ifp = new MemIf(pool, 2, n, mtu, capabilities);
    const addr = ipParse(`10.0.0.${n}`);
    attachInterface(inet, lo);
    attachInterface(inet, ifp);
    addAddress(inet, lo, ipParse('127.0.0.1'), 8);
    addAddress(inet, ifp, addr, 24);
    const addr6 = ip6Parse(`2001:db8::${n}`);
    if (mtu >= IPV6_MMTU) {
      addAddress6(inet, lo, IN6ADDR_LOOPBACK, 128);
      addAddress6(inet, ifp, addr6, 64);
    }
    return { inet, pool, counters, lo, ifp, addr, addr6 };
  };
  const a = host(1);
  const b = host(2);
  a.ifp.peer = b.ifp;
  b.ifp.peer = a.ifp;
  const pump = (): void => {
    while (a.ifp.poll() + b.ifp.poll() + a.lo.poll() + b.lo.poll() > 0);
  };
  const end = (): void => {
    for (const h of [a, b]) {
      drainInet(h.inet);
      h.lo.drain();
      h.ifp.queue.drain(h.pool);
    }
    leakCheck(a.pool, b.pool);
  };
  return { clock, a, b, pump, end };
}
