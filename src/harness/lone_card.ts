// SPDX-License-Identifier: BSD-2-Clause
import { Nic } from '../dev/nic/if_nic.ts';
import { BusError, type SimConfig, type SimWorld } from '../dev/nic/nic_bus.ts';
import { type NicOptions, nicRingBytes } from '../dev/nic/nic_config.ts';
import { MAX_FRAME_LIMIT, REG_STATUS } from '../dev/nic/nic_regs.ts';
import { ETHER_HDR_LEN } from '../header/ether.ts';
import type { Counters } from '../kern/counters.ts';
import { MTagPool } from '../kern/m_tag.ts';
import { MbufPool, mbufPoolBytes } from '../kern/mbuf.ts';
import { IFF_PROMISC } from '../net/ifnet.ts';
import type { Carrier, FinishInSoftware } from '../netipsec/pact.ts';
import { openSim } from './open_sim.ts';
import { type WorldOptions, worldConfig } from './world_options.ts';

const ALIGN = 4096;
const JUMBOS = 20;
const MBUFS = 128;
/** Small rings, and no long wait for an interrupt: few frames are in the card at once. */
const OPTIONS: Partial<NicOptions> = {
  log2Tx: 4,
  log2Txc: 4,
  log2Rx: 6,
  log2Rxc: 6,
  itrCount: 16,
  itrIntervalCycles: 500,
  maxFrameBytes: MAX_FRAME_LIMIT,
};
const RING_BYTES = (nicRingBytes(OPTIONS) + ALIGN - 1) & ~(ALIGN - 1);
const POOL_BYTES = mbufPoolBytes(MAX_FRAME_LIMIT, MBUFS, JUMBOS);
/** Arena bytes of a lone card's host. */
export const LONE_ARENA_BYTES = (ALIGN + RING_BYTES + POOL_BYTES + ALIGN - 1) & ~(ALIGN - 1);

const STEP_CYCLES = 20_000;
const STALLED_CYCLES = 200_000;

/** A world of one card: frames are injected towards it, and what it sends ends in the tap. */
export function loneConfig(tapBytes = 0): SimConfig {
  return {
    cardCount: 1,
    seed: 1,
    memLatencyCycles: 100,
    memStallPermille: 0,
    regTimeoutCycles: 10_000,
    arenaBytes: LONE_ARENA_BYTES,
    hosts: [{ baseBytes: ALIGN, sizeBytes: LONE_ARENA_BYTES - ALIGN }],
    tapBytes,
    wireLatencyCycles: 1,
    lossPpm: 0,
    flipPpm: 0,
    reorderPpm: 0,
    reorderCycles: 0,
  };
}

/**
 * The simulation of a lone card, for replay() and EspCard. Builds its library when it has to. Throws
 * VerilatorError, BindingError, BusError.
 */
export function openLoneCard(
  options: Pick<WorldOptions, 'nic' | 'rtl' | 'ffi' | 'onBuild' | 'signal'> = {},
  tapBytes = 0,
): Promise<SimWorld> {
  const { onBuild, signal } = options;
  return openSim(worldConfig(options), loneConfig(tapBytes), onBuild, signal);
}

/** The mbufs of a lone card's host, in its arena. */
export function lonePool(arena: Uint8Array): MbufPool {
  return new MbufPool(arena, new MTagPool(4 * MBUFS), {
    baseBytes: ALIGN + RING_BYTES,
    sizeBytes: POOL_BYTES,
    frameBytes: MAX_FRAME_LIMIT,
    jumboCount: JUMBOS,
  });
}

/** The driver of a lone card, attached and listening to everything. Throws BusError. */
export function loneNic(
  sim: SimWorld,
  mbufs: MbufPool,
  counters: Counters,
  carrier: Carrier,
  finishInSoftware: FinishInSoftware,
): Nic {
  const nic = new Nic({
    name: 'nic0',
    index: 1,
    lladdr: Uint8Array.of(2, 0, 0, 0, 0, 1),
    mtu: MAX_FRAME_LIMIT - ETHER_HDR_LEN,
    bus: sim.buses[0]!,
    mbufs,
    counters,
    carrier,
    finishInSoftware,
    ringBaseBytes: ALIGN,
    options: OPTIONS,
  });
  nic.flags |= IFF_PROMISC;
  nic.attach();
  return nic;
}

/** Lets the card take all that it was told, SAs too, before the first frame reaches it. */
export function loneReady(sim: SimWorld): void {
  sim.buses[0]!.readReg(REG_STATUS);
}

/** Runs the card until done() says so. Throws BusError, also when nothing moves any more. */
export function loneRun(sim: SimWorld, nic: Nic, done: () => boolean): void {
  nic.flush();
  while (!done()) {
    sim.run(STEP_CYCLES);
    if (sim.irq(0)) nic.intr();
    else nic.poll();
    if (sim.idleCycles > STALLED_CYCLES && !done()) {
      throw new BusError('timeout', 'the card stands still', sim.cycle);
    }
  }
}
