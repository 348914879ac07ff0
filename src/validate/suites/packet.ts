// SPDX-License-Identifier: BSD-2-Clause
import { CODE_OK, CODE_REPLAY, CODE_SEQ_END, CPL_CODE_MASK } from '../../dev/nic/nic_regs.ts';
import { addressOf, OUTER } from '../../harness/topology.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import type { OffloadSa } from '../../netipsec/pact.ts';
import type { Case } from '../case.ts';
import { ESP_DST6, type EspShape, espSealed, hex, pattern, testSa } from '../frames.ts';
import { inPieces, type Kept, keep } from '../kept_frames.ts';
import { install, openedOf, sendWhole } from '../offload_frames.ts';
import type { RigHost } from '../rig.ts';

/** Packet offload: the card makes ESP of packets, numbers them, keeps the window, takes ESP off. */

/** Payloads round the edges of words, AES blocks and bus beats. */
const SIZES = [
  ...Array.from({ length: 36 }, (_, i) => i + 1),
  ...[62, 63, 64, 65, 66, 126, 127, 128, 129, 1000, 1400, 1472, 8900],
];
const RINGS = { options: { log2Tx: 8, log2Rx: 8, log2Txc: 8, log2Rxc: 8 } };

const KINDS: readonly [string, string, Partial<OffloadSa>, Partial<EspShape>][] = [
  ['gcm-128', 'RFC 4303 §2; RFC 4106 §3, §6', {}, {}],
  ['gcm-256', 'RFC 4303 §2; RFC 4106 §3, §6', { key: pattern(32, 5) }, { optionWords: 2 }],
  ['gmac', 'RFC 4303 §2; RFC 4543 §3', { alg: 'aes-gmac' }, {}],
  ['ipv6', 'RFC 4303 §2, §3.1.1', { family: 6, dst: ESP_DST6 }, { family: 6 }],
  ['vlan', 'RFC 4303 §2; IEEE 802.1Q', {}, { vlan: true }],
];

function whole(direction: 'in' | 'out', spi: number, more: Partial<OffloadSa> = {}): OffloadSa {
  return testSa(direction, spi, { mode: 'packet', replayPackets: 128, ...more });
}

function codesOf(host: RigHost, ring: 0 | 1): number[] {
  return host.completions.filter((c) => c[0] === ring).map((c) => c[2] & CPL_CODE_MASK);
}

const built: readonly Case[] = KINDS.map(
  ([name, checks, sa, more]): Case => ({
    id: `packet/built-${name}`,
    title: `${name}, payloads of 1..8900 bytes: header, number, IV, padding and trailer are on the wire as software makes them`,
    checks,
    parameters: { name },
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const out = whole('out', 0x901, sa);
      const cardSa = install(rig.a, out);
      const shapes = SIZES.map((payloadBytes, i) => ({
        ...{ to: 1, spi: out.spi, seq: i + 1, payloadBytes },
        ...more,
      }));
      for (const s of shapes) c.equal('errno', sendWhole(rig.a, s, out, cardSa), 0);
      rig.settle();
      const sealed = shapes.map((s) => espSealed(s, out));
      c.equal('on the wire', hex(rig.b.received.map((r) => r.bytes)), hex(sealed));
      c.equal('allocations for the hand-over', rig.a.nic.handoverAllocs, 0);
    },
  }),
);

const opened: readonly Case[] = KINDS.map(
  ([name, checks, sa, more]): Case => ({
    id: `packet/opened-${name}`,
    title: `${name}, payloads of 1..8900 bytes: ESP header, padding, trailer and ICV come off, and the report says what was inside`,
    checks,
    parameters: { name },
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const into = whole('in', 0x902, sa);
      install(rig.b, into);
      const shapes = SIZES.map((payloadBytes, i) => ({
        ...{ to: 1, spi: into.spi, seq: i + 1, payloadBytes },
        ...more,
      }));
      for (const s of shapes) rig.inject(1, espSealed(s, into), 0);
      rig.settle();
      c.equal('handed up', hex(rig.b.received.map((r) => r.bytes)), hex(shapes.map(openedOf)));
      for (const { report } of rig.b.received)
        c.figures('report', report ?? {}, { spi: into.spi, next: 17 });
    },
  }),
);

const PADS = [0, 1, 3, 7, 12, 13, 14, 15, 16, 31, 32, 100, 240, 254, 255];

