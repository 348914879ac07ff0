// SPDX-License-Identifier: BSD-2-Clause
import { type MTagPool, NO_TAG } from './m_tag.ts';
import type { PacketExt } from './packet_ext.ts';
import { Preempt } from './preempt.ts';
import type { TurnRules } from './turn_rule.ts';
import { COPY_WHOLE } from './turn_rules.ts';

/**
 * Packet buffers in the arena that the cards reach by DMA.
 *
 * An mbuf is an index into its pool; NO_MBUF is none. Every packet is contiguous in one cluster:
 * there are no chains. Ordinary clusters hold a frame of the MTU, a few jumbo clusters hold a whole
 * 64 KiB datagram while it is put together or taken apart. A DMA address is an arena offset.
 *
 *     |<--------------------------- clusterBytes ---------------------------->|
 *     | headroom             | packet                        | tailroom        |
 *     |<- prepend(m, n)      ^ off[m]            len[m]    ->^   append(m, n)->|
 *                            adj(m, n) -> (n > 0 strips the front, n < 0 the back)
 *
 * Headroom is reserved once, at alloc: link, tunnel and ESP headers are prepended into it.
 */
export type Mbuf = number;
export const NO_MBUF: Mbuf = -1;

/** Room for ether (18), UDP in IPv6 (48), ESP and AH in tunnels of IPv6 (72, 84): whole cache lines. */
export const HEADROOM_BYTES = 256;
/** Room behind the packet: padding, trailer and ICV of two ESPs. */
export const TAILROOM_BYTES = 128;
/** Holds an IP packet of 65535 bytes. */
const JUMBO_CLUSTER_BYTES = 65536 + 512;

/** The packet came with a link-level broadcast or multicast address. */
export const M_BCAST = 1;
/** Came back through loopback. */
export const M_LOOP = 2;

export interface MbufPoolConfig {
  /** Arena bytes [baseBytes, baseBytes + sizeBytes) are the pool's. */
  readonly baseBytes: number;
  readonly sizeBytes: number;
  /** Largest frame an ordinary cluster holds, without headroom and tailroom. */
  readonly frameBytes: number;
  readonly jumboCount: number;
}

/** Arena bytes of a pool with so many ordinary and jumbo clusters; frameBytes as in its config. */
export function mbufPoolBytes(frameBytes: number, count: number, jumboCount: number): number {
  return count * clusterBytes(frameBytes) + jumboCount * JUMBO_CLUSTER_BYTES;
}

/** Whole cache lines. */
function clusterBytes(frameBytes: number): number {
  return (frameBytes + HEADROOM_BYTES + TAILROOM_BYTES + 63) & ~63;
}

export class MbufPool {
  readonly data: Uint8Array;
  readonly view: DataView;
  readonly tags: MTagPool;
  readonly rules: TurnRules;
  readonly preempt: Preempt = new Preempt();
  /** Per mbuf: arena offset of the first byte, length, first tag, next in a queue, flags, interface. */
  readonly off: Int32Array;
  readonly len: Int32Array;
  readonly firstTag: Int32Array;
  readonly nextPkt: Int32Array;
  readonly flags: Uint32Array;
  readonly rcvIf: Int32Array;
  readonly count: number;
  readonly clusterBytes: number;
  /** What else than tags hangs on packets. */
  ext: PacketExt | null = null;
  allocs = 0;
  frees = 0;
  refused = 0;
  /** Allocations to refuse, for tests of memory pressure: counts down. */
  failNext = 0;

  readonly #base: number;
  readonly #ordinary: number;
  readonly #free: Int32Array;
  readonly #freeJumbo: Int32Array;
  readonly #live: Uint8Array;
  #freeCount: number;
  #freeJumboCount: number;

