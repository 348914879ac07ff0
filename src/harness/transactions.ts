// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { ipsecTagName } from '../netipsec/pact.ts';
import { COMPLETION, FRAME, RECORD_BYTES, TAG, VERDICT } from './digest.ts';
import { TAP_FLIPPED, TAP_LOST, TAP_REORDERED } from './tap.ts';

/** One thing of a run's stream: what happened, where, and in which cycle. */
export interface Transaction {
  /** Number in the stream, from 0. */
  readonly index: number;
  readonly cycle: number;
  /** 'wire from card 0', 'transmit completions of host 0', 'tags of host 1', … */
  readonly channel: string;
  readonly value: string;
}

/** Where two streams part: what each has there, null where it has ended. */
export interface Divergence {
  readonly index: number;
  readonly cycle: number;
  readonly channel: string;
  readonly values: readonly [string | null, string | null];
}

/** Bytes of the record at `at`: a frame's lie behind its words. */
function recordBytes(v: DataView, at: number): number {
  return RECORD_BYTES + (v.getUint32(at, true) === FRAME ? v.getUint32(at + 16, true) : 0);
}

/** The first transaction in which two streams of Digest's differ, or null. */
export function firstDivergence(a: Uint8Array, b: Uint8Array): Divergence | null {
  const va = viewOf(a);
  const vb = viewOf(b);
  for (let at = 0, index = 0; at < a.length || at < b.length; index++) {
    const one = at < a.length ? transaction(va, at, index) : null;
    const other = at < b.length ? transaction(vb, at, index) : null;
    const same = one !== null && other !== null && sameBytes(a, b, at, recordBytes(va, at));
    if (!same) return divergence(index, one, other);
    at += recordBytes(va, at);
  }
  return null;
}

/** How many transactions a stream has. */
export function countTransactions(stream: Uint8Array): number {
  const v = viewOf(stream);
  let n = 0;
  for (let at = 0; at < stream.length; at += recordBytes(v, at)) n++;
  return n;
}

function divergence(index: number, one: Transaction | null, other: Transaction | null): Divergence {
  const cycle = Math.min(one?.cycle ?? Infinity, other?.cycle ?? Infinity);
  const names = [...new Set([one, other].flatMap((t) => (t === null ? [] : [t.channel])))];
  const values = [one, other].map((t) => (t === null ? null : `cycle ${t.cycle}: ${t.value}`));
  return { index, cycle, channel: names.join(' / '), values: values as [string, string] };
}

function sameBytes(a: Uint8Array, b: Uint8Array, at: number, lenBytes: number): boolean {
  return Buffer.compare(a.subarray(at, at + lenBytes), b.subarray(at, at + lenBytes)) === 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The record at `at`, in words. */
function transaction(v: DataView, at: number, index: number): Transaction {
  const word = (n: number): number => v.getUint32(at + 4 * n, true);
  const [kind, who, a, b, c, d] = [0, 1, 4, 5, 6, 7].map(word) as [
    ...[number, number, number, number, number, number],
  ];
  const cycle = word(2) + word(3) * 0x1_0000_0000;
  const is = (channel: string, value: string): Transaction => ({ index, cycle, channel, value });
  switch (kind) {
    case FRAME: {
      const bytes = new Uint8Array(v.buffer, v.byteOffset + at + RECORD_BYTES, a);
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      return is(
        `wire from card ${who}`,
        `frame of ${a} bytes, SHA-256 ${hash}…, ${fateText(b, c, d)}`,
      );
    }
    case COMPLETION: {
      const ring = a === 0 ? 'transmit' : 'receive';
      const sa = d === 0xffff ? 'no SA' : `SA ${d}`;
      return is(
        `${ring} completions of host ${who}`,
        `${b} bytes, status 0x${c.toString(16)}, ${sa}`,
      );
    }
    case VERDICT:
      return is(
        `delivery to host ${who}`,
        `packet ${a}, ${b} bytes, ${c === 1 ? 'as sent' : 'not as sent'}`,
      );
    case TAG:
      return is(`tags of host ${who}`, `${ipsecTagName(a)} becomes ${ipsecTagName(b)}`);
    default:
      return is('no stream of this version', `kind ${kind}`);
  }
}

export function fateText(flags: number, flipBit: number, arrivalCycle: number): string {
  if ((flags & TAP_LOST) !== 0) return 'lost';
  const flip = (flags & TAP_FLIPPED) === 0 ? '' : `, bit ${flipBit} flipped`;
  return `arrives in cycle ${arrivalCycle}${flip}${(flags & TAP_REORDERED) === 0 ? '' : ', delayed'}`;
}