const card: readonly Case[] = [
  {
    id: 'packet/numbers-end',
    title: 'the last number is given once, then packets are refused: the counter never cycles',
    checks: 'RFC 4303 §3.3.3',
    async run(c) {
      const rig = await c.ownRig();
      const sa = whole('out', 0x903, { sentSeq: 0xffff_fffd });
      const cardSa = install(rig.a, sa);
      const shape = { to: 1, spi: sa.spi, seq: 0, payloadBytes: 60, seed: 1 };
      for (let i = 0; i < 4; i++) sendWhole(rig.a, shape, sa, cardSa);
      rig.settle();
      const wanted = [0xffff_fffe, 0xffff_ffff].map((seq) => espSealed({ ...shape, seq }, sa));
      c.equal('on the wire', hex(rig.b.received.map((r) => r.bytes)), hex(wanted));
      c.equal('completions', codesOf(rig.a, 0), [CODE_OK, CODE_OK, CODE_SEQ_END, CODE_SEQ_END]);
    },
  },
  {
    id: 'packet/numbers-esn',
    title: 'ESN: the counter goes over into the high half, in IV and ICV',
    checks: 'RFC 4303 §2.2.1; RFC 4106 §5',
    async run(c) {
      const rig = await c.ownRig();
      const sa = whole('out', 0x904, { esn: true, sentSeq: 5 * 2 ** 32 - 2 });
      const cardSa = install(rig.a, sa);
      const shape = { to: 1, spi: sa.spi, seq: 0, payloadBytes: 61, seed: 1 };
      for (let i = 0; i < 3; i++) sendWhole(rig.a, shape, sa, cardSa);
      rig.settle();
      const wanted = [
        [4, 0xffff_ffff],
        [5, 0],
        [5, 1],
      ].map(([seqHi, seq]) => espSealed({ ...shape, seq: seq!, seqHi: seqHi! }, sa, seqHi));
      c.equal('on the wire', hex(rig.b.received.map((r) => r.bytes)), hex(wanted));
    },
  },
  {
    id: 'packet/window-twice',
    title: 'copies back to back, each in the card before the other has its verdict: one is taken',
    checks: 'RFC 4303 §3.4.3',
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const into = whole('in', 0x905);
      install(rig.b, into);
      for (let seq = 1; seq <= 20; seq++)
        for (let i = 0; i < 3; i++)
          rig.inject(1, espSealed({ to: 1, spi: into.spi, seq, payloadBytes: 4 * seq }, into), 0);
      rig.settle();
      const wanted = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? CODE_OK : CODE_REPLAY));
      c.equal('completions', codesOf(rig.b, 1), wanted);
      c.figures('statistics', rig.b.nic.stats(), { rxReplay: 40, rxIpsecOk: 20 });
    },
  },
  {
    id: 'packet/window-edge',
    title: 'a window of 64: its last number is taken, the one left of it is too old; 0 never was',
    checks: 'RFC 4303 §3.3.3, §3.4.3, Appendix A',
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const into = whole('in', 0x909, { replayPackets: 64 });
      install(rig.b, into);
      const order = [0, 100, 37, 36, 37, 99, 164, 101, 100, 0, 500, 437, 436, 438, 500];
      for (const seq of order)
        rig.inject(1, espSealed({ to: 1, spi: into.spi, seq, payloadBytes: 50 }, into), 0);
      rig.settle();
      const taken = [100, 37, 99, 164, 101, 500, 437, 438];
      const seen = new Set<number>();
      const wanted = order.map((seq) => {
        const isNew = taken.includes(seq) && !seen.has(seq);
        seen.add(seq);
        return isNew ? CODE_OK : CODE_REPLAY;
      });
      c.equal('completions', codesOf(rig.b, 1), wanted);
    },
  },
  {
    id: 'packet/window-forged',
    title: 'a forged packet with a high number does not move the window',
    checks: 'RFC 4303 §3.4.3',
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const into = whole('in', 0x906);
      install(rig.b, into);
      for (let seq = 1; seq <= 10; seq++) {
        const shape = { to: 1, spi: into.spi, payloadBytes: 40 };
        const forged = espSealed({ ...shape, seq: 100_000 * seq }, into);
        forged[forged.length - 1]! ^= 1;
        rig.inject(1, forged, 0);
        rig.inject(1, espSealed({ ...shape, seq }, into), 0);
      }
      rig.settle();
      c.equal('frames handed up', rig.b.received.length, 10);
      c.figures('statistics', rig.b.nic.stats(), { rxReplay: 0, rxIcvBad: 10 });
    },
  },
  {
    id: 'packet/padding-long',
    title: 'paddings of up to 255 bytes come off, also where they fill many beats',
    checks: 'RFC 4303 §2.4',
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const into = whole('in', 0x907);
      install(rig.b, into);
      const shapes = PADS.map((pad, i) => ({
        ...{ to: 1, spi: into.spi, seq: i + 1, pad },
        payloadBytes: (-(pad + 2) & 3) + 4 * (i % 6),
      }));
      for (const s of shapes) rig.inject(1, espSealed(s, into), 0);
      rig.settle();
      c.equal('handed up', hex(rig.b.received.map((r) => r.bytes)), hex(shapes.map(openedOf)));
    },
  },
  {
    id: 'packet/padding-wrong',
    title:
      'padding that is not 1, 2, 3 … in one byte, or longer than the text: nothing is handed up',
    checks: 'RFC 4303 §2.4',
    async run(c) {
      const rig = await c.ownRig(RINGS);
      const into = whole('in', 0x908);
      install(rig.b, into);
      let seq = 0;
      for (const pad of PADS)
        for (const wrongPad of new Set([1, (pad + 1) >> 1, pad])) {
          if (pad === 0) continue;
          const payloadBytes = -(pad + 2) & 3;
          const shape = { to: 1, spi: into.spi, seq: ++seq, payloadBytes, pad, wrongPad };
          rig.inject(1, espSealed(shape, into), 0);
        }
      const long = { to: 1, spi: into.spi, seq: ++seq, payloadBytes: 2, pad: 0, padLength: 3 };
      rig.inject(1, espSealed(long, into), 0);
      rig.settle();
      c.equal('frames handed up', rig.b.received.length, 0);
      c.equal('nic.rxBadPad', rig.b.count('nic.rxBadPad'), seq);
      c.figures('statistics', rig.b.nic.stats(), { rxBadPad: seq });
    },
  },
];