  constructor(arena: Uint8Array, tags: MTagPool, config: MbufPoolConfig) {
    const cluster = clusterBytes(config.frameBytes);
    const jumbo = config.jumboCount;
    const ordinary = Math.floor((config.sizeBytes - jumbo * JUMBO_CLUSTER_BYTES) / cluster);
    if (ordinary < 1) throw new RangeError(`"sizeBytes" ${config.sizeBytes} holds no cluster`);
    this.data = arena;
    this.view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);
    this.tags = tags;
    this.rules = tags.rules;
    this.clusterBytes = cluster;
    this.count = ordinary + jumbo;
    this.#base = config.baseBytes;
    this.#ordinary = ordinary;
    this.off = new Int32Array(this.count);
    this.len = new Int32Array(this.count);
    this.firstTag = new Int32Array(this.count).fill(NO_TAG);
    this.nextPkt = new Int32Array(this.count).fill(NO_MBUF);
    this.flags = new Uint32Array(this.count);
    this.rcvIf = new Int32Array(this.count);
    this.#live = new Uint8Array(this.count);
    this.#free = new Int32Array(ordinary);
    for (let i = 0; i < ordinary; i++) this.#free[i] = ordinary - 1 - i;
    this.#freeCount = ordinary;
    this.#freeJumbo = new Int32Array(jumbo);
    for (let i = 0; i < jumbo; i++) this.#freeJumbo[i] = this.count - 1 - i;
    this.#freeJumboCount = jumbo;
  }

  get inUse(): number {
    return this.count - this.#freeCount - this.#freeJumboCount;
  }

  /** Arena offset of the cluster's first byte. */
  cluster(m: Mbuf): number {
    if (m < this.#ordinary) return this.#base + m * this.clusterBytes;
    const jumbo = m - this.#ordinary;
    return this.#base + this.#ordinary * this.clusterBytes + jumbo * JUMBO_CLUSTER_BYTES;
  }

  /** Bytes of the mbuf's cluster. */
  capacity(m: Mbuf): number {
    return m < this.#ordinary ? this.clusterBytes : JUMBO_CLUSTER_BYTES;
  }

  /** An empty packet with HEADROOM_BYTES before it, or NO_MBUF. */
  alloc(): Mbuf {
    if (this.#freeCount === 0 || this.failNext > 0) return this.#refuse();
    return this.#init(this.#free[--this.#freeCount]!);
  }

  /** The same with room for a datagram of 65535 bytes. */
  allocJumbo(): Mbuf {
    if (this.#freeJumboCount === 0 || this.failNext > 0) return this.#refuse();
    return this.#init(this.#freeJumbo[--this.#freeJumboCount]!);
  }

  /** An mbuf for a packet of lenBytes: ordinary when it fits, else jumbo. */
  allocFor(lenBytes: number): Mbuf {
    const fits = lenBytes <= this.clusterBytes - HEADROOM_BYTES - TAILROOM_BYTES;
    return fits ? this.alloc() : this.allocJumbo();
  }

  #refuse(): Mbuf {
    if (this.failNext > 0) this.failNext--;
    this.refused++;
    return NO_MBUF;
  }

  #init(m: Mbuf): Mbuf {
    this.off[m] = this.cluster(m) + HEADROOM_BYTES;
    this.len[m] = 0;
    this.firstTag[m] = NO_TAG;
    this.nextPkt[m] = NO_MBUF;
    this.flags[m] = 0;
    this.rcvIf[m] = -1;
    this.#live[m] = 1;
    this.allocs++;
    return m;
  }

  /** Does m carry nothing: no tag, and no state of another kind? */
  isBare(m: Mbuf): boolean {
    return this.firstTag[m] === NO_TAG && this.ext === null;
  }

  /** m_freem: the packet and its tags. */
  free(m: Mbuf): void {
    if (this.#live[m] !== 1) throw new Error(`mbuf ${m} is freed twice`);
    if (this.firstTag[m] !== NO_TAG) this.tags.deleteChain(this, m);
    if (this.ext !== null) this.ext.clear(m);
    this.#live[m] = 0;
    this.frees++;
    if (m < this.#ordinary) this.#free[this.#freeCount++] = m;
    else this.#freeJumbo[this.#freeJumboCount++] = m;
  }

  /** M_PREPEND: the packet begins nBytes earlier. False when the headroom is used up. */
  prepend(m: Mbuf, nBytes: number): boolean {
    if (this.off[m]! - nBytes < this.cluster(m)) return false;
    this.off[m]! -= nBytes;
    this.len[m]! += nBytes;
    return true;
  }

  /**
   * Moves the packet back in its cluster until nBytes fit before it: for the rare headers that
   * HEADROOM_BYTES has no room for. Where there is none behind it either, prepend() will say so.
   */
  makeHeadroom(m: Mbuf, nBytes: number): void {
    const at = this.off[m]!;
    const lack = nBytes - (at - this.cluster(m));
    const end = at + this.len[m]!;
    if (lack <= 0 || end + lack > this.cluster(m) + this.capacity(m)) return;
    this.data.copyWithin(at + lack, at, end);
    this.off[m] = at + lack;
  }

  /** The packet ends nBytes later. False when the cluster is full. Bytes are not cleared. */
  append(m: Mbuf, nBytes: number): boolean {
    if (this.off[m]! + this.len[m]! + nBytes > this.cluster(m) + this.capacity(m)) return false;
    this.len[m]! += nBytes;
    return true;
  }

  /** m_adj: strips nBytes from the front, or -nBytes from the back. */
  adj(m: Mbuf, nBytes: number): void {
    if (Math.abs(nBytes) > this.len[m]!) throw new RangeError(`"nBytes" ${nBytes} > packet`);
    if (nBytes >= 0) {
      this.off[m]! += nBytes;
      this.len[m]! -= nBytes;
    } else {
      this.len[m]! += nBytes;
    }
  }

  /** m turns round, by a rule of turn_rules.ts: it loses the tags that do not persist. */
  turn(m: Mbuf, rule: number): void {
    this.tags.turned(m);
    if (this.rules.on[rule] === 1) this.tags.deleteNonpersistent(this, m);
  }

  /** m_dup: packet, flags and tags; NO_MBUF when mbufs or tags run out (then nothing is made). */
  dup(m: Mbuf): Mbuf {
    const lenBytes = this.len[m]!;
    const c = this.allocFor(lenBytes);
    if (c === NO_MBUF) return NO_MBUF;
    const from = this.off[m]!;
    this.data.copyWithin(this.off[c]!, from, from + lenBytes);
    this.len[c] = lenBytes;
    this.flags[c] = this.flags[m]!;
    this.rcvIf[c] = this.rcvIf[m]!;
    let error = this.tags.copyChain(this, c, m);
    if (error === 0 && this.ext !== null) error = this.ext.copy(c, m);
    if (error !== 0 && this.rules.on[COPY_WHOLE] === 1) {
      this.free(c);
      return NO_MBUF;
    }
    return c;
  }
}
