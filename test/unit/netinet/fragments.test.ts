// SPDX-License-Identifier: BSD-2-Clause
// What one host cuts, the other puts together, in whatever order the pieces come, some of them twice.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IN6ADDR_ANY } from '../../../src/header/ip6.ts';
import { type SocketAddr, UdpSocket } from '../../../src/netinet/socket.ts';
import { createRig, type Rig } from '../../lib/rig.ts';
import { knowEachOther } from '../../lib/wire.ts';

let rig: Rig;
let got: Uint8Array[];
beforeEach(() => {
  rig = createRig({ jumbos: 20 });
  knowEachOther(rig.a, rig.b);
  got = [];
  const socket = new UdpSocket(rig.b.inet).bind(0, 53).bind(IN6ADDR_ANY, 53);
  socket.onMessage((bytes) => got.push(bytes));
});
afterEach(() => rig.end());

/** The frames that a sends for one datagram, at this MTU; b gets none of them. */
function cut(bytes: Uint8Array, to: SocketAddr, mtu: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  rig.a.ifp.mtu = mtu;
  rig.a.ifp.onWire = (data, at, len) => {
    frames.push(data.slice(at, at + len));
    return false;
  };
  expect(new UdpSocket(rig.a.inet).sendTo(bytes, to, 53)).toBe(0);
  return frames;
}

test.each([4, 6])('IPv%i: fragments in any order, some twice, of any size', (family) => {
  const size = fc.integer({ min: 1, max: 20_000 });
  const mtu = fc.integer({ min: family === 6 ? 1280 : 576, max: 1500 });
  const order = fc.array(fc.nat(), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(size, mtu, order, fc.nat(255), (bytes, most, picks, fill) => {
      got = [];
      const data = Uint8Array.from({ length: bytes }, (_, i) => i * 7 + fill);
      const left = cut(data, family === 6 ? rig.b.addr6 : rig.b.addr, most);
      const isCut = left.length > 1;
      for (const f of left) expect(f.length).toBeLessThanOrEqual(14 + most);
      let last: Uint8Array | undefined;
      for (let i = 0; left.length > 0; i++) {
        const pick = picks[i % picks.length]!;
        // Now and then the one before once more; a whole datagram would be two.
        const again = isCut && last !== undefined && left.length > 1 && pick % 5 === 0;
        const frame = again ? last! : left.splice(pick % left.length, 1)[0]!;
        last = frame;
        rig.b.ifp.inject(frame);
        rig.b.ifp.poll();
        if (again) left.push(...left.splice(0, 1));
        if (i > 500) break;
      }
      for (const frame of left) rig.b.ifp.inject(frame);
      rig.b.ifp.poll();
      expect(got.length).toBe(1);
      expect(Buffer.compare(got[0]!, data)).toBe(0);
      expect(rig.b.pool.inUse).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('both families at once, piece by piece, of the same identification', () => {
  const data = Uint8Array.from({ length: 9000 }, (_, i) => i);
  const fours = cut(data, rig.b.addr, 1500);
  const sixes = cut(data, rig.b.addr6, 1500);
  for (let i = 0; i < Math.max(fours.length, sixes.length); i++) {
    for (const f of [sixes[i], fours[i]]) if (f !== undefined) rig.b.ifp.inject(f);
    rig.b.ifp.poll();
  }
  expect(got.map((b) => Buffer.compare(b, data))).toEqual([0, 0]);
});
