// SPDX-License-Identifier: BSD-2-Clause
import type { SimConfig } from '../dev/nic/nic_bus.ts';
import { frameBeats } from './model_port.ts';

/** Flags of a tapped frame, as in tagwire_sim.h. */
export const TAP_LOST = 1;
export const TAP_FLIPPED = 2;
export const TAP_REORDERED = 4;
export const TAP_INJECTED = 8;

const TAP_HEADER_BYTES = 32;
const FRAME_MAX_BYTES = 9216;
const MILLION = 1_000_000;

/** What the wire does to one frame. */
export interface Fate {
  readonly flags: number;
  readonly flipBit: number;
  readonly delayCycles: number;
}

const NO_FATE: Fate = { flags: 0, flipBit: 0, delayCycles: 0 };

function mix(value: number): number {
  let x = value >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x >>> 0;
}

/** A function of seed, sender and frame number alone: tagwire_sim.h defines it, at its end. */
export function wireFate(c: SimConfig, card: number, frame: number, lenBytes: number): Fate {
  if ((c.lossPpm | c.flipPpm | c.reorderPpm) === 0) return NO_FATE;
  const base = mix(mix(c.seed ^ Math.imul(0x9e3779b9, card + 1)) + frame);
  if (mix(base) % MILLION < c.lossPpm) return { flags: TAP_LOST, flipBit: 0, delayCycles: 0 };
  const isFlipped = mix(base + 1) % MILLION < c.flipPpm;
  const isLate = mix(base + 3) % MILLION < c.reorderPpm;
  return {
    flags: (isFlipped ? TAP_FLIPPED : 0) | (isLate ? TAP_REORDERED : 0),
    flipBit: isFlipped ? mix(base + 2) % (8 * lenBytes) : 0,
    delayCycles: isLate ? 1 + (mix(base + 4) % c.reorderCycles) : 0,
  };
}

interface InFlight {
  readonly frame: Uint8Array;
  readonly arrivalCycle: number;
}

/** The two directions between the cards, and the tap that sees both. */
export class ModelWire {
  frames = 0;
  lost = 0;
  flipped = 0;
  reordered = 0;
  tapUsed = 0;

  readonly #config: SimConfig;
  readonly #tap: Uint8Array;
  readonly #tapView: DataView;
  /** Records that a full tap could not take. */
  readonly #waiting: Uint8Array[] = [];
  /** Per receiver: frames by arrival, when its line is free, and when an injected frame may follow. */
  readonly #queue: InFlight[][] = [[], []];
  readonly #lineFree: number[] = [0, 0];
  readonly #injectFree: number[] = [0, 0];
  readonly #sent: number[] = [0, 0];

  constructor(config: SimConfig, tap: Uint8Array) {
    this.#config = config;
    this.#tap = tap;
    this.#tapView = new DataView(tap.buffer, tap.byteOffset, tap.byteLength);
  }

  /** The last beat of a frame left `card` at `now`. The bytes are copied. */
  send(card: number, frame: Uint8Array, now: number): void {
    const c = this.#config;
    const to = c.cardCount - 1 - card;
    const fate = wireFate(c, card, this.#sent[card]!++, frame.length);
    const arrives = c.cardCount === 2 && (fate.flags & TAP_LOST) === 0;
    let arrival = 0;
    if (arrives) {
      arrival = Math.max(now + c.wireLatencyCycles, this.#lineFree[to]!);
      if ((fate.flags & TAP_REORDERED) !== 0) arrival += fate.delayCycles;
      else this.#lineFree[to] = arrival + frameBeats(frame.length);
    }
    this.#record(now, arrival, card, fate, frame);
    this.frames++;
    if ((fate.flags & TAP_LOST) !== 0) this.lost++;
    if ((fate.flags & TAP_FLIPPED) !== 0) this.flipped++;
    if ((fate.flags & TAP_REORDERED) !== 0) this.reordered++;
    if (!arrives) return;
    const copy = frame.slice();
    if ((fate.flags & TAP_FLIPPED) !== 0) copy[fate.flipBit >>> 3]! ^= 1 << (fate.flipBit & 7);
    this.#insert(to, { frame: copy, arrivalCycle: arrival });
  }

  /** A frame from outside, towards `card`; no fault meets it. The bytes are copied. */
  inject(card: number, frame: Uint8Array, delayCycles: number, now: number): void {
    const arrival = Math.max(now + delayCycles, this.#injectFree[card]!);
    this.#injectFree[card] = arrival + frameBeats(frame.length);
    const fate = { flags: TAP_INJECTED, flipBit: 0, delayCycles: 0 };
    this.#record(now, arrival, card, fate, frame);
    this.#insert(card, { frame: frame.slice(), arrivalCycle: arrival });
  }

  #insert(to: number, f: InFlight): void {
    const queue = this.#queue[to]!;
    let at = queue.length;
    while (at > 0 && queue[at - 1]!.arrivalCycle > f.arrivalCycle) at--;
    queue.splice(at, 0, f);
  }

  /** Cycle at which the next frame is wholly at the card; Infinity when none is on its way. */
  nextAt(card: number): number {
    const f = this.#queue[card]![0];
    if (f === undefined) return Number.POSITIVE_INFINITY;
    return f.arrivalCycle + frameBeats(f.frame.length);
  }

  take(card: number): Uint8Array {
    return this.#queue[card]!.shift()!.frame;
  }

  #record(cycle: number, arrival: number, card: number, fate: Fate, frame: Uint8Array): void {
    if (this.#tap.length === 0) return;
    const bytes = TAP_HEADER_BYTES + ((frame.length + 7) & ~7);
    const record = new Uint8Array(bytes);
    const v = new DataView(record.buffer);
    v.setBigUint64(0, BigInt(cycle), true);
    v.setBigUint64(8, BigInt(arrival), true);
    v.setUint32(16, card, true);
    v.setUint32(20, frame.length, true);
    v.setUint32(24, fate.flags, true);
    v.setUint32(28, fate.flipBit, true);
    record.set(frame, TAP_HEADER_BYTES);
    this.#waiting.push(record);
    this.refillTap();
  }

  /** Moves waiting records into the tap, as far as there is room. */
  refillTap(): void {
    while (this.#waiting.length > 0) {
      const record = this.#waiting[0]!;
      if (this.#tap.length - this.tapUsed < record.length) return;
      this.#tap.set(record, this.tapUsed);
      this.tapUsed += record.length;
      this.#waiting.shift();
    }
  }

  /** One more frame might not fit. */
  get tapIsFull(): boolean {
    if (this.#tap.length === 0) return false;
    const room = this.#tapView.byteLength - this.tapUsed;
    return this.#waiting.length > 0 || room < TAP_HEADER_BYTES + FRAME_MAX_BYTES;
  }
}
