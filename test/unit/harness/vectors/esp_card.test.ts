// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loneConfig } from '../../../../src/harness/lone_card.ts';
import { EspCard } from '../../../../src/harness/vectors/esp_card.ts';
import { readVectors } from '../../../../src/harness/vectors/read_vectors.ts';
import { ModelWorld } from '../../../../src/model/model_world.ts';
import { ESP_PACKET } from './samples.ts';

function run(...packets: object[]) {
  return runOn(new ModelWorld(loneConfig(1 << 16)), ...packets);
}

function runOn(world: ModelWorld, ...packets: object[]) {
  const path = join(mkdtempSync(join(tmpdir(), 'tagwire-vectors-')), 'esp.json');
  writeFileSync(path, JSON.stringify(packets));
  const card = new EspCard(world);
  const { transmit, receive } = card.run(readVectors(path));
  card.close();
  const text = (r: typeof transmit): string[] => [
    ...r.failures.map((f) => f.reason),
    ...r.skips.map((s) => s.reason),
  ];
  return { transmit: text(transmit), receive: text(receive), run: transmit.run + receive.run };
}

describe('ESP packets through a whole card', () => {
  it('pass both ways, twice under one key', () => {
    expect(run(ESP_PACKET, ESP_PACKET)).toEqual({ transmit: [], receive: [], run: 4 });
  });

  it('fail when the plaintext is another one', () => {
    const pt = ESP_PACKET.pt.replace('4500003e', '4500003f');
    expect(run({ ...ESP_PACKET, pt })).toMatchObject({
      transmit: ['frame differs from byte 53 of 130 on'],
      receive: ['frame differs from byte 53 of 114 on'],
    });
  });

  it('fail when the ICV is another one', () => {
    const packet = ESP_PACKET.packet.replace(/ad4a$/, 'ad4b');
    expect(run({ ...ESP_PACKET, packet })).toMatchObject({
      transmit: ['frame differs from byte 129 of 130 on'],
      receive: ['not decrypted'],
    });
  });

  it('fail when a wrong ICV is accepted', () => {
    const world = new ModelWorld(loneConfig(1 << 16));
    const inject = world.inject.bind(world);
    world.inject = (card, frame, delayCycles) => {
      const repaired = Uint8Array.from(frame);
      repaired.set(Buffer.from(ESP_PACKET.icv, 'hex'), frame.length - 16);
      inject(card, repaired, delayCycles);
    };
    expect(runOn(world, ESP_PACKET).receive).toEqual(['a wrong ICV was accepted']);
  });

  it('are skipped with the reason when no card does them', () => {
    const cbc = { ...ESP_PACKET, alg: 'AES-CBC-128' };
    const aes192 = { ...ESP_PACKET, key: `${ESP_PACKET.key}0011223344556677` };
    const reasons = ['aes-cbc, not done by the card', 'AES-192, not in RTL'];
    expect(run(cbc, aes192)).toEqual({ transmit: reasons, receive: reasons, run: 0 });
  });
});
