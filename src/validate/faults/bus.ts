// SPDX-License-Identifier: BSD-2-Clause
import {
  BusError,
  FAULT_MEM_SILENT,
  FAULT_READ_ERROR,
  FAULT_REG_SILENT,
  FAULT_WRITE_ERROR,
} from '../../dev/nic/nic_bus.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import type { CaseRun } from '../case_run.ts';
import type { Fault } from './fault.ts';
import { dropped, faultWorld, flowWith, lossIs, worksAgain } from './scene.ts';

const PACKETS = 100;
/** A descriptor fetch reads so many descriptors at most. */
const PER_BURST = 8;
/** Of createWorld(): a register access that is not answered ends after so many cycles. */
const REG_TIMEOUT_CYCLES = 10_000;

function busError(c: CaseRun, what: string, act: () => void): BusError {
  try {
    act();
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  return c.fail(`${what}: expected a BusError, and there was none`);
}

/** Some bursts of one host's memory are answered with SLVERR, now and again. */
function busErrors(host: 0 | 1, fault: number, bursts: number) {
  return async (c: CaseRun): Promise<number> => {
    const world = await faultWorld(c);
    await flowWith(world, PACKETS, (step) => {
      if (step % 3 === 1) world.sim.fault(host, fault, bursts);
    });
    world.sim.fault(host, fault, 0);
    const [h0, h1] = world.hosts;
    c.ok(h0!.nic.stats().dmaErrors + h1!.nic.stats().dmaErrors > 0, 'the card met an error');
    await worksAgain(c, world);
    const r = await c.finish(world);
    const names = ['host0.nic.txDmaErr', 'host0.nic.rxDmaErr', 'host1.nic.rxDmaErr'];
    const missing = r.packets.sent - r.packets.delivered;
    const counted = dropped(r, ...names);
    c.between('packets counted, of those missing', counted, Math.max(1, missing), PACKETS);
    return counted;
  };
}

export const BUS_FAULTS: readonly Fault[] = [
  {
    id: 'bus-read-error',
    title: 'reads of descriptors and frames are answered with SLVERR',
    injected: `FAULT_READ_ERROR: 2 read bursts of the sender's card, three times`,
    promise: {
      delivered: 'all but the packets of those bursts',
      counted: 'nic.txDmaErr: each packet that could not be read; the card counts dmaErrors',
      never: 'a part of a frame on the wire',
    },
    async run(c) {
      const counted = await busErrors(0, FAULT_READ_ERROR, 2)(c);
      c.between('packets lost to so many bursts', counted, 1, 4 * 2 * PER_BURST);
    },
  },
  {
    id: 'bus-write-error-receiver',
    title: 'writes of received frames and their completions are answered with SLVERR',
    injected: `FAULT_WRITE_ERROR: 2 write bursts of the receiver's card, three times`,
    promise: {
      delivered: 'all but the frames of those bursts',
      counted: 'nic.rxDmaErr: each frame, also the one whose completion was lost',
      never: 'a frame of which a part was written',
    },
    async run(c) {
      await busErrors(1, FAULT_WRITE_ERROR, 2)(c);
    },
  },
  {
    id: 'bus-write-error-sender',
    title: 'the completion of a frame that was sent does not reach memory',
    injected: `FAULT_WRITE_ERROR: 1 write burst of the sender's card, three times`,
    promise: {
      delivered: 'all: the frames had left',
      counted: 'nic.txDmaErr: each lost completion; its mbuf is freed',
      never: 'an mbuf that waits for ever, or a frame sent again',
    },
    async run(c) {
      const world = await faultWorld(c);
      await flowWith(world, PACKETS, (step) => {
        if (step % 3 === 1) world.sim.fault(0, FAULT_WRITE_ERROR, 1);
      });
      world.sim.fault(0, FAULT_WRITE_ERROR, 0);
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.between('nic.txDmaErr', dropped(r, 'host0.nic.txDmaErr'), 1, 4);
    },
  },
  {
    id: 'bus-memory-silent',
    title: 'memory answers nothing for 100,000 cycles',
    injected: "FAULT_MEM_SILENT on the sender's host, and off again",
    promise: {
      delivered: 'all, late',
      counted: 'nothing; the transmit watchdog (Nic.stalled) says so meanwhile',
      never: 'a frame twice',
    },
    async run(c) {
      const world = await faultWorld(c);
      const [host] = world.hosts;
      let seen = false;
      await flowWith(world, PACKETS, (step, flow) => {
        if (step !== 2) return;
        world.sim.fault(0, FAULT_MEM_SILENT, 1);
        flow.pump(flow.sent + 20);
        host!.nic.stalled(world.cycle, 50_000);
        for (let n = 0; n < 10; n++) world.step(10_000);
        seen = host!.nic.stalled(world.cycle, 50_000);
        world.sim.fault(0, FAULT_MEM_SILENT, 0);
      });
      c.ok(seen, 'the watchdog saw that nothing is sent');
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, r.packets.sent);
      c.equal('drops', r.drops, {});
    },
  },
  {
    id: 'bus-register-silent',
    title: 'registers answer nothing any more, and then again',
    injected: "FAULT_REG_SILENT on the sender's host, and off again",
    promise: {
      delivered: 'what had left the card',
      counted: 'nic.txDiscarded: what was in the ring when the card was given up',
      never: `an access that waits longer than ${REG_TIMEOUT_CYCLES} cycles; an mbuf that is kept`,
    },
    async run(c) {
      const world = await faultWorld(c);
      const [host] = world.hosts;
      const client = host!.udp().connect(0x0a000002, 9);
      for (let i = 0; i < 20; i++) client.send(new Uint8Array(400).fill(i));
      client.close();
      world.sim.fault(0, FAULT_REG_SILENT, 1);
      const before = world.cycle;
      const e = busError(c, 'a doorbell that nobody answers', () => world.step());
      c.equal('kind of error', e.kind, 'timeout');
      c.between('cycles until it', e.cycle - before, REG_TIMEOUT_CYCLES, 2 * REG_TIMEOUT_CYCLES);
      busError(c, 'taking the card down', () => host!.detach());
      c.equal('descriptors left', host!.nic.txOutstanding, 0);
      world.sim.fault(0, FAULT_REG_SILENT, 0);
      host!.attach();
      await worksAgain(c, world);
      const r = await c.finish(world);
      c.equal('nic.txDiscarded', dropped(r, 'host0.nic.txDiscarded'), 20);
    },
  },
  {
    id: 'bus-no-such-register',
    title: 'a register that is not there is read and written',
    injected: 'readReg and writeReg at 0x0f00, in the middle of traffic',
    promise: {
      delivered: 'all',
      counted: 'nothing: the caller gets a BusError with the offset',
      never: 'an access that is lost behind it',
    },
    needsOwnRegisters: true,
    async run(c) {
      const world = await faultWorld(c);
      const bus = world.sim.buses[0]!;
      await flowWith(world, PACKETS, (step) => {
        if (step !== 2) return;
        const e = busError(c, 'reading it', () => bus.readReg(0x0f00));
        c.equal('kind of error', e.kind, 'bus');
        c.ok(/0x0?f00/.test(e.message), `its text names the offset: ${e.message}`);
        bus.writeReg(0x0f04, 1);
        c.equal('writing it', busError(c, 'writing it', () => world.sim.run(100)).kind, 'bus');
        c.equal('the next read', bus.readReg(R.REG_ID), R.ID_VALUE);
      });
      await worksAgain(c, world);
      const r = await c.finish(world);
      lossIs(c, r);
    },
  },
  ...[100, 400, 900].map(
    (permille): Fault => ({
      id: `stall-memory-${permille}`,
      title: `memory pauses in ${permille} of 1,000 cycles, and reads overtake each other`,
      injected: `mem_stall_permille ${permille}: every channel stalls, answers of different IDs are reordered`,
      promise: {
        delivered: 'all, in order; where memory takes less than the wire brings, all but',
        counted: 'card.rxOverflow: each frame for which the card had no room any more',
        never: 'a beat lost, taken twice, or given to another read',
      },
      async run(c) {
        const world = await faultWorld(c, { memory: { stallPermille: permille } });
        await world.duplex({ packets: 60, size: 'imix' });
        const r = await c.finish(world);
        lossIs(c, r, 'host0.card.rxOverflow', 'host1.card.rxOverflow');
        if (permille < 500) c.equal('drops', r.drops, {});
      },
    }),
  ),
  {
    id: 'stall-memory-slow',
    title: 'memory takes 5,000 cycles to answer a read',
    injected: 'mem_latency_cycles 5000',
    promise: { delivered: 'all', counted: 'nothing', never: 'a time limit that ends a read' },
    async run(c) {
      const world = await faultWorld(c, { memory: { latencyCycles: 5000 } });
      await world.flow(0, { packets: 60, size: 'imix' });
      const r = await c.finish(world);
      c.equal('packets delivered', r.packets.delivered, 60);
      c.equal('drops', r.drops, {});
    },
  },
];
