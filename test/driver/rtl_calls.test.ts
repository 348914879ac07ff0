// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { loadBinding } from '../../src/ffi/binding.ts';
import { NativeWorld } from '../../src/ffi/sim_world.ts';
import { cardLibrary } from '../../src/harness/library.ts';
import { testSa } from '../../src/validate/frames.ts';
import { install, sendOffload } from '../../src/validate/offload_frames.ts';
import { Rig } from '../../src/validate/rig.ts';

const BATCH = 32;
const BATCHES = 40;

test.each([64, 1400])(
  'batches of 32 frames of %i bytes: at most 0.2 native calls per packet',
  async (payloadBytes) => {
    const binding = await loadBinding('koffi');
    const { library } = await cardLibrary();
    const log2 = 8;
    const options = { log2Tx: log2, log2Rx: log2, log2Txc: log2, log2Rxc: log2 };
    const sim = { tapBytes: 0 };
    const rig = new Rig((c) => new NativeWorld(binding, library, c), { options, sim });
    try {
      const sa = testSa('out', 0x99);
      const cardSa = install(rig.a, sa);
      install(rig.b, { ...sa, direction: 'in' });
      let got = 0;
      rig.b.nic.input = (m) => {
        got++;
        rig.b.pool.free(m);
      };
      let seq = 1;
      const batch = (): void => {
        for (let i = 0; i < BATCH; i++)
          sendOffload(rig.a, { to: 1, spi: sa.spi, seq: seq++, payloadBytes }, sa, cardSa);
        rig.a.nic.flush();
        const want = got + BATCH;
        while (got < want) {
          rig.world.run(100_000);
          if (rig.world.irq(0)) rig.a.nic.intr();
          if (rig.world.irq(1)) rig.b.nic.intr();
        }
      };
      batch();
      const start = rig.world.totals();
      for (let i = 0; i < BATCHES; i++) batch();
      const end = rig.world.totals();
      const calls = (end.calls - start.calls) / (BATCH * BATCHES);
      const cycles = (end.cycles - start.cycles) / (BATCH * BATCHES);
      console.log(`${payloadBytes} bytes: ${calls} calls, ${cycles.toFixed(1)} cycles per packet`);
      expect(calls).toBeLessThanOrEqual(0.2);
    } finally {
      rig.settle();
      rig.close();
    }
  },
);

test('attach takes a handful of native calls, though the card zeroes 1024 SAs meanwhile', async () => {
  const binding = await loadBinding('koffi');
  const { library } = await cardLibrary();
  const rig = new Rig((c) => new NativeWorld(binding, library, c), { attach: false });
  const before = rig.world.totals().calls;
  rig.a.nic.attach();
  expect(rig.world.totals().calls - before).toBeLessThan(20);
  rig.close();
});
