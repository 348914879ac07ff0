// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { loneConfig } from '../../src/harness/lone_card.ts';
import { openSim } from '../../src/harness/open_sim.ts';
import { ReplayCard } from '../../src/harness/replay_card.ts';
import type { ReplayFigures } from '../../src/harness/replay_input.ts';
import { worldConfig } from '../../src/harness/world_options.ts';
import { readCapture } from '../../src/header/pcap.ts';
import { Rng } from '../../src/kern/rng.ts';
import { applySetkey, parseSetkey } from '../../src/netipsec/setkey.ts';
import { Spd } from '../../src/netipsec/spd.ts';

const LINUX = new URL('../data/linux-esp/', import.meta.url).pathname;
const MAX_FRAME = 9728;
/** Frames between two looks at what is held. */
const SLICE = 1024;
/** A frame is copied, decrypted and reported: what a card may take for one, whatever is in it. */
const CYCLES_PER_FRAME_MAX = 6000;
/** Time between frames: fragments that wait give up, now and then. */
const FRAME_NS = 1_000_000n;

/** Frames of all captures, and the SAs of all of them. */
function seeds() {
  const names = readdirSync(LINUX).filter((f) => f.endsWith('.conf'));
  const frames = names.flatMap((name) =>
    // Not Buffers, whose slice() is no copy: what was damaged once would stay so.
    [...readCapture(`${LINUX}${name.replace('.conf', '.pcap')}`)].map((f) =>
      Uint8Array.from(f.bytes),
    ),
  );
  // Without a window, so that what comes again goes on as well; ESN needs one.
  const conf = (name: string): string => {
    const text = readFileSync(`${LINUX}${name}`, 'utf8');
    return name.includes('-esn-') ? text : text.replaceAll(/-r \d+/g, '');
  };
  const text = names.map(conf).join('');
  return { frames, sas: parseSetkey(text) };
}

type Mutation = (frame: Uint8Array, rng: Rng, other: Uint8Array) => Uint8Array;

/** Where a header's fields are, mostly. */
const fieldOf = (frame: Uint8Array, rng: Rng): number => rng.below(Math.min(frame.length, 96));
const edge = (rng: Rng): number => [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff][rng.below(7)]!;

const MUTATIONS: readonly Mutation[] = [
  (f) => f,
  (f, rng) => with1(f, rng.below(f.length), (b) => b ^ (1 << rng.below(8))),
  (f, rng) => with1(f, fieldOf(f, rng), (b) => b ^ (1 << rng.below(8))),
  (f, rng) => with1(f, fieldOf(f, rng), () => edge(rng)),
  (f, rng) =>
    with1(
      with1(f, fieldOf(f, rng), () => edge(rng)),
      fieldOf(f, rng),
      () => edge(rng),
    ),
  (f, rng) => f.slice(0, rng.below(f.length + 1)),
  (f, rng) => joined(f, bytes(rng, rng.below(200))),
  (f, rng, other) => joined(f.subarray(0, rng.below(f.length)), other),
  (f, rng, other) => joined(f.subarray(0, 14 + rng.below(60)), other.subarray(14)),
  // A fragment, whole or not: flags and offset of IPv4 with its sum mended, or a header of IPv6.
  (f, rng) => fragmented(f, rng),
  (f, rng) => joined(f.subarray(0, 14), tagged(rng), f.subarray(12)),
  (_f, rng) => bytes(rng, 14 + rng.below(300)),
  (f, rng) => joined(f.subarray(0, 14), bytes(rng, rng.below(1500))),
  (f, rng) => joined(f, bytes(rng, rng.below(MAX_FRAME - 1600))),
];

function with1(f: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = f.slice();
  if (at < copy.length) copy[at] = change(copy[at]!);
  return copy;
}

function bytes(rng: Rng, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => rng.below(256));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts)).subarray(0, MAX_FRAME);
}

