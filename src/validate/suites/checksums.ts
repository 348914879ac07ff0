// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import { Rng } from '../../kern/rng.ts';
import { type BarePair, barePair, CTRL, codes, SA, SA_ROW } from '../bare_pair.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { type EspShape, espClear, espSealed, hex, placesOf, plainFrame } from '../frames.ts';
import * as P from '../inner_packets.ts';

/** Sums of TCP and UDP inside ESP, made by one bare card and looked at by another. */

type Summed = EspShape & { readonly payload: Uint8Array };

const pair = (c: CaseRun): Promise<BarePair> => barePair(c, R.CAPS_CSUM, CTRL | R.CTRL_RX_CSUM);

const FORMS = ['transport', 'tunnel4', 'tunnel6'] as const;

/** Packet number seq of this form, to card b. */
function packet(form: (typeof FORMS)[number], seq: number, rng: Rng): Summed {
  const proto = rng.below(2) === 0 ? P.TCP : P.UDP;
  const lenBytes = 20 + rng.below(seq % 8 === 7 ? 6000 : 300);
  const shape = { proto, lenBytes, seed: rng.below(65536) };
  const esp = { to: 1, spi: SA.spi, seq, vlan: rng.below(4) === 0 };
  if (form === 'tunnel4') return P.around(P.inner4(shape), P.IPV4, esp);
  if (form === 'tunnel6') return P.around(P.inner6(shape), P.IPV6, esp);
  return P.around(P.l4(proto, lenBytes, P.OUTER4, shape.seed), proto, esp);
}

/** Injects frames to card b one by one: of each, does it promise that the sum is right? */
function verdicts(c: CaseRun, p: BarePair, frames: readonly Uint8Array[], rng: Rng): boolean[] {
  return frames.map((frame) => {
    p.supply([9018], rng);
    p.b.flush();
    p.world.run(0);
    p.world.inject(1, frame, 0);
    p.settle();
    const done = p.b.received();
    const seen = done.map(({ status }) => status & (R.CPL_CODE_MASK | R.CPL_SECP));
    c.equal('codes', seen, [R.CPL_SECP]);
    return (done[0]!.status & R.CPL_L4_OK) !== 0;
  });
}

const forms: readonly Case[] = FORMS.flatMap((form) => [
  {
    id: `rings/csum-tx-${form}`,
    title: `${form}: the card puts the sum of TCP and UDP in, then encrypts`,
    checks: 'RFC 1071; descriptor contract: TXD_CSUM',
    parameters: { form },
    isRandom: true,
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      for (let n = 0; n < 24; n++) {
        const shape = packet(form, n, rng);
        const { clear, csum } = P.leftToCard(shape);
        const espOffset = placesOf(shape).esp;
        const flags = R.TXD_IPSEC | R.TXD_CSUM;
        const pieces = p.pieces(clear, [clear.length], rng);
        p.a.postFrame(pieces, { flags, saIdx: SA_ROW, espOffset, csum, cookie: n });
        const buffers = p.supply([9018], rng);
        p.settle();
        c.equal(`frame ${n} sent`, codes(p.a.sent()), [[n, R.CODE_OK]]);
        const done = p.b.received();
        const opened = espClear(shape).subarray(0, -16);
        const got = p.received(done, buffers).subarray(0, opened.length);
        c.equal(`frame ${n}`, hex([got]), hex([opened]));
        c.ok((done[0]!.status & R.CPL_L4_OK) !== 0, 'the receiver finds it right');
      }
    },
  },
  {
    id: `rings/csum-rx-${form}`,
    title: `${form}: a right sum is found right, one with a wrong bit under it is not`,
    checks: 'RFC 768, RFC 9293 §3.1; register contract: CTRL_RX_CSUM, CPL_L4_OK',
    parameters: { form },
    isRandom: true,
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      for (let n = 0; n < 16; n++) {
        const good = packet(form, n, rng);
        const payload = good.payload.slice();
        const from = { transport: 0, tunnel4: 12, tunnel6: 8 }[form];
        payload[from + rng.below(payload.length - from)]! ^= 1 << rng.below(8);
        const frames = [good, { ...good, payload }].map((shape) => espSealed(shape, SA));
        c.equal(`frame ${n}, and damaged`, verdicts(c, p, frames, rng), [true, false]);
      }
    },
  },
]);

export const CHECKSUMS: readonly Case[] = [
  ...forms,
  {
    id: 'rings/csum-unknown',
    title: 'of what the card does not know it promises nothing: fragments, options, ICMP, lengths',
    checks: 'register contract: CPL_L4_OK; fail closed',
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      const esp = { to: 1, spi: SA.spi, seq: 1 };
      const udp = { proto: P.UDP, lenBytes: 64, seed: 5 };
      const transport = P.l4(P.UDP, 64, P.OUTER4, 7);
      const unknown = [
        P.around(transport, P.UDP, { ...esp, optionWords: 1 }),
        P.around(P.inner4({ ...udp, options: 1 }), P.IPV4, esp),
        P.around(P.inner4({ ...udp, fragment: 0x2000 }), P.IPV4, esp),
        P.around(P.inner4({ ...udp, fragment: 8 }), P.IPV4, esp),
        P.around(P.inner4({ ...udp, longer: 4 }), P.IPV4, esp),
        P.around(P.inner6({ ...udp, longer: -4 }), P.IPV6, esp),
        P.around(P.inner4(udp), P.IPV4, { ...esp, pad: 6 }),
        P.around(P.l4(1, 64, P.OUTER4, 7), 1, esp),
        P.around(P.inner4({ ...udp, proto: 1 }), P.IPV4, esp),
      ];
      const frames = unknown.map((shape) => espSealed(shape, SA));
      c.equal('promises', verdicts(c, p, frames, rng), new Array(frames.length).fill(false));
      const known = espSealed(P.around(transport, P.UDP, esp), SA);
      c.equal('and of what it knows', verdicts(c, p, [known], rng), [true]);
    },
  },
  {
    id: 'rings/csum-off',
    title: 'unless software asked for it, nothing is said of sums',
    checks: 'register contract: CTRL_RX_CSUM',
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await barePair(c, R.CAPS_CSUM);
      const frame = espSealed(packet('tunnel4', 1, rng), SA);
      c.equal('promise', verdicts(c, p, [frame], rng), [false]);
    },
  },
  {
    id: 'rings/csum-place',
    title: 'a field outside of what is summed, or a sum past the frame: BAD_LEN, nothing is sent',
    checks: 'descriptor contract: TXD_CSUM; fail closed',
    needsOwnRegisters: true,
    async run(c) {
      const rng = new Rng(c.seed);
      const p = await pair(c);
      const frame = plainFrame(1, 60, 1);
      const [piece] = p.pieces(frame, [60], rng);
      const bad = [
        [20, 18, 40],
        [20, 39, 40],
        [20, 24, 61],
        [70, 72, 80],
      ] as const;
      for (const [cookie, csum] of bad.entries()) p.a.post(piece!, R.TXD_CSUM, { csum, cookie });
      p.a.post(piece!, 0, { cookie: 9 });
      const buffers = p.supply([9018, 9018], rng);
      p.settle();
      const refused = bad.map((_, i) => [i, R.CODE_BAD_LEN]);
      c.equal('completions', codes(p.a.sent()), [...refused, [9, R.CODE_OK]]);
      c.equal('what arrived', hex([p.received(p.b.received(), buffers)]), hex([frame]));
    },
  },
];
