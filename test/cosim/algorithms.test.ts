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
    const isCards = /^aes-(gcm|gmac)-(128|256)$/.test(alg);
    const rows = isCards ? [] : [{ reason: 'algorithmNotSupported', count: 80 }];
    expect(report.notOffloaded).toMatchObject(rows);
    expect(report.notOffloaded.length).toBe(rows.length);
  });
});

it('TFC padding and dummy packets through cards (RFC 4303 §2.6, §2.7)', async () => {
  const key = `0x${'42'.repeat(20)}`;
  const files = (direction: string) => `
add 10.0.0.1 10.0.0.2 esp 0x2000 -m tunnel -r 8 -tfcpad 1200 -dummy 4 -E aes-gcm-16 ${key};
spdadd 192.168.1.1 192.168.2.1 udp -P ${direction} ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;`;
  const world = await createWorld({
    nic: 'model',
    mode: 'tunnel',
    setkey: [files('out'), files('in')],
  });
  await world.flow(0, { packets: 40, size: 300 });
  const report = await finishRun(world, 'tfc');
  expect(report.violations).toEqual([]);
  expect(report.packets).toMatchObject({ sent: 40, delivered: 40, software: 0 });
  expect(report.packets.offloadedTx).toBe(50);
  expect(report.drops).toEqual({ 'host1.esp.dummy': 10 });
});

describe('AH through cards, which send it as it is (RFC 4302)', () => {
  const key = (n: number) => `0x${'42'.repeat(n)}`;
  const world = (sas: string, request: string) => {
    const file = (direction: string) => `
${sas}
spdadd 10.0.0.1 10.0.0.2 udp -P ${direction} ipsec ${request};`;
    return createWorld({ nic: 'model', mode: 'transport', setkey: [file('out'), file('in')] });
  };
  const ah = (mode: string, more = '') =>
    `add 10.0.0.1 10.0.0.2 ah 0x2000 -m ${mode} -r 8 ${more} -A`;

  it.each([
    ['HMAC', `${ah('transport')} hmac-sha2-256 ${key(32)};`, 'ah/transport//require', 0],
    ['GMAC', `${ah('transport')} aes-128-gmac ${key(20)};`, 'ah/transport//require', 0],
    ['ESN', `${ah('transport', '-esn')} hmac-sha1 ${key(20)};`, 'ah/transport//require', 0],
    ['tunnel', `${ah('tunnel')} hmac-sha1 ${key(20)};`, 'ah/tunnel/10.0.0.1-10.0.0.2/require', 0],
    [
      'round ESP',
      `${ah('transport')} hmac-sha1 ${key(20)};
add 10.0.0.1 10.0.0.2 esp 0x3000 -m transport -r 8 -E aes-gcm-16 ${key(20)};`,
      'esp/transport//require ah/transport//require',
      30,
    ],
  ])('%s: what was sent arrives, and nothing leaks', async (_what, sas, request, esp) => {
    const w = await world(sas, request);
    await w.flow(0, { packets: 30, size: 300 });
    const report = await finishRun(w, 'ah');
    expect(report.violations).toEqual([]);
    expect(report.packets).toMatchObject({ sent: 30, delivered: 30 });
    expect(report.compared).toBe(30);
    expect(report.plaintextLeaks).toBe(0);
    expect(w.oracle!.figures).toMatchObject({ frames: 30, esp, compared: 30 });
    expect(report.notOffloaded.map((row) => row.reason)).toContain('algorithmNotSupported');
  });
});
