// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import { IfWrapper } from './if_wrapper.ts';
import type { Ifnet } from './ifnet.ts';

/** Sees a packet pass. It may read the mbuf during the call, no longer. */
export type Observer = (m: Mbuf, direction: 'in' | 'out') => void;

/**
 * Shows each packet to an observer. A packet on its way out to a card that encrypts is seen as the
 * card gets it: payload still in clear.
 */
export class TraceIf extends IfWrapper {
  readonly #observe: Observer;

  constructor(inner: Ifnet, observe: Observer) {
    super(inner);
    this.#observe = observe;
  }

  override transmit(m: Mbuf): number {
    this.#observe(m, 'out');
    return this.inner.transmit(m);
  }

  protected override received(m: Mbuf): void {
    this.#observe(m, 'in');
    this.input(m);
  }
}
