// SPDX-License-Identifier: BSD-2-Clause
import { TW_PROBE_RECORD as AT, TW_PROBE_RECORD_BYTES } from '../ffi/abi.ts';
import type { NativeWorld } from '../ffi/sim_world.ts';
import { type PacketTrack, RTL_STAGES, type RtlStage } from './sample.ts';

/** When each frame that one card sends passes which stage of its RTL. */
export class RtlProbe {
  readonly #sim: NativeWorld;
  readonly #card: number;
  readonly #view: DataView;

  /** The card sends nothing right now; `capacity` frames are recorded. */
  constructor(sim: NativeWorld, card: number, capacity: number) {
    this.#sim = sim;
    this.#card = card;
    this.#view = new DataView(sim.probeOpen(card, capacity).buffer);
  }

  /** How many frames have been recorded. */
  get count(): number {
    return this.#sim.probeCount(this.#card);
  }

  /** What was recorded, in the order of completion. */
  tracks(): PacketTrack[] {
    return Array.from({ length: this.count }, (_, packet) => this.#track(packet));
  }

  #track(packet: number): PacketTrack {
    const base = packet * TW_PROBE_RECORD_BYTES;
    const cycle = (at: number): number =>
      this.#view.getUint32(base + at, true) + this.#view.getUint32(base + at + 4, true) * 2 ** 32;
    return {
      packet,
      asked: cycle(AT.asked_cycle),
      descriptor: cycle(AT.descriptor_cycle),
      fetchBegin: cycle(AT.fetch_begin_cycle),
      fetchEnd: cycle(AT.fetch_end_cycle),
      sa: cycle(AT.sa_cycle),
      cryptoBegin: cycle(AT.crypto_begin_cycle),
      cryptoEnd: cycle(AT.crypto_end_cycle),
      icv: cycle(AT.icv_cycle),
      wireBegin: cycle(AT.wire_begin_cycle),
      wireEnd: cycle(AT.wire_end_cycle),
      completion: cycle(AT.completion_cycle),
    };
  }
}

/**
 * Cycles from the end of one frame on the wire to the end of the next, mean over all within a flow:
 * the card's pace, into which neither the way to the first frame nor the rest after the last goes.
 * ends[i] is the number of frames that were recorded when flow i was over. NaN without two frames.
 */
export function pace(tracks: readonly PacketTrack[], ends: readonly number[]): number {
  let cycles = 0;
  let steps = 0;
  for (const [i, end] of ends.entries()) {
    const begin = i === 0 ? 0 : ends[i - 1]!;
    if (end - begin < 2) continue;
    cycles += tracks[end - 1]!.wireEnd - tracks[begin]!.wireEnd;
    steps += end - begin - 1;
  }
  return cycles / steps;
}

/** Cycles of each stage, one number for each frame that went through the engine. */
export function cyclesPerStage(tracks: readonly PacketTrack[]): Record<RtlStage, number[]> {
  const out = Object.fromEntries(RTL_STAGES.map((s) => [s, [] as number[]]));
  for (const t of tracks) {
    if (t.icv === 0) continue;
    out.descriptor!.push(t.descriptor - t.asked);
    out.fetch!.push(t.fetchEnd - t.fetchBegin);
    out.sa!.push(t.cryptoBegin - t.sa);
    out.crypto!.push(t.cryptoEnd - t.cryptoBegin);
    out.icv!.push(t.icv - t.cryptoEnd);
    out.completion!.push(t.completion - t.wireEnd);
  }
  return out as Record<RtlStage, number[]>;
}
