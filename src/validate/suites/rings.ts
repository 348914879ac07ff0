// SPDX-License-Identifier: BSD-2-Clause
import type { NicDriver } from '../../dev/nic/nic_driver.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import { EINVAL, EMSGSIZE, ENETDOWN, ENOBUFS } from '../../kern/errno.ts';
import { NO_MBUF } from '../../kern/mbuf.ts';
import type { Case } from '../case.ts';
import { hex, plainFrame } from '../frames.ts';
import type { Rig, RigHost } from '../rig.ts';

const SMALL = { log2Tx: 4, log2Rx: 4, log2Txc: 4, log2Rxc: 4 };

function receivedBy(host: RigHost<NicDriver>): string[] {
  return hex(host.received.map((r) => r.bytes));
}

const wraps: readonly Case[] = [4, 5, 6, 7].map(
  (log2): Case => ({
    id: `rings/wrap-${1 << log2}`,
    title: `rings of ${1 << log2} entries wrap four times, and the phase bits with them`,
    checks: 'descriptor contract: indices run on, the phase turns at each wrap',
    parameters: { log2 },
    async run(c) {
      const options = { log2Tx: log2, log2Rx: log2, log2Txc: log2, log2Rxc: log2 };
      const rig = await c.rig({ options });
      const sent: Uint8Array[] = [];
      for (let i = 0; i < 4 << log2; i++) {
        const frame = plainFrame(1, 60 + (i % 7), i);
        sent.push(frame);
        c.equal('errno of transmit', rig.a.send(frame), 0);
        if (i % 13 === 12) rig.settle();
      }
      rig.settle();
      c.equal('frames received', receivedBy(rig.b), hex(sent));
      const strange = rig.hosts.map((h) => h.count('nic.cookie') + h.count('nic.stray'));
      c.equal('completions of nothing that was posted', strange, [0, 0]);
    },
  }),
);

/** Few at a time, so that each place of the ring is once the first of a fetch. */
const batches: readonly Case[] = [1, 3].map(
  (count): Case => ({
    id: `rings/posted-${count}`,
    title: `descriptors posted ${count} at a time: each is read once, wherever its batch begins`,
    checks: 'descriptor contract: what lies between HEAD and TAIL is read once',
    parameters: { count },
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const sent = Array.from({ length: 33 * count }, (_, i) => plainFrame(1, 60 + i, i));
      for (const [i, frame] of sent.entries()) {
        c.equal('errno of transmit', rig.a.send(frame), 0);
        if (i % count !== count - 1) continue;
        rig.a.nic.flush();
        rig.world.run(1000);
        for (const { nic } of rig.hosts) nic.poll();
      }
      rig.settle();
      c.equal('frames received', receivedBy(rig.b), hex(sent));
    },
  }),
);

/** Each ring smaller than the others in turn: the others have to wait for it. */
const narrow: readonly Case[] = (['log2Tx', 'log2Rx', 'log2Txc', 'log2Rxc'] as const).map(
  (which): Case => ({
    id: `rings/narrow-${which.slice(4).toLowerCase()}`,
    title: `one short ring, ${which.slice(4)}, among longer ones: the card waits, and loses nothing`,
    checks: 'descriptor contract: a full ring is waited for',
    parameters: { which },
    async run(c) {
      const rig = await c.rig({ options: { [which]: 4 } });
      const sent = Array.from({ length: 14 }, (_, i) => plainFrame(1, 64 + i, i));
      for (let round = 0; round < 4; round++) {
        for (const frame of sent) c.equal('errno', rig.a.send(frame), 0);
        rig.settle();
      }
      const all = [...sent, ...sent, ...sent, ...sent];
      c.equal('frames received', receivedBy(rig.b), hex(all));
      c.equal('descriptors out', rig.a.nic.txOutstanding, 0);
    },
  }),
);

const LENGTHS: readonly [string, readonly number[]][] = [
  ['short', [14, 15, 16, 17, 31, 32, 33, 47, 48, 60]],
  ['beats', [63, 64, 65, 95, 96, 97, 127, 128, 129, 255, 256, 257]],
  ['mtu', [511, 512, 513, 1023, 1024, 1025, 1500, 1514, 1518]],
  ['pages', [4094, 4095, 4096, 4097, 4098, 8191, 8192, 8193]],
  ['jumbo', [8999, 9000, 9014, 9015, 9016, 9017, 9018]],
];

