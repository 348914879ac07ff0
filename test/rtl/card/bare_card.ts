// SPDX-License-Identifier: BSD-2-Clause
import type { SimConfig, SimWorld } from '../../../src/dev/nic/nic_bus.ts';
import * as R from '../../../src/dev/nic/nic_regs.ts';
import { loadBinding } from '../../../src/ffi/binding.ts';
import { NativeWorld } from '../../../src/ffi/sim_world.ts';
import { cardLibrary, LANES } from '../../../src/harness/library.ts';
import { TAP_INJECTED, TapReader } from '../../../src/harness/tap.ts';
import { ModelWorld } from '../../../src/model/model_world.ts';
import { BareHost, type Completion, type Piece } from '../../../src/validate/bare_host.ts';
import { hex, testSa } from '../../../src/validate/frames.ts';
import { type MakeWorld, SIM_DEFAULTS } from '../../../src/validate/rig.ts';

const binding = await loadBinding('koffi');
const rtl = async (name: string, queues: 1 | 4, lanes: 1 | 2 | 4): Promise<[string, MakeWorld]> => {
  const { library } = await cardLibrary(queues === 4 ? { queues } : {}, lanes);
  return [name, (config) => new NativeWorld(binding, library, config)];
};
/** RTL of every width. */
export const WIDTHS: readonly (readonly [string, MakeWorld])[] = await Promise.all(
  LANES.map((lanes) => rtl(`RTL, lanes ${lanes}`, 1, lanes)),
);
/** Cards of four queues. */
export const QUEUED: readonly (readonly [string, MakeWorld])[] = [
  await rtl('RTL of four queues', 4, 1),
  ['the model', (config) => new ModelWorld(config, undefined, 4)],
];
export const CARDS: readonly (readonly [string, MakeWorld])[] = [...WIDTHS, ...QUEUED];

export const CTRL_ON: number =
  R.CTRL_TX_EN | R.CTRL_RX_EN | R.CTRL_IPSEC_TX_EN | R.CTRL_IPSEC_RX_EN | R.CTRL_PROMISC;
/** Buffers may lie from here on. */
export const BUFFERS = 0x40000;
/** Outside of all host memory: DECERR. */
export const NOWHERE = 0x7000_0000;
/** In row 3 of both tables. */
export const SA = testSa('out', 0x77);
export const SA_ROW = 3;

/** A world of one card, and its bare hosts, one for each queue that is used. */
export class BareCard {
  readonly world: SimWorld;
  readonly hosts: readonly BareHost[];
  readonly #tap: TapReader;

  constructor(
    make: MakeWorld,
    { log2 = 6, queues = 1, ctrl = CTRL_ON, sim = {} }: BareOptions = {},
  ) {
    const hosts = SIM_DEFAULTS.hosts.slice(0, 1);
    this.world = make({ ...SIM_DEFAULTS, cardCount: 1, hosts, ...sim });
    this.#tap = new TapReader(this.world.tap);
    const numbers = Array.from({ length: queues }, (_, q) => q);
    this.hosts = numbers.map((q) => new BareHost(this.world, 0, 0x10000 * q, log2, q));
    for (const host of this.hosts) host.start(ctrl);
    this.host.install(R.SA_TX, SA_ROW, SA);
    this.host.install(R.SA_RX, SA_ROW, SA);
    this.host.flush();
  }

  get host(): BareHost {
    return this.hosts[0]!;
  }

  read(offset: number): number {
    return this.host.bus.readReg(offset);
  }

  stat(name: R.StatName): number {
    return this.read(R.STATS + 4 * R.STAT_NAMES.indexOf(name));
  }

  settle(): void {
    do this.world.run(2000);
    while (this.world.idleCycles < 1000);
  }

  /** Rings all doorbells, and waits until nothing moves. */
  go(): void {
    for (const host of this.hosts) host.flush();
    this.settle();
  }

  /** Frames that the card sent since the last time, as text. */
  wire(): string[] {
    const frames: Uint8Array[] = [];
    this.#tap.drain(this.world.tapUsed, (f) => {
      if ((f.flags & TAP_INJECTED) === 0)
        frames.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
    });
    this.world.tapDrained();
    return hex(frames);
  }

  /** Puts the bytes into pieces of the arena, 16 KiB apart. */
  place(bytes: Uint8Array, lengths: readonly number[], offsetOf: (i: number) => number): Piece[] {
    let from = 0;
    return lengths.map((lenBytes, i): Piece => {
      const address = BUFFERS + 16384 * i + offsetOf(i);
      this.world.arena.fill(0xee, address - 64, address + lenBytes + 64);
      this.world.arena.set(bytes.subarray(from, from + lenBytes), address);
      from += lenBytes;
      return { address, lenBytes };
    });
  }
}

interface BareOptions {
  readonly log2?: number;
  readonly queues?: number;
  readonly ctrl?: number;
  readonly sim?: Partial<SimConfig>;
}

/** Cuts a length into so many pieces at random, some of them empty or of a byte. */
export const cut = (lenBytes: number, count: number, next: () => number): number[] => {
  const ends = Array.from({ length: count - 1 }, () => next() % (lenBytes + 1));
  const sorted = [0, ...ends.sort((a, b) => a - b), lenBytes];
  return sorted.slice(1).map((end, i) => end - sorted[i]!);
};

export const piece = (address: number, lenBytes: number): Piece => ({ address, lenBytes });

/** Cookie, code with SECP and MORE, length. */
export const brief = (done: readonly Completion[]): number[][] =>
  done.map((c) => [c.cookie, c.status & (R.CPL_MORE | R.CPL_SECP | R.CPL_CODE_MASK), c.lenBytes]);
