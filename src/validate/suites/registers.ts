// SPDX-License-Identifier: BSD-2-Clause
import { BusError, type NicBus } from '../../dev/nic/nic_bus.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import { IFF_PROMISC, IFF_UP } from '../../net/ifnet.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { espClear, espSealed, hex, plainFrame, testSa } from '../frames.ts';
import { install } from '../offload_frames.ts';
import { macOf, type Rig } from '../rig.ts';

const CONTRACT = 'register contract (src/dev/nic/nic_regs.ts)';

/** The message of the bus error that an access must end in. */
export function busError(c: CaseRun, what: string, access: () => void): BusError {
  try {
    access();
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  return c.fail(`${what}: a bus error was expected`);
}

/** What registers hold when a card has come out of reset. */
const AFTER_RESET: readonly [string, number, number][] = [
  ['ID', R.REG_ID, R.ID_VALUE],
  ['VERSION', R.REG_VERSION, R.VERSION_VALUE],
  ['CAPS', R.REG_CAPS, R.CAPS_VALUE],
  ['CTRL', R.REG_CTRL, 0],
  ['MAX_FRAME', R.REG_MAX_FRAME, R.MAX_FRAME_DEFAULT],
  ['EIMS', R.REG_EIMS, 0],
  ...(['TX', 'RX', 'TXC', 'RXC'] as const).flatMap((name): [string, number, number][] => {
    const base = { TX: R.RING_TX, RX: R.RING_RX, TXC: R.RING_TXC, RXC: R.RING_RXC }[name];
    return [
      [`${name}.CTRL`, base + R.RING_CTRL, 0],
      [`${name}.HEAD`, base + R.RING_HEAD, 0],
      [`${name}.TAIL`, base + R.RING_TAIL, 0],
    ];
  }),
];

const afterReset: readonly Case[] = AFTER_RESET.map(
  ([name, offset, value]): Case => ({
    id: `registers/reset-${name.toLowerCase().replace(/[._]/g, '-')}`,
    title: `${name} is 0x${value.toString(16)} after reset, also after use`,
    checks: CONTRACT,
    parameters: { offset },
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig({ attach: false, options: { maxFrameBytes: 2000 } });
      const bus = rig.world.buses[0]!;
      c.equal('before first use', bus.readReg(offset), value);
      rig.a.nic.attach();
      rig.b.nic.attach();
      for (let i = 0; i < 5; i++) {
        rig.a.send(plainFrame(1, 100, i));
        rig.b.send(plainFrame(0, 100, i));
      }
      rig.settle();
      rig.a.nic.detach();
      c.equal('after RESET', bus.readReg(offset), value);
      rig.a.nic.attach();
    },
  }),
);

/** Registers that hold what is written: bits that can be set. */
const HOLD: readonly [string, number, number][] = [
  ['MAC_LO', R.REG_MAC_LO, 0xffffffff],
  ['MAC_HI', R.REG_MAC_HI, 0xffff],
  ['MAX_FRAME', R.REG_MAX_FRAME, 0x1fff],
  ['ITR', R.REG_ITR, 0xffffffff],
  ['NATT_PORT', R.REG_NATT_PORT, 0xffff],
  ['TX.BASE_LO', R.RING_TX + R.RING_BASE_LO, 0xffffffc0],
  ['TX.BASE_HI', R.RING_TX + R.RING_BASE_HI, 0xffffffff],
];

const held: readonly Case[] = HOLD.map(
  ([name, offset, mask]): Case => ({
    id: `registers/holds-${name.toLowerCase().replace(/[._]/g, '-')}`,
    title: `${name} reads back what was written to it`,
    checks: CONTRACT,
    parameters: { offset },
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig({ attach: false });
      const bus = rig.world.buses[0]!;
      for (const value of [0x00000040, 0x55555555, 0xaaaaaaaa, 0x00000fc0]) {
        const wanted = (value & mask) >>> 0;
        bus.writeReg(offset, wanted);
        c.equal(`0x${wanted.toString(16)}`, bus.readReg(offset), wanted);
      }
      for (const host of rig.hosts) host.nic.attach();
    },
  }),
);

/** Addresses where there is nothing. */
const NOWHERE: readonly [string, number][] = [
  ['behind-queues', R.REG_QUEUES + 4],
  ['behind-itr', R.REG_ITR + 4],
  ['behind-ring', R.RING_TX + R.RING_TAIL + 4],
  ['in-sa-window', R.SA_TX + 0x0c],
  ['behind-statistics', R.STATS + 4 * R.STAT_NAMES.length],
  ['far-away', 0x0f00],
];

const nowhere: readonly Case[] = NOWHERE.map(
  ([name, offset]): Case => ({
    id: `registers/nowhere-${name}`,
    title: `0x${offset.toString(16)} is no register: a bus error by read and by write, and the next access works`,
    checks: 'AMBA AXI4-Lite: an error response; register contract',
    parameters: { offset },
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      const bus = rig.world.buses[0]!;
      c.equal('kind', busError(c, 'read', () => bus.readReg(offset)).kind, 'bus');
      c.equal('ID behind the read', bus.readReg(R.REG_ID), R.ID_VALUE);
      bus.writeReg(offset, 1);
      c.equal('kind', busError(c, 'write', () => rig.world.run(200)).kind, 'bus');
      c.equal('ID behind the write', bus.readReg(R.REG_ID), R.ID_VALUE);
    },
  }),
);

