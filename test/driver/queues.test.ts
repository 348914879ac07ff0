// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, test } from 'vitest';
import { BusError, STOP_BUDGET, STOP_IRQ } from '../../src/dev/nic/nic_bus.ts';
import { spiQueue } from '../../src/dev/nic/nic_flow.ts';
import * as R from '../../src/dev/nic/nic_regs.ts';
import { loadBinding } from '../../src/ffi/binding.ts';
import { NativeWorld } from '../../src/ffi/sim_world.ts';
import { cardLibrary } from '../../src/harness/library.ts';
import { ModelWorld } from '../../src/model/model_world.ts';
import { espClear, hex, plainFrame, testSa } from '../../src/validate/frames.ts';
import { install, sendOffload } from '../../src/validate/offload_frames.ts';
import { type MakeWorld, Rig, type RigHost } from '../../src/validate/rig.ts';

/** Several queues: driver on RTL and on the functional model. */
const binding = await loadBinding('koffi');
const { library } = await cardLibrary({ queues: 4 });
const cards: readonly (readonly [string, MakeWorld])[] = [
  ['the RTL', (config) => new NativeWorld(binding, library, config)],
  ['the functional model', (config) => new ModelWorld(config, undefined, 4)],
];

const SPIS = Array.from({ length: 24 }, (_, i) => 0x1000 + 77 * i);

/** Where a queue's ring stands, as the card says. */
function index(rig: Rig, card: number, block: number, queue: number, reg: number): number {
  return rig.world.buses[card]!.readReg(R.queueBlock(block, queue) + reg);
}

const sentBy = (rig: Rig, queue: number): number => index(rig, 0, R.RING_TXC, queue, R.RING_TAIL);
const receivedBy = (rig: Rig, queue: number): number =>
  index(rig, 1, R.RING_RXC, queue, R.RING_TAIL);

/** SPI of a received ESP frame over IPv4. */
const spiOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(34);

