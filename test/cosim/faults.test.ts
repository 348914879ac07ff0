// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BusError } from '../../src/dev/nic/nic_bus.ts';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { addressOf, INNER } from '../../src/harness/topology.ts';
import type { WorldOptions } from '../../src/harness/world_options.ts';

async function run(options: WorldOptions, packets = 100, size = 200): Promise<RunReport> {
  const world = await createWorld(options);
  await world.flow(0, { packets, size });
  return finishRun(world, 'faults');
}

describe('the wire at its worst', () => {
  it('a flipped bit: the frame is refused by its ICV, and counted', async () => {
    const r = await run({ wire: { flipPpm: 200_000 } });
    expect(r.packets.delivered).toBeLessThan(95);
    expect(r.packets.delivered).toBeGreaterThan(50);
    expect(r.packets.dropped).toBe(r.packets.sent - r.packets.delivered);
    const named = Object.values(r.drops).reduce((a, b) => a + b, 0);
    expect(named).toBeGreaterThanOrEqual(r.packets.dropped);
    expect(r.mismatches + r.plaintextLeaks + r.tags.leaked).toBe(0);
  });

  it('frames that overtake each other arrive whole', async () => {
    const r = await run({ wire: { reorderPpm: 300_000, reorderCycles: 300 } });
    expect(r.packets).toMatchObject({ sent: 100, delivered: 100 });
    expect(r.mismatches).toBe(0);
  });

  it('memory that pauses changes times, not packets', async () => {
    const r = await run({ memory: { stallPermille: 200 } });
    expect(r.packets).toMatchObject({ sent: 100, delivered: 100 });
    expect(r.violations).toEqual([]);
  });
});

describe('nothing waits for ever', () => {
  it('datagrams that lost a fragment hold up neither sender nor receiver', async () => {
    const world = await createWorld({ wire: { lossPercent: 10 } });
    await world.duplex({ packets: 60, size: 27_000 });
    const r = await finishRun(world, 'fragments');
    expect(r.packets.sent).toBe(120);
    expect(r.packets.delivered).toBeGreaterThan(40);
    expect(r.packets.delivered).toBeLessThan(110);
    expect(r.violations).toEqual([]);
  });

  it('a host without mbufs is a clear error, with the cycle', async () => {
    const world = await createWorld({});
    world.hosts[0]!.mbufs.failNext = Number.POSITIVE_INFINITY;
    await expect(world.flow(0, { packets: 5, size: 100 })).rejects.toThrow(
      /no progress.*mbufs to send from \(cycle \d+\)/,
    );
    world.close();
  });
});

describe('the digest sees everything', () => {
  it('one cycle more of latency, or one flipped bit, changes it; the same again does not', async () => {
    const options: WorldOptions = { wire: { latencyCycles: 500 } };
    const base = (await run(options, 50)).digest;
    expect((await run(options, 50)).digest).toBe(base);
    expect((await run({ wire: { latencyCycles: 501 } }, 50)).digest).not.toBe(base);
    expect((await run({ memory: { latencyCycles: 201 } }, 50)).digest).not.toBe(base);
    const flipped = await run({ wire: { latencyCycles: 500, flipPpm: 100_000 } }, 50);
    expect(flipped.packets.dropped).toBeGreaterThan(0);
    expect(flipped.digest).not.toBe(base);
  });
});

it('a card that fails takes no frame along that was on the wire before', async () => {
  const world = await createWorld({ nic: 'model' });
  let frames = 0;
  world.onFrame = () => frames++;
  const { sim, hosts } = world;
  const run = sim.run.bind(sim);
  sim.run = () => {
    while (sim.tapUsed === 0) run(1000);
    throw new BusError('model', 'assertion failed', sim.cycle);
  };
  hosts[0]!.udp().sendTo(Buffer.from('the last words'), addressOf(INNER[1]), 9);
  expect(() => world.step()).toThrow('assertion failed');
  expect(frames).toBe(1);
  world.close();
});

describe('frames that a host did not ask for', () => {
  const ETHER = 14;
  const ESP = 34;
  const cases: [string, string, (frame: Uint8Array) => Uint8Array][] = [
    [
      'a wrong ICV',
      'nic.rxAuthFail',
      (f) => {
        const bad = f.slice();
        bad[bad.length - 1]! ^= 1;
        return bad;
      },
    ],
    [
      'an unknown SPI',
      'esp.noSa',
      (f) => {
        const bad = f.slice();
        bad[ESP]! ^= 0x40;
        return bad;
      },
    ],
    ['a replayed sequence number', 'esp.replay', (f) => f],
    ['a frame cut short', 'ip.tooShort', (f) => f.subarray(0, f.length - 40)],
    ['a runt', 'nic.rxShort', (f) => f.subarray(0, ETHER - 1)],
  ];

  it.each(cases)('%s is dropped under the name %s', async (_what, counter, change) => {
    const world = await createWorld({});
    const frames: Uint8Array[] = [];
    world.onFrame = (f) => frames.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
    await world.flow(0, { packets: 5, size: 100 });
    const [, host] = world.hosts;
    const before = host!.counters.nonZero();
    world.sim.inject(1, change(frames[2]!), 10);
    await world.settle();
    const stats = host!.nic.stats();
    const after = host!.counters.nonZero();
    const changed = Object.keys(after).filter((k) => after[k] !== (before[k] ?? 0));
    const report = await finishRun(world, 'frames');
    if (counter !== 'nic.rxShort') expect(changed).toContain(counter);
    else expect(stats.rxLenBad).toBe(1);
    expect(report.packets.delivered).toBe(5);
    expect(report.tags.leaked).toBe(0);
  });
});
