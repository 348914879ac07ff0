// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** ESP payload sizes, and packets enough for a steady state of each. */
export const LINE_RATE_CASES = [
  [64, 1024],
  [128, 768],
  [256, 512],
  [512, 256],
  [1024, 128],
  [1400, 128],
  [8900, 64],
] as const;

/** One cell of the throughput table. */
export interface LineRateRow {
  /** What was measured: the whole card, or the AES-GCM engine alone. */
  readonly level: 'card' | 'engine';
  /** Blocks of 16 bytes a cycle. */
  readonly lanes: number;
  /** duplex: the slower direction while both are busy. */
  readonly direction: 'tx' | 'rx' | 'duplex';
  /** Of ESP, IPv4 transport mode. */
  readonly payloadBytes: number;
  /** From the start of a packet to the start of the next, in the steady state. */
  readonly cyclesPerPacket: number;
  /** Beats that the packet takes on the wire. */
  readonly boundCycles: number;
  readonly plaintextBitsPerCycle: number;
}

/** ceil((C + 66) / 16 lanes): headers, IV and ICV of an IPv4 ESP packet around C bytes of text. */
export function boundCycles(payloadBytes: number, lanes: number): number {
  const text = 4 * Math.ceil((payloadBytes + 2) / 4);
  return Math.ceil((text + 66) / (16 * lanes));
}

/** sim/bench/line_rate.cc, compiled against the card's library. */
export class LineRateBench {
  readonly #program: string;

  constructor(library: string) {
    this.#program = join(mkdtempSync(join(tmpdir(), 'tagwire-rate-')), 'line_rate');
    const sources = ['sim/bench/line_rate.cc', 'sim/bench/bench_host.cc'];
    const flags = ['-O2', '-std=c++17', '-Isim/include', `-Wl,-rpath,${dirname(library)}`];
    const r = spawnSync('g++', [...flags, ...sources, library, '-o', this.#program], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (r.status !== 0) throw new Error(`the bench does not compile:\n${r.stderr}`);
  }

  /** Transmit, receive, and both at once. */
  run(payloadBytes: number, packets: number): LineRateRow[] {
    const args = [payloadBytes, packets].map(String);
    const r = spawnSync(this.#program, args, { encoding: 'utf8', timeout: 600_000 });
    if (r.status !== 0) throw new Error(`the bench failed: ${r.stderr}`);
    const lines = r.stdout.trimEnd().split('\n');
    return lines.map((line) => ({ level: 'card', lanes: 1, ...JSON.parse(line) }) as LineRateRow);
  }
}
