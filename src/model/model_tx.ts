// SPDX-License-Identifier: BSD-2-Clause
import {
  CODE_BAD_LEN,
  CODE_DMA_ERR,
  CODE_KEY_ERR,
  CODE_NO_SA,
  CODE_OK,
  CODE_SEQ_END,
  CPL_SECP,
  CTRL_IPSEC_TX_EN,
  CTRL_TX_EN,
  ICV_BYTES,
  MAX_FRAME_LIMIT,
  NO_SA_IDX,
  TXD_BYTES,
  TXD_CSUM,
  TXD_ESN,
  TXD_IPSEC,
  TXD_PACKET,
} from '../dev/nic/nic_regs.ts';
import { ETHER_HDR_LEN } from '../header/ether.ts';
import { fillSum, isSumPlaced, type TxSum } from './model_csum.ts';
import { checkTx, sealEsp, type TxCrypto } from './model_esp.ts';
import { ModelGather } from './model_gather.ts';
import { buildEsp, builtBytes, takeNumber } from './model_packet.ts';
import { complete, dmaError, keyError, type ModelCard, ModelPace } from './model_port.ts';
import type { ModelQueue } from './model_queue.ts';
import type { ModelRing } from './model_ring.ts';
import type { ModelSa, ModelSaTable } from './model_sa.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Transmit side: descriptor, frame, crypto, wire, completion. One frame at a time, from the queues in
 * turn, in the order of each.
 */
export class ModelTx {
  /** Cycle at which the next frame leaves; Infinity: nothing to do, or something is missing. */
  nextAt: number = NEVER;

