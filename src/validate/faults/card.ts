// SPDX-License-Identifier: BSD-2-Clause
import { BusError, FAULT_MEM_SILENT, FAULT_REG_SILENT } from '../../dev/nic/nic_bus.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import { ResetLosses } from '../../harness/reset_losses.ts';
import type { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import type { Host } from '../../host.ts';
import type { CaseRun } from '../case_run.ts';
import type { Fault } from './fault.ts';
import { dropped, faultWorld, flowWith, worksAgain } from './scene.ts';

const PACKETS = 200;
const STALLED_CYCLES = 20_000;

/** The fault strikes in the middle of a flow; then all comes to rest, and works again. */
async function struckBy(
  c: CaseRun,
  strike: (world: World, losses: ResetLosses, flow: UdpFlow) => void,
  ...names: string[]
): Promise<void> {
  const world = await faultWorld(c);
  const losses = new ResetLosses(world);
  await flowWith(
    world,
    PACKETS,
    (step, flow) => {
      if (step === 4) strike(world, losses, flow);
    },
    1000,
  );
  losses.count();
  await worksAgain(c, world);
  const r = await c.finish(world);
  const missing = r.packets.sent - r.packets.delivered;
  c.between('packets missing', missing, 1, PACKETS - 1);
  // A descriptor whose frame has left counts too: nobody knows whether it did.
  c.between('packets missing, of those counted', missing, 1, dropped(r, ...names));
}

/** Frames in the sender's card: some on the wire already, some not yet read. */
function inFlight({ hosts, sim }: World, flow: UdpFlow): void {
  flow.pump(flow.sent + 40);
  hosts[0]!.nic.flush();
  sim.run(700);
}

/** A card that does not answer says so, and keeps nothing. */
function takeDown(c: CaseRun, host: Host): void {
  let error: unknown = null;
  try {
    host.detach();
  } catch (thrown) {
    error = thrown;
  }
  c.ok(error instanceof BusError, 'taking down a card that does not answer is a BusError');
  c.equal('buffers left in it', host.nic.txOutstanding + host.nic.rxOutstanding, 0);
}

export const CARD_FAULTS: readonly Fault[] = [
  {
    id: 'card-reset-sender',
    title: "the sender's card is reset with frames in it",
    injected: 'Host.detach() and attach() in mid-flow',
    promise: {
      delivered: 'what had left before, and all that is sent afterwards',
      counted: 'nic.txDiscarded: each descriptor that was not completed',
      never: 'a frame of before the reset after it; a key that was not scrubbed',
    },
    run: (c) =>
      struckBy(
        c,
        (world, losses, flow) => {
          const [host] = world.hosts;
          losses.note(host!);
          inFlight(world, flow);
          host!.nic.detach();
          host!.detach();
          host!.attach();
        },
        'host0.nic.txDiscarded',
      ),
  },
  {
    id: 'card-reset-receiver',
    title: "the receiver's card is reset with frames in it",
    injected: 'Host.detach() and attach() in mid-flow',
    promise: {
      delivered: 'what was in memory before, and all that comes afterwards',
      counted: 'card.lostInReset: frames that the wire brought and no driver saw',
      never: 'a buffer that the card writes after the host has taken it back',
    },
    run: (c) =>
      struckBy(
        c,
        (world, losses, flow) => {
          const host = world.hosts[1]!;
          losses.note(host);
          inFlight(world, flow);
          host.detach();
          host.attach();
        },
        'host1.card.lostInReset',
      ),
  },
  {
    id: 'card-resets-itself',
    title: "the sender's card resets by itself, and nobody tells the driver",
    injected: 'CTRL_RESET written behind the back of the driver',
    promise: {
      delivered: 'what had left before, and all that is sent after the driver has reset it too',
      counted: 'nic.txDiscarded: what the driver gives up when its watchdog has barked',
      never: 'a frame in clear by a card that has forgotten its SAs',
    },
    needsOwnRegisters: true,
    run: (c) =>
      struckBy(
        c,
        (world, losses, flow) => {
          const [host] = world.hosts;
          losses.note(host!);
          world.sim.buses[0]!.writeReg(R.REG_CTRL, R.CTRL_RESET);
          flow.pump(flow.sent + 20);
          host!.nic.stalled(world.cycle, STALLED_CYCLES);
          for (let n = 0; n < 4; n++) world.step(STALLED_CYCLES / 2);
          c.ok(host!.nic.stalled(world.cycle, STALLED_CYCLES), 'the watchdog saw it');
          takeDown(c, host!);
          host!.attach();
        },
        'host0.nic.txDiscarded',
      ),
  },
  {
    id: 'card-removed',
    title: "the sender's card is pulled out with frames in it, and put back",
    injected: 'FAULT_REG_SILENT and FAULT_MEM_SILENT in mid-flow, and off again',
    promise: {
      delivered: 'what had left before, and all that is sent when it is back',
      counted: 'nic.txDiscarded: each descriptor that was not completed',
      never: 'a wait without end; an mbuf that is not given back',
    },
    run: (c) =>
      struckBy(
        c,
        (world, losses, flow) => {
          const [host] = world.hosts;
          losses.note(host!);
          inFlight(world, flow);
          for (const fault of [FAULT_REG_SILENT, FAULT_MEM_SILENT]) world.sim.fault(0, fault, 1);
          takeDown(c, host!);
          for (const fault of [FAULT_REG_SILENT, FAULT_MEM_SILENT]) world.sim.fault(0, fault, 0);
          host!.attach();
        },
        'host0.nic.txDiscarded',
      ),
  },
  {
    id: 'interface-removed',
    title: "the sender's interface is taken away for good, with packets on their way to it",
    injected: 'Host.removeInterface(nic) in mid-flow',
    promise: {
      delivered: 'what had left before',
      counted: 'nic.txDiscarded, and at IP each packet that finds no way any more',
      never: 'a packet by another way in clear; a pointer to what is gone',
    },
    async run(c) {
      const world = await faultWorld(c);
      const losses = new ResetLosses(world);
      const [host] = world.hosts;
      const flow = await flowWith(world, PACKETS, (step) => {
        if (step !== 4) return;
        losses.note(host!);
        host!.removeInterface(host!.nic);
      });
      losses.count();
      const r = await c.finish(world);
      c.between('packets delivered', r.packets.delivered, 1, PACKETS - 1);
      c.equal('packets sent', flow.sent, PACKETS);
      const counted = Object.values(r.drops).reduce((a, b) => a + b, 0);
      c.between('packets missing, of those counted', PACKETS - r.packets.delivered, 1, counted);
    },
  },
];