/** Frames that one statistics register must count: sent by host 0, or put on the wire to card 1. */
interface Counted {
  readonly name: R.StatName;
  readonly sent?: readonly Uint8Array[];
  readonly arriving?: readonly Uint8Array[];
  /** Card 1 has an SA for them. */
  readonly spi?: number;
}

const COUNTED: readonly Counted[] = [
  { name: 'txFrames', sent: [1, 2, 3].map((n) => plainFrame(1, 64, n)) },
  { name: 'rxFrames', arriving: [1, 2].map((n) => plainFrame(1, 64, n)) },
  { name: 'rxFiltered', arriving: [plainFrame(5, 64, 1)] },
  { name: 'rxLenBad', arriving: [short(13), short(9019)] },
  { name: 'rxNoSa', arriving: [sealed(0x77)] },
  { name: 'rxIpsecOk', arriving: [sealed(5)], spi: 5 },
  { name: 'rxIcvBad', arriving: [spoilt(5), spoilt(5)], spi: 5 },
];

function short(lenBytes: number): Uint8Array {
  return plainFrame(1, Math.max(14, lenBytes), 1).subarray(0, lenBytes);
}

function sealed(spi: number): Uint8Array {
  return espSealed({ to: 1, spi, seq: 1, payloadBytes: 40 }, testSa('in', spi));
}

function spoilt(spi: number): Uint8Array {
  const frame = sealed(spi);
  frame[60]! ^= 1;
  return frame;
}

const statistics: readonly Case[] = COUNTED.map(
  ({ name, sent = [], arriving = [], spi }): Case => ({
    id: `registers/counts-${name.toLowerCase()}`,
    title: `the statistics register ${name} counts its frames, and others do not`,
    checks: CONTRACT,
    parameters: { name },
    async run(c) {
      const rig = await c.ownRig();
      if (spi !== undefined) install(rig.b, testSa('in', spi));
      for (const frame of sent) rig.a.send(frame);
      for (const frame of arriving) rig.inject(1, frame, 0);
      rig.settle();
      const stats = rig[sent.length > 0 ? 'a' : 'b'].nic.stats();
      c.equal(name, stats[name], sent.length + arriving.length);
      // A frame of ESP is a frame, too.
      const quiet = R.STAT_NAMES.filter((other) => other !== name && other !== 'rxFrames');
      c.equal(
        'others that moved',
        quiet.filter((other) => stats[other] !== 0),
        [],
      );
    },
  }),
);

/** A descriptor for an ESP frame, written behind the driver's back. */
function postBehind(rig: Rig, saIdx: number, spi: number): void {
  const frame = espClear({ to: 1, spi, seq: 1, payloadBytes: 64 });
  const at = 0x200000;
  rig.world.arena.set(frame, at);
  const words = new Uint32Array(rig.world.arena.buffer, rig.world.arena.byteOffset, 8);
  const lenFlags = (frame.length - 16) | (R.TXD_IPSEC << 16);
  words.set([at, 0, lenFlags, saIdx | (34 << 16), 0, 7, 0, 0]);
  rig.world.buses[0]!.writeReg(R.RING_TX + R.RING_TAIL, 1);
}

function keyWords(bus: NicBus, window: number): number[] {
  const at = [R.SA_SALT, ...Array.from({ length: 8 }, (_, i) => R.SA_KEY0 + 4 * i)];
  return at.map((offset) => bus.readReg(window + offset));
}

const keys: readonly Case[] = [R.SA_TX, R.SA_RX].map((window): Case => {
  const name = window === R.SA_TX ? 'transmit' : 'receive';
  return {
    id: `registers/keys-write-only-${name}`,
    title: `keys and salt of the ${name} window read 0, before and after they are committed`,
    checks: 'register contract: keys are write-only',
    parameters: { window },
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      const bus = rig.world.buses[0]!;
      for (let at = R.SA_SALT; at < R.SA_SPI; at += 4) {
        if (at !== 0x0c) bus.writeReg(window + at, 0xdeadbeef);
      }
      c.equal('before', keyWords(bus, window), new Array(9).fill(0));
      bus.writeReg(window + R.SA_CTRL, R.SA_VALID);
      bus.writeReg(window + R.SA_IDX, (5 | R.SA_WRITE) >>> 0);
      rig.world.run(20);
      c.equal('IDX behind the commit', bus.readReg(window + R.SA_IDX), 0);
      c.equal('after', keyWords(bus, window), new Array(9).fill(0));
    },
  };
});

