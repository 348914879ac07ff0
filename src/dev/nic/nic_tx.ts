// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN, etherHeaderLen } from '../../header/ether.ts';
import { EINVAL, EMSGSIZE, ENOBUFS } from '../../kern/errno.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../../kern/mbuf.ts';
import { P_POSTED } from '../../kern/preempt.ts';
import { ANY_LENGTH, DETACH_FREES, DRIVER_MATCH } from '../../kern/turn_rules.ts';
import {
  NO_REQUEST,
  REQ_CARD_SA,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_ESP_OFFSET_MASK,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PACKET,
  REQ_SA_HANDLE,
} from '../../netipsec/pact.ts';
import type { NicConfig, OnCompletion } from './nic_config.ts';
import * as C from './nic_counters.ts';
import {
  CODE_BAD_LEN,
  CODE_DMA_ERR,
  CODE_KEY_ERR,
  CODE_NO_SA,
  CODE_OK,
  CODE_SEQ_END,
  CPL_CODE_MASK,
  CPL_SECP,
  ESP_HEADER_BYTES,
  ESP_IV_BYTES,
  ESP_OFFSET_MIN,
  ICV_BYTES,
  NO_SA_IDX,
  SA_COUNT,
  TXD_ESN,
  TXD_IPSEC,
  TXD_PACKET,
} from './nic_regs.ts';
import type { Ring } from './nic_ring.ts';
import type { NicSa } from './nic_sa.ts';
import { SLOT_LIVE } from './nic_sa_slots.ts';

const NO_SA = -1;
/** What a card without the rule loses: ESP shorter than this. */
const LOST_BELOW_BYTES = 48;

/** Transmit side: descriptors out, completions in. Owns each mbuf from transmit() to completion. */
export class NicTx {
  onCompletion: OnCompletion | null = null;
  /** Tags taken from the pool between take() and done() of the carrier: the cost of the hand-over. */
  handoverAllocs = 0;

  readonly #config: NicConfig;
  readonly #pool: MbufPool;
  readonly #n: Float64Array;
  readonly #maxFrameBytes: number;
  readonly #ring: Ring;
  readonly #done: Ring;
  readonly #sa: NicSa;
  /** By descriptor slot: its mbuf, and the SA that it names. */
  readonly #mbuf: Int32Array;
  readonly #slotSa: Int16Array;
  /** Of stalled(): when the ring was last seen to move. */
  #movedCycle = 0;
  #movedHead = -1;

  constructor(config: NicConfig, maxFrameBytes: number, ring: Ring, done: Ring, sa: NicSa) {
    this.#config = config;
    this.#pool = config.mbufs;
    this.#n = config.counters.n;
    this.#maxFrameBytes = maxFrameBytes;
    this.#ring = ring;
    this.#done = done;
    this.#sa = sa;
    this.#mbuf = new Int32Array(ring.size);
    this.#slotSa = new Int16Array(ring.size).fill(NO_SA);
  }

  /** Descriptors that the card has not completed. */
  get outstanding(): number {
    return this.#ring.used;
  }

