// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SimWorld } from '../../src/dev/nic/nic_bus.ts';
import { loneConfig } from '../../src/harness/lone_card.ts';
import { openSim } from '../../src/harness/open_sim.ts';
import { type ReplayReport, replay } from '../../src/harness/replay.ts';
import { worldConfig } from '../../src/harness/world_options.ts';
import { readPcapng } from './capture_file.ts';

/**
 * Captures of a Linux 6.1 kernel's ESP and AH (scripts/record_linux); the .json beside each says what
 * was in each frame, as an implementation that shares nothing with src opened it.
 */
export const LINUX = new URL('../data/linux-esp/', import.meta.url).pathname;
export const NAMES = readdirSync(LINUX)
  .filter((f) => f.endsWith('.pcap'))
  .map((f) => f.slice(0, -'.pcap'.length));

type Outcome = 'decrypted' | 'authFailed' | 'replayed' | 'dummy';

interface Truth {
  readonly sas: readonly { readonly proto?: string; readonly alg: string | null }[];
  readonly frames: readonly {
    readonly kind: string;
    readonly sa?: number;
    readonly layers?: number;
    readonly outcome?: Outcome;
    readonly inner?: string;
  }[];
}

export function truthOf(name: string): Truth {
  return JSON.parse(readFileSync(`${LINUX}${name}.json`, 'utf8')) as Truth;
}

export function figuresOf(truth: Truth) {
  const packets = truth.frames.filter((f) => f.kind === 'esp' || f.kind === 'ah');
  const count = (outcome: Outcome) =>
    packets.filter((f) => (f.outcome ?? 'decrypted') === outcome).length;
  const protos = packets.map((f) => truth.sas[f.sa!]!.proto ?? 'esp');
  // Of a bundle the file says the outer transform, which is AH here; ESP is inside.
  const bundled = packets.filter((f, i) => protos[i] === 'ah' && f.layers === 2).length;
  return {
    frames: truth.frames.length,
    esp: protos.filter((p) => p === 'esp').length + bundled,
    ah: protos.filter((p) => p === 'ah').length,
    decrypted: count('decrypted'),
    authFailed: count('authFailed'),
    replayed: count('replayed'),
    dummy: count('dummy'),
    unknownSa: 0,
    malformed: 0,
  };
}

export async function replayed(
  name: string,
  sim: SimWorld | null,
): Promise<[ReplayReport, string[]]> {
  const out = mkdtempSync(join(tmpdir(), 'tagwire-linux-'));
  const files = { capture: `${LINUX}${name}.pcap`, sa: `${LINUX}${name}.conf` };
  const report = await replay({ ...files, out, sim });
  const packets = readPcapng(readFileSync(join(out, 'decrypted.pcapng')));
  return [report, packets.map((p) => p.bytes.toString('hex'))];
}

export function innerOf(truth: Truth): string[] {
  return truth.frames.flatMap((f) => (f.inner === undefined ? [] : [f.inner]));
}

/** Of these the card does all. */
const WHOLLY = /^(01|02|10|11|26|27|37|39|47|51)-/;
/** Software finds where the SA is; then the card has it. */
const AFTER_SEARCH = /^(40|55)-/;

/** Replays a capture with a card: every packet byte for byte, and what software did has a reason. */
export async function expectReplayByCard(nic: 'model' | 'rtl', name: string): Promise<void> {
  const sim = await openSim(worldConfig({ nic }), loneConfig());
  try {
    const truth = truthOf(name);
    const [report, inner] = await replayed(name, sim);
    expect(report).toMatchObject(figuresOf(truth));
    expect(inner).toEqual(innerOf(truth));
    // Nothing is lost between the two, and what was left to software has a reason.
    expect(report.offloaded + report.notOffloaded).toBe(report.decrypted);
    const reasons = report.notOffloadedReasons.reduce((sum, r) => sum + r.count, 0);
    expect(reasons).toBe(report.notOffloaded);
    if (WHOLLY.test(name)) expect(report.notOffloaded).toBe(0);
    else expect(report.notOffloaded).toBeGreaterThan(0);
    if (AFTER_SEARCH.test(name)) expect(report.offloaded).toBeGreaterThan(0);
  } finally {
    sim.close();
  }
}
