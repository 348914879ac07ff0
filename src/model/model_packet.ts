// SPDX-License-Identifier: BSD-2-Clause
import { ESP_HEADER_BYTES, ESP_IV_BYTES, SA_PACKET_WINDOW_MAX } from '../dev/nic/nic_regs.ts';
import type { ModelSa, ModelSaState } from './model_sa.ts';

/** Packet offload: what the card does to ESP beyond the crypto. */

const TEXT_AT = ESP_HEADER_BYTES + ESP_IV_BYTES;
/** Pad length and next header. */
const TRAILER = 2;

/** RFC 4303 §2.4: payload, padding, pad length and next header are whole words. */
export function padBytes(payloadBytes: number): number {
  return -(payloadBytes + TRAILER) & 3;
}

/** Bytes of the frame with ESP header and trailer, without ICV; of lenBytes in memory. */
export function builtBytes(lenBytes: number, espOffset: number): number {
  return lenBytes + TEXT_AT + padBytes(lenBytes - espOffset) + TRAILER;
}

/** Counts one number further; false: the last was given (RFC 4303 §3.3.3). */
export function takeNumber(sa: ModelSa, state: ModelSaState): boolean {
  if (state.seqLo === 0xffff_ffff && (!sa.esn || state.seqHi === 0xffff_ffff)) return false;
  state.seqLo = (state.seqLo + 1) >>> 0;
  if (state.seqLo === 0) state.seqHi++;
  return true;
}

/** Makes ESP of what was in memory, in `frame`, which has room for all: but for the crypto. */
export function buildEsp(
  frame: Uint8Array,
  memory: Uint8Array,
  espOffset: number,
  next: number,
  spi: number,
  { seqHi, seqLo }: ModelSaState,
): void {
  frame.set(memory.subarray(0, espOffset));
  const v = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  v.setUint32(espOffset, spi);
  v.setUint32(espOffset + 4, seqLo);
  v.setUint32(espOffset + 8, seqHi);
  v.setUint32(espOffset + 12, seqLo);
  frame.set(memory.subarray(espOffset), espOffset + TEXT_AT);
  const end = memory.length + TEXT_AT;
  const pad = padBytes(memory.length - espOffset);
  for (let i = 0; i < pad; i++) frame[end + i] = i + 1;
  frame[end + pad] = pad;
  frame[end + pad + 1] = next;
}

/** RFC 4303 §3.4.3: was the number seen, or is it older than the window? Window 0: nobody asks. */
export function isReplay(sa: ModelSa, state: ModelSaState, seqHi: number, seqLo: number): boolean {
  if (sa.window === 0) return false;
  if (seqHi === 0 && seqLo === 0) return true;
  const behind = numberOf(state.seqHi, state.seqLo) - numberOf(seqHi, seqLo);
  if (behind < 0n) return false;
  return (
    behind >= BigInt(Math.min(sa.window, SA_PACKET_WINDOW_MAX)) ||
    ((state.seen >> behind) & 1n) === 1n
  );
}

/** The packet with this number is authentic: the window moves. */
export function noteNumber(state: ModelSaState, seqHi: number, seqLo: number): void {
  const behind = numberOf(state.seqHi, state.seqLo) - numberOf(seqHi, seqLo);
  if (behind >= 0n) {
    if (behind < 128n) state.seen |= 1n << behind;
    return;
  }
  state.seen = behind <= -128n ? 1n : ((state.seen << -behind) | 1n) & ((1n << 128n) - 1n);
  state.seqHi = seqHi;
  state.seqLo = seqLo;
}

function numberOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** What is left of a decrypted frame, and its next header; null: the padding is not right. */
export function stripEsp(
  frame: Uint8Array,
  espOffset: number,
  textBytes: number,
): { readonly frame: Uint8Array; readonly next: number } | null {
  const text = frame.subarray(espOffset + TEXT_AT, espOffset + TEXT_AT + textBytes);
  const pad = text[textBytes - 2]!;
  const payloadBytes = textBytes - TRAILER - pad;
  if (payloadBytes < 0) return null;
  for (let i = 0; i < pad; i++) if (text[payloadBytes + i] !== i + 1) return null;
  const left = new Uint8Array(espOffset + payloadBytes);
  left.set(frame.subarray(0, espOffset));
  left.set(text.subarray(0, payloadBytes), espOffset);
  return { frame: left, next: text[textBytes - 1]! };
}
