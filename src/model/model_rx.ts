// SPDX-License-Identifier: BSD-2-Clause
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
  CPL_ESP_SEEN,
  CPL_L4_OK,
  CPL_MORE,
  CPL_NEXT_SHIFT,
  CPL_PACKET,
  CPL_SECP,
  CTRL_IPSEC_RX_EN,
  CTRL_PROMISC,
  CTRL_RX_CSUM,
  CTRL_RX_EN,
  CTRL_RX_FLAG_BAD,
  CTRL_RX_SCATTER,
  NO_SA_IDX,
  RXD_BYTES,
} from '../dev/nic/nic_regs.ts';
import { ETHER_HDR_LEN } from '../header/ether.ts';
import { isSumRight } from './model_csum.ts';
import { type EspPlace, findEsp, guessHigh, openEsp, openUnchecked } from './model_esp.ts';
import { isReplay, noteNumber, stripEsp } from './model_packet.ts';
import { complete, dmaError, keyError, type ModelCard, ModelPace } from './model_port.ts';
import type { ModelQueue, ModelRss } from './model_queue.ts';
import type { ModelRing } from './model_ring.ts';
import { type ModelSa, type ModelSaTable, matchDst } from './model_sa.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** Frames wait in here for buffers; what does not fit is dropped. */
const FIFO_BYTES = 32768;
const NOTHING = new Uint8Array(0);
/** What a completion says of a frame that is not there. */
const PROMISES = CPL_SECP | CPL_PACKET | CPL_L4_OK;

interface Verdict {
  code: number;
  status: number;
  saIdx: number;
  /** Packet offload: the number's low half. */
  esnHi: number;
  /** Packet offload: nothing of the frame is delivered unless all is right. */
  packet: boolean;
}

/**
 * Receive side: filter, FIFO, queue, ESP, buffer, completion. One frame at a time, in order: one whose
 * queue has no buffer holds up those behind it.
 */
export class ModelRx {
  /** Cycle at which the oldest waiting frame is delivered; Infinity: none, or something is missing. */
  nextAt: number = NEVER;

