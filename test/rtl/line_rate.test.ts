// SPDX-License-Identifier: BSD-2-Clause
// test/data/line_rate.json has what `npm run bench:rtl -- --json` measured: no cell may get worse.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  boundCycles,
  engineLineRate,
  LINE_RATE_CASES,
  LineRateBench,
  type LineRateRow,
} from '../../scripts/bench/line_rate.ts';
import { cardLibrary, LANES } from '../../src/harness/library.ts';

const kept = JSON.parse(
  readFileSync(new URL('../data/line_rate.json', import.meta.url), 'utf8'),
) as LineRateRow[];
/** Least squares over packets whose completions come in groups. */
const NOISE_CYCLES = 0.02;

const cell = (r: LineRateRow): string =>
  `${r.level}, lanes ${r.lanes}, ${r.direction}, ${r.payloadBytes} B`;

function expectNotWorse(rows: readonly LineRateRow[]): void {
  for (const row of rows) {
    const before = kept.find((k) => cell(k) === cell(row));
    expect(before, `${cell(row)} is not in the table`).toBeDefined();
    expect(row.cyclesPerPacket, cell(row)).toBeLessThan(before!.cyclesPerPacket + NOISE_CYCLES);
    expect(row.boundCycles, cell(row)).toBe(boundCycles(row.payloadBytes, row.lanes));
  }
}

describe.each(LANES)('the card with %i lanes, packets of different keys back to back', (lanes) => {
  let bench: LineRateBench;
  beforeAll(async () => {
    bench = new LineRateBench((await cardLibrary({}, lanes)).library, lanes);
  }, 600_000);

  const expectLineRate = (rows: readonly LineRateRow[]): void => {
    for (const row of rows) {
      const late = row.cyclesPerPacket - row.boundCycles;
      expect(late, cell(row)).toBeLessThanOrEqual(1 + NOISE_CYCLES);
    }
  };

  test.each(LINE_RATE_CASES)('%i B: no cell is worse than the kept one', (payload, packets) => {
    const rows = bench.run(payload, packets);
    expect(rows.map((r) => r.direction)).toEqual(['tx', 'rx', 'duplex']);
    expectNotWorse(rows);
  });

  test.each([1, 6, 12, 15, 31])('frames %i bytes behind a multiple of 64: as fast', (offset) => {
    const sizes = lanes === 1 ? [68, 76, 512] : [512];
    for (const size of sizes) expectLineRate(bench.run(size, 192, { offsetBytes: offset }));
  });

  test.each([64, 256, 1400])('%i B with the sum of UDP made and checked: as fast', (payload) => {
    expectLineRate(bench.run(payload, 256, { checksums: true }));
  });

  // Four lanes then have 66 packets, and as many reads or more, on their way.
  test('memory that answers after 400 cycles: as fast, at 256 B', () => {
    expectLineRate(bench.run(256, 768, { memLatencyCycles: 400 }));
  });
});

describe('the engine, messages of different keys back to back', () => {
  test.each(LANES)(
    'lanes: %i: no cell is worse than the kept one',
    async (lanes) => {
      const rows = await engineLineRate(lanes);
      expect(rows).toHaveLength(2 * LINE_RATE_CASES.length);
      expectNotWorse(rows);
    },
    600_000,
  );
});

describe('the kept table', () => {
  test('has every cell of the card, within a cycle of the bound', () => {
    const card = kept.filter((r) => r.level === 'card');
    const cells = LANES.flatMap((lanes) =>
      LINE_RATE_CASES.flatMap(([payloadBytes]) =>
        ['tx', 'rx', 'duplex'].map((d) => `card, lanes ${lanes}, ${d}, ${payloadBytes} B`),
      ),
    );
    expect(card.map(cell)).toEqual(cells);
    for (const r of card) {
      expect(r.cyclesPerPacket - r.boundCycles, cell(r)).toBeLessThanOrEqual(1 + NOISE_CYCLES);
      if (r.lanes === 4 && r.payloadBytes >= 512) {
        expect(r.boundCycles / r.cyclesPerPacket, cell(r)).toBeGreaterThanOrEqual(0.9);
      }
    }
  });

  test('has the engine at 90 % of the bound or more, and 4 cycles a packet of 64 B', () => {
    const engine = kept.filter((r) => r.level === 'engine');
    expect(engine).toHaveLength(2 * LINE_RATE_CASES.length * LANES.length);
    for (const r of engine) {
      expect(r.boundCycles / r.cyclesPerPacket, cell(r)).toBeGreaterThanOrEqual(0.9);
      if (r.lanes === 4 && r.payloadBytes === 64) expect(r.cyclesPerPacket).toBeLessThanOrEqual(4);
    }
  });
});
