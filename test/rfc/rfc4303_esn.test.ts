// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { ReplayWindow } from '../../src/netipsec/replay.ts';
import { RefReplay } from '../reference/replay.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT } from '../unit/netipsec/ipsec_rig.ts';

const U32 = 2 ** 32;

describe('RFC 4303 App. A2: window and high half together', () => {
  it.each([8, 32, 64, 1024, 4096])(
    'a window of %i gives each number its half, and takes it once, across 2^32',
    (size) => {
      // Where the next packet's number lies, seen from the highest one so far.
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 }) },
        { weight: 3, arbitrary: fc.integer({ min: -size + 1, max: 0 }) },
        { weight: 1, arbitrary: fc.constantFrom(size, size + 1, 2 * size, U32 - size) },
      );
      const start = fc
        .tuple(fc.integer({ min: 0, max: 2 ** 20 }), fc.integer({ min: -2 * size, max: 5 }))
        .map(([hi, off]) => Math.max(1, hi * U32 + off));
      fc.assert(
        fc.property(start, fc.array(step, { maxLength: 200 }), (first, steps) => {
          const window = new ReplayWindow(size, first);
          const reference = new RefReplay(size);
          for (let n = Math.max(1, first - size); n <= first; n++) reference.note(n);
          let top = first;
          for (const s of steps) {
            const seq = top + s;
            if (seq < 1) continue;
            const hi = window.high(seq % U32);
            expect(hi, `${seq} after ${top}`).toBe(Math.floor(seq / U32));
            const isNew = reference.accepts(seq);
            expect(window.check(seq), `${seq} after ${top}`).toBe(isNew);
            if (!isNew) continue;
            window.update(seq);
            reference.note(seq);
            top = Math.max(top, seq);
          }
        }),
        { numRuns: 100 },
      );
    },
  );
});

function esn(rig: IpsecRig, state: { sentSeq?: number; receivedSeq?: number }): void {
  rig.setkey(GCM_SAS.replaceAll('-r 8', '-r 8 -esn') + TRANSPORT);
  for (const { sadb } of [rig.ipsecA, rig.ipsecB]) {
    const { key, salt } = sadb.find(rig.b.addr, 0x1001)!;
    const p = { src: rig.a.addr, dst: rig.b.addr, spi: 0x1001, cipher: 'aes-gcm-16', esn: true };
    const k = Buffer.concat([key, salt]);
    sadb.delete(sadb.find(rig.b.addr, 0x1001)!);
    sadb.add({ ...p, key: k, replayPackets: 64, ...state });
  }
}

function send(rig: IpsecRig, n: number): void {
  const socket = new UdpSocket(rig.a.inet);
  for (let i = 0; i < n; i++) {
    socket.sendTo(Uint8Array.of(i), rig.b.addr, 9);
    rig.pump();
  }
}

describe('RFC 4303 §2.2.1 state that comes from elsewhere, 64 bits', () => {
  it('sender and receiver go on with it, and over the next 2^32', () => {
    const rig = createIpsecRig();
    const last = 7 * U32 - 2;
    esn(rig, { sentSeq: last, receivedSeq: last });
    const numbers: number[] = [];
    rig.a.ifp.onWire = (data, at) => {
      if (data[at + 23] === 50) numbers.push(Buffer.from(data.buffer).readUInt32BE(at + 38));
      return true;
    };
    send(rig, 4);
    expect(numbers).toEqual([0xffff_ffff, 0, 1, 2]);
    expect(rig.b.counters.get('esp.inOk')).toBe(4);
    expect(rig.ipsecB.sadb.find(rig.b.addr, 0x1001)!.replay.top).toBe(7 * U32 + 2);
    rig.end();
  });

  it('what the other receiver had seen is not taken again', () => {
    const rig = createIpsecRig();
    esn(rig, { sentSeq: U32 + 10, receivedSeq: U32 + 13 });
    send(rig, 5);
    expect(rig.b.counters.get('esp.replay')).toBe(3);
    expect(rig.b.counters.get('esp.inOk')).toBe(2);
    rig.end();
  });

  it('a receiver that has the wrong half authenticates nothing', () => {
    const rig = createIpsecRig();
    esn(rig, { sentSeq: 3 * U32 });
    send(rig, 2);
    expect(rig.b.counters.get('esp.badIcv')).toBe(2);
    expect(rig.b.counters.get('esp.inOk')).toBe(0);
    rig.end();
  });
});

describe('RFC 4303 §3.3.3 a number is never given twice', () => {
  it('with ESN as without the SA stops at its last one, and nothing leaves in clear', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    let frames = 0;
    rig.a.ifp.onWire = (data, at) => {
      if (data[at + 12] === 8 && data[at + 13] === 0) frames++;
      return true;
    };
    sa.seq = U32 - 3;
    send(rig, 5);
    expect(frames).toBe(2);
    expect(rig.a.counters.get('esp.seqExhausted')).toBe(3);
    expect(sa.seq).toBe(U32 - 1);
    rig.end();
  });
});
