// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import { addFlowSa, flowSa, secretOf } from '../../harness/hazards/sas.ts';
import type { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import type { Fault } from './fault.ts';
import { catchUp, dropped, faultWorld, flowWith, lossIs, worksAgain } from './scene.ts';

/** The host does nothing until what comes back is called: its interrupts are masked, nobody polls. */
function sleep(world: World, n: 0 | 1): () => void {
  const host = world.hosts[n]!;
  const bus = world.sim.buses[n]!;
  const poll = host.poll.bind(host);
  host.poll = () => {};
  bus.writeReg(R.REG_EIMC, CAUSES);
  return () => {
    bus.writeReg(R.REG_EIMS, CAUSES);
    host.poll = poll;
  };
}

const CAUSES = R.IRQ_TXC | R.IRQ_RXC | R.IRQ_ERR;
const PACKETS = 300;
const RINGS = { log2Tx: 6, log2Rx: 6, log2Txc: 6, log2Rxc: 6 };

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    id: 'host-asleep',
    needsOwnRegisters: true,
    title: 'the receiving host does nothing for a million cycles, while frames come',
    injected: 'interrupts of host 1 masked, Host.poll() held back; ring of 64',
    promise: {
      delivered: 'what the ring had buffers for, and all that comes afterwards',
      counted: "card.rxOverflow: each frame without a buffer; the sender's nic.txRingFull",
      never: 'a completion overwritten before it was read',
    },
    async run(c) {
      const world = await faultWorld(c, { card: RINGS });
      const wake = sleep(world, 1);
      const until = (_: number, flow: UdpFlow): void => {
        if (!flow.isSent) return;
        for (let n = 0; n < 50; n++) world.step(20_000);
        wake();
        catchUp(world);
      };
      await flowWith(world, PACKETS, until, 1000);
      await worksAgain(c, world);
      const r = await c.finish(world);
      const missing = r.packets.sent - r.packets.delivered;
      c.between('packets missing', missing, 1, PACKETS - 64);
      c.between('card.rxOverflow', dropped(r, 'host1.card.rxOverflow'), 1, missing);
      lossIs(c, r, 'host1.card.rxOverflow', 'host0.nic.txRingFull');
    },
  },
  {
    id: 'host-asleep-sender',
    needsOwnRegisters: true,
    title: 'the sending host takes no completion for a million cycles',
    injected: 'interrupts of host 0 masked, Host.poll() held back; ring of 64',
    promise: {
      delivered: 'what the ring took',
      counted: 'nic.txRingFull: each packet that found it full',
      never: 'an mbuf sent again, or freed before it was sent',
    },
    async run(c) {
      const world = await faultWorld(c, { card: RINGS });
      const wake = sleep(world, 0);
      const until = (_: number, flow: UdpFlow): void => {
        if (!flow.isSent) return;
        for (let n = 0; n < 50; n++) world.step(20_000);
        world.hosts[0]!.udp().sendTo(new Uint8Array(100), 0x0a000002, 9);
        wake();
        catchUp(world);
      };
      await flowWith(world, 64, until, 300);
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('nic.txRingFull', dropped(r, 'host0.nic.txRingFull'), 1);
    },
  },
  {
    id: 'clock-stands-still',
    title: "the hosts' clocks stand still: nothing is ever due",
    injected: 'EndHost.timers() held back, while an SA is past its lifetime',
    promise: {
      delivered: 'all until the SA is at the end of its packets: numbers and bytes need no clock',
      counted: 'ipsec.noSa: what came after',
      never: 'a (key, IV) past the last one allowed',
    },
    async run(c) {
      const world = await faultWorld(c);
      for (const node of world.nodes) node.timers = () => {};
      const secret = secretOf(flowSa(world.hosts[0]!));
      for (const host of [world.hosts[1]!, world.hosts[0]!]) {
        const { spi } = flowSa(host);
        host.ipsec.sadb.delete(flowSa(host));
        addFlowSa(host, spi, secret.slice(), { hardPackets: 50 });
      }
      await flowWith(world, 80, () => {}, 300);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, 50);
      c.equal(
        'drops',
        Object.values(r.drops).reduce((a, b) => a + b, 0),
        30,
      );
    },
  },
];
