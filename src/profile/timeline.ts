// SPDX-License-Identifier: BSD-2-Clause
import type { PacketTrack, RunSample, StageName } from './sample.ts';
import { median } from './stats.ts';

/** One event of the Trace Event Format, which Perfetto and chrome://tracing open. */
export interface TraceEvent {
  readonly name: string;
  /** X: a slice with a beginning and a length; M: the name of a process or a track. */
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  /** Microseconds, as the format wants them. */
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface Timeline {
  readonly displayTimeUnit: 'ns';
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: Readonly<Record<string, string>>;
}

/** The card's clock runs at 250 MHz. */
const MICROSECONDS_PER_CYCLE = 0.004;

const CARD = 1;
const HOST = 2;

/** What of the host's work each slice of a packet's way stands for, in the order it is done. */
const STACK: readonly StageName[] = ['ip', 'policy', 'esp'];
const DRIVER: readonly StageName[] = ['driver', 'descriptor'];
const AFTER: readonly StageName[] = ['completion', 'reclaim'];

/**
 * Each packet as a track. Process 1 is the card and the wire, in simulated time; the host's work
 * takes none of it, so there it is a slice without length. Process 2 is the host, in wall time: the
 * medians of this run's stages, one packet behind the other.
 */
export function timeline(cosim: RunSample, stack: readonly RunSample[]): Timeline {
  const events: TraceEvent[] = [];
  const name = (pid: number, tid: number, what: 'process_name' | 'thread_name', text: string) =>
    events.push({ name: what, ph: 'M', pid, tid, args: { name: text } });
  name(CARD, 0, 'process_name', 'card and wire (simulated time, 250 MHz)');
  name(HOST, 0, 'process_name', 'host (wall time)');
  const stages = hostStages(stack);
  let wallUs = 0;
  for (const [i, track] of cosim.tracks.entries()) {
    const tid = i + 1;
    name(CARD, tid, 'thread_name', `packet ${i}`);
    name(HOST, tid, 'thread_name', `packet ${i}`);
    events.push(...inCard(track, tid));
    const slices = onHost(stages, tid, wallUs);
    events.push(...slices);
    wallUs += slices[0]!.dur!;
  }
  return {
    displayTimeUnit: 'ns',
    traceEvents: events,
    otherData: {
      strategy: cosim.strategy,
      simulated: '1 cycle = 4 ns; host software takes no simulated time',
    },
  };
}

/** Where the head of a packet is: what it enters next ends a slice, and its tail may still be behind. */
function inCard(track: PacketTrack, tid: number): TraceEvent[] {
  const slices: TraceEvent[] = [];
  let at = track.asked;
  const slice = (name: string, to: number, args: Record<string, number> = {}): void => {
    const end = Math.max(at, to);
    slices.push({
      ...{ name, ph: 'X', cat: 'simulated', pid: CARD, tid },
      ts: at * MICROSECONDS_PER_CYCLE,
      dur: (end - at) * MICROSECONDS_PER_CYCLE,
      args: { cycle: at, cycles: end - at, ...args },
    });
    at = end;
  };
  const { asked, descriptor, fetchEnd, cryptoBegin, icv, wireBegin, wireEnd, completion } = track;
  for (const name of ['stack', 'tag', 'driver']) slice(name, asked);
  slice('descriptor', descriptor);
  // Software's ESP goes past the engine: its cycle is 0.
  slice('DMA', cryptoBegin === 0 ? wireBegin : cryptoBegin, { 'last beat, cycle': fetchEnd });
  slice('crypto', wireBegin, { 'ICV, cycle': icv });
  slice('wire', wireEnd);
  slice('completion', completion);
  const whole: TraceEvent = {
    ...{ name: `packet ${track.packet}`, ph: 'X', cat: 'simulated', pid: CARD, tid },
    ts: asked * MICROSECONDS_PER_CYCLE,
    dur: (at - asked) * MICROSECONDS_PER_CYCLE,
  };
  return [whole, ...slices];
}

type Stages = Readonly<Partial<Record<StageName, number>>>;

function hostStages(stack: readonly RunSample[]): Stages {
  const names = new Set(stack.flatMap((s) => Object.keys(s.stagesNs.tx) as StageName[]));
  return Object.fromEntries(
    [...names].map((stage) => {
      const batches = stack.flatMap((s) => s.stagesNs.tx[stage] ?? []);
      return [stage, Math.max(0, median(batches))];
    }),
  );
}

function onHost(stages: Stages, tid: number, startUs: number): TraceEvent[] {
  let atUs = startUs;
  const slices: TraceEvent[] = [];
  const slice = (name: string, ns: number, args: Record<string, number>): void => {
    const dur = ns / 1000;
    slices.push({ name, ph: 'X', cat: 'wall', pid: HOST, tid, ts: atUs, dur, args });
    atUs += dur;
  };
  for (const [name, parts] of [
    ['stack', STACK],
    ['tag', ['tag']],
    ['driver', DRIVER],
    ['completion', AFTER],
  ] as const) {
    const args = Object.fromEntries(parts.map((part) => [`${part} ns`, stages[part] ?? 0]));
    slice(
      name,
      Object.values(args).reduce((sum, ns) => sum + ns, 0),
      args,
    );
  }
  const whole: TraceEvent = {
    ...{ name: 'packet', ph: 'X', cat: 'wall', pid: HOST, tid },
    ts: startUs,
    dur: atUs - startUs,
  };
  return [whole, ...slices];
}
