// SPDX-License-Identifier: BSD-2-Clause
import { GcmEngine } from '../../test/rtl/gcm_engine.ts';
import { type Case, makeCase, random, randomCases } from '../../test/rtl/gcm_messages.ts';

const next = random(7);
const all = randomCases(40, 80, next);
// Long ones count far, and many in a row fill every FIFO.
const long = [8900, 4095, 513].map((textBytes) =>
  makeCase({ keyBytes: 32, aadBytes: 12, textBytes, direction: 'encrypt' }, next),
);
const short = Array.from({ length: 30 }, (_, i) =>
  makeCase({ keyBytes: i % 2 ? 16 : 32, aadBytes: 8, textBytes: i, direction: 'decrypt' }, next),
);
const stalled = randomCases(40, 60, next);
const STALLS = { seed: 5, cmd: 300, input: 300, expected: 300, out: 500, tag: 500 };
let cycles: number[] | undefined;

function difference(engine: GcmEngine, cases: readonly Case[], stalls?: typeof STALLS): string {
  const results = engine.run(
    cases.map((c) => c.message),
    stalls,
  );
  const i = results.findIndex((r, k) => {
    const { ok, out, tag } = cases[k]!;
    return r.ok !== ok || !r.out.equals(out) || !r.tag.equals(tag);
  });
  return i < 0 ? '' : `message ${i} differs`;
}

/** What notices the mutant, or undefined when nothing does. Mutant 0 sets what a run takes. */
export function killed(library: string, mutant: number): string | undefined {
  process.env.TAGWIRE_MUTANT = String(mutant);
  let engine: GcmEngine | undefined;
  try {
    engine = new GcmEngine(library);
    const at: number[] = [];
    for (const [cases, stalls] of [[all], [short], [stalled, STALLS], [long]] as const) {
      const text = difference(engine, cases, stalls);
      if (text !== '') return text;
      at.push(engine.cycles);
    }
    if (mutant === 0) cycles = at;
    else if (at.some((cycle, i) => cycle !== cycles![i])) return 'other cycles';
    return undefined;
  } catch (e) {
    return (e as Error).message;
  } finally {
    engine?.close();
  }
}