  /** A whole frame into the ring, no doorbell yet. 0 or errno; the mbuf is gone either way. */
  transmit(m: Mbuf): number {
    const pool = this.#pool;
    const lenBytes = pool.len[m]!;
    if (this.#ring.free === 0) return this.#drop(m, C.NIC_TX_RING_FULL, ENOBUFS);
    if (lenBytes > this.#maxFrameBytes) return this.#drop(m, C.NIC_TX_TOO_BIG, EMSGSIZE);
    if (lenBytes < ETHER_HDR_LEN) return this.#drop(m, C.NIC_TX_TOO_SHORT, EINVAL);

    const carrier = this.#config.carrier;
    const allocs = pool.tags.allocs;
    const r = carrier.take(m);
    if (r === NO_REQUEST) {
      this.#put(m, lenBytes, 0, 0, 0, NO_SA);
      return 0;
    }
    const { words } = carrier;
    const rules = pool.rules.on;
    const linkLen = etherHeaderLen(pool.view, pool.off[m]!);
    const asked = words[r + REQ_ESP]!;
    const espAt = linkLen + (asked & REQ_ESP_OFFSET_MASK);
    if (rules[DRIVER_MATCH] === 1 && !this.#fits(words, r, espAt, lenBytes))
      return this.#finishInSoftware(m, linkLen);
    const esnHi = words[r + REQ_ESN_HI]!;
    const cardSa = words[r + REQ_CARD_SA]! | 0;
    if (rules[ANY_LENGTH] === 0 && lenBytes - espAt < LOST_BELOW_BYTES)
      return this.#drop(m, C.NIC_TX_TOO_SHORT, EINVAL);
    carrier.done(m, r);
    this.handoverAllocs += pool.tags.allocs - allocs;
    const flags = this.#sa.out.esn[cardSa] === 1 ? TXD_IPSEC | TXD_ESN : TXD_IPSEC;
    if ((asked & REQ_PACKET) === 0) {
      // The card appends the ICV itself; ipsec left room for it.
      this.#put(m, lenBytes - ICV_BYTES, flags, espAt, esnHi, cardSa);
    } else {
      const next = asked >>> 16;
      this.#put(m, lenBytes, flags | TXD_PACKET, espAt | (next << 8), 0, cardSa);
    }
    this.#sa.outstanding[cardSa]!++;
    this.#n[C.NIC_TX_OFFLOADED]!++;
    const { hook } = pool.preempt;
    if (hook !== null) hook(P_POSTED);
    return 0;
  }

  /** Is the request for this card, and is its SA still the one that was meant? at: of ESP in m. */
  #fits(words: Uint32Array, r: number, at: number, lenBytes: number): boolean {
    const out = this.#sa.out;
    const i = words[r + REQ_CARD_SA]! | 0;
    const isPacket = (words[r + REQ_ESP]! & REQ_PACKET) !== 0;
    return (
      (words[r + REQ_IF_INDEX]! | 0) === this.#config.index &&
      i >= 0 &&
      i < SA_COUNT &&
      out.state[i] === SLOT_LIVE &&
      out.handle[i] === (words[r + REQ_SA_HANDLE]! | 0) &&
      out.generation[i] === words[r + REQ_GENERATION] &&
      (out.esn[i] === 1 || words[r + REQ_ESN_HI] === 0) &&
      out.packet[i] === (isPacket ? 1 : 0) &&
      at >= ESP_OFFSET_MIN &&
      at <= 255 &&
      lenBytes >= (isPacket ? at : at + ESP_HEADER_BYTES + ESP_IV_BYTES + ICV_BYTES) &&
      out.damaged[i] === 0
    );
  }

  /** No descriptor was posted for m, so its number is unused: software may do what there is to do. */
  #finishInSoftware(m: Mbuf, linkLen: number): number {
    const errno = this.#config.finishInSoftware(m, linkLen);
    if (errno !== 0) return this.#drop(m, C.NIC_TX_MISFIT, errno);
    this.#n[C.NIC_TX_SOFTWARE]!++;
    this.#put(m, this.#pool.len[m]!, 0, 0, 0, NO_SA);
    return 0;
  }

  /** esp: its offset in the frame, and with TXD_PACKET its next header << 8. */
  #put(m: Mbuf, len: number, flags: number, esp: number, esnHi: number, sa: number): void {
    const ring = this.#ring;
    const words = ring.words;
    const slot = ring.tail & ring.mask;
    const w = ring.base + slot * 8;
    words[w] = this.#pool.off[m]!;
    words[w + 1] = 0;
    words[w + 2] = len | (flags << 16);
    words[w + 3] = (sa & 0xffff) | (esp << 16);
    words[w + 4] = esnHi;
    words[w + 5] = m;
    words[w + 6] = 0;
    words[w + 7] = 0;
    this.#mbuf[slot] = m;
    this.#slotSa[slot] = sa;
    ring.tail = (ring.tail + 1) & 0xffff;
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#n[why]!++;
    this.#pool.free(m);
    return errno;
  }

