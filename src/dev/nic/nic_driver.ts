// SPDX-License-Identifier: BSD-2-Clause
import type { Ifnet } from '../../net/ifnet.ts';
import type { SaOffload } from '../../netipsec/pact.ts';
import type { NicConfig, NicOptions, OnCompletion } from './nic_config.ts';

/** The SAs of a card, and how many more it takes. */
export interface CardSas extends SaOffload {
  readonly out: { readonly freeCount: number };
  readonly in: { readonly freeCount: number };
}

/** What a host needs of its card's driver. `Nic` is ours; another card brings its own. */
export interface NicDriver extends Ifnet {
  readonly lladdr: Uint8Array;
  /** Puts SAs into the card; one that does no crypto refuses them all. */
  readonly sa: CardSas;
  /** Tags allocated between a request and its descriptor. */
  readonly handoverAllocs: number;
  /** Frames and buffers in the card's hands. */
  readonly txOutstanding: number;
  readonly rxOutstanding: number;
  /** Listens to every completion, for digests. */
  set onCompletion(listener: OnCompletion | null);
  /** Resets the card and brings it up. Throws BusError. */
  attach(): void;
  /** Takes the card down and frees every mbuf that it had, also when it does not answer. */
  detach(): void;
  /** Shows the card the frames transmitted since the last flush(). */
  flush(): void;
  /** Takes what the card has completed, at most `budget` received frames. How many completions. */
  poll(budget?: number): number;
  /** The same when the interrupt line is high; afterwards it is to fall. */
  intr(budget?: number): number;
  /** Transmit watchdog: have frames been outstanding for limitCycles without one completion? */
  stalled(nowCycles: number, limitCycles: number): boolean;
  /** The card's statistics, by name; what it drops by itself are rxOverflow, rxFiltered, rxLenBad. */
  stats(): Record<string, number>;
}

/** A module that brings a driver: `--driver FILE`. */
export interface DriverModule {
  /** IFCAP_ bits of its interfaces: what a suite may ask of the card. */
  readonly capabilities: number;
  createNic(config: NicConfig): NicDriver;
  /** Arena bytes that its rings and buffers take, from NicConfig.ringBaseBytes on. */
  ringBytes(options?: Partial<NicOptions>): number;
}
