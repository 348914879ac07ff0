// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { ALGORITHMS, type Algorithm } from '../../src/harness/topology.ts';

describe.each(['tunnel', 'transport'] as const)('%s mode, the card as a model', (mode) => {
  it.each(Object.keys(ALGORITHMS) as Algorithm[])('--alg %s', async (alg) => {
    const world = await createWorld({ nic: 'model', mode, alg });
    await world.flow(0, { packets: 40, size: 'imix' });
    const report = await finishRun(world, alg);
    expect(report.violations).toEqual([]);
    expect(report.packets).toMatchObject({ sent: 40, delivered: 40 });
    expect(report.compared).toBe(40);
    expect(report.tags.leaked).toBe(0);
    // "Why is this not offloaded?" has an answer.
    const isCards = alg === 'aes-gcm-128' || alg === 'aes-gcm-256';
    const rows = isCards ? [] : [{ reason: 'algorithmNotSupported', count: 80 }];
    expect(report.notOffloaded).toEqual(rows);
  });
});
