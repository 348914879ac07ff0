// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../src/dev/nic/nic_regs.ts';
import { Rng } from '../../src/kern/rng.ts';
import { type EspShape, espSealed, placesOf, testSa } from '../../src/validate/frames.ts';
import * as P from '../../src/validate/inner_packets.ts';
import { BUFFERS_AT, CTRL, REG } from '../../test/rtl/card/card_host.ts';
import type { Bench } from './bench.ts';
import { installOffload, ring, send } from './offload.ts';

/** Sums of TCP and UDP inside ESP, made and looked at: a stimulus. */

const OUT = BUFFERS_AT;
const INTO = BUFFERS_AT + (1 << 20);
const SLOT = 16384;
const ROW = 9;

type Summed = EspShape & { readonly payload: Uint8Array };

/** Transport or tunnel, of either family, with any options, and wrong sums among them. */
function packet(n: number, spi: number, rng: Rng, longBytes: number): Summed {
  const proto = rng.below(9) === 0 ? rng.below(256) : rng.below(2) === 0 ? P.TCP : P.UDP;
  const lenBytes = 20 + rng.below(n % 8 === 7 ? longBytes : 90);
  const esp = { to: 1, spi, seq: n + 1, vlan: rng.below(4) === 0 };
  const shape = { proto, lenBytes, seed: rng.below(65536) };
  const options = rng.below(6) === 0 ? 1 + rng.below(10) : 0;
  const form = rng.below(3);
  if (form === 0) return P.around(P.l4(proto, lenBytes, P.OUTER4, shape.seed), proto, esp);
  if (form === 1) return P.around(P.inner4({ ...shape, options }), P.IPV4, esp);
  return P.around(P.inner6(shape), P.IPV6, esp);
}

export function sums(b: Bench, seed: number, longest: number, rounds = 6, longBytes = 3000): void {
  const { host, world } = b;
  const rng = new Rng(seed);
  host.start(CTRL.all | CTRL.promisc | R.CTRL_RX_CSUM);
  const sa = testSa('out', 0x2345);
  installOffload(host, REG.txSa, ROW, sa);
  installOffload(host, REG.rxSa, ROW, sa);
  for (let round = 0; round < rounds; round++) {
    const frames = Array.from({ length: 16 }, (_, k) =>
      packet(16 * round + k, sa.spi, rng, longBytes),
    );
    frames.forEach((shape, k) => {
      const { clear, csum } = P.leftToCard(shape);
      const at = OUT + SLOT * k + rng.below(64);
      world.arena.set(clear, at);
      const slot = host.base + R.TXD_BYTES * (host.txTail & (host.size - 1));
      // Some that cannot be: the field outside of what is summed, or an end before the begin.
      const wild = rng.below(longest > 5000 ? 2 : 10) === 0 ? rng.below(longest) : 0;
      csum.forEach((place, i) => {
        world.arenaView.setUint16(slot + 24 + 2 * i, place + (i === rng.below(3) ? wild : 0), true);
      });
      const espOffset = placesOf(shape).esp;
      const d = { addr: at, lenBytes: clear.length, saIdx: ROW, espOffset, cookie: 16 * round + k };
      const flags = R.TXD_IPSEC | (k % 5 === 4 ? 0 : R.TXD_CSUM);
      const cut = longest > 5000 && k % 2 === 0 ? espOffset + rng.below(8) : clear.length;
      send(host, { ...d, lenBytes: cut }, flags | (cut < clear.length ? R.TXD_MORE : 0));
      if (cut < clear.length)
        send(host, { addr: at + cut, lenBytes: clear.length - cut, cookie: k }, R.TXD_CONT);
    });
    ring(host);
    b.noteSent(frames.length);
    b.noteFrames();
    world.arena.fill(0xee, INTO, INTO + 16 * SLOT);
    frames.forEach((shape, k) => {
      host.supply(INTO + SLOT * k + rng.below(64), 9300, k);
      const payload = shape.payload.slice();
      if (k % 3 === 2) payload[rng.below(payload.length)]! ^= 1 << rng.below(8);
      host.inject(espSealed({ ...shape, payload }, sa));
    });
    b.noteReceived(frames.length);
    b.noteMemory(INTO, INTO + 16 * SLOT);
  }
  b.noteStatistics();
}