const WORLDS: readonly [string, WorldOptions][] = [
  ['transport', { mode: 'transport' }],
  ['tunnel', { mode: 'tunnel' }],
  ['transport-v6', { mode: 'transport', outer: 6 }],
  ['tunnel-v4-in-v6', { mode: 'tunnel', inner: 4, outer: 6 }],
  ['tunnel-v6-in-v4', { mode: 'tunnel', inner: 6, outer: 4 }],
  ['gcm-256', { mode: 'tunnel', alg: 'aes-gcm-256' }],
];

const worlds: readonly Case[] = WORLDS.map(
  ([name, options]): Case => ({
    id: `packet/world-${name}`,
    title: `${name}: two hosts leave all of ESP to their cards, one tag each way`,
    checks: 'RFC 4303 §3.3, §3.4; packet offload of the pact',
    parameters: { name },
    needsOwnRegisters: true,
    async run(c) {
      const world = await c.world({ ...options, offload: 'packet' });
      await world.duplex({ packets: 60, size: 'imix' });
      const r = await c.finish(world);
      c.figures('packets', r.packets, {
        ...{ delivered: 120, offloadedTx: 120, offloadedRx: 120, software: 0 },
      });
      c.figures('tags', r.tags, { txAllocsPerPacket: 1, rxAllocsPerPacket: 1, handoverAllocs: 0 });
      c.equal('not offloaded', r.notOffloaded, []);
    },
  }),
);

/** Cycles in which posted register writes reach the card. */
const WRITTEN = 500;

/** Numbers of packets that were kept, put on the wire in front of a receiver under packet offload. */
async function kept(c: Parameters<Case['run']>[0], packets: number): Promise<Kept> {
  const k = await keep(c, { window: 128 }, packets);
  const { ipsec, nic } = k.world.hosts[1]!;
  const [sa] = ipsec.sadb.list().filter((s) => s.direction === 'in' && s.spi === 0x3001);
  ipsec.offloads.remove(sa!);
  Object.assign(sa!, { offload: 'packet' });
  ipsec.offloads.reinstall(sa!);
  k.world.step(WRITTEN);
  c.ok(sa!.inPacket && ipsec.offloads.cardSa(sa!, nic.index) >= 0, 'the card has the SA whole');
  return k;
}

