// SPDX-License-Identifier: BSD-2-Clause
// The in-place tag, made slower on purpose: PLANTED_STEPS steps of arithmetic, together over eight
// packets, in what the tag stage measures.
import type { Mbuf, MbufPool } from '../../../src/kern/mbuf.ts';
import { CarrierInPlace } from '../../../src/netipsec/carrier_in_place.ts';
import type { OffloadRequest } from '../../../src/netipsec/pact.ts';

const STEPS = Number(process.env.PLANTED_STEPS ?? 0);

class Planted extends CarrierInPlace {
  #packets = 0;
  #x = 1;

  override request(m: Mbuf, state: number, r: OffloadRequest): number {
    this.#packets = (this.#packets + 1) & 7;
    if (this.#packets === 0) {
      let x = this.#x;
      for (let i = 0; i < STEPS; i++) x = (Math.imul(x, 0x41c64e6d) + 12345) | 0;
      this.#x = x;
    }
    return super.request(m, state, r);
  }
}

export default (mbufs: MbufPool) => new Planted(mbufs);
