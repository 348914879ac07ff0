// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../host.ts';
import { counter } from '../kern/counters.ts';
import { TAP_LOST, type TapFrame } from './tap.ts';
import type { World } from './world.ts';

const LOST_IN_RESET = counter('card.lostInReset', 'frames for a card that was being reset');
/** Where a frame that a driver took ends when it does not hand it up, by the names of its counters. */
const TAKEN = [
  ...['nic.rxAuthFail', 'nic.rxDmaErr', 'nic.rxErr', 'nic.rxNoTag', 'nic.rxSaGone', 'nic.rxTooBig'],
];

/**
 * Gives a name to frames that were in a card, or on their way into it, when it was reset: nobody but
 * the wire has seen them.
 */
export class ResetLosses {
  readonly #world: World;
  readonly #reset = new Set<Host>();
  /** Frames that the wire brought to each host. */
  readonly #brought: number[];
  /** Frames that each driver handed up. */
  readonly #handedUp: number[];

  /** Listens to the wire and the cards from now on. */
  constructor(world: World) {
    this.#world = world;
    this.#brought = world.hosts.map(() => 0);
    this.#handedUp = world.hosts.map(({ nic }, i) => {
      const { input } = nic;
      nic.input = (m) => {
        this.#handedUp[i]!++;
        input(m);
      };
      return 0;
    });
    world.onFrame = (f: TapFrame) => {
      if ((f.flags & TAP_LOST) === 0) this.#brought[1 - f.card]!++;
    };
  }

  /** The host's card is reset. */
  note(host: Host): void {
    this.#reset.add(host);
  }

  /** The world is at rest: counts what is missing at the cards that were reset. */
  count(): void {
    this.#world.hosts.forEach((host, i) => {
      if (!this.#reset.has(host)) return;
      const taken = TAKEN.reduce((n, name) => n + host.counters.get(name), this.#handedUp[i]!);
      host.counters.n[LOST_IN_RESET]! += Math.max(0, this.#brought[i]! - taken);
    });
  }
}