const handed: readonly Case[] = [
  {
    id: 'packet/back-out',
    title: 'the sender’s card leaves and comes back under traffic: numbers go on, none comes twice',
    checks: 'RFC 4303 §3.3.3; RFC 4106 §3.1: one numberer per SA',
    needsOwnRegisters: true,
    async run(c) {
      const world = await c.world({ mode: 'transport', offload: 'packet' });
      const [alice] = world.hosts;
      for (let turn = 0; turn < 3; turn++) {
        await world.flow(0, { packets: 20, size: 300 });
        alice!.ipsec.detachOffload(alice!.nic);
        await world.flow(0, { packets: 10, size: 300 });
        alice!.ipsec.attachOffload(alice!.nic, alice!.nic.sa);
      }
      const r = await c.finish(world);
      c.figures('packets', r.packets, { delivered: 90, offloadedTx: 60 });
    },
  },
  {
    id: 'packet/back-too-big',
    title: 'a packet that needs fragments is software’s, so the card hands its state back first',
    checks: 'RFC 4303 §3.3.4; fail closed',
    needsOwnRegisters: true,
    async run(c) {
      const world = await c.world({ mode: 'transport', mtu: 1500, offload: 'packet' });
      await world.flow(0, { packets: 20, size: 500 });
      await world.flow(0, { packets: 3, size: 3000 });
      await world.flow(0, { packets: 20, size: 500 });
      const r = await c.finish(world);
      c.figures('packets', r.packets, { delivered: 43, offloadedTx: 20, dropped: 0 });
    },
  },
  {
    id: 'packet/back-in',
    title:
      'the receiver’s card leaves: what it has taken software does not take again, what is new it does',
    checks: 'RFC 4303 §3.4.3; the card hands its window back',
    needsOwnRegisters: true,
    async run(c) {
      const k = await kept(c, 60);
      const first = [0, 1, 2, 3, 10, 11, 12, 40];
      await k.deliver(first);
      c.equal('taken by the card', k.heard, first);
      c.equal('taken by software', k.count('esp.in') - k.count('nic.rxOffloaded'), 0);
      k.withoutCard();
      await k.deliver([...first, 4, 39, 41, 40, 41]);
      c.equal('taken in all', k.heard, [...first, 4, 39, 41]);
      c.equal('refused', k.count('esp.replay'), first.length + 2);
      await c.finish(k.world);
    },
  },
  {
    id: 'packet/back-fragment',
    title: 'a fragmented packet comes up encrypted: software asks the card for its window first',
    checks: 'RFC 4303 §3.4.1, §3.4.3',
    needsOwnRegisters: true,
    async run(c) {
      const k = await kept(c, 8);
      await k.deliver([0, 1, 2]);
      const pieces = [1, 3].flatMap((n) => inPieces(k.frames[n]!, n));
      for (const piece of pieces) k.world.sim.inject(1, piece, 1);
      await k.world.settle();
      await k.deliver([0, 3, 4]);
      c.equal('taken', k.heard, [0, 1, 2, 3, 4]);
      c.equal('refused by software', k.count('esp.replay'), 3);
      await c.finish(k.world);
    },
  },
  {
    id: 'packet/reset-in',
    title: 'a card that is reset has lost its windows: the SA takes nothing more (fail closed)',
    checks: 'RFC 4303 §3.4.3; a lost state is never guessed',
    needsOwnRegisters: true,
    async run(c) {
      const k = await kept(c, 12);
      await k.deliver([0, 1, 2, 3, 4]);
      k.world.hosts[1]!.nic.detach();
      k.withoutCard();
      k.world.hosts[1]!.attach();
      k.world.step(WRITTEN);
      await k.deliver([2, 7, 11]);
      c.equal('taken', k.heard, [0, 1, 2, 3, 4]);
      await c.finish(k.world);
    },
  },
  {
    id: 'packet/reset-out',
    title: 'a card that is reset under traffic: numbers go on behind all that it can have given',
    checks: 'RFC 4106 §3.1: no (key, IV) comes twice',
    needsOwnRegisters: true,
    async run(c) {
      const world = await c.world({ mode: 'transport', offload: 'packet' });
      const [alice, bob] = world.hosts;
      const client = alice!.udp().connect(addressOf(OUTER[1]), 4242);
      let got = 0;
      bob!
        .udp()
        .bind(0, 4242)
        .onMessage(() => got++);
      const send = (n: number): void => {
        for (let i = 0; i < n; i++) client.send(new Uint8Array(200));
      };
      send(20);
      world.step(300);
      alice!.detach();
      alice!.attach();
      send(20);
      await world.settle();
      c.between('packets that arrived', got, 20, 40);
      await c.finish(world);
    },
  },
];

export const PACKET: readonly Case[] = [...built, ...opened, ...card, ...worlds, ...handed];
