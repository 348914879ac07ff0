// SPDX-License-Identifier: BSD-2-Clause
import type { PacketSize } from '../../harness/sizes.ts';
import { ALGORITHMS, type Algorithm, type Mode } from '../../harness/topology.ts';
import type { Case } from '../case.ts';
import { expectAll, expectDoneOnce, expectOffloaded, flow } from '../expect_flow.ts';
import { keep, keyOf, resealed } from '../kept_frames.ts';

const MODES: readonly Mode[] = ['tunnel', 'transport'];
const CARD_ALGS: readonly Algorithm[] = ['aes-gcm-128', 'aes-gcm-256', 'aes-gmac-128'];
const SIZES: readonly PacketSize[] = [1, 64, 548, 1400, 4000, 8800, 'imix'];
const PACKETS = 24;

/** From socket to socket: two hosts, two cards, ESP both sealed and opened by the cards. */
const matrix: readonly Case[] = MODES.flatMap((mode) =>
  CARD_ALGS.flatMap((alg) =>
    SIZES.map(
      (size): Case => ({
        id: `esp/${mode}-${alg}-${size}`,
        title: `${mode} mode, ${alg}, UDP of ${size} bytes: all by the cards, byte for byte`,
        checks: 'RFC 4303 §3.3, §3.4; RFC 4106 §3',
        parameters: { mode, alg, size },
        isRandom: true,
        async run(c) {
          const r = await flow(c, { mode, alg }, { packets: PACKETS, size });
          expectAll(c, r, PACKETS);
          expectOffloaded(c, r, PACKETS);
        },
      }),
    ),
  ),
);

const bySoftware: readonly Case[] = MODES.flatMap((mode) =>
  (Object.keys(ALGORITHMS) as Algorithm[])
    .filter((alg) => !CARD_ALGS.includes(alg))
    .map(
      (alg): Case => ({
        id: `esp/${mode}-${alg}`,
        title: `${mode} mode, ${alg}: card or software, and software with a reason`,
        checks: 'RFC 4303 §3; RFC 8221 §5',
        parameters: { mode, alg },
        isRandom: true,
        async run(c) {
          const r = await flow(c, { mode, alg }, { packets: PACKETS, size: 'imix' });
          expectAll(c, r, PACKETS);
          expectDoneOnce(c, r, PACKETS);
        },
      }),
    ),
);

const FAMILIES: readonly [Mode, 4 | 6, 4 | 6][] = [
  ['tunnel', 6, 4],
  ['tunnel', 4, 6],
  ['tunnel', 6, 6],
  ['transport', 6, 6],
];

const families: readonly Case[] = FAMILIES.map(
  ([mode, inner, outer]): Case => ({
    id: `esp/${mode}-v${inner}-in-v${outer}`,
    title: `${mode} mode, IPv${inner} in IPv${outer}: all by the cards, byte for byte`,
    checks: 'RFC 4303 §3.1; RFC 8200',
    parameters: { mode, inner, outer },
    isRandom: true,
    async run(c) {
      const r = await flow(c, { mode, inner, outer }, { packets: PACKETS, size: 'imix' });
      expectAll(c, r, PACKETS);
      expectOffloaded(c, r, PACKETS);
    },
  }),
);

const duplex: readonly Case[] = MODES.flatMap((mode) =>
  CARD_ALGS.map(
    (alg): Case => ({
      id: `esp/duplex-${mode}-${alg}`,
      title: `both ways at once, ${mode} mode, ${alg}: each card seals and opens`,
      checks: 'RFC 4303 §3.3, §3.4',
      parameters: { mode, alg },
      isRandom: true,
      async run(c) {
        const r = await flow(c, { mode, alg }, { packets: PACKETS, size: 'imix', duplex: true });
        expectAll(c, r, 2 * PACKETS);
        expectOffloaded(c, r, 2 * PACKETS);
      },
    }),
  ),
);

const gateways: readonly Case[] = CARD_ALGS.flatMap((alg) =>
  [100, 1400].map(
    (size): Case => ({
      id: `esp/gateways-${alg}-${size}`,
      title: `end hosts behind two gateways, ${alg}, ${size} bytes: what is forwarded is offloaded`,
      checks: 'RFC 4301 §4.1; H10',
      parameters: { alg, size },
      isRandom: true,
      async run(c) {
        const options = { mode: 'tunnel', gateways: true, alg } as const;
        const r = await flow(c, options, { packets: PACKETS, size, duplex: true });
        expectAll(c, r, 2 * PACKETS);
        expectOffloaded(c, r, 2 * PACKETS);
      },
    }),
  ),
);

