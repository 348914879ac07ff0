// SPDX-License-Identifier: BSD-2-Clause

/** Reads the tap: frames as they left the cards, in the format of tw_tap_record. */
export const TAP_LOST = 1;
export const TAP_FLIPPED = 2;
export const TAP_REORDERED = 4;
export const TAP_INJECTED = 8;

const HEADER_BYTES = 32;

/** One record; made once and filled again for every frame. `bytes` is the tap buffer itself. */
export interface TapFrame {
  bytes: Uint8Array;
  offset: number;
  lenBytes: number;
  /** Last beat left the sender. */
  cycle: number;
  /** First beat reaches the receiver; 0 = it never does. */
  arrivalCycle: number;
  /** Sender; of an injected frame the receiver. */
  card: number;
  flags: number;
  flipBit: number;
  /** Number of the frame on the wire, from 1: its number in the capture. */
  number: number;
}

export type TapListener = (frame: TapFrame) => void;

export class TapReader {
  readonly #frame: TapFrame;
  readonly #view: DataView;

  constructor(tap: Uint8Array) {
    this.#view = new DataView(tap.buffer, tap.byteOffset, tap.byteLength);
    this.#frame = {
      bytes: tap,
      offset: 0,
      lenBytes: 0,
      cycle: 0,
      arrivalCycle: 0,
      card: 0,
      flags: 0,
      flipBit: 0,
      number: 0,
    };
  }

  /** Frames read so far. */
  get frames(): number {
    return this.#frame.number;
  }

  /** Hands each record in the first usedBytes to the listener, in order. */
  drain(usedBytes: number, listener: TapListener): void {
    const v = this.#view;
    const f = this.#frame;
    let at = 0;
    while (at < usedBytes) {
      f.cycle = v.getUint32(at, true) + v.getUint32(at + 4, true) * 0x1_0000_0000;
      f.arrivalCycle = v.getUint32(at + 8, true) + v.getUint32(at + 12, true) * 0x1_0000_0000;
      f.card = v.getUint32(at + 16, true);
      f.lenBytes = v.getUint32(at + 20, true);
      f.flags = v.getUint32(at + 24, true);
      f.flipBit = v.getUint32(at + 28, true);
      f.offset = at + HEADER_BYTES;
      f.number++;
      listener(f);
      at = f.offset + ((f.lenBytes + 7) & ~7);
    }
  }
}
