// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../../host.ts';
import { addressOf, keyMaterial, OUTER } from '../topology.ts';
import type { World } from '../world.ts';
import type { Figures, Hazard } from './hazard.ts';
import { type Lab, say } from './lab.ts';

const PACKETS = 10;

/** The card's SA goes back to software in the middle of a flow. */
async function softwareResumes(lab: Lab): Promise<Figures> {
  const world = await lab.world();
  const { ipsec, nic } = world.hosts[0]!;
  await world.flow(0, { packets: PACKETS, size: 100 });
  ipsec.detachOffload(nic);
  await world.flow(0, { packets: PACKETS, size: 100 });
  return lab.figures();
}

/** An ESN SA from host 0 to 1 with so many numbers left in the low half; the newest, so it is used. */
function addEsnSa(lab: Lab, world: World, left: number): void {
  const key = keyMaterial(lab.seed, 'key with ESN', 20);
  const sa = { spi: 0x3001, mode: 'transport', esn: true } as const;
  const sentSeq = 0x1_0000_0000 - left - 1;
  // A receiver that was told nothing guesses by a top of 0, where the window reaches below zero
  // (RFC 4303 §A2.2): both begin in the middle.
  const numbers = { sentSeq, receivedSeq: sentSeq };
  const add = ({ ipsec }: Host) =>
    ipsec.sadb.add({
      ...{ ...sa, key: key.slice(), ...numbers, replayPackets: 8, cipher: 'aes-gcm-16' },
      src: addressOf(OUTER[0]),
      dst: addressOf(OUTER[1]),
    });
  world.hosts.forEach(add);
  world.oracle!.addSa({
    ...{ ...sa, dst: OUTER[1], alg: 'aes-gcm-16' },
    key: key.slice(0, 16),
    salt: key.slice(16),
  });
}

/** Sequence numbers and IVs: one numberer for each SA, whoever encrypts. */
export const NUMBER_HAZARDS: readonly Hazard[] = [
  {
    id: 'H11',
    title: 'software and card on one SA give out the same sequence numbers',
    rule: 'one-numberer',
    reason:
      'packets that fit are the card’s, those to be cut are software’s: with a counter each, the ' +
      'receiver drops the second half as replays',
    expected: {
      withRule: { sent: 20, delivered: 20, hardware: 10, software: 10, duplicates: 0 },
      withoutRule: { sent: 20, delivered: 10, duplicates: 10, 'host1.esp.replay': 10 },
    },
    async run(lab) {
      const world = await lab.world();
      await world.flow(0, { packets: PACKETS, size: 100 });
      await world.flow(0, { packets: PACKETS, size: 1465 });
      return lab.figures();
    },
  },
  {
    id: 'H12',
    title: 'IVs come again when software resumes after the card',
    rule: 'iv-is-seq',
    reason:
      'the IV is the sequence number, whoever writes it; with a counter of its own software begins ' +
      'at 1 again, under the same key',
    expected: {
      withRule: { delivered: 20, hardware: 10, software: 10, duplicates: 0 },
      withoutRule: { delivered: 20, duplicates: 10, 'violations.nonce': 10 },
    },
    run: softwareResumes,
  },
  {
    id: 'H13',
    title: 'the sequence number is not handed back when the SA leaves the card',
    rule: 'one-numberer',
    reason:
      'the host numbers every packet before the card sees it, so there is nothing to hand back; were ' +
      'it the card’s counter, software would begin anew',
    expected: {
      withRule: { delivered: 20, hardware: 10, software: 10 },
      withoutRule: { delivered: 10, 'host1.esp.replay': 10 },
    },
    run: softwareResumes,
  },
  {
    id: 'H24',
    title: 'the replay window does not see what the card decrypted',
    rule: 'replay-after-card',
    reason: 'every frame is put on the wire a second time; the one window is the host’s',
    expected: {
      withRule: { heard: PACKETS, 'host1.esp.replay': PACKETS },
      withoutRule: { heard: 2 * PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      const frames: Uint8Array[] = [];
      world.onFrame = (f) => frames.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
      const server = world.hosts[1]!.udp().bind(0, 4343);
      let heard = 0;
      server.onMessage(() => heard++);
      const client = world.hosts[0]!.udp().connect(addressOf(OUTER[1]), 4343);
      for (let i = 0; i < PACKETS; i++) client.send(new Uint8Array(100));
      await world.settle();
      world.onFrame = null;
      for (const frame of frames) world.sim.inject(1, frame, 1);
      await world.settle();
      return lab.figures({ heard });
    },
  },
  {
    id: 'H25',
    title: 'only half of an extended sequence number is updated',
    rule: 'esn-high',
    reason:
      'the low half wraps after ten packets; the high half travels with each request and enters ' +
      'AAD and ICV of the packets behind the wrap',
    expected: {
      withRule: { heard: 2 * PACKETS, hardware: 2 * PACKETS },
      withoutRule: { heard: PACKETS, 'host1.nic.rxAuthFail': PACKETS },
    },
    async run(lab) {
      const world = await lab.world();
      addEsnSa(lab, world, PACKETS);
      return lab.figures({ heard: await say(world, 2 * PACKETS) });
    },
  },
];
