// SPDX-License-Identifier: BSD-2-Clause
import type { Counters } from '../../kern/counters.ts';
import type { MbufPool } from '../../kern/mbuf.ts';
import type { Carrier, FinishInSoftware } from '../../netipsec/pact.ts';
import type { NicBus } from './nic_bus.ts';
import { CPL_BYTES, MAX_FRAME_DEFAULT, RXD_BYTES, TXD_BYTES } from './nic_regs.ts';
import { ringBytes } from './nic_ring.ts';

/** Tuning of a card, each with a default. */
export interface NicOptions {
  /** Ring sizes, log2 of entries, 4..12. */
  readonly log2Tx: number;
  readonly log2Rx: number;
  readonly log2Txc: number;
  readonly log2Rxc: number;
  /**
   * Transmit and receive queues, 1..4; the card must have them. Received ESP is spread over them by
   * SPI, what is sent by SPI or addresses, so that a flow stays in order.
   */
  readonly queues: number;
  /** Interrupt when so many completions wait in a ring, or after so many cycles. */
  readonly itrCount: number;
  readonly itrIntervalCycles: number;
  /** Largest frame, without FCS. */
  readonly maxFrameBytes: number;
}

export const NIC_DEFAULTS: NicOptions = {
  log2Tx: 10,
  log2Rx: 10,
  log2Txc: 10,
  log2Rxc: 10,
  queues: 1,
  itrCount: 32,
  itrIntervalCycles: 2000,
  maxFrameBytes: MAX_FRAME_DEFAULT,
};

/** What an interface is made of. */
export interface NicConfig {
  readonly name: string;
  /** Interface index, from 1. */
  readonly index: number;
  readonly lladdr: Uint8Array;
  readonly mtu: number;
  readonly bus: NicBus;
  readonly mbufs: MbufPool;
  readonly counters: Counters;
  readonly carrier: Carrier;
  readonly finishInSoftware: FinishInSoftware;
  /** Arena offset of the rings: a multiple of 64, nicRingBytes() are used. */
  readonly ringBaseBytes: number;
  readonly options?: Partial<NicOptions>;
}

/** Arena bytes that the four rings of each queue take. */
export function nicRingBytes(options: Partial<NicOptions> = {}): number {
  const o = { ...NIC_DEFAULTS, ...options };
  return (
    o.queues *
    (ringBytes(o.log2Tx, TXD_BYTES) +
      ringBytes(o.log2Rx, RXD_BYTES) +
      ringBytes(o.log2Txc, CPL_BYTES) +
      ringBytes(o.log2Rxc, CPL_BYTES))
  );
}

/**
 * Listens to completions as the card wrote them, without anything that names host memory: `ring`
 * is 0 for transmit, 1 for receive.
 */
export type OnCompletion = (ring: 0 | 1, lenBytes: number, status: number, saIdx: number) => void;
