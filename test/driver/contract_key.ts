// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { testSa } from '../../src/validate/frames.ts';
import { install, sendOffload } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig } from '../../src/validate/rig.ts';

/** Parity errors in the memory of keys. */
export function keyContract(makeWorld: MakeWorld): void {
  describe('a parity error in key memory', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('transmit: what was posted is refused, what follows goes by software, other SAs go on', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x77);
      const good = testSa('out', 0x78);
      rig.world.buses[0]!.writeReg(R.SA_TX + R.SA_PARITY, 0x201);
      const cardSa = install(rig.a, sa);
      const other = install(rig.a, good);
      const send = (seq: number): number =>
        sendOffload(rig.a, { to: 1, spi: sa.spi, seq, payloadBytes: 64 }, sa, cardSa);
      expect([send(1), send(2)]).toEqual([0, 0]);
      sendOffload(rig.a, { to: 1, spi: good.spi, seq: 1, payloadBytes: 64 }, good, other);
      rig.settle();
      expect(rig.a.completions.map(([, , status]) => status & R.CPL_CODE_MASK)).toEqual([
        R.CODE_KEY_ERR,
        R.CODE_KEY_ERR,
        R.CODE_OK,
      ]);
      expect(rig.a.nic.stats()).toMatchObject({ txFrames: 1, txDrop: 2, keyErrors: 2 });
      expect(rig.a.count('nic.txKeyErr')).toBe(2);
      expect(rig.a.software).toEqual([]);
      send(3);
      expect(rig.a.software.length).toBe(1);
      rig.a.nic.sa.saRemove('out', cardSa);
      const again = install(rig.a, sa);
      sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 4, payloadBytes: 64 }, sa, again);
      rig.settle();
      expect(rig.a.nic.stats()).toMatchObject({ txIpsec: 2, keyErrors: 2 });
    });

    test('receive: the frame comes encrypted, without a report', () => {
      rig = new Rig(makeWorld);
      const sa = testSa('out', 0x79);
      const cardSa = install(rig.a, sa);
      rig.world.buses[1]!.writeReg(R.SA_RX + R.SA_PARITY, 4);
      install(rig.b, testSa('in', 0x79));
      sendOffload(rig.a, { to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, sa, cardSa);
      rig.settle();
      expect(rig.b.received.map((r) => r.report)).toEqual([null]);
      expect(rig.b.count('nic.rxKeyErr')).toBe(1);
      expect(rig.b.nic.stats()).toMatchObject({
        rxIpsecOk: 0,
        rxIcvBad: 0,
        rxNoSa: 0,
        keyErrors: 1,
      });
    });
  });
}
