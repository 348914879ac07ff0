// SPDX-License-Identifier: BSD-2-Clause
import {
  CODE_BAD_LEN,
  CODE_DMA_ERR,
  CODE_OK,
  TXD_BYTES,
  TXD_CONT,
  TXD_MORE,
  TXD_PARTS_MAX,
} from '../dev/nic/nic_regs.ts';
import type { ModelRing } from './model_ring.ts';

/** A piece of a frame in host memory. */
export interface FramePart {
  address: number;
  lenBytes: number;
}

/**
 * Makes frames of the descriptors of one ring. A frame has the first descriptor's fields, the length
 * of all and a code: what is wrong with the chain, or CODE_OK.
 */
export class ModelGather {
  /** First descriptor of the frame. */
  readonly first: DataView = new DataView(new ArrayBuffer(TXD_BYTES));
  readonly parts: FramePart[] = [];
  lenBytes = 0;
  code: number = CODE_OK;

  readonly #ring: ModelRing;
  #epoch = 0;
  #count = 0;
  /** The frame before ended early: descriptors that go on with it are left out. */
  #skips = false;

  constructor(ring: ModelRing) {
    this.#ring = ring;
  }

  /** Some of a frame has come. */
  get isOpen(): boolean {
    return this.#count > 0 && this.#epoch === this.#ring.epoch;
  }

  /** The next descriptor of the ring; null: it cannot be read. True: a frame is complete. */
  take(d: DataView | null): boolean {
    if (this.#epoch !== this.#ring.epoch) this.reset();
    const flags = d === null ? 0 : d.getUint16(10, true);
    const goesOn = (flags & TXD_CONT) !== 0;
    const isOpen = this.#count > 0;
    // A first one, and the frame before has no last: that one ends, this one waits.
    if (isOpen && !goesOn && d !== null) return this.#end(CODE_BAD_LEN);
    this.#ring.head = (this.#ring.head + 1) & 0xffff;
    if (d === null) {
      if (!isOpen) this.#begin(null);
      this.#skips = true;
      return this.#end(CODE_DMA_ERR);
    }
    if (!isOpen) {
      if (goesOn && this.#skips) return false;
      this.#skips = false;
      this.#begin(d);
      if (goesOn) this.code = CODE_BAD_LEN;
    }
    this.#add(d);
    if ((flags & TXD_MORE) === 0) return this.#end(this.code);
    if (this.#count < TXD_PARTS_MAX) return false;
    this.#skips = true;
    return this.#end(CODE_BAD_LEN);
  }

  #begin(d: DataView | null): void {
    for (let i = 0; i < TXD_BYTES; i++) this.first.setUint8(i, d === null ? 0 : d.getUint8(i));
    this.parts.length = 0;
    this.lenBytes = 0;
    this.code = CODE_OK;
  }

  #add(d: DataView): void {
    const lenBytes = d.getUint16(8, true);
    const address = d.getUint32(0, true) + d.getUint32(4, true) * 0x1_0000_0000;
    this.#count++;
    this.lenBytes += lenBytes;
    if (this.lenBytes > 0xffff) this.code = CODE_BAD_LEN;
    if (lenBytes > 0) this.parts.push({ address, lenBytes });
  }

  #end(code: number): boolean {
    this.code = code;
    this.#count = 0;
    return true;
  }

  reset(): void {
    this.#epoch = this.#ring.epoch;
    this.#count = 0;
    this.#skips = false;
  }
}
