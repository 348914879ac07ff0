// SPDX-License-Identifier: BSD-2-Clause
import { expect } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { OUTER } from '../../src/harness/topology.ts';
import { ipParse } from '../../src/header/ip.ts';
import { ip6Parse } from '../../src/header/ip6.ts';
import { Rng } from '../../src/kern/rng.ts';
import { captured, hostileFrame, ownSamples } from '../lib/hostile.ts';

/** Frames on their way into the card at once: neither card loses any of them to its buffers. */
const BATCH = 64;
const ESP_SAMPLES = 64;

/**
 * Hostile frames into host 1's card: random ones, mutated ones of each kind, of Linux captures, and
 * of ESP that host 0 sent under SAs that the card has. Throws or fails an expectation when one of
 * them is lost without a name, when something is left, or an oracle trips. Returns host 1's drops.
 */
export async function hostileWorldRun(
  nic: 'rtl' | 'model',
  frames: number,
  seed: number,
): Promise<Record<string, number>> {
  const world = await createWorld({ nic, seed, digest: false });
  const [h0, h1] = world.hosts as [(typeof world.hosts)[0], (typeof world.hosts)[0]];
  const [a6, b6] = ['2001:db8::1', '2001:db8::2'].map((text) => ip6Parse(text)) as [
    Uint8Array,
    Uint8Array,
  ];
  h1.addAddress(b6, 64);
  const { lladdr } = h1.nic;
  const a = { addr: ipParse(OUTER[0]), addr6: a6, ifp: { lladdr: h0.nic.lladdr } };
  const b = { addr: ipParse(OUTER[1]), addr6: b6, ifp: { lladdr } };
  const samples = [...ownSamples({ a, b }), ...captured(lladdr, () => {})];
  // What the card can decrypt: as many as all the others together.
  const sent: Uint8Array[] = [];
  world.onFrame = ({ bytes, offset, lenBytes }) =>
    sent.push(bytes.slice(offset, offset + lenBytes));
  await world.flow(0, { packets: ESP_SAMPLES, size: 'imix' });
  world.onFrame = null;
  for (let i = 0, n = samples.length; i < n; i++) samples.push(sent[i % sent.length]!);

  let completions = 0;
  h1.nic.onCompletion = (ring) => {
    if (ring === 1) completions++;
  };
  const before = h1.counters.get('ether.received');
  const rng = new Rng(seed);
  let injected = 0;
  while (injected < frames) {
    for (let i = 0; i < BATCH && injected < frames; i++) {
      const frame = hostileFrame(samples, rng, lladdr);
      if (frame.length === 0) continue;
      world.sim.inject(1, frame, 0);
      injected++;
    }
    await world.settle();
  }
  // Each frame came up, or the card says why not; each that came up went to the stack, or the driver
  // says why not.
  const { rxFiltered, rxLenBad, rxOverflow } = h1.nic.stats();
  expect(completions + rxFiltered + rxLenBad + rxOverflow).toBe(injected);
  const byDriver = ['AuthFail', 'TooBig', 'Err', 'DmaErr', 'NoTag', 'SaGone']
    .map((name) => h1.counters.get(`nic.rx${name}`))
    .reduce((x, y) => x + y, 0);
  expect(h1.counters.get('ether.received') - before + byDriver).toBe(completions);
  // Memory takes everything in this world.
  expect(h1.counters.get('nic.rxDmaErr')).toBe(0);
  const drops = h1.counters.nonZero();
  const report = await finishRun(world, 'hostile frames');
  expect(report.violations).toEqual([]);
  expect([report.plaintextLeaks, report.tags.leaked]).toEqual([0, 0]);
  return drops;
}