  readonly #card: ModelCard;
  readonly #queues: readonly ModelQueue[];
  /** The queue of the frame that is due, or was last. */
  #turn = 0;
  /** Of each queue. */
  readonly #gathers: readonly ModelGather[];
  readonly #sa: ModelSaTable;
  readonly #pace: ModelPace;
  readonly #frame: Uint8Array = new Uint8Array(MAX_FRAME_LIMIT + ICV_BYTES);
  readonly #data: Uint8Array = new Uint8Array(MAX_FRAME_LIMIT);
  readonly #crypto: TxCrypto = {
    ...{ espOffset: 0, esn: false, esnHi: 0, packet: false, next: 0 },
  };

  readonly #sum: TxSum = { start: 0, at: 0, stop: 0 };

  constructor(
    card: ModelCard,
    queues: readonly ModelQueue[],
    sa: ModelSaTable,
    latencyCycles: number,
  ) {
    this.#card = card;
    this.#queues = queues;
    this.#gathers = queues.map(({ ring }) => new ModelGather(ring));
    this.#sa = sa;
    this.#pace = new ModelPace(latencyCycles);
  }

  get isBusy(): boolean {
    return this.nextAt !== NEVER || this.#gathers.some((g) => g.isOpen);
  }

  /** Something changed: a doorbell, room in the completion ring, an enable bit. */
  kick(now: number): void {
    if (this.nextAt !== NEVER) return;
    const card = this.#card;
    if ((card.ctrl & CTRL_TX_EN) === 0 || card.memory.silent) return;
    const n = this.#queues.length;
    for (let i = 1; i <= n; i++) {
      const q = (this.#turn + i) % n;
      if (!this.#queues[q]!.isReady) continue;
      this.#turn = q;
      this.nextAt = this.#pace.next(now, this.#nextLength());
      return;
    }
  }

  /** Length of the next frame, for its pace only. */
  #nextLength(): number {
    const memory = this.#card.memory;
    const { ring } = this.#queues[this.#turn]!;
    const at = ring.address(ring.head, TXD_BYTES);
    const { failReads, reads } = memory;
    memory.failReads = 0;
    const d = memory.read(at + 8, 2);
    memory.failReads = failReads;
    memory.reads = reads;
    return d === null ? 0 : Math.min(d[0]! | (d[1]! << 8), this.#card.maxFrameBytes);
  }

  /** The next frame is due. */
  step(now: number): void {
    this.nextAt = NEVER;
    if (this.#card.memory.silent) return;
    const { ring } = this.#queues[this.#turn]!;
    const d = this.#card.memory.read(ring.address(ring.head, TXD_BYTES), TXD_BYTES);
    if (d === null) dmaError(this.#card);
    const gather = this.#gathers[this.#turn]!;
    const view = d === null ? null : new DataView(d.buffer, d.byteOffset, TXD_BYTES);
    if (gather.take(view)) this.#send(gather, now);
    this.kick(now);
  }

  #send(gather: ModelGather, now: number): void {
    const card = this.#card;
    const { first: d, lenBytes } = gather;
    const flags = d.getUint16(10, true);
    const isIpsec = (flags & TXD_IPSEC) !== 0;
    const saIdx = isIpsec ? d.getUint16(12, true) : NO_SA_IDX;
    const cookie = d.getUint32(20, true);
    const crypto = this.#crypto;
    crypto.espOffset = d.getUint8(14);
    crypto.esn = (flags & TXD_ESN) !== 0;
    crypto.esnHi = d.getUint32(16, true);
    crypto.packet = isIpsec && (flags & TXD_PACKET) !== 0;
    crypto.next = d.getUint8(15);

    const sa = isIpsec ? this.#sa.get(saIdx) : null;
    let { code } = gather;
    const sum = this.#sum;
    sum.start = d.getUint16(24, true);
    sum.at = d.getUint16(26, true);
    sum.stop = d.getUint16(28, true);
    const isSummed = (flags & TXD_CSUM) !== 0;
    if (code === CODE_OK && isSummed && !isSumPlaced(sum, lenBytes)) code = CODE_BAD_LEN;
    if (code === CODE_OK)
      code = isIpsec ? checkTx(lenBytes, card.maxFrameBytes, crypto, sa) : this.#plain(lenBytes);
    const isAsked = code === CODE_OK || code === CODE_KEY_ERR;
    if (isAsked && isIpsec && (card.ctrl & CTRL_IPSEC_TX_EN) === 0) code = CODE_NO_SA;
    if (code === CODE_KEY_ERR) keyError(card);
    const data = code === CODE_OK ? this.#read(gather) : null;
    if (data === null) {
      if (code === CODE_OK) {
        if (sa !== null) this.#lose(sa, saIdx);
      }
      this.#refuse(cookie, saIdx, code === CODE_OK ? CODE_DMA_ERR : code, now);
      return;
    }
    if (isSummed) fillSum(data, sum);
    const builtLen = crypto.packet ? builtBytes(lenBytes, crypto.espOffset) : lenBytes;
    const frame = this.#frame.subarray(0, isIpsec ? builtLen + ICV_BYTES : lenBytes);
    if (!crypto.packet) frame.set(data);
    else if (!this.#build(frame, data, sa!, saIdx)) {
      this.#refuse(cookie, saIdx, CODE_SEQ_END, now);
      return;
    }
    if (sa !== null) {
      sealEsp(frame, crypto, sa);
      card.stats.txIpsec++;
      this.#sa.state(saIdx).packets++;
      this.#sa.state(saIdx).bytes += frame.length;
    }
    card.stats.txFrames++;
    card.send(frame, now);
    complete(card, this.#done, cookie, frame.length, saIdx, isIpsec ? CPL_SECP : 0, now);
  }

  /** The bytes of the frame's buffers; null: some cannot be read. */
  #read({ parts, lenBytes }: ModelGather): Uint8Array | null {
    let at = 0;
    let isGood = true;
    for (const part of parts) {
      const bytes = this.#card.memory.read(part.address, part.lenBytes);
      if (bytes === null) dmaError(this.#card);
      else this.#data.set(bytes, at);
      isGood &&= bytes !== null;
      at += part.lenBytes;
    }
    return isGood ? this.#data.subarray(0, lenBytes) : null;
  }

  /** The frame could not be read: its number is used up all the same. */
  #lose(sa: ModelSa, saIdx: number): void {
    const state = this.#sa.state(saIdx);
    if (!this.#crypto.packet || takeNumber(sa, state)) state.errors++;
  }

  /** Gives the packet its number, and makes ESP of it; false: there is no number left. */
  #build(frame: Uint8Array, data: Uint8Array, sa: ModelSa, saIdx: number): boolean {
    const state = this.#sa.state(saIdx);
    if (!takeNumber(sa, state)) return false;
    const { espOffset, next } = this.#crypto;
    buildEsp(frame, data, espOffset, next, sa.spi, state);
    this.#crypto.esnHi = state.seqHi;
    return true;
  }

  #plain(lenBytes: number): number {
    const isGood = lenBytes >= ETHER_HDR_LEN && lenBytes <= this.#card.maxFrameBytes;
    return isGood ? CODE_OK : CODE_BAD_LEN;
  }

  #refuse(cookie: number, saIdx: number, code: number, now: number): void {
    this.#card.stats.txDrop++;
    complete(this.#card, this.#done, cookie, 0, saIdx, code, now);
  }

  reset(): void {
    this.nextAt = NEVER;
    this.#pace.reset();
    this.#turn = 0;
    for (const gather of this.#gathers) gather.reset();
  }

  get #done(): ModelRing {
    return this.#queues[this.#turn]!.done;
  }
}
