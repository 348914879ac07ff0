// SPDX-License-Identifier: BSD-2-Clause
import { P_TAGGED } from '../../kern/preempt.ts';
import { keyMaterial, OUTER } from '../topology.ts';
import type { World } from '../world.ts';
import type { Figures, Hazard } from './hazard.ts';
import { type Lab, notOffloaded, say, sayNow } from './lab.ts';
import { addFlowSa, fillCard, flowSa, secretOf } from './sas.ts';

const PACKETS = 10;
const SPI = 0x1001;
/** Nobody is told of completions for so long that ten packets get through meanwhile. */
const LATE_INTERRUPTS = { itrCount: 255, itrIntervalCycles: 65_535 };
const UNREAD_CYCLES = 40_000;

/** The frames that host 0 has sent lie decrypted in the memory of host 1, unread; the oracle saw them. */
function runUnread(world: World): void {
  world.hosts[0]!.nic.flush();
  world.sim.run(UNREAD_CYCLES);
  const host = world.hosts[1]!;
  const poll = host.poll.bind(host);
  host.poll = () => {};
  world.step(1);
  host.poll = poll;
}

/** The receiver replaces the SA of frames that lie in its memory, decrypted and unread. */
async function lateFrames(lab: Lab, before: (world: World) => void): Promise<Figures> {
  const world = await lab.world({ card: LATE_INTERRUPTS });
  const successor = keyMaterial(lab.seed, 'successor', 20);
  before(world);
  sayNow(world.hosts[0]!, PACKETS);
  runUnread(world);
  for (const host of [world.hosts[1]!, world.hosts[0]!]) {
    host.ipsec.sadb.delete(flowSa(host));
    addFlowSa(host, SPI, successor.slice());
  }
  world.hosts[1]!.poll(false);
  world.oracle!.addSa({
    ...{ spi: SPI, dst: OUTER[1], mode: 'transport', alg: 'aes-gcm-16' },
    key: successor.slice(0, 16),
    salt: successor.slice(16),
  });
  return lab.figures({ heard: await say(world, PACKETS) });
}

