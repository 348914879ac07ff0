// SPDX-License-Identifier: BSD-2-Clause
import { loadBinding } from '../../src/ffi/binding.ts';
import { GcmEngine, type GcmMessage } from '../../src/ffi/gcm_engine.ts';
import { engineLibrary } from '../../src/harness/library.ts';

const TEXT_BYTES = 1400;
const MESSAGES = 1000;
const ROUNDS = 5;

/** Cycles per second of nic_gcm alone, encrypting 1400 B messages back to back: best of five. */
export async function engineCyclesPerSecond(): Promise<number> {
  const { library } = await engineLibrary();
  const engine = new GcmEngine(await loadBinding('koffi'), library);
  const messages: GcmMessage[] = Array.from({ length: MESSAGES }, (_, i) => ({
    decrypt: false,
    key: new Uint8Array(16).fill(i),
    iv: new Uint8Array(12).fill(i),
    aad: new Uint8Array(8),
    text: new Uint8Array(TEXT_BYTES).fill(i),
    out: new Uint8Array(TEXT_BYTES),
    tag: new Uint8Array(16),
    refused: false,
  }));
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const cycles = engine.cycles;
    const t0 = performance.now();
    engine.run(messages);
    const seconds = (performance.now() - t0) / 1000;
    best = Math.max(best, (engine.cycles - cycles) / seconds);
  }
  engine.close();
  return best;
}