  readonly #card: ModelCard;
  readonly #queue0: ModelQueue;
  readonly #rss: ModelRss;
  readonly #sa: ModelSaTable;
  readonly #pace: ModelPace;
  readonly #fifo: Uint8Array[] = [];
  #fifoBytes = 0;
  readonly #place: EspPlace = {
    espOffset: 0,
    textBytes: 0,
    spi: 0,
    isV6: false,
    dst: new Uint32Array(4),
  };
  /** A frame that waits for its next buffer, and the queue that it is for. */
  #rest: Uint8Array | null = null;
  #restQueue: ModelQueue;
  #restEpoch = 0;
  readonly #verdict: Verdict = { code: 0, status: 0, saIdx: 0, esnHi: 0, packet: false };

  constructor(
    card: ModelCard,
    queue0: ModelQueue,
    rss: ModelRss,
    sa: ModelSaTable,
    latencyCycles: number,
  ) {
    this.#card = card;
    this.#queue0 = queue0;
    this.#restQueue = queue0;
    this.#rss = rss;
    this.#sa = sa;
    this.#pace = new ModelPace(latencyCycles);
  }

  get isBusy(): boolean {
    return this.#fifo.length > 0 || this.#rest !== null;
  }

  /** A frame's last beat came from the wire; the model keeps the bytes. */
  receive(frame: Uint8Array, now: number): void {
    const card = this.#card;
    if ((card.ctrl & CTRL_RX_EN) === 0) return;
    if (!this.#isForUs(frame)) {
      card.stats.rxFiltered++;
      return;
    }
    if (frame.length < ETHER_HDR_LEN || frame.length > card.maxFrameBytes) {
      card.stats.rxLenBad++;
      return;
    }
    if (this.#fifoBytes + frame.length > FIFO_BYTES) {
      card.stats.rxOverflow++;
      return;
    }
    card.stats.rxFrames++;
    this.#fifo.push(frame);
    this.#fifoBytes += frame.length;
    this.kick(now);
  }

  #isForUs(frame: Uint8Array): boolean {
    if ((this.#card.ctrl & CTRL_PROMISC) !== 0 || (frame[0]! & 1) !== 0) return true;
    return this.#card.mac.every((b, i) => (frame[i] ?? 0) === b);
  }

  /** Something changed: a frame, buffers, room in the completion ring. */
  kick(now: number): void {
    if (this.nextAt !== NEVER || !this.isBusy || this.#card.memory.silent) return;
    const queue = this.#rest === null ? this.#queueOf(this.#fifo[0]!) : this.#restQueue;
    if (!queue.isReady) return;
    this.nextAt = this.#pace.next(now, (this.#rest ?? this.#fifo[0]!).length);
  }

  #queueOf(frame: Uint8Array): ModelQueue {
    const isEsp = findEsp(frame, this.#card.nattPort, this.#place);
    return isEsp ? this.#rss.queueOf(this.#place.spi) : this.#queue0;
  }

  /** The oldest frame is due, or its next buffer. */
  step(now: number): void {
    this.nextAt = NEVER;
    const card = this.#card;
    if (card.memory.silent) return;
    let left = this.#rest;
    if (left === null) {
      const frame = this.#fifo.shift()!;
      this.#fifoBytes -= frame.length;
      this.#restQueue = this.#queueOf(frame);
      this.#restEpoch = this.#restQueue.ring.epoch;
      const v = this.#decrypt(frame);
      left = v.packet ? this.#strip(frame, v) : frame;
    }
    const v = this.#verdict;
    this.#rest = null;
    const { ring, done } = this.#restQueue;
    const d = card.memory.read(ring.address(ring.head, RXD_BYTES), RXD_BYTES);
    ring.head = (ring.head + 1) & 0xffff;
    if (d === null) {
      dmaError(card);
      const status = v.status & ~PROMISES;
      complete(card, done, 0, 0, v.saIdx, status | CODE_DMA_ERR, now, v.esnHi);
    } else this.#deliver(new DataView(d.buffer, d.byteOffset, RXD_BYTES), left, v, done, now);
    this.kick(now);
  }

  /** ESP of the frame, in place when its ICV is good. */
  #decrypt(frame: Uint8Array): Verdict {
    const card = this.#card;
    const place = this.#place;
    const v = this.#verdict;
    v.code = CODE_OK;
    v.saIdx = NO_SA_IDX;
    v.status = 0;
    v.esnHi = 0;
    v.packet = false;
    if (!findEsp(frame, card.nattPort, place)) return v;
    v.status = CPL_ESP_SEEN | (place.espOffset << 8);
    if ((card.ctrl & CTRL_IPSEC_RX_EN) === 0) return v;
    const i = this.#sa.lookup(place.spi, matchDst(place.isV6, place.dst));
    if (i >= 0 && place.textBytes % 4 !== 0) {
      v.saIdx = i;
      v.code = CODE_BAD_LEN;
      return v;
    }
    const sa = i < 0 ? null : this.#sa.get(i);
    if (sa === null) {
      v.code = CODE_NO_SA;
      card.stats.rxNoSa++;
      return v;
    }
    v.saIdx = i;
    if (sa.damaged) {
      v.code = CODE_KEY_ERR;
      keyError(card);
    } else this.#open(frame, sa, v);
    return v;
  }

  /** The crypto of a frame whose SA was found, and what is counted of it. */
  #open(frame: Uint8Array, sa: ModelSa, v: Verdict): void {
    const { stats } = this.#card;
    const place = this.#place;
    const state = this.#sa.state(v.saIdx);
    const seqLo = new DataView(frame.buffer, frame.byteOffset).getUint32(place.espOffset + 4);
    const seqHi = sa.esn ? guessHigh(seqLo, sa.window, state.seqHi, state.seqLo) : 0;
    v.packet = sa.packet;
    v.esnHi = sa.packet ? seqLo : seqHi;
    if (sa.packet && isReplay(sa, state, seqHi, seqLo)) {
      v.code = CODE_REPLAY;
      state.replays++;
      stats.rxReplay++;
      return;
    }
    v.code = openEsp(frame, place, sa, seqHi);
    if (v.code !== CODE_OK) {
      state.errors++;
      stats.rxIcvBad++;
      if ((this.#card.ctrl & CTRL_RX_FLAG_BAD) !== 0) openUnchecked(frame, place, sa);
      return;
    }
    v.status |= CPL_SECP;
    const isLooked = (this.#card.ctrl & CTRL_RX_CSUM) !== 0 && !sa.gmac;
    if (isLooked && isSumRight(frame, place)) v.status |= CPL_L4_OK;
    stats.rxIpsecOk++;
    state.packets++;
    state.bytes += frame.length;
    if (sa.esn || sa.packet) noteNumber(state, seqHi, seqLo);
  }

  /** Packet offload: the frame without ESP; empty when it is not to be had. */
  #strip(frame: Uint8Array, v: Verdict): Uint8Array {
    const { espOffset, textBytes } = this.#place;
    const left = v.code === CODE_OK ? stripEsp(frame, espOffset, textBytes) : null;
    if (left !== null) {
      v.status |= CPL_PACKET | (left.next << CPL_NEXT_SHIFT);
      return left.frame;
    }
    if (v.code === CODE_OK) {
      v.code = CODE_BAD_PAD;
      v.status &= ~(CPL_SECP | CPL_L4_OK);
      this.#card.stats.rxBadPad++;
    }
    return NOTHING;
  }

  /**
   * Writes the frame, or what fits when it may go on in the next one, to the buffer that descriptor d
   * names; of a forged one nothing.
   */
  #deliver(d: DataView, frame: Uint8Array, v: Verdict, done: ModelRing, now: number): void {
    const card = this.#card;
    const address = d.getUint32(0, true) + d.getUint32(4, true) * 0x1_0000_0000;
    const bufBytes = d.getUint32(8, true);
    const cookie = d.getUint32(12, true);
    let code = v.code;
    let lenBytes = 0;
    let more = 0;
    const isFlagged = (card.ctrl & CTRL_RX_FLAG_BAD) !== 0;
    if (frame.length > 0 && (code !== CODE_AUTH_FAIL || isFlagged)) {
      const isStale = this.#restEpoch !== this.#restQueue.ring.epoch;
      const fits = frame.length <= bufBytes;
      const goesOn = !fits && !isStale && (card.ctrl & CTRL_RX_SCATTER) !== 0;
      if (goesOn) {
        this.#rest = frame.subarray(bufBytes);
        more = CPL_MORE;
      }
      const part = goesOn ? frame.subarray(0, bufBytes) : frame;
      if (isStale || !(fits || goesOn)) code = CODE_TOO_BIG;
      else if (part.length === 0 || card.memory.write(address, part)) lenBytes = part.length;
      else {
        code = CODE_DMA_ERR;
        dmaError(card);
      }
    }
    const status = code === v.code ? v.status : v.status & ~PROMISES;
    complete(card, done, cookie, lenBytes, v.saIdx, status | more | code, now, v.esnHi);
  }

  reset(): void {
    this.nextAt = NEVER;
    this.#pace.reset();
    this.#fifo.length = 0;
    this.#fifoBytes = 0;
    this.#rest = null;
  }
}
