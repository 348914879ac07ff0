// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { EINVAL, EMSGSIZE, ENETDOWN } from '../../src/kern/errno.ts';
import { IFF_PROMISC, IFF_UP } from '../../src/net/ifnet.ts';
import { hex, plainFrame } from '../../src/validate/frames.ts';
import { type MakeWorld, macOf, Rig } from '../../src/validate/rig.ts';

/** Attach, and frames without crypto. */
export function plainContract(makeWorld: MakeWorld): void {
  describe('plain frames', () => {
    let rig: Rig;
    afterEach(() => rig.close());

    test('attach brings the card up with its address; detach gives every mbuf back', () => {
      rig = new Rig(makeWorld);
      const bus = rig.world.buses[1]!;
      expect(bus.readReg(R.REG_VERSION)).toBe(R.VERSION_VALUE);
      expect(bus.readReg(R.REG_CAPS)).toBe(R.CAPS_VALUE);
      expect(bus.readReg(R.REG_MAC_LO)).toBe(0x00000002);
      expect(bus.readReg(R.REG_MAC_HI)).toBe(0x0200);
      expect(bus.readReg(R.REG_MAX_FRAME)).toBe(R.MAX_FRAME_DEFAULT);
      expect(rig.b.nic.flags & IFF_UP).toBe(IFF_UP);
      expect(rig.b.pool.inUse).toBe(64);
      rig.b.nic.detach();
      expect(rig.b.pool.inUse).toBe(0);
      expect(bus.readReg(R.REG_CTRL)).toBe(0);
      expect(rig.b.send(plainFrame(0, 60, 1))).toBe(ENETDOWN);
      expect(rig.b.count('nic.txDown')).toBe(1);
      rig.b.nic.attach();
    });

    test('frames of every kind of length arrive byte for byte, in order, both ways', () => {
      rig = new Rig(makeWorld);
      const lengths = [14, 15, 16, 17, 31, 32, 33, 47, 48, 60, 63, 64, 65, 127, 128, 129, 255, 256];
      lengths.push(511, 512, 513, 1023, 1024, 1500, 1514, 4095, 4096, 4097, 9000, 9017, 9018);
      const sent = lengths.map((n, i) => plainFrame(1, n, i));
      const back = lengths.map((n, i) => plainFrame(0, n, 1000 + i));
      for (let i = 0; i < sent.length; i++) {
        expect(rig.a.send(sent[i]!)).toBe(0);
        expect(rig.b.send(back[i]!)).toBe(0);
      }
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(sent));
      expect(hex(rig.a.received.map((r) => r.bytes))).toEqual(hex(back));
      expect(rig.a.nic.stats()).toMatchObject({ txFrames: 31, txDrop: 0, rxFrames: 31 });
    });

    test('every alignment of the data in memory gives the same frame', () => {
      rig = new Rig(makeWorld);
      const sent: Uint8Array[] = [];
      for (let shift = 0; shift < 33; shift++) {
        const frame = plainFrame(1, 60 + shift, shift);
        const m = rig.a.mbuf(new Uint8Array(0));
        rig.a.pool.off[m]! += shift;
        rig.a.pool.data.set(frame, rig.a.pool.off[m]!);
        rig.a.pool.len[m] = frame.length;
        expect(rig.a.nic.transmit(m)).toBe(0);
        sent.push(frame);
      }
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(sent));
    });

    test('too short and too long to send: refused by the driver, counted, freed', () => {
      rig = new Rig(makeWorld);
      expect(rig.a.send(plainFrame(1, 13, 1))).toBe(EINVAL);
      expect(rig.a.send(plainFrame(1, 9019, 1))).toBe(EMSGSIZE);
      expect(rig.a.count('nic.txTooShort')).toBe(1);
      expect(rig.a.count('nic.txTooBig')).toBe(1);
      rig.settle();
      expect(rig.a.pool.inUse).toBe(64);
    });

    test('short and oversized frames from the wire are dropped and counted', () => {
      rig = new Rig(makeWorld);
      const good = plainFrame(1, 14, 3);
      for (const n of [6, 13]) rig.inject(1, plainFrame(1, 14, n).subarray(0, n), 0);
      rig.inject(1, plainFrame(1, 9019, 1), 0);
      rig.inject(1, plainFrame(1, 9216, 1), 0);
      rig.inject(1, good, 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex([good]));
      expect(rig.b.nic.stats()).toMatchObject({ rxLenBad: 4, rxFrames: 1 });
    });

    test('another station is filtered, broadcast and multicast are not; PROMISC takes all', () => {
      rig = new Rig(makeWorld);
      const to = (mac: Uint8Array, seed: number): Uint8Array => {
        const frame = plainFrame(1, 64, seed);
        frame.set(mac);
        return frame;
      };
      const frames = [
        to(macOf(1), 1),
        to(new Uint8Array(6).fill(255), 2),
        to(Uint8Array.of(1, 0, 0x5e, 0, 0, 1), 3),
        to(macOf(6), 4),
      ];
      for (const f of frames) rig.inject(1, f, 0);
      rig.settle();
      expect(hex(rig.b.received.map((r) => r.bytes))).toEqual(hex(frames.slice(0, 3)));
      expect(rig.b.nic.stats().rxFiltered).toBe(1);
      rig.b.nic.flags |= IFF_PROMISC;
      rig.world.run(100);
      rig.inject(1, frames[3]!, 0);
      rig.settle();
      expect(rig.b.received.length).toBe(4);
    });
  });
}
