// SPDX-License-Identifier: BSD-2-Clause
// A small reader of the Trace Event Format, as strict about slices as Perfetto's importer: those of
// one track must lie wholly within each other or apart. Source: "Trace Event Format", Duration Events.

export interface Slice {
  readonly name: string;
  readonly depth: number;
}

interface Event {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
}

/** Less than a thousandth of a nanosecond is rounding. */
const EPSILON_US = 1e-6;

/** The slices of each track with their depth. Throws when the file is none, or two slices overlap. */
export function nested(file: { readonly traceEvents: readonly Event[] }): Map<string, Slice[]> {
  const tracks = new Map<string, Slice[]>();
  const open = new Map<string, number[]>();
  const slices = file.traceEvents.filter((e) => e.ph === 'X');
  for (const e of slices) {
    for (const value of [e.pid, e.tid, e.ts, e.dur]) {
      if (!Number.isFinite(value)) throw new Error(`${e.name}: pid, tid, ts and dur are numbers`);
    }
    if (e.dur! < 0) throw new Error(`${e.name}: lasts less than nothing`);
  }
  const ordered = [...slices].sort((a, b) => a.ts! - b.ts! || b.dur! - a.dur!);
  for (const { name, pid, tid, ts, dur } of ordered) {
    const key = `${pid}/${tid}`;
    const ends = open.get(key) ?? [];
    while (ends.length > 0 && ends.at(-1)! <= ts! + EPSILON_US && ends.at(-1)! < ts! + dur!)
      ends.pop();
    const end = ends.at(-1);
    if (end !== undefined && ts! + dur! > end + EPSILON_US) {
      throw new Error(`${name} and the slice around it overlap in part`);
    }
    tracks.set(key, [...(tracks.get(key) ?? []), { name, depth: ends.length }]);
    open.set(key, [...ends, ts! + dur!]);
  }
  return tracks;
}
