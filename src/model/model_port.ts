// SPDX-License-Identifier: BSD-2-Clause
import { CPL_BYTES, CPL_ESN_HI_MASK, IRQ_ERR, type StatName } from '../dev/nic/nic_regs.ts';
import type { ModelIrq } from './model_irq.ts';
import type { ModelMemory } from './model_memory.ts';
import type { ModelRing } from './model_ring.ts';

/** Settings and shared parts of one card, as its two sides see them. */
export interface ModelCard {
  readonly memory: ModelMemory;
  readonly irq: ModelIrq;
  readonly stats: Record<StatName, number>;
  ctrl: number;
  maxFrameBytes: number;
  nattPort: number;
  /** Station address. */
  readonly mac: Uint8Array;
  dmaErrorSeen: boolean;
  /** Puts a frame on the wire; the bytes are copied. */
  send(frame: Uint8Array, now: number): void;
}

export function dmaError(card: ModelCard): void {
  card.stats.dmaErrors++;
  card.dmaErrorSeen = true;
  card.irq.raise(IRQ_ERR);
}

/** A row of key memory does not agree with its parity. */
export function keyError(card: ModelCard): void {
  card.stats.keyErrors++;
  card.irq.raise(IRQ_ERR);
}

const scratch = new Uint8Array(CPL_BYTES);
const scratchView = new DataView(scratch.buffer);

/** Writes one completion; the ring has room. */
export function complete(
  card: ModelCard,
  ring: ModelRing,
  cookie: number,
  lenBytes: number,
  saIdx: number,
  status: number,
  now: number,
  esnHi = 0,
): void {
  scratchView.setUint32(0, cookie, true);
  scratchView.setUint16(4, lenBytes, true);
  scratchView.setUint16(6, saIdx, true);
  scratchView.setUint32(8, status >>> 0, true);
  scratchView.setUint32(12, ((ring.phase << 31) | (esnHi & CPL_ESN_HI_MASK)) >>> 0, true);
  if (!card.memory.write(ring.address(ring.tail, CPL_BYTES), scratch)) dmaError(card);
  ring.tail = (ring.tail + 1) & 0xffff;
  card.irq.ringMoved(ring, false, now);
}

/**
 * When a side of the card is done with its next frame: frames follow each other at the rate of the
 * data path, 16 bytes a cycle, a fixed time after they were shown to it.
 */
export class ModelPace {
  readonly #latencyCycles: number;
  #lastAt = 0;

  constructor(latencyCycles: number) {
    this.#latencyCycles = latencyCycles;
  }

  next(shownAt: number, lenBytes: number): number {
    const at = Math.max(shownAt + this.#latencyCycles, this.#lastAt) + frameBeats(lenBytes);
    this.#lastAt = at;
    return at;
  }

  reset(): void {
    this.#lastAt = 0;
  }
}

/** Beats of 16 bytes that a frame takes on the MAC side, one a cycle. */
export function frameBeats(lenBytes: number): number {
  return Math.max(1, (lenBytes + 15) >>> 4);
}
