// SPDX-License-Identifier: BSD-2-Clause
import { ESP_TRAILER_LEN, espSpi } from '../../header/esp.ts';
import { ETHER_HDR_LEN, etherHeaderLen } from '../../header/ether.ts';
import { IP_DST, IPPROTO_ESP, ipLen, ipVersion } from '../../header/ip.ts';
import { ipSetLen } from '../../header/ip_len.ts';
import { IP6_DST, IP6_HDR_LEN, ip6Plen } from '../../header/ip6.ts';
import {
  HEADROOM_BYTES,
  type Mbuf,
  type MbufPool,
  NO_MBUF,
  TAILROOM_BYTES,
} from '../../kern/mbuf.ts';
import { P_COMPLETED, P_REPORTED } from '../../kern/preempt.ts';
import { FREE_ONCE, REPORT_MATCH } from '../../kern/turn_rules.ts';
import {
  newOffloadRequest,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  REQ_CARD_SA,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PACKET,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from '../../netipsec/pact.ts';
import type { NicConfig, OnCompletion } from './nic_config.ts';
import * as C from './nic_counters.ts';
import {
  CODE_AUTH_FAIL,
  CODE_BAD_LEN,
  CODE_BAD_PAD,
  CODE_DMA_ERR,
  CODE_KEY_ERR,
  CODE_NO_SA,
  CODE_OK,
  CODE_REPLAY,
  CODE_TOO_BIG,
  CPL_CODE_MASK,
  CPL_ESN_HI_MASK,
  CPL_ESP_SEEN,
  CPL_NEXT_SHIFT,
  CPL_PACKET,
  CPL_SECP,
  ESP_HEADER_BYTES,
  ICV_BYTES,
  NO_SA_IDX,
  SA_COUNT,
} from './nic_regs.ts';
import type { Ring } from './nic_ring.ts';
import type { NicSa } from './nic_sa.ts';
import { SLOT_LIVE } from './nic_sa_slots.ts';

/** Buffers are given to the card in batches of this many. */
const REFILL_BATCH = 32;

/** Receive side: empty mbufs out, frames in. Owns the mbufs in the ring. */
export class NicRx {
  onCompletion: OnCompletion | null = null;
  /** Completions read since attach. */
  read = 0;

  readonly #pool: MbufPool;
  readonly #n: Float64Array;
  readonly #config: NicConfig;
  readonly #ring: Ring;
  readonly #done: Ring;
  readonly #sa: NicSa;
  readonly #mbuf: Int32Array;
  readonly #bufBytes: number;
  readonly #report: OffloadRequest = newOffloadRequest();
  /** Of the completion that is being taken. */
  #esnHi = 0;

  constructor(config: NicConfig, ring: Ring, done: Ring, sa: NicSa) {
    this.#config = config;
    this.#pool = config.mbufs;
    this.#n = config.counters.n;
    this.#ring = ring;
    this.#done = done;
    this.#sa = sa;
    this.#mbuf = new Int32Array(ring.size);
    this.#bufBytes = this.#pool.clusterBytes - HEADROOM_BYTES - TAILROOM_BYTES;
    this.#report[REQ_IF_INDEX] = config.index;
  }

  /** Buffers that the card has and has not used. */
  get outstanding(): number {
    return this.#ring.used;
  }

  pending(): number {
    return this.#done.pending();
  }

  /** Hands at most `budget` completed frames to `input`, in order; how many completions it read. */
  poll(budget: number, input: (m: Mbuf) => void): number {
    const done = this.#done;
    const words = done.words;
    let n = 0;
    while (n < budget && done.isWritten(done.head)) {
      const w = done.word(done.head);
      const cookie = words[w]!;
      const lenSa = words[w + 1]!;
      const status = words[w + 2]!;
      this.#esnHi = words[w + 3]! & CPL_ESN_HI_MASK;
      // Before input(): what it calls may look at the ring.
      done.head = (done.head + 1) & 0xffff;
      this.read++;
      n++;
      const { hook } = this.#pool.preempt;
      if (hook !== null) hook(P_COMPLETED);
      const m = this.#take(cookie, lenSa, status);
      if (m === NO_MBUF) continue;
      if (hook !== null) hook(P_REPORTED);
      input(m);
    }
    return n;
  }

  /** A completion did not make it to memory: its buffer is given up, whatever is in it. */
  skipLost(): void {
    if (!this.#done.isHeadLost()) return;
    this.#done.head = (this.#done.head + 1) & 0xffff;
    this.read++;
    this.#take(NO_MBUF, NO_SA_IDX << 16, CODE_DMA_ERR);
    this.#done.tellHead();
  }

  /** The completed mbuf when it is good, else NO_MBUF after counting and freeing it. */
  #take(cookie: number, lenSa: number, status: number): Mbuf {
    const ring = this.#ring;
    if (ring.used === 0) {
      this.#n[C.NIC_STRAY]!++;
      return NO_MBUF;
    }
    const m = this.#mbuf[ring.head & ring.mask]!;
    ring.head = (ring.head + 1) & 0xffff;
    const lenBytes = lenSa & 0xffff;
    const saIdx = lenSa >>> 16;
    const code = status & CPL_CODE_MASK;
    if (cookie !== m && code !== CODE_DMA_ERR) this.#n[C.NIC_COOKIE]!++;
    if (this.onCompletion !== null) this.onCompletion(1, lenBytes, status, saIdx);

    // NO_SA, BAD_LEN and KEY_ERR are news, not errors: the frame came as it was on the wire.
    if (code === CODE_KEY_ERR) this.#n[C.NIC_RX_KEY_ERR]!++;
    else if (code !== CODE_OK && code !== CODE_NO_SA && code !== CODE_BAD_LEN)
      return this.#dropError(m, code, saIdx);
    if (lenBytes < ETHER_HDR_LEN || lenBytes > this.#bufBytes) return this.#drop(m, C.NIC_RX_ERR);
    this.#pool.len[m] = lenBytes;
    this.#pool.rcvIf[m] = this.#config.index;
    return (status & CPL_SECP) === 0 ? m : this.#tag(m, status, saIdx);
  }

  /**
   * The card decrypted m: hangs the report on it. The payload is plaintext now, so without its tag,
   * or under an SA that is not the one in the frame, m goes no further.
   */
  #tag(m: Mbuf, status: number, saIdx: number): Mbuf {
    const pool = this.#pool;
    const view = pool.view;
    const off = pool.off[m]!;
    const espOffset = (status >>> 8) & 0xff;
    const isPacket = (status & CPL_PACKET) !== 0;
    const atLeast = isPacket ? espOffset : espOffset + ESP_HEADER_BYTES;
    if ((status & CPL_ESP_SEEN) === 0 || atLeast > pool.len[m]!) return this.#drop(m, C.NIC_RX_ERR);
    const linkLen = etherHeaderLen(view, off);
    const ip = off + linkLen;
    const isV6 = ipVersion(view, ip) === 6;
    const r = this.#report;
    const sa = this.#sa.in;
    const isLive = saIdx < SA_COUNT && sa.state[saIdx] === SLOT_LIVE;
    if (isLive && sa.packet[saIdx] !== (isPacket ? 1 : 0)) return this.#drop(m, C.NIC_RX_ERR);
    // With packet offload it is gone from the frame, and the match table vouches for it.
    r[REQ_SPI] = isPacket && isLive ? sa.spi[saIdx]! : espSpi(view, off + espOffset);
    r[REQ_PROTO] = isV6 ? IPPROTO_ESP | (6 << 8) : IPPROTO_ESP | (4 << 8);
    for (let w = 0; w < 4; w++) r[REQ_DST + w] = isV6 ? view.getUint32(ip + IP6_DST + 4 * w) : 0;
    if (!isV6) r[REQ_DST] = view.getUint32(ip + IP_DST);
    if (!isLive || !sa.isAt(saIdx, r[REQ_SPI]!, isV6 ? 6 : 4, r, REQ_DST)) {
      if (pool.rules.on[REPORT_MATCH] === 1) return this.#drop(m, C.NIC_RX_SA_GONE);
    }

    r[REQ_SA_HANDLE] = sa.handle[saIdx]!;
    r[REQ_GENERATION] = sa.generation[saIdx]!;
    if (isPacket) {
      const next = (status >>> CPL_NEXT_SHIFT) & 0xff;
      r[REQ_ESP] = (espOffset - linkLen) | REQ_PACKET | (next << 16);
      r[REQ_ESN_HI] = 0;
      ipSetLen(view, ip, pool.len[m]! - linkLen);
    } else {
      const ipLenBytes = isV6 ? IP6_HDR_LEN + ip6Plen(view, ip) : ipLen(view, ip);
      const padLen = pool.data[ip + ipLenBytes - ICV_BYTES - ESP_TRAILER_LEN]!;
      r[REQ_ESP] = (espOffset - linkLen) | ((padLen + ESP_TRAILER_LEN + ICV_BYTES) << 16);
      r[REQ_ESN_HI] = this.#esnHi;
    }
    r[REQ_CARD_SA] = saIdx;
    if (this.#config.carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, r) !== 0)
      return this.#drop(m, C.NIC_RX_NO_TAG);
    sa.packets[saIdx]!++;
    sa.bytes[saIdx]! += pool.len[m]!;
    this.#n[C.NIC_RX_OFFLOADED]!++;
    return m;
  }

  #dropError(m: Mbuf, code: number, saIdx: number): Mbuf {
    if (this.#pool.rules.on[FREE_ONCE] === 0) this.#pool.free(m);
    if (code === CODE_AUTH_FAIL) {
      if (saIdx < SA_COUNT && this.#sa.in.state[saIdx] === SLOT_LIVE)
        this.#sa.in.authFailed[saIdx]!++;
      return this.#drop(m, C.NIC_RX_AUTH_FAIL);
    }
    if (code === CODE_REPLAY) {
      if (saIdx < SA_COUNT && this.#sa.in.state[saIdx] === SLOT_LIVE)
        this.#sa.in.replayed[saIdx]!++;
      return this.#drop(m, C.NIC_RX_REPLAY);
    }
    if (code === CODE_BAD_PAD) return this.#drop(m, C.NIC_RX_BAD_PAD);
    if (code === CODE_TOO_BIG) return this.#drop(m, C.NIC_RX_TOO_BIG);
    return this.#drop(m, code === CODE_DMA_ERR ? C.NIC_RX_DMA_ERR : C.NIC_RX_ERR);
  }

  #drop(m: Mbuf, why: number): Mbuf {
    this.#n[why]!++;
    this.#pool.free(m);
    return NO_MBUF;
  }

  /**
   * Gives the card empty buffers when a batch of them is wanted. Without mbufs the ring runs low and
   * frames wait in the card; every later call tries again.
   */
  refill(): void {
    const ring = this.#ring;
    if (ring.free < Math.min(REFILL_BATCH, ring.size >>> 1)) return;
    const words = ring.words;
    const pool = this.#pool;
    for (let n = ring.free; n > 0; n--) {
      const m = pool.alloc();
      if (m === NO_MBUF) {
        this.#n[C.NIC_RX_NO_MBUF]!++;
        break;
      }
      const slot = ring.tail & ring.mask;
      const w = ring.base + slot * 4;
      words[w] = pool.off[m]!;
      words[w + 1] = 0;
      words[w + 2] = this.#bufBytes;
      words[w + 3] = m;
      this.#mbuf[slot] = m;
      ring.tail = (ring.tail + 1) & 0xffff;
    }
  }

  /** One posted write for each ring that moved. */
  flush(): void {
    this.#done.tellHead();
    this.#ring.tellTail();
  }

  /** The card was reset: frees the buffers it had. */
  discard(): void {
    const ring = this.#ring;
    while (ring.used > 0) {
      this.#pool.free(this.#mbuf[ring.head & ring.mask]!);
      ring.head = (ring.head + 1) & 0xffff;
    }
  }
}
