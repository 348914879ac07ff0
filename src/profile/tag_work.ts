// SPDX-License-Identifier: BSD-2-Clause

import type { Host } from '../host.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import {
  type Carrier,
  newOffloadRequest,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../netipsec/pact.ts';
import type { Sa } from '../netipsec/sa.ts';
import { BATCH_PACKETS } from './bench_pair.ts';

/** Packets that live at once, when a batch of the workload is smaller or larger. */
const ALIVE = 32;

/**
 * What the stack asks of a carrier for one packet, in its order, and nothing else of the stack:
 *
 *     out:  applied, take, request | take, handOver or read | take, done | the packet's end
 *     in:   report | read | accept | accepted | the packet's end
 *
 * (applied and the first take only of packets that may carry something: MbufPool.isBare()),
 * and the same with packets that carry nothing, so that the difference of the two is the tag's. A
 * test compares both lists with what the stack really calls.
 */
export class TagWork {
  readonly #host: Host;
  readonly #carrier: Carrier;
  readonly #requests: readonly OffloadRequest[];
  readonly #out = newOffloadRequest();
  readonly #offload: boolean;
  readonly #clones: number;
  readonly #packets: number;
  readonly #alive = new Int32Array(ALIVE);
  /** So that what is read is used. */
  sink = 0;

  constructor(
    host: Host,
    sas: readonly Sa[],
    offload: boolean,
    clones: number,
    packets: number = BATCH_PACKETS,
  ) {
    this.#packets = packets;
    this.#host = host;
    this.#carrier = host.ipsec.carrier;
    this.#requests = sas.map((sa) => requestOf(sa, host.nic.index));
    this.#offload = offload;
    this.#clones = clones;
  }

  /** A whole batch on the way out. */
  out(): void {
    const { mbufs } = this.#host;
    const carrier = this.#carrier;
    const o = this.#out;
    const state = this.#offload ? PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED : PACKET_TAG_IPSEC_OUT_DONE;
    let turn = 0;
    for (let n = 0; n < this.#packets; n += ALIVE) {
      for (let k = 0; k < ALIVE; k++) {
        const r = this.#requests[turn]!;
        turn = turn + 1 === this.#requests.length ? 0 : turn + 1;
        const m = mbufs.alloc();
        mbufs.len[m] = 64;
        this.#alive[k] = m;
        if (!mbufs.isBare(m) && carrier.applied(m, 0, o)) this.sink++;
        if (!mbufs.isBare(m) && carrier.take(m, o)) this.sink++;
        r.state = state;
        carrier.request(m, r);
        if (carrier.take(m, o)) carrier.handOver(m);
        else carrier.read(m, o);
        this.#flood(m);
        if (carrier.take(m, o)) carrier.done(m);
        this.sink += o.cardSa;
      }
      for (let k = 0; k < ALIVE; k++) mbufs.free(this.#alive[k]!);
    }
  }

  /** A whole batch on the way in. */
  in(): void {
    const { mbufs } = this.#host;
    const carrier = this.#carrier;
    const o = this.#out;
    const state = this.#offload ? PACKET_TAG_IPSEC_IN_CRYPTO_DONE : PACKET_TAG_IPSEC_IN_DONE;
    let turn = 0;
    for (let n = 0; n < this.#packets; n += ALIVE) {
      for (let k = 0; k < ALIVE; k++) {
        const r = this.#requests[turn]!;
        turn = turn + 1 === this.#requests.length ? 0 : turn + 1;
        const m = mbufs.alloc();
        mbufs.len[m] = 64;
        this.#alive[k] = m;
        r.state = state;
        if (this.#offload) carrier.report(m, r);
        if (carrier.read(m, o)) carrier.accept(m);
        else carrier.report(m, r);
        if (carrier.accepted(m, 0, o)) this.sink += o.saHandle;
      }
      for (let k = 0; k < ALIVE; k++) mbufs.free(this.#alive[k]!);
    }
  }

  /** What both do to packets that carry nothing. */
  nothing(): void {
    const { mbufs } = this.#host;
    let turn = 0;
    for (let n = 0; n < this.#packets; n += ALIVE) {
      for (let k = 0; k < ALIVE; k++) {
        const r = this.#requests[turn]!;
        turn = turn + 1 === this.#requests.length ? 0 : turn + 1;
        const m = mbufs.alloc();
        mbufs.len[m] = 64;
        this.#alive[k] = m;
        this.#flood(m);
        this.sink += r.cardSa;
      }
      for (let k = 0; k < ALIVE; k++) mbufs.free(this.#alive[k]!);
    }
  }

  #flood(m: number): void {
    const { mbufs } = this.#host;
    for (let k = 0; k < this.#clones; k++) {
      const c = mbufs.dup(m);
      if (c !== NO_MBUF) mbufs.free(c);
    }
  }
}

/** A request as ipsec makes it under this SA, without a state. */
export function requestOf(sa: Sa, ifIndex: number): OffloadRequest {
  return {
    ...newOffloadRequest(),
    spi: sa.spi,
    saHandle: sa.handle,
    generation: sa.generation,
    ifIndex,
    espOffset: 20,
    trailerLen: 20,
    cardSa: sa.installs[0]?.cardSa ?? -1,
    dst0: sa.dstWords[0]!,
  };
}
