// SPDX-License-Identifier: BSD-2-Clause
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { BATCH, Bench } from './bench.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

describe('the driver in steady state', () => {
  test('offloads, reports and gives everything back', () => {
    const bench = new Bench(100);
    for (let i = 0; i < 100; i++) bench.batch();
    expect(bench.received).toBe(100 * BATCH);
    expect(bench.nic.handoverAllocs).toBe(0);
    expect(bench.tags.allocs).toBe(2 * 100 * BATCH);
    expect(bench.tags.inUse).toBe(0);
    expect(bench.nic.sa.saCounters('in', 0).packets).toBe(100 * BATCH);
    bench.nic.detach();
    expect(bench.pool.inUse).toBe(0);
  });

  test('makes no garbage: no object per packet, which would be twelve bytes or more', () => {
    const bench = new Bench(1000);
    const run = (batches: number): void => {
      for (let i = 0; i < batches; i++) bench.batch();
    };
    run(4000);
    gc();
    // Best of five: whatever else runs in this process allocates too.
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const before = process.memoryUsage().heapUsed;
      run(500);
      least = Math.min(least, Math.abs(process.memoryUsage().heapUsed - before));
    }
    // The bench's own clock readings are two bytes per packet.
    expect(least / (500 * BATCH)).toBeLessThan(4);
  });

  // A figure for people, and a bound that only a blunder exceeds: machines differ.
  test('costs a fraction of a microsecond per packet sent and received', () => {
    const bench = new Bench(1000);
    let bestMs = Number.POSITIVE_INFINITY;
    for (let slice = 0; slice < 20; slice++) {
      bench.spentMs = 0;
      for (let i = 0; i < 500; i++) bench.batch();
      bestMs = Math.min(bestMs, bench.spentMs);
    }
    const ns = (bestMs * 1e6) / (500 * BATCH);
    console.log(`driver: ${ns.toFixed(0)} ns per packet sent and received`);
    expect(ns).toBeLessThan(2500);
  });
});