/** A VLAN tag, or two. */
function tagged(rng: Rng): Uint8Array {
  return Uint8Array.from(rng.below(2) === 0 ? [0x81, 0, 0, 1] : [0x88, 0xa8, 0, 2, 0x81, 0, 0, 1]);
}

function fragmented(f: Uint8Array, rng: Rng): Uint8Array {
  if (f.length < 60) return f;
  if (f[12] === 0x08 && f[13] === 0) {
    const copy = f.slice();
    const was = (copy[20]! << 8) | copy[21]!;
    const now = (rng.below(2) << 13) | rng.below(64);
    copy[20] = now >> 8;
    copy[21] = now & 255;
    const sum = (~((copy[24]! << 8) | copy[25]!) & 0xffff) + (~was & 0xffff) + now;
    const folded = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
    copy[24] = folded >> 8;
    copy[25] = folded & 255;
    return copy;
  }
  const header = Uint8Array.of(
    f[20]!,
    0,
    rng.below(2),
    rng.below(256) & 0xf9,
    0,
    0,
    0,
    rng.below(4),
  );
  const out = joined(f.subarray(0, 54), header, f.subarray(54));
  out[20] = 44;
  const length = ((out[18]! << 8) | out[19]!) + 8;
  out[18] = length >> 8;
  out[19] = length & 255;
  return out;
}

export type HostileProgress = (frames: number, cyclesPerFrame: number) => void;

/**
 * Feeds a promiscuous card `count` frames made from captures of Linux, whose SAs it has; throws when
 * one of them ends under no name, when they take too long, or when something is left. Returns how many
 * ended under each name: a replay's figures, and below them the counters of stack and driver.
 */
export async function hostileCardRun(
  nic: 'model' | 'rtl',
  count: number,
  seed: number,
  onProgress: HostileProgress = () => {},
): Promise<{ ends: ReplayFigures; names: Record<string, number> }> {
  const { frames, sas } = seeds();
  const sim = await openSim(worldConfig({ nic }), loneConfig());
  const card = new ReplayCard(sim);
  const { input } = card;
  applySetkey({ sadb: input.ipsec.sadb, spd: new Spd() }, sas);
  card.ready();
  let written = 0;
  input.onDecrypted = () => {
    written++;
  };
  const rng = new Rng(seed);
  const startCycle = sim.cycle;
  const f = input.figures;
  for (let i = 0; i < count; i++) {
    const frame = frames[rng.below(frames.length)]!;
    const other = frames[rng.below(frames.length)]!;
    const mutation = MUTATIONS[rng.below(MUTATIONS.length)]!;
    card.feed(mutation(frame, rng, other), rng.below(64) === 0, BigInt(i) * FRAME_NS);
    if ((i + 1) % SLICE !== 0 && i + 1 < count) continue;
    card.drain();
    // Every frame has one end, and each is counted.
    const ends = f.decrypted + f.authFailed + f.replayed + f.unknownSa + f.malformed + f.dummy;
    expect(ends + f.fragments + f.other, `seed ${seed}, frame ${i}`).toBe(i + 1);
    expect(f.frames).toBe(i + 1);
    const cycles = (sim.cycle - startCycle) / (i + 1);
    expect(cycles, `seed ${seed}: cycles per frame`).toBeLessThan(CYCLES_PER_FRAME_MAX);
    onProgress(i + 1, Math.round(cycles));
  }
  expect(written).toBe(f.decrypted);
  // One frame in fourteen goes in as it was, and most of those can be decrypted.
  expect(f.decrypted).toBeGreaterThan(count / 25);
  // All ends were reached; else the frames are not what they should be.
  for (const figure of [f.decrypted, f.authFailed, f.replayed, f.malformed, f.fragments, f.other]) {
    expect(figure, JSON.stringify(f)).toBeGreaterThan(0);
  }
  const names = input.counters.nonZero();
  card.finish(); // throws when an mbuf or a tag is left
  sim.close();
  return { ends: { ...f }, names };
}
