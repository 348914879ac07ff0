// SPDX-License-Identifier: BSD-2-Clause
import type { SimWorld } from '../dev/nic/nic_bus.ts';
import * as R from '../dev/nic/nic_regs.ts';
import type { Rng } from '../kern/rng.ts';
import type { OffloadSa } from '../netipsec/pact.ts';
import { BareHost, type Completion, type Piece } from './bare_host.ts';
import type { CaseRun } from './case_run.ts';
import { testSa } from './frames.ts';
import { SIM_DEFAULTS } from './rig.ts';

/** In both cards, and its row. */
export const SA: OffloadSa = testSa('out', 0x2345);
export const SA_ROW = 9;
export const CTRL: number =
  R.CTRL_TX_EN | R.CTRL_RX_EN | R.CTRL_IPSEC_TX_EN | R.CTRL_IPSEC_RX_EN | R.CTRL_PROMISC;
/** Memory of either host: rings at its begin, then what frames lie in. */
const [HOST_A, HOST_B] = SIM_DEFAULTS.hosts.map((host) => host.baseBytes) as [number, number];
const PIECES_AT = HOST_A + 0x40000;
const BUFFERS_AT = HOST_B + 0x40000;
/** Bytes from one buffer to the next, and what they hold where the card has not written. */
const APART = 16384;
export const BLANK = 0xee;
/** Two bare cards on a wire: a sends, b receives. */
export class BarePair {
  readonly a: BareHost;
  readonly b: BareHost;
  readonly world: SimWorld;

  constructor(world: SimWorld, ctrlOfB: number) {
    this.world = world;
    this.a = new BareHost(world, 0, HOST_A, 6);
    this.b = new BareHost(world, 1, HOST_B, 6);
    this.a.start(CTRL);
    this.b.start(ctrlOfB);
    this.a.install(R.SA_TX, SA_ROW, SA);
    this.b.install(R.SA_RX, SA_ROW, SA);
  }

  /** Until nothing moves. */
  settle(): void {
    this.a.flush();
    this.b.flush();
    do this.world.run(2000);
    while (this.world.idleCycles < 1000);
    this.world.tapDrained();
  }

  /** Cuts bytes into pieces of these lengths, each at a place of its own. */
  pieces(bytes: Uint8Array, lengths: readonly number[], rng: Rng): Piece[] {
    let from = 0;
    return lengths.map((lenBytes, i): Piece => {
      const address = PIECES_AT + APART * i + rng.below(64);
      this.world.arena.set(bytes.subarray(from, from + lenBytes), address);
      from += lenBytes;
      return { address, lenBytes };
    });
  }

  /** Buffers for card b, blank, cookies from 0 on. */
  supply(lengths: readonly number[], rng: Rng): Piece[] {
    this.world.arena.fill(BLANK, BUFFERS_AT, BUFFERS_AT + APART * (lengths.length + 1));
    return lengths.map((lenBytes, i): Piece => {
      const piece = { address: BUFFERS_AT + APART * i + 64 + rng.below(64), lenBytes };
      this.b.supply(piece, i);
      return piece;
    });
  }

  /** What completions say was received into these buffers, one behind the other. */
  received(done: readonly Completion[], buffers: readonly Piece[]): Uint8Array {
    const parts = done.map(({ cookie, lenBytes }) => {
      const { address } = buffers[cookie]!;
      return this.world.arena.slice(address, address + lenBytes);
    });
    return Buffer.concat(parts);
  }
}

/** Two bare cards of a case, which must have what REG_CAPS says by these bits. */
export async function barePair(
  c: CaseRun,
  caps: number,
  ctrlOfB: number = CTRL,
): Promise<BarePair> {
  const { world } = await c.ownRig({ attach: false });
  const has = world.buses[0]!.readReg(R.REG_CAPS);
  c.equal('REG_CAPS, the bits that this case needs', (has & caps) >>> 0, caps);
  return new BarePair(world, ctrlOfB);
}

/** Cookie and code of each. */
export function codes(done: readonly Completion[]): number[][] {
  return done.map((d) => [d.cookie, d.status & R.CPL_CODE_MASK]);
}
