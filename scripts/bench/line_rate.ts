// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBinding } from '../../src/ffi/binding.ts';
import { GcmEngine, type GcmMessage } from '../../src/ffi/gcm_engine.ts';
import { engineLibrary, type Lanes } from '../../src/harness/library.ts';

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

const MEM_LATENCY_CYCLES = 200;

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

/** Of C bytes of text: payload, padding and two bytes of trailer (RFC 4303 §2.4). */
const textBytes = (payloadBytes: number): number => 4 * Math.ceil((payloadBytes + 2) / 4);

/** ceil((C + 66) / 16 lanes): headers, IV and ICV of an IPv4 ESP packet around C bytes of text. */
export function boundCycles(payloadBytes: number, lanes: number): number {
  return Math.ceil((textBytes(payloadBytes) + 66) / (16 * lanes));
}

interface RunOptions {
  /** 200 cycles unless told otherwise. */
  readonly memLatencyCycles?: number;
  /** Frames begin so many bytes behind a multiple of 64. */
  readonly offsetBytes?: number;
  /** The card makes the sum of UDP, and checks it. */
  readonly checksums?: boolean;
}

/** sim/bench/line_rate.cc, compiled against the card's library. */
export class LineRateBench {
  readonly #program: string;
  readonly #lanes: Lanes;

  /** `library` is the card's with so many lanes. */
  constructor(library: string, lanes: Lanes = 1) {
    this.#lanes = lanes;
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
  run(payloadBytes: number, packets: number, options: RunOptions = {}): LineRateRow[] {
    const { memLatencyCycles = MEM_LATENCY_CYCLES, offsetBytes = 0, checksums = false } = options;
    const lanes = this.#lanes;
    const numbers = [payloadBytes, packets, memLatencyCycles, offsetBytes, lanes, +checksums];
    const args = numbers.map(String);
    const r = spawnSync(this.#program, args, { encoding: 'utf8', timeout: 600_000 });
    if (r.status !== 0) throw new Error(`the bench failed: ${r.stderr}`);
    const lines = r.stdout.trimEnd().split('\n');
    return lines.map((line) => ({ level: 'card', lanes, ...JSON.parse(line) }) as LineRateRow);
  }
}

/** nic_gcm alone, messages of ESP's shape back to back: tx encrypts, rx decrypts. */
export async function engineLineRate(lanes: Lanes): Promise<LineRateRow[]> {
  const { library } = await engineLibrary({}, lanes);
  const engine = new GcmEngine(await loadBinding('koffi'), library);
  const cycles = (messages: readonly GcmMessage[]): number => {
    const before = engine.cycles;
    engine.run(messages);
    return engine.cycles - before;
  };
  const rows = LINE_RATE_CASES.flatMap(([payloadBytes]) =>
    [false, true].map((decrypt): LineRateRow => {
      const messages = Array.from({ length: 2 * ENGINE_MESSAGES }, (_, i) =>
        espMessage(decrypt, payloadBytes, i),
      );
      // Fill and drain are in both, and only the steady state in the difference.
      const half = cycles(messages.slice(ENGINE_MESSAGES));
      const cyclesPerPacket = (cycles(messages) - half) / ENGINE_MESSAGES;
      return {
        level: 'engine',
        lanes,
        direction: decrypt ? 'rx' : 'tx',
        payloadBytes,
        cyclesPerPacket,
        boundCycles: boundCycles(payloadBytes, lanes),
        plaintextBitsPerCycle: Number(((8 * payloadBytes) / cyclesPerPacket).toFixed(1)),
      };
    }),
  );
  engine.close();
  return rows;
}

const ENGINE_MESSAGES = 64;

function espMessage(decrypt: boolean, payloadBytes: number, i: number): GcmMessage {
  const bytes = textBytes(payloadBytes);
  return {
    decrypt,
    key: new Uint8Array(i % 2 ? 32 : 16).fill(i),
    iv: new Uint8Array(12).fill(i),
    aad: new Uint8Array(8),
    text: new Uint8Array(bytes),
    out: new Uint8Array(bytes),
    tag: new Uint8Array(16),
    refused: false,
  };
}