const lengths: readonly Case[] = LENGTHS.map(
  ([name, list]): Case => ({
    id: `rings/frames-${name}`,
    title: `frames of ${list[0]}..${list.at(-1)} bytes arrive byte for byte, in order, both ways`,
    checks: 'descriptor contract; IEEE 802.3 §3.2',
    parameters: { name },
    async run(c) {
      const rig = await c.rig();
      const out = list.map((n, i) => plainFrame(1, n, i));
      const back = list.map((n, i) => plainFrame(0, n, 1000 + i));
      for (let i = 0; i < list.length; i++) {
        c.equal('errno', [rig.a.send(out[i]!), rig.b.send(back[i]!)], [0, 0]);
      }
      rig.settle();
      c.equal('frames of a', receivedBy(rig.b), hex(out));
      c.equal('frames of b', receivedBy(rig.a), hex(back));
      const { length } = list;
      c.stats(rig.a, { txFrames: length, rxFrames: length, txDrop: 0 });
    },
  }),
);

/** Frames that lie across a border of 4 KiB: no burst may cross it. */
const borders: readonly Case[] = [1, 31, 33, 64, 100].map(
  (before): Case => ({
    id: `rings/page-border-${before}`,
    title: `data that begins ${before} bytes before a border of 4 KiB`,
    checks: 'AMBA AXI4 §A3.4.1: a burst does not cross 4 KiB',
    parameters: { before },
    async run(c) {
      const rig = await c.rig();
      const sent: Uint8Array[] = [];
      for (const lenBytes of [before + 1, before + 32, 1000, 5000].map((n) => Math.max(60, n))) {
        const frame = plainFrame(1, lenBytes, lenBytes);
        const m = rig.a.mbuf(new Uint8Array(0));
        const cluster = rig.a.pool.off[m]!;
        const border = (cluster + before + 4095) & ~4095;
        if (border - before + lenBytes > cluster + 9018) {
          rig.a.pool.free(m);
          continue;
        }
        rig.a.pool.off[m] = border - before;
        rig.a.pool.data.set(frame, border - before);
        rig.a.pool.len[m] = lenBytes;
        c.equal('errno', rig.a.nic.transmit(m), 0);
        sent.push(frame);
      }
      rig.settle();
      c.ok(sent.length > 1, 'frames were sent');
      c.equal('frames received', receivedBy(rig.b), hex(sent));
    },
  }),
);

/** Doorbells that no driver would ring. */
const FAR: readonly [string, number, number][] = [
  ['tx', R.RING_TX + R.RING_TAIL, 17],
  ['rx', R.RING_RX + R.RING_TAIL, 17],
  // Back by one: what the card was given it keeps.
  ['rx-back', R.RING_RX + R.RING_TAIL, 0xffff],
  ['txc', R.RING_TXC + R.RING_HEAD, 1],
  ['rxc', R.RING_RXC + R.RING_HEAD, 1],
];

const doorbells: readonly Case[] = FAR.map(
  ([name, offset, by]): Case => ({
    id: `rings/doorbell-${name}`,
    title: `an index of ${name.toUpperCase()} that cannot be is ignored and reported as an error`,
    checks: 'register contract: an index moves forward, at most one ring between HEAD and TAIL',
    parameters: { name },
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const bus = rig.world.buses[0]!;
      const was = bus.readReg(offset);
      bus.writeReg(offset, (was + by) & 0xffff);
      rig.world.run(100);
      c.equal('the index', bus.readReg(offset), was);
      c.ok((bus.readReg(R.REG_EICR) & R.IRQ_ERR) !== 0, 'EICR.ERR is set');
      rig.settle();
      c.ok(!rig.world.irq(0), 'the line falls when the driver has seen it');
      c.equal('nic.dmaErrors', rig.a.count('nic.dmaErrors'), 1);
      rig.a.send(plainFrame(1, 64, 1));
      rig.settle();
      c.equal('frames received then', rig.b.received.length, 1);
    },
  }),
);

/** Fills a host's pool; frames that come meanwhile are kept. */
function holdAll(host: RigHost<NicDriver>): number[] {
  const held: number[] = [];
  for (let m = host.pool.alloc(); m >= 0; m = host.pool.alloc()) held.push(m);
  return held;
}

function takeAgain(rig: Rig<NicDriver>, host: RigHost<NicDriver>, held: readonly number[]): void {
  for (const m of held) host.pool.free(m);
  rig.settle();
}

