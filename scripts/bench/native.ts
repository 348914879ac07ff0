// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As many as its rings hold: fewer would leave the cards waiting for the wire at 64 B. */
const IN_FLIGHT = 256;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What sim/bench prints: the limit that the harness is measured against. */
export interface NativeSlice {
  readonly packetsPerSecond: number;
  readonly cyclesPerPacket: number;
  readonly cyclesPerSecond: number;
  readonly plaintextBitsPerCycle: number;
}

/** The C++ bench, compiled against the very library that the harness loads. */
export class NativeBench {
  readonly #program: string;

  constructor(library: string) {
    this.#program = join(mkdtempSync(join(tmpdir(), 'tagwire-bench-')), 'bench');
    const sources = ['sim/bench/bench.cc', 'sim/bench/bench_host.cc'];
    const flags = ['-O3', '-std=c++17', '-Isim/include', `-Wl,-rpath,${dirname(library)}`];
    const r = spawnSync('g++', [...flags, ...sources, library, '-o', this.#program], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (r.status !== 0) throw new Error(`the C++ bench does not compile:\n${r.stderr}`);
  }

  run(payloadBytes: number, packets: number): NativeSlice {
    const args = [payloadBytes, packets, IN_FLIGHT].map(String);
    const r = spawnSync(this.#program, args, { encoding: 'utf8', timeout: 600_000 });
    if (r.status !== 0) throw new Error(`the C++ bench failed: ${r.stderr}`);
    return JSON.parse(r.stdout) as NativeSlice;
  }
}