const rest: readonly Case[] = [
  {
    id: 'registers/attach',
    title: 'attach brings a card up with its address; detach gives every mbuf back',
    checks: 'driver contract',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      const bus = rig.world.buses[1]!;
      c.equal('MAC_LO', bus.readReg(R.REG_MAC_LO), 0x00000002);
      c.equal('MAC_HI', bus.readReg(R.REG_MAC_HI), 0x0200);
      c.ok((rig.b.nic.flags & IFF_UP) !== 0, 'the interface is up');
      c.equal('mbufs in the receive ring', rig.b.pool.inUse, 64);
      rig.b.nic.detach();
      c.equal('mbufs after detach', rig.b.pool.inUse, 0);
      c.equal('CTRL after detach', bus.readReg(R.REG_CTRL), 0);
      rig.b.nic.attach();
    },
  },
  {
    id: 'registers/keys-used-once',
    title: 'a commit zeroes the key registers: the next one without a key installs zeros',
    checks: 'register contract: no key is left behind',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      const sa = testSa('out', 0xc00);
      install(rig.a, sa);
      const bus = rig.world.buses[0]!;
      bus.writeReg(R.SA_TX + R.SA_CTRL, R.SA_VALID);
      bus.writeReg(R.SA_TX + R.SA_IDX, (9 | R.SA_WRITE) >>> 0);
      postBehind(rig, 9, sa.spi);
      rig.settle();
      const zeros = { ...sa, key: new Uint8Array(16), salt: new Uint8Array(4) };
      const wanted = espSealed({ to: 1, spi: sa.spi, seq: 1, payloadBytes: 64 }, zeros);
      c.equal('frame', hex(rig.b.received.map((r) => r.bytes)), hex([wanted]));
      rig.a.nic.detach();
      rig.a.nic.attach();
    },
  },
  {
    id: 'registers/reset-scrubs-sas',
    title: 'RESET scrubs the SA tables: an SA from before encrypts nothing afterwards',
    checks: 'register contract: CTRL.RESET',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      const sa = testSa('out', 0xb00);
      const cardSa = install(rig.a, sa);
      rig.world.run(100);
      rig.a.nic.detach();
      rig.a.nic.attach();
      postBehind(rig, cardSa, sa.spi);
      rig.world.run(3000);
      c.figures('statistics', rig.a.nic.stats(), { txFrames: 0, txIpsec: 0, txDrop: 1 });
      rig.a.nic.detach();
      rig.a.nic.attach();
    },
  },
  {
    id: 'registers/tx-rx-disabled',
    title: 'TX_EN and RX_EN off: nothing leaves, nothing comes in; on again, it goes on',
    checks: CONTRACT,
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      for (const bus of rig.world.buses) bus.writeReg(R.REG_CTRL, 0);
      const frame = plainFrame(1, 100, 1);
      rig.a.send(frame);
      rig.inject(1, plainFrame(1, 100, 2), 0);
      rig.settle();
      c.equal('frames received', rig.b.received.length, 0);
      c.equal('descriptors out', rig.a.nic.txOutstanding, 1);
      for (const bus of rig.world.buses) bus.writeReg(R.REG_CTRL, R.CTRL_TX_EN | R.CTRL_RX_EN);
      rig.settle();
      c.equal('frames then', hex(rig.b.received.map((r) => r.bytes)), hex([frame]));
    },
  },
  {
    id: 'registers/ipsec-rx-disabled',
    title: 'IPSEC_RX_EN off: ESP is delivered as it came, and the completion says that it is ESP',
    checks: CONTRACT,
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.ownRig();
      install(rig.b, testSa('in', 0x63));
      rig.world.buses[1]!.writeReg(R.REG_CTRL, R.CTRL_TX_EN | R.CTRL_RX_EN);
      const frame = sealed(0x63);
      rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames', hex(rig.b.received.map((r) => r.bytes)), hex([frame]));
      const status = R.CPL_ESP_SEEN | (34 << 8);
      c.equal('completions', rig.b.completions, [[1, frame.length, status, R.NO_SA_IDX]]);
    },
  },
  {
    id: 'registers/address-filter',
    title: 'frames for another station are filtered; broadcast, multicast and PROMISC are not',
    checks: 'IEEE 802.3 §4.2.9',
    async run(c) {
      const rig = await c.ownRig();
      const to = (mac: Uint8Array, seed: number): Uint8Array => {
        const frame = plainFrame(1, 64, seed);
        frame.set(mac);
        return frame;
      };
      const group = Uint8Array.of(1, 0, 0x5e, 0, 0, 1);
      const taken = [to(macOf(1), 1), to(new Uint8Array(6).fill(255), 2), to(group, 3)];
      const other = to(macOf(6), 4);
      for (const frame of [...taken, other]) rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames', hex(rig.b.received.map((r) => r.bytes)), hex(taken));
      rig.b.nic.flags |= IFF_PROMISC;
      rig.world.run(100);
      rig.inject(1, other, 0);
      rig.settle();
      c.equal('the other one, PROMISC', hex([rig.b.received.at(-1)!.bytes]), hex([other]));
    },
  },
];

export const REGISTERS: readonly Case[] = [
  ...afterReset,
  ...held,
  ...nowhere,
  ...statistics,
  ...keys,
  ...rest,
];