const rest: readonly Case[] = [
  {
    id: 'rings/tx-full',
    title: 'a full transmit ring refuses with ENOBUFS and counts; drained, it works again',
    checks: 'driver contract: transmit() never blocks',
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const results = Array.from({ length: 18 }, (_, i) => rig.a.send(plainFrame(1, 64, i)));
      c.equal('errnos', results, [...new Array(16).fill(0), ENOBUFS, ENOBUFS]);
      c.equal('nic.txRingFull', rig.a.count('nic.txRingFull'), 2);
      rig.settle();
      c.equal('frames received', rig.b.received.length, 16);
      c.equal('errno when drained', rig.a.send(plainFrame(1, 64, 99)), 0);
      rig.settle();
      c.equal('frames received then', rig.b.received.length, 17);
    },
  },
  {
    id: 'rings/index-back',
    title: 'an index does not move back, also where the card has not been yet',
    checks: 'register contract: indices of software only move forward',
    needsOwnRegisters: true,
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const bus = rig.world.buses[0]!;
      const ctrl = bus.readReg(R.REG_CTRL);
      bus.writeReg(R.REG_CTRL, 0);
      for (let i = 0; i < 5; i++) rig.a.send(plainFrame(1, 64, i));
      rig.a.nic.flush();
      bus.writeReg(R.RING_TX + R.RING_TAIL, 3);
      rig.world.run(100);
      c.equal('the index', bus.readReg(R.RING_TX + R.RING_TAIL), 5);
      c.ok((bus.readReg(R.REG_EICR) & R.IRQ_ERR) !== 0, 'EICR.ERR is set');
      bus.writeReg(R.REG_CTRL, ctrl);
      rig.settle();
      c.equal('frames received', rig.b.received.length, 5);
    },
  },
  {
    id: 'rings/completions-unread',
    title: 'completions that nobody reads: the card waits at the end of the ring, and goes on',
    checks: 'descriptor contract: a full ring is waited for',
    async run(c) {
      const rig = await c.rig({ options: { ...SMALL, log2Tx: 6, log2Rx: 6 } });
      const sent = Array.from({ length: 60 }, (_, i) => plainFrame(1, 64, i));
      for (const frame of sent) c.equal('errno', rig.a.send(frame), 0);
      rig.a.nic.flush();
      for (let i = 0; i < 20; i++) rig.world.run(1000);
      c.equal('descriptors out', rig.a.nic.txOutstanding, 60);
      rig.settle();
      c.equal('descriptors out then', rig.a.nic.txOutstanding, 0);
      c.equal('frames received', receivedBy(rig.b), hex(sent));
    },
  },
  {
    id: 'rings/no-buffers',
    title: 'out of receive buffers: frames wait in the card, and come when there are mbufs',
    checks: 'descriptor contract: no descriptor, no frame written',
    async run(c) {
      const rig = await c.rig({ options: SMALL, mbufBytes: 24 * 9280 });
      const held = holdAll(rig.b);
      const sent = Array.from({ length: 20 }, (_, i) => plainFrame(1, 200, i));
      for (const frame of sent) rig.inject(1, frame, 0);
      const taken: Uint8Array[] = [];
      const input = rig.b.nic.input;
      rig.b.nic.input = (m) => {
        const at = rig.b.pool.off[m]!;
        taken.push(rig.b.pool.data.slice(at, at + rig.b.pool.len[m]!));
        held.push(m);
      };
      for (let i = 0; i < 40; i++) {
        rig.world.run(500);
        rig.b.nic.poll();
      }
      c.ok(rig.b.count('nic.rxNoMbuf') > 0, 'nic.rxNoMbuf counts');
      // Ours has mbufs in its ring; another driver may copy into one when the frame is there.
      const early = c.driver === null ? 16 : taken.length;
      if (c.driver === null) c.equal('descriptors left', rig.b.nic.rxOutstanding, 0);
      c.equal('frames while there were buffers', hex(taken), hex(sent.slice(0, early)));
      rig.b.nic.input = input;
      takeAgain(rig, rig.b, held);
      c.equal('the rest', receivedBy(rig.b), hex(sent.slice(early)));
    },
  },
  {
    id: 'rings/refilled-early',
    title: 'a receive ring that is more than half used gets new buffers, long before it is empty',
    checks: 'driver contract: receive buffers',
    async run(c) {
      const rig = await c.ownRig({ options: SMALL });
      const sent = Array.from({ length: 10 }, (_, i) => plainFrame(1, 100, i));
      for (const frame of sent) rig.inject(1, frame, 0);
      rig.settle();
      c.equal('frames received', receivedBy(rig.b), hex(sent));
      c.between('buffers that the card has', rig.b.nic.rxOutstanding, 9, 16);
    },
  },
  {
    id: 'rings/nothing-behind',
    title: 'of a buffer the card writes what the frame is long, and no byte before or behind it',
    checks: 'descriptor contract: received data; AMBA AXI4 §A3.4.3: strobes',
    async run(c) {
      const rig = await c.rig({ options: SMALL, mbufBytes: 64 * 9280, attach: false });
      const { nic, pool } = rig.b;
      const held: number[] = [];
      for (let m = pool.alloc(); m !== NO_MBUF; m = pool.alloc()) held.push(m);
      for (const m of held) {
        pool.data.fill(0x55, pool.cluster(m), pool.cluster(m) + pool.capacity(m));
        pool.free(m);
      }
      for (const host of rig.hosts) host.nic.attach();
      const written: number[] = [];
      nic.input = (m) => {
        const [from, to] = [pool.off[m]!, pool.off[m]! + pool.len[m]!];
        const round = [...pool.data.subarray(from - 32, from), ...pool.data.subarray(to, to + 64)];
        if (round.some((byte) => byte !== 0x55)) written.push(pool.len[m]!);
        // It must not be used again: its bytes are not 0x55 any more.
        held.push(m);
      };
      held.length = 0;
      for (let n = 60; n < 60 + 35; n++) rig.inject(1, plainFrame(1, n, n), 0);
      rig.settle();
      c.equal('frames received', held.length, 35);
      c.equal('lengths at which more was written', written, []);
      for (const m of held) pool.free(m);
    },
  },
  {
    id: 'rings/too-small-buffer',
    title: 'a frame larger than its buffer: nothing is written, and the next one comes',
    checks: 'descriptor contract: TOO_BIG',
    async run(c) {
      const rig = await c.rig({ frameBytes: 1500 });
      const fits = plainFrame(1, 1500, 2);
      // The first fits none of ours by a little; another driver may leave less room in front.
      const first = c.driver === null ? 1564 : rig.b.pool.clusterBytes;
      for (const n of [first, first + 436]) rig.inject(1, plainFrame(1, n, n), 0);
      rig.inject(1, fits, 0);
      rig.settle();
      c.equal('nic.rxTooBig', rig.b.count('nic.rxTooBig'), 2);
      c.equal('frames received', receivedBy(rig.b), hex([fits]));
    },
  },
  {
    id: 'rings/send-limits',
    title: 'too short, too long, and a card that is down: refused, counted, freed',
    checks: 'driver contract: errno of transmit()',
    async run(c) {
      const rig = await c.rig();
      c.equal('13 bytes', rig.a.send(plainFrame(1, 13, 1)), EINVAL);
      c.equal('9019 bytes', rig.a.send(plainFrame(1, 9019, 1)), EMSGSIZE);
      const counted = ['nic.txTooShort', 'nic.txTooBig'].map((name) => rig.a.count(name));
      c.equal('counters', counted, [1, 1]);
      rig.a.nic.detach();
      c.equal('a card that is down', rig.a.send(plainFrame(1, 60, 1)), ENETDOWN);
      c.equal('mbufs in use', rig.a.pool.inUse, 0);
      rig.a.nic.attach();
    },
  },
  {
    id: 'rings/watchdog',
    title: 'the watchdog tells when descriptors do not come back, and not before',
    checks: 'driver contract: stalled()',
    async run(c) {
      const rig = await c.rig({ options: SMALL });
      const { nic } = rig.a;
      const stalled = (): boolean => nic.stalled(rig.world.cycle, 1000);
      c.equal('at rest', stalled(), false);
      rig.a.send(plainFrame(1, 64, 1));
      rig.world.run(100);
      c.equal('just posted', stalled(), false);
      rig.world.run(2000);
      c.equal('the doorbell never rang', stalled(), true);
      rig.settle();
      c.equal('sent', stalled(), false);
    },
  },
];

export const RINGS: readonly Case[] = [
  ...wraps,
  ...batches,
  ...narrow,
  ...lengths,
  ...borders,
  ...doorbells,
  ...rest,
];
