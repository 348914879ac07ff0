// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SimConfig } from '../../../src/dev/nic/nic_bus.ts';
import { loadBinding } from '../../../src/ffi/binding.ts';
import { NativeWorld } from '../../../src/ffi/sim_world.ts';
import { createWorld } from '../../../src/harness/create_world.ts';
import { finishRun } from '../../../src/harness/finish_run.ts';
import { cardLibrary } from '../../../src/harness/library.ts';
import { ModelWorld } from '../../../src/model/model_world.ts';
import { actions, play } from '../../driver/stimulus.ts';
import { World } from '../../sim/world.ts';
import { BUFFERS_AT, CardHost, CODE, REG } from './card_host.ts';
import { buckets, espFrame, espOffsetOf, random, seal } from './esp_frames.ts';
import { AROUND, allKinds, ESN_HI } from './esp_kinds.ts';

/** What the card of one lane is tested for elsewhere, on wider ones: not a byte may differ. */
const SLOT = 10240;

describe.each([2, 4] as const)('the card with %i lanes', (lanes) => {
  let library: string;
  beforeAll(async () => {
    library = (await cardLibrary({}, lanes)).library;
  }, 600_000);

  let world: World | undefined;
  afterEach(() => {
    world?.destroy();
    world = undefined;
  });

  test('the main job: every packet offloaded both ways and equal to what was sent', async () => {
    const both = await createWorld({ lanes, memory: { stallPermille: 100 } });
    await both.duplex({ packets: 150, size: 'imix' });
    const r = await finishRun(both, 'lanes');
    expect(r.packets).toMatchObject({ sent: 300, delivered: 300, offloadedTx: 300, software: 0 });
    expect(r).toMatchObject({ compared: 300, mismatches: 0, plaintextLeaks: 0, violations: [] });
  });

  test('any stimulus: the same completions, bytes and statistics as the model', async () => {
    const binding = await loadBinding('koffi');
    const rough = { memLatencyCycles: 300, memStallPermille: 300 };
    fc.assert(
      fc.property(actions, (steps) => {
        const wide = (c: SimConfig) => new NativeWorld(binding, library, { ...c, ...rough });
        const model = play((c) => new ModelWorld(c), steps, 5, false);
        expect(play(wide, steps, 5, false)).toEqual(model);
      }),
      { numRuns: 6, seed: 20261126 },
    );
  });

  /** Frames of every form and size, each out and in again, some damaged on the wire. */
  test.each([0, 300])('random frames to 9000 B, memory pauses %i permille', (memStallPermille) => {
    world = new World(library, {
      cardCount: 1,
      arenaBytes: 8 << 20,
      tapBytes: 4 << 20,
      regTimeoutCycles: 5000,
      memStallPermille,
    });
    const { arena } = world;
    const host = new CardHost(world, 0, 6);
    host.start();
    const next = random(20 + lanes + memStallPermille);
    const sas = AROUND.flatMap(([, around]) =>
      allKinds(next).map((sa) => ({ sa, around, spi: next() })),
    );
    const slots = new Set<number>();
    sas.forEach(({ sa, around, spi }, i) => {
      host.installSa(REG.txSa, i, sa);
      host.installSa(REG.rxSa, i, sa);
      const places = buckets(spi).flatMap((b) => [0, 1, 2, 3].map((way) => 4 * b + way));
      const slot = places.find((place) => !slots.has(place))!;
      slots.add(slot);
      host.match(slot, spi, around.dst, i);
      host.run(1);
    });
    const count = 6 * host.size;
    let seq = 0x80000000;
    for (let at = 0; at < count; at += host.size) {
      const batch = Array.from({ length: host.size }, (_, k) => {
        const saIdx = next() % sas.length;
        const { sa, around, spi } = sas[saIdx]!;
        // Nine of ten are small: there a beat holds the end of the text, the ICV, or both.
        const most = next() % 10 === 0 ? 2220 : 100;
        const textBytes = 4 + 4 * (next() % most);
        const frame = espFrame({ ...around, textBytes, spi, seq: ++seq }, next);
        const from = BUFFERS_AT + k * SLOT + (next() % 128);
        const to = BUFFERS_AT + (host.size + k) * SLOT + (next() % 128);
        const name = `frame ${at + k}: SA ${saIdx}, text of ${textBytes}`;
        return { saIdx, sa, frame, from, to, bad: next() % 5 === 0, name, textBytes };
      });
      batch.forEach(({ frame, from, sa, saIdx }, k) => {
        arena.set(frame, from);
        const esp = { ipsec: true, esn: sa.esn === true, esnHi: sa.esn ? ESN_HI : 0, saIdx };
        const espOffset = espOffsetOf(frame);
        const d = { ...esp, addr: from, lenBytes: frame.length, espOffset, cookie: k };
        host.send(d, k === batch.length - 1);
      });
      const sent = host.awaitSent(batch.length);
      const wires = world!.frames().map(({ bytes }) => bytes);
      batch.forEach(({ frame, sa, name }, k) => {
        expect(sent[k], name).toMatchObject({ code: CODE.ok, secp: true });
        expect(Buffer.compare(wires[k]!, seal(frame, sa, ESN_HI)), name).toBe(0);
      });

      arena.fill(0xee, BUFFERS_AT + host.size * SLOT, BUFFERS_AT + 2 * host.size * SLOT);
      batch.forEach(({ to }, k) => {
        host.supply(to, 9300, k);
      });
      batch.forEach(({ frame, bad, textBytes }, k) => {
        const wire = Uint8Array.from(wires[k]!);
        if (bad) wire[espOffsetOf(frame) + 8 + (next() % (textBytes + 24))]! ^= 1 << (next() % 8);
        host.inject(wire);
      });
      const received = host.awaitReceived(batch.length);
      world!.frames(); // those put on the wire
      batch.forEach(({ frame, to, sa, saIdx, bad, name }, k) => {
        const code = bad ? CODE.authFail : CODE.ok;
        const esnHi = sa.esn ? ESN_HI : 0;
        expect(received[k], name).toMatchObject({ code, secp: !bad, saIdx, esnHi });
        const begin = BUFFERS_AT + (host.size + k) * SLOT;
        const slot = new Uint8Array(SLOT).fill(0xee);
        if (!bad) {
          slot.set(frame, to - begin);
          slot.set(wires[k]!.subarray(frame.length), to - begin + frame.length);
        }
        expect(Buffer.compare(arena.subarray(begin, begin + SLOT), slot), name).toBe(0);
      });
    }
  });
});