describe.each(cards)('queues of %s', (_name, makeWorld) => {
  let rig: Rig;
  afterEach(() => rig.close());

  const offload = (host: RigHost, spi: number, seq: number, cardSa: number): void => {
    const errno = sendOffload(
      host,
      { to: 1, spi, seq, payloadBytes: 64 },
      testSa('out', spi),
      cardSa,
    );
    expect(errno).toBe(0);
  };

  test.each([2, 3, 4])('%i: SAs spread by SPI over queues both ways, each in order', (queues) => {
    rig = new Rig(makeWorld, { options: { queues } });
    const sas = SPIS.map((spi) => install(rig.a, testSa('out', spi)));
    for (const spi of SPIS) install(rig.b, testSa('in', spi));
    const perQueue = new Array<number>(queues).fill(0);
    for (let seq = 1; seq <= 8; seq++) {
      SPIS.forEach((spi, i) => {
        offload(rig.a, spi, seq, sas[i]!);
        perQueue[spiQueue(spi, queues)]!++;
      });
      rig.settle();
    }
    const all = [...Array(queues).keys()];
    expect(all.map((q) => sentBy(rig, q))).toEqual(perQueue);
    expect(all.map((q) => receivedBy(rig, q))).toEqual(perQueue);
    for (const n of perQueue) expect(n).toBeGreaterThan(16);
    for (const spi of SPIS) {
      const flow = rig.b.received.filter((r) => spiOf(r.bytes) === spi);
      const seqs = flow.map((r) => r.bytes[34 + 7]);
      expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(flow.every((r) => r.report !== null)).toBe(true);
    }
    expect(rig.b.nic.stats()).toMatchObject({ rxIpsecOk: 8 * SPIS.length, rxIcvBad: 0 });
  });

  test('what is not ESP comes to queue 0, ESP without an SA to the queue of its SPI', () => {
    rig = new Rig(makeWorld, { options: { queues: 4 } });
    for (let i = 0; i < 5; i++) rig.inject(1, plainFrame(1, 80, i), 0);
    const spi = SPIS.find((s) => spiQueue(s, 4) === 3)!;
    const esp = espClear({ to: 1, spi, seq: 1, payloadBytes: 64 });
    rig.inject(1, esp, 0);
    rig.settle();
    expect([0, 1, 2, 3].map((q) => receivedBy(rig, q))).toEqual([5, 0, 0, 1]);
    expect(hex(rig.b.received.map((r) => r.bytes))).toContain(hex([esp])[0]);
  });

  test('a busy queue does not keep another from sending, nor one whose completions are not taken', () => {
    rig = new Rig(makeWorld, { attach: false });
    const bus = rig.world.buses[0]!;
    const words = new Uint32Array(rig.world.arena.buffer, rig.world.arena.byteOffset);
    rig.b.nic.attach();
    const LOG2 = 6;
    const at = (q: number, ring: number): number => 0x100000 + 0x4000 * q + 0x1000 * ring;
    bus.writeReg(R.REG_CTRL, R.CTRL_TX_EN);
    [0, 1, 2, 3].forEach((q) => {
      [R.RING_TX, R.RING_TXC].forEach((block, ring) => {
        const base = R.queueBlock(block, q);
        bus.writeReg(base + R.RING_BASE_LO, at(q, ring));
        bus.writeReg(base + R.RING_LOG2_SIZE, q === 2 ? 4 : LOG2);
        bus.writeReg(base + R.RING_CTRL, R.RING_ENABLE);
      });
      for (let i = 0; i < 64; i++) {
        const slot = q === 2 ? i & 15 : i;
        // Frames of queue q are 60 + q bytes long.
        words.set([0x200000, 0, 60 + q, 0, 0, 0, 0, 0], at(q, 0) / 4 + 8 * slot);
      }
    });
    rig.world.arena.set(plainFrame(1, 64, 1), 0x200000);
    const lengths: number[] = [];
    const drain = (): void => {
      for (let i = 0; i < 30; i++) {
        rig.world.run(400);
        rig.b.nic.poll();
      }
      lengths.push(...rig.b.received.splice(0).map((r) => r.bytes.length));
    };
    rig.world.run(10);
    // Queue 2 has room for 16 completions, and software never takes them.
    bus.writeReg(R.queueBlock(R.RING_TX, 2) + R.RING_TAIL, 16);
    drain();
    bus.writeReg(R.queueBlock(R.RING_TX, 2) + R.RING_TAIL, 32);
    drain();
    expect(lengths).toEqual(new Array(16).fill(62));
    expect(sentBy(rig, 2)).toBe(16);
    lengths.length = 0;
    bus.writeReg(R.queueBlock(R.RING_TX, 1) + R.RING_TAIL, 40);
    bus.writeReg(R.queueBlock(R.RING_TX, 3) + R.RING_TAIL, 6);
    bus.writeReg(R.queueBlock(R.RING_TX, 0) + R.RING_TAIL, 6);
    drain();
    expect(lengths.filter((n) => n === 61).length).toBe(40);
    // The few of queues 0 and 3 are not behind the many of queue 1.
    for (const few of [60, 63]) {
      expect(lengths.filter((n) => n === few).length).toBe(6);
      expect(lengths.lastIndexOf(few)).toBeLessThan(32);
    }
    bus.writeReg(R.queueBlock(R.RING_TXC, 2) + R.RING_HEAD, 16);
    lengths.length = 0;
    drain();
    expect(lengths).toEqual(new Array(16).fill(62));
  });

  test('each queue has causes of its own, and a mask', () => {
    rig = new Rig(makeWorld, { options: { queues: 4, itrCount: 1, itrIntervalCycles: 0 } });
    const bus = rig.world.buses[1]!;
    const spis = [1, 2, 3].map((q) => SPIS.find((s) => spiQueue(s, 4) === q)!);
    spis.forEach((spi, i) => {
      const rxc = R.irqRxc(i + 1);
      bus.writeReg(R.REG_EIMC, rxc);
      rig.inject(1, espClear({ to: 1, spi, seq: 1, payloadBytes: 64 }), 0);
      expect(rig.world.run(3000)).toBe(STOP_BUDGET);
      expect(bus.readReg(R.REG_EICR) & ~R.IRQ_SCRUB_DONE).toBe(rxc);
      bus.writeReg(R.REG_EIMS, rxc);
      expect(bus.readReg(R.REG_EIMS) & rxc).toBe(rxc);
      expect(rig.world.run(3000)).toBe(STOP_IRQ);
      expect(rig.b.nic.intr()).toBe(1);
      expect(rig.world.run(3000)).toBe(STOP_BUDGET);
    });
  });

  test('frames for a queue that is off come to queue 0', () => {
    rig = new Rig(makeWorld, { options: { queues: 2 } });
    const bus = rig.world.buses[1]!;
    for (let i = 0; i < R.RSS_ENTRIES; i += 4) bus.writeReg(R.RSS + i, 0x03020302);
    expect(bus.readReg(R.RSS + 4)).toBe(0x03020302);
    rig.inject(1, espClear({ to: 1, spi: SPIS[0]!, seq: 1, payloadBytes: 64 }), 0);
    rig.settle();
    expect([0, 1].map((q) => receivedBy(rig, q))).toEqual([1, 0]);
  });

  test('a removed SA: its slot rests until its own queue was read', () => {
    rig = new Rig(makeWorld, { options: { queues: 4 } });
    const spi = SPIS.find((s) => spiQueue(s, 4) === 2)!;
    const out = install(rig.a, testSa('out', spi));
    const cardSa = install(rig.b, testSa('in', spi));
    offload(rig.a, spi, 1, out);
    rig.a.nic.flush();
    rig.world.run(3000);
    const free = rig.b.nic.sa.in.freeCount;
    rig.b.nic.sa.saRemove('in', cardSa);
    expect(rig.b.nic.sa.in.freeCount).toBe(free);
    for (let i = 0; i < 4; i++) rig.inject(1, plainFrame(1, 80, i), 0);
    rig.settle();
    install(rig.b, testSa('in', 0x9999));
    expect(rig.b.nic.sa.in.freeCount).toBe(free);
    expect(rig.b.count('nic.rxSaGone')).toBe(1);
  });

  test('reset puts every queue back, and the card works with fewer', () => {
    rig = new Rig(makeWorld, { options: { queues: 4 } });
    for (let i = 0; i < 8; i++) rig.a.send(plainFrame(1, 80, i));
    rig.settle();
    rig.b.nic.detach();
    const bus = rig.world.buses[1]!;
    for (let q = 0; q < 4; q++) {
      expect(bus.readReg(R.queueBlock(R.RING_RX, q) + R.RING_CTRL)).toBe(0);
      expect(bus.readReg(R.queueBlock(R.RING_RX, q) + R.RING_TAIL)).toBe(0);
    }
    expect(bus.readReg(R.RSS)).toBe(0);
    rig.b.nic.attach();
    rig.a.send(plainFrame(1, 80, 9));
    rig.settle();
    expect(rig.b.received.length).toBe(9);
  });
});

test('a card of one queue has no more, and a driver that wants more is told', async () => {
  const one = await cardLibrary();
  const rig = new Rig((config) => new NativeWorld(binding, one.library, config), {
    options: { queues: 4 },
    attach: false,
  });
  const bus = rig.world.buses[0]!;
  expect(bus.readReg(R.REG_QUEUES)).toBe(1);
  expect(() => bus.readReg(R.queueBlock(R.RING_TX, 1))).toThrow(BusError);
  expect(() => bus.readReg(R.RSS)).toThrow(BusError);
  expect(() => rig.a.nic.attach()).toThrow(/the card has 1 queues, not 4/);
  rig.close();
});