const offloadOff: readonly Case[] = MODES.map(
  (mode): Case => ({
    id: `esp/${mode}-offload-off`,
    title: `${mode} mode with offload switched off: the same by software alone`,
    checks: 'RFC 4303 §3.3, §3.4',
    parameters: { mode },
    isRandom: true,
    async run(c) {
      const r = await flow(c, { mode, offload: false }, { packets: PACKETS, size: 'imix' });
      expectAll(c, r, PACKETS);
      c.equal('ESP packets of software', r.packets.software, 2 * PACKETS);
    },
  }),
);

/** Larger than the MTU: cut before ESP in tunnel mode, behind it in transport mode. */
const cut: readonly Case[] = MODES.flatMap((mode) =>
  [1472, 3000, 20_000].map(
    (size): Case => ({
      id: `esp/fragments-${mode}-${size}`,
      title: `datagrams of ${size} bytes over an MTU of 1500, ${mode} mode: whole again, none in clear`,
      checks: 'RFC 4303 §3.3.4; H26',
      parameters: { mode, size },
      isRandom: true,
      async run(c) {
        const r = await flow(c, { mode, mtu: 1500, card: {} }, { packets: 12, size });
        expectAll(c, r, 12);
      },
    }),
  ),
);

/** Memory and wire that take their time, and pause. */
const PACES: readonly [string, number, number, number][] = [
  ['memory-1', 1, 0, 500],
  ['memory-1000', 1000, 0, 500],
  ['memory-stalls-100', 200, 100, 500],
  ['memory-stalls-500', 200, 500, 500],
  ['memory-stalls-900', 20, 900, 500],
  ['wire-1', 200, 0, 1],
  ['wire-20000', 200, 0, 20_000],
];

const paces: readonly Case[] = PACES.map(
  ([name, latencyCycles, stallPermille, wireCycles]): Case => ({
    id: `esp/pace-${name}`,
    title: `memory of ${latencyCycles} cycles, pausing ${stallPermille} ‰, wire of ${wireCycles} cycles: times change, packets do not`,
    checks: 'bus contract: any latency, any pause',
    parameters: { latencyCycles, stallPermille, wireCycles },
    isRandom: true,
    async run(c) {
      const options = {
        memory: { latencyCycles, stallPermille },
        wire: { latencyCycles: wireCycles },
      };
      const r = await flow(c, options, { packets: PACKETS, size: 'imix', duplex: true });
      expectAll(c, r, 2 * PACKETS);
      expectOffloaded(c, r, 2 * PACKETS);
    },
  }),
);

/** What a sender with the right key may do wrong at the end of the text. */
const BAD_ENDS: readonly [string, (text: Uint8Array) => void][] = [
  ['first byte', (text) => (text[text.length - 4] = 9)],
  ['last byte', (text) => (text[text.length - 3] = 0)],
  ['longer than the text', (text) => (text[text.length - 2] = 255)],
];

const padding: readonly Case[] = [false, true].map(
  (inSoftware): Case => ({
    id: `esp/padding-wrong-${inSoftware ? 'software' : 'card'}`,
    title: `padding that is not 1, 2, or too long, opened by ${inSoftware ? 'software' : 'the card'}: dropped under a name`,
    checks: 'RFC 4303 §2.4: "the receiver SHOULD inspect the Padding field"',
    parameters: { inSoftware },
    async run(c) {
      const kept = await keep(c, { window: 32 }, 1);
      if (inSoftware) kept.withoutCard();
      const [good] = kept.frames;
      for (const [i, [what, change]] of BAD_ENDS.entries()) {
        kept.frames.push(resealed(good!, keyOf(c), 10 + i, change));
        await kept.deliver([1 + i]);
        c.equal(`esp.badPad, padding: ${what}`, kept.count('esp.badPad'), 1 + i);
      }
      c.equal('packets taken', kept.heard, []);
      await kept.deliver([0]);
      c.equal('the good one', kept.heard, [0]);
      await c.finish(kept.world);
    },
  }),
);

const icvRoom: Case = {
  id: 'esp/icv-room-zeros',
  title: 'what goes to the card has zeros where its ICV will be, and nothing of an earlier packet',
  checks: 'pact: room for the ICV, zeros at the packet’s very end',
  async run(c) {
    const world = await c.world({ mode: 'transport' });
    const { nic, mbufs } = world.hosts[0]!;
    const transmit = nic.transmit.bind(nic);
    let dirty = 0;
    nic.transmit = (m) => {
      const end = mbufs.off[m]! + mbufs.len[m]!;
      if (mbufs.data.subarray(end - 16, end).some((byte) => byte !== 0)) dirty++;
      return transmit(m);
    };
    await world.flow(0, { packets: 40, size: 'imix' });
    expectOffloaded(c, await c.finish(world), 40);
    c.equal('rooms that are not zeros', dirty, 0);
  },
};

export const ESP: readonly Case[] = [
  ...matrix,
  ...duplex,
  ...gateways,
  ...bySoftware,
  ...families,
  ...offloadOff,
  ...cut,
  ...paces,
  ...padding,
  icvRoom,
];
