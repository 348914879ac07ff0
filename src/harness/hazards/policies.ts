// SPDX-License-Identifier: BSD-2-Clause
import { INNER, keyMaterial, OUTER, setkeyFile } from '../topology.ts';
import type { Hazard } from './hazard.ts';
import { type Lab, SAY_PORT, say } from './lab.ts';

const PACKETS = 10;
const [A, B] = OUTER;

function hexKey(lab: Lab, name: string): string {
  return `0x${Buffer.from(keyMaterial(lab.seed, name, 20)).toString('hex')}`;
}

/** What is asked of a packet, and when. */
export const POLICY_HAZARDS: readonly Hazard[] = [
  {
    id: 'H30',
    title: 'what came out of ESP is delivered unfiltered',
    rule: 'policy-after-decap',
    reason:
      'a peer with a good SA sends to a port that the receiver’s policy discards; the inner packet ' +
      'meets policy as any other does',
    expected: {
      withRule: { heard: 0, 'host1.ipsec.discard': PACKETS },
      withoutRule: { heard: PACKETS },
    },
    async run(lab) {
      const files = ([0, 1] as const).map((i) =>
        setkeyFile(i, 'transport', 'aes-gcm-128', lab.seed),
      );
      const filter = `spdadd ${A} ${B}[${SAY_PORT}] udp -P in discard;\n`;
      const world = await lab.world({ setkey: [files[0]!, filter + files[1]!] });
      return lab.figures({ heard: await say(world, PACKETS) });
    },
  },
  {
    id: 'H36',
    title: 'a bundle: two transforms, and a card that does one',
    rule: 'inner-first',
    reason:
      'the inner transform is software’s before the outer one goes round it and to the card; left for ' +
      'the card as well, it is never done, and the receiver refuses it',
    expected: {
      withRule: { delivered: PACKETS, hardware: PACKETS, software: PACKETS },
      withoutRule: { delivered: 0, 'host1.esp.badIcv': PACKETS },
    },
    async run(lab) {
      const [a, b] = INNER;
      const sas =
        `add ${A} ${B} esp 0x4001 -m tunnel -r 32 -E aes-gcm-16 ${hexKey(lab, 'outer')};\n` +
        `add ${a} ${b} esp 0x4002 -m transport -r 32 -E aes-gcm-16 ${hexKey(lab, 'inner')};\n`;
      const policy = `ipsec esp/transport//require esp/tunnel/${A}-${B}/require`;
      const file = (way: string) => `${sas}spdadd ${a} ${b} udp -P ${way} ${policy};`;
      const world = await lab.world({ mode: 'tunnel', setkey: [file('out'), file('in')] });
      await world.flow(0, { packets: PACKETS, size: 100 });
      return lab.figures();
    },
  },
  {
    id: 'H37',
    title: 'a fast path of flows goes round policy',
    rule: 'flow-stamp',
    reason:
      'a flow is cached while no policy is about it; then one requires ESP. The cache forgets with ' +
      'every change of the SPD, else the flow goes on in clear',
    expected: {
      withRule: { clearBefore: PACKETS, encrypted: PACKETS },
      withoutRule: { clearBefore: PACKETS, encrypted: 0, plaintextLeaks: PACKETS },
    },
    async run(lab) {
      const sas = `add ${A} ${B} esp 0x4001 -m transport -E aes-gcm-16 ${hexKey(lab, 'key')};\n`;
      const world = await lab.world({ setkey: [sas, sas], oracles: false });
      const seen = { clear: 0, esp: 0 };
      world.onFrame = (f) => {
        if (f.bytes[f.offset + 23] === 50) seen.esp++;
        else seen.clear++;
      };
      await say(world, PACKETS);
      const clearBefore = seen.clear;
      world.hosts[0]!.setkey(`spdadd ${A} ${B} udp -P out ipsec esp/transport//require;`, 'late');
      await say(world, PACKETS);
      const plaintextLeaks = seen.clear - clearBefore;
      return lab.figures({ clearBefore, encrypted: seen.esp, plaintextLeaks });
    },
  },
  {
    id: 'H38',
    title: 'what the user asks for reaches the card unchecked',
    rule: 'sa-checked',
    reason:
      'AES-GCM with a 192-bit key, which the card has not: it is refused, and software’s. Else the ' +
      'card takes the first 128 bits of the key',
    expected: {
      withRule: { delivered: PACKETS, software: PACKETS },
      withoutRule: { hardware: PACKETS, 'violations.icv': PACKETS },
    },
    async run(lab) {
      const world = await lab.world({ alg: 'aes-gcm-192' });
      await world.flow(0, { packets: PACKETS, size: 100 });
      return lab.figures();
    },
  },
];