/** SAs come and go while packets of theirs are on the way. */
export const SA_HAZARDS: readonly Hazard[] = [
  {
    id: 'H15',
    title: 'the SA is deleted and its id used again with packets on the way',
    rule: 'generation',
    reason:
      'between tag and transmit each SA is replaced, by one that gets its handle; the generation in ' +
      'the tag tells them apart, and the packet is dropped under a name. Else it leaves under the ' +
      'new key with the old SPI',
    expected: {
      withRule: { heard: 0, 'host0.ipsec.lateNoSa': PACKETS },
      withoutRule: { heard: 0, 'host1.esp.badIcv': 0, 'host1.nic.rxAuthFail': PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const { sadb } = host!.ipsec;
      let made = 0;
      host!.mbufs.preempt.hook = (point) => {
        if (point !== P_TAGGED) return;
        // The receiver keeps the SA that the packet names.
        sadb.delete(flowSa(host!));
        made++;
        addFlowSa(host!, SPI, keyMaterial(made, 'successor', 20));
      };
      return lab.figures({ heard: await say(world, PACKETS) });
    },
  },
  {
    id: 'H33',
    title: 'what the card decrypted comes up after its SA was replaced',
    rule: 'report-match',
    reason:
      'the receiver replaces the SA, same SPI, new key, while decrypted frames wait in memory: they ' +
      'are dropped under a name. Taken as the new SA’s, they move its replay window',
    expected: {
      withRule: { heard: PACKETS, 'host1.nic.rxSaGone': PACKETS },
      withoutRule: { heard: 0, 'host1.esp.replay': PACKETS },
    },
    run: (lab) => lateFrames(lab, () => {}),
  },
  {
    id: 'H40',
    title: 'an SA is used after it was given back',
    rule: 'sa-stamp',
    reason:
      'the flow cache remembers the SA, which is deleted; it is asked for again after every change ' +
      'of the SADB. Else packets leave under a key of zeros',
    expected: {
      withRule: { heard: 0, 'host0.ipsec.noSa': PACKETS },
      withoutRule: { heard: 0, 'host1.nic.rxAuthFail': PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      await say(world, 1);
      host!.ipsec.sadb.delete(flowSa(host!));
      return lab.figures({ heard: await say(world, PACKETS) });
    },
  },
  {
    id: 'H14',
    title: 'an SA is cloned with other addresses, and no driver hears of it',
    rule: 'update-told',
    reason:
      'the SA is updated with its key, as for a peer that moved; the card gets the new one, and its ' +
      'numbers go on. Else the clone is software’s from then on',
    expected: {
      withRule: { heard: 2 * PACKETS, hardware: 2 * PACKETS },
      withoutRule: { heard: 2 * PACKETS, hardware: PACKETS, software: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const before = await say(world, PACKETS);
      const sa = flowSa(host!);
      host!.ipsec.sadb.update({
        ...{ src: sa.src, dst: sa.dst, spi: SPI, mode: 'transport' },
        ...{ cipher: 'aes-gcm-16', key: secretOf(sa), replayPackets: 8 },
      });
      return lab.figures({ heard: before + (await say(world, PACKETS)) });
    },
  },
  {
    id: 'H22',
    title: 'packets of the card do not count against a lifetime',
    rule: 'counts-card',
    reason:
      'an SA is good for ten packets and sends by the card; each counts when its request is made. ' +
      'Else nobody counts them, and it never ends',
    expected: {
      withRule: { heard: PACKETS, 'host0.ipsec.noSa': PACKETS },
      withoutRule: { heard: 2 * PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const old = flowSa(host!);
      const key = secretOf(old);
      host!.ipsec.sadb.delete(old);
      addFlowSa(host!, SPI, key, { hardPackets: PACKETS });
      return lab.figures({ heard: await say(world, 2 * PACKETS) });
    },
  },
  {
    id: 'H19',
    title: 'install and delete race for a slot of the card',
    rule: 'slot-rests',
    reason:
      'the card is full; the SA of frames that wait in memory is replaced, same SPI, new key. Its slot ' +
      'rests until they are read, and the new SA is software’s meanwhile. Used again at once, it makes ' +
      'them packets of the new SA, whose window they move',
    expected: {
      withRule: { heard: PACKETS, 'host1.nic.rxSaGone': PACKETS },
      withoutRule: { heard: 0, 'host1.esp.replay': PACKETS },
    },
    run: (lab) => lateFrames(lab, (world) => fillCard(world.hosts[1]!, 'in')),
  },
  {
    id: 'H17',
    title: 'state that an update left in the card is never deleted',
    rule: 'remove-from-card',
    reason:
      'an SA is replaced as often as the card has slots; each install has its removal, or the table is full',
    expected: {
      withRule: { hardware: PACKETS, slots: 1 },
      withoutRule: { hardware: 0, slotsFree: 0, saTableFull: PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const secret = secretOf(flowSa(host!));
      const { out } = host!.nic.sa;
      // One of them has the flow's SA.
      const count = out.freeCount + 1;
      for (let i = 1; i <= count; i++) {
        host!.ipsec.sadb.delete(flowSa(host!));
        addFlowSa(host!, SPI, i === count ? secret : keyMaterial(i, 'update', 20));
      }
      sayNow(host!, PACKETS);
      return lab.figures({
        slots: count - out.freeCount,
        slotsFree: out.freeCount,
        saTableFull: notOffloaded(host!, 'saTableFull'),
      });
    },
  },
  {
    id: 'H18',
    title: 'offload is switched off with SAs in the card',
    rule: 'remove-by-install',
    reason: 'what was installed is removed when its SA goes, whatever the interface says by then',
    expected: { withRule: { slots: 0 }, withoutRule: { slots: 1 } },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const { out } = host!.nic.sa;
      // One of them has the flow's SA.
      const count = out.freeCount + 1;
      Object.assign(host!.nic, { capabilities: 0 });
      host!.ipsec.sadb.delete(flowSa(host!));
      return lab.figures({ slots: count - out.freeCount });
    },
  },
  {
    id: 'H20',
    title: "the card's SA table is full",
    rule: 'full-is-software',
    reason:
      'an SA that finds no slot is software’s, with a reason; else it is refused, and nothing is sent',
    expected: {
      withRule: { heard: PACKETS, saTableFull: PACKETS },
      withoutRule: { heard: 0, refused: 1, 'host0.ipsec.noSa': PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const secret = secretOf(flowSa(host!));
      host!.ipsec.sadb.delete(flowSa(host!));
      fillCard(host!, 'out');
      let refused = 0;
      try {
        addFlowSa(host!, SPI, secret);
      } catch {
        refused = 1;
      }
      const heard = await say(world, PACKETS);
      return lab.figures({ heard, refused, saTableFull: notOffloaded(host!, 'saTableFull') });
    },
  },
  {
    id: 'H21',
    title: 'an SA that was declined once is never offered again',
    rule: 'offer-again',
    reason:
      'it waits for a slot, and gets the first that falls free; else software has it until its rekey',
    expected: {
      withRule: { heard: 2 * PACKETS, onceFree: PACKETS },
      withoutRule: { heard: 2 * PACKETS, onceFree: 0 },
    },
    async run(lab) {
      const world = await lab.world();
      const [host] = world.hosts;
      const secret = secretOf(flowSa(host!));
      host!.ipsec.sadb.delete(flowSa(host!));
      const fillers = fillCard(host!, 'out');
      addFlowSa(host!, SPI, secret);
      const before = await say(world, PACKETS);
      host!.ipsec.sadb.delete(fillers[0]!);
      const heard = before + (await say(world, PACKETS));
      return lab.figures({ heard, onceFree: flowSa(host!).hwPackets });
    },
  },
];
