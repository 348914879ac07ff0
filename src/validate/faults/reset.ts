// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import { Rng } from '../../kern/rng.ts';
import { testSa } from '../frames.ts';
import { install, sendOffload } from '../offload_frames.ts';
import type { Fault } from './fault.ts';

const ROUNDS = 24;
const SPI = 0x5151;

export const RESET_FAULTS: readonly Fault[] = ([0, 1] as const).map((card) => ({
  id: `card-reset-anywhere-${card === 0 ? 'sender' : 'receiver'}`,
  title: `the ${card === 0 ? "sender's" : "receiver's"} card is reset in any cycle of its work, ${ROUNDS} times`,
  injected:
    'detach() and attach() of the driver, a random number of cycles after eight frames were posted',
  promise: {
    delivered:
      'what had left before; after each reset what is sent under SAs that were written again',
    counted: 'nic.txDiscarded: descriptors that were not completed',
    never: 'a bus left in the middle of a burst; a key, ring or counter of before; a buffer kept',
  },
  needsOwnRegisters: true,
  async run(c) {
    const rng = new Rng(c.seed);
    const rig = await c.rig({ sim: { memStallPermille: 100 } });
    const sa = testSa('out', SPI);
    let out = install(rig.a, sa);
    let seq = 0;
    install(rig.b, testSa('in', SPI));
    const send = (payloadBytes: number): number =>
      sendOffload(rig.a, { to: 1, spi: SPI, seq: ++seq, payloadBytes }, sa, out);
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < 8; i++) c.equal('errno of transmit', send(40 + rng.below(1000)), 0);
      rig.a.nic.flush();
      rig.world.run(1 + rng.below(900));
      const host = rig.hosts[card]!;
      host.nic.detach();
      c.equal('buffers in the card', host.nic.txOutstanding + host.nic.rxOutstanding, 0);
      const bus = rig.world.buses[card]!;
      const left = R.STAT_NAMES.filter((_, i) => bus.readReg(R.STATS + 4 * i) !== 0);
      c.equal(
        'counters of before',
        left.filter((n) => !n.startsWith('rx')),
        [],
      );
      host.nic.attach();
      // What the wire still brings of before finds no SA in the receiver's card.
      rig.settle();
      rig.b.received.length = 0;
      if (card === 0) out = install(rig.a, sa);
      else install(rig.b, testSa('in', SPI));
      c.equal('errno of transmit', send(100), 0);
      rig.settle();
      c.equal('frames received then', rig.b.received.length, 1);
      c.ok(rig.b.received[0]!.report !== null, 'both cards did the crypto');
      rig.b.received.length = 0;
    }
    const tx = rig.a.nic.stats();
    c.equal('keys that were damaged', tx.keyErrors, 0);
  },
}));