  /** Have descriptors been outstanding for limitCycles without a completion, as earlier calls saw it? */
  stalled(nowCycles: number, limitCycles: number): boolean {
    const head = this.#ring.head;
    if (this.outstanding === 0 || head !== this.#movedHead) {
      this.#movedHead = head;
      this.#movedCycle = nowCycles;
      return false;
    }
    return nowCycles - this.#movedCycle >= limitCycles;
  }

  /** One doorbell for all that was written since the last. */
  flush(): void {
    this.#ring.tellTail();
  }

  /** Takes back what the card has completed, which costs no bus access; how many. */
  reap(): number {
    const done = this.#done;
    const words = done.words;
    let n = 0;
    while (done.isWritten(done.head)) {
      const w = done.word(done.head);
      if (this.#ring.used === 0) this.#n[C.NIC_STRAY]!++;
      else this.#complete(words[w]!, words[w + 1]!, words[w + 2]!);
      done.head = (done.head + 1) & 0xffff;
      n++;
    }
    done.tellHead();
    return n;
  }

  /** A completion did not make it to memory: its descriptor ends in an error. */
  skipLost(): void {
    if (!this.#done.isHeadLost()) return;
    if (this.#ring.used === 0) this.#n[C.NIC_STRAY]!++;
    else this.#complete(NO_MBUF, NO_SA_IDX << 16, CODE_DMA_ERR);
    this.#done.head = (this.#done.head + 1) & 0xffff;
    this.#done.tellHead();
  }

  #complete(cookie: number, lenSa: number, status: number): void {
    const ring = this.#ring;
    const slot = ring.head & ring.mask;
    ring.head = (ring.head + 1) & 0xffff;
    const m = this.#mbuf[slot]!;
    const sa = this.#slotSa[slot]!;
    // Completions come in order, so the cookie only confirms what the slot says. A descriptor that
    // could not be read has none.
    if (cookie !== m && (status & CPL_CODE_MASK) !== CODE_DMA_ERR) this.#n[C.NIC_COOKIE]!++;
    if (this.onCompletion !== null) this.onCompletion(0, lenSa & 0xffff, status, lenSa >>> 16);
    if ((status & CPL_CODE_MASK) !== CODE_OK) this.#countError(status & CPL_CODE_MASK);
    else if (sa !== NO_SA) {
      if ((status & CPL_SECP) === 0) this.#n[C.NIC_TX_CLEAR]!++;
      this.#sa.out.packets[sa]!++;
      this.#sa.out.bytes[sa]! += lenSa & 0xffff;
    }
    if (sa !== NO_SA) {
      if ((status & CPL_CODE_MASK) === CODE_KEY_ERR) this.#sa.out.damaged[sa] = 1;
      this.#slotSa[slot] = NO_SA;
      this.#sa.txDone(sa);
    }
    this.#pool.free(m);
  }

  #countError(code: number): void {
    if (code === CODE_BAD_LEN) this.#n[C.NIC_TX_BAD_LEN]!++;
    else if (code === CODE_SEQ_END) this.#n[C.NIC_TX_SEQ_END]!++;
    else if (code === CODE_NO_SA) this.#n[C.NIC_TX_NO_SA]!++;
    else if (code === CODE_DMA_ERR) this.#n[C.NIC_TX_DMA_ERR]!++;
    else if (code === CODE_KEY_ERR) this.#n[C.NIC_TX_KEY_ERR]!++;
    else this.#n[C.NIC_TX_ERR]!++;
  }

  /** The card was reset: frees what was in its hands. */
  discard(): void {
    const ring = this.#ring;
    while (ring.used > 0) {
      this.#n[C.NIC_TX_DISCARDED]!++;
      if (this.#pool.rules.on[DETACH_FREES] === 1)
        this.#pool.free(this.#mbuf[ring.head & ring.mask]!);
      ring.head = (ring.head + 1) & 0xffff;
    }
    this.#slotSa.fill(NO_SA);
    this.#movedHead = -1;
  }
}
