// SPDX-License-Identifier: BSD-2-Clause
// Worlds whose inner or outer addresses are IPv6, with every oracle watching.
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun, passed } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { SCENARIOS } from '../../src/harness/scenario.ts';
import type { WorldOptions } from '../../src/harness/world_options.ts';
import { in6LinkLocalOf } from '../../src/header/ip6.ts';
import { icmp6Echo } from '../../src/netinet/icmp6.ts';
import { tagwire } from '../lib/cli.ts';

const PACKETS = 60;

async function run(
  name: string,
  options: WorldOptions,
  size: number | 'imix' = 'imix',
): Promise<RunReport> {
  const scenario = SCENARIOS[name]!;
  const world = await createWorld({ nic: 'model', ...scenario.world, ...options });
  await scenario.run(world, { packets: PACKETS, size });
  const report = await finishRun(world, name);
  expect(report.violations).toEqual([]);
  expect(passed(report)).toBe(true);
  return report;
}

const WORLDS: readonly (readonly [string, WorldOptions])[] = [
  ['tunnel', { inner: 4, outer: 4 }],
  ['tunnel', { inner: 6, outer: 6 }],
  ['tunnel', { inner: 4, outer: 6 }],
  ['tunnel', { inner: 6, outer: 4 }],
  ['transport', { inner: 6, outer: 6 }],
  ['gateway', { inner: 6, outer: 6 }],
  ['gateway', { inner: 4, outer: 6 }],
  ['gateway', { inner: 6, outer: 4 }],
];

describe('every packet arrives as it was sent, and none in clear (model card)', () => {
  it.each(WORLDS)('%s %o: ESP by the card', async (name, options) => {
    const { packets, compared, notOffloaded, drops } = await run(name, options);
    expect(drops).toEqual({});
    expect([packets.delivered, compared]).toEqual([PACKETS, PACKETS]);
    expect([packets.offloadedTx, packets.offloadedRx]).toEqual([PACKETS, PACKETS]);
    expect(notOffloaded).toEqual([]);
  });

  it.each([1280, 1500])('packets longer than an MTU of %i go in fragments', async (mtu) => {
    for (const options of [{ inner: 6, outer: 6 }, { inner: 6 }, { outer: 6 }] as WorldOptions[]) {
      const { packets } = await run('tunnel', { ...options, mtu }, 3000);
      expect(packets.delivered).toBe(PACKETS);
    }
  });

  it('one seed gives one run, and another seed another', async () => {
    const digests = [];
    for (const seed of [5, 5, 6]) {
      digests.push((await run('tunnel', { seed, inner: 6, outer: 6 })).digest);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe(digests[2]);
  });
});

describe('the Verilated card', () => {
  it.each([{ inner: 6 }, { outer: 6 }, { inner: 6, outer: 6 }] as WorldOptions[])(
    'does ESP in and round either family: %o',
    async (options) => {
      const { packets } = await run('tunnel', { ...options, nic: 'rtl' });
      expect([packets.offloadedTx, packets.offloadedRx]).toEqual([PACKETS, PACKETS]);
    },
  );

  it('passes other IPv6 frames as they are: neighbour discovery', async () => {
    const world = await createWorld({ inner: 6, outer: 6, nic: 'rtl' });
    const [a, b] = world.hosts;
    // No address of the link is known for good but the outer ones, so this one is asked for.
    icmp6Echo(a!.inet, in6LinkLocalOf(b!.nic.lladdr!), 1, 1, new Uint8Array(56));
    await world.settle();
    await world.settle();
    expect(a!.counters.get('icmp6.echoed')).toBe(1);
    expect(a!.counters.get('nd6.solicits')).toBe(1);
    expect(b!.counters.get('nd6.adverts')).toBe(1);
    const report = await finishRun(world, 'neighbours');
    expect(report.violations).toEqual([]);
  });
});

describe('what cannot be is refused', () => {
  it('transport mode with two families (RFC 4301 §4.1: it has one pair of addresses)', async () => {
    const both = createWorld({ mode: 'transport', inner: 4, outer: 6, nic: 'model' });
    await expect(both).rejects.toThrow(/"inner" expected 6/);
    const argv = ['run', 'transport', '--inner', 'v6', '--outer', 'v4', '--nic', 'model'];
    const r = tagwire(argv);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(/--inner: transport mode has one pair of addresses/);
  });

  it('an MTU below 1280 (RFC 8200 §5)', async () => {
    await expect(createWorld({ inner: 6, mtu: 1000, nic: 'model' })).rejects.toThrow(
      /"mtu" expected 1280..9000/,
    );
  });
});
