// SPDX-License-Identifier: BSD-2-Clause

import type { Host } from '../host.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import {
  type Carrier,
  NO_REQUEST,
  newOffloadRequest,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQ_CARD_SA,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from '../netipsec/pact.ts';
import type { Sa } from '../netipsec/sa.ts';
import { describeRequest } from '../netipsec/xform.ts';
import { BATCH_PACKETS } from './bench_pair.ts';

// As in the places that it stands for: see carrier_in_place.ts.
const NONE = NO_REQUEST;
const SPI = REQ_SPI;
const PROTO = REQ_PROTO;
const SA_HANDLE = REQ_SA_HANDLE;
const GENERATION = REQ_GENERATION;
const IF_INDEX = REQ_IF_INDEX;
const ESP = REQ_ESP;
const ESN_HI = REQ_ESN_HI;
const CARD_SA = REQ_CARD_SA;
const DST = REQ_DST;

/** Packets that live at once, as between two doorbells. */
const ALIVE = 32;
const PACKET_BYTES = 64;
/** Loops that a way has between taking packets and giving them back. */
const LOOPS = 3;

/**
 * What the stack asks of a carrier for one packet, in its order, and nothing else of the stack:
 *
 *     out:  applied, take, request | take, handOver or read | take, done | the packet's end
 *     in:   report | read | accept | accepted | the packet's end
 *
 * (applied and the first take only of packets that may carry something: MbufPool.isBare()),
 * and the same with packets that carry nothing, so that the difference of the two is the tag's. Each
 * place of the stack that asks is a loop of its own here, as each is a function of its own there. A
 * test compares both lists with what the stack really calls.
 */
export class TagWork {
  readonly #host: Host;
  readonly #carrier: Carrier;
  readonly #requests: readonly OffloadRequest[];
  readonly #offload: boolean;
  readonly #clones: number;
  readonly #packets: number;
  /** Packets, and whose turn of the SAs each is. */
  readonly #alive: Int32Array;
  readonly #turns: Int32Array;
  #turn = 0;
  /** So that what is read is used. */
  #sum = 0;

  constructor(
    host: Host,
    sas: readonly Sa[],
    offload: boolean,
    clones: number,
    packets: number = BATCH_PACKETS,
    alive: number = ALIVE,
  ) {
    this.#alive = new Int32Array(alive);
    this.#turns = new Int32Array(alive);
    this.#packets = packets;
    this.#host = host;
    this.#carrier = host.ipsec.carrier;
    this.#requests = sas.map((sa) => requestOf(sa, host.nic.index));
    this.#offload = offload;
    this.#clones = clones;
  }

  /** A whole batch on the way out. */
  out(): void {
    for (let n = 0; n < this.#packets; n += this.#alive.length) {
      this.#begin();
      this.#outputAll();
      this.#gateAll();
      this.#floodAll();
      this.#transmitAll();
      this.#freeAll();
    }
  }

  /** A whole batch on the way in. */
  in(): void {
    for (let n = 0; n < this.#packets; n += this.#alive.length) {
      this.#begin();
      if (this.#offload) this.#receiveAll();
      this.#inputAll();
      this.#policyAll();
      this.#freeAll();
    }
  }

  /** The same loops, and nobody is asked anything: packets that carry nothing. */
  nothing(): void {
    for (let n = 0; n < this.#packets; n += this.#alive.length) {
      this.#begin();
      this.#pickAll();
      for (let i = 1; i < LOOPS; i++) this.#walkAll();
      this.#floodAll();
      this.#freeAll();
    }
  }

  #begin(): void {
    const { mbufs } = this.#host;
    const alive = this.#alive;
    const turns = this.#turns;
    const sas = this.#requests.length;
    let turn = this.#turn;
    for (let k = 0; k < alive.length; k++) {
      const m = mbufs.alloc();
      mbufs.len[m] = PACKET_BYTES;
      alive[k] = m;
      turns[k] = turn;
      turn = turn + 1 === sas ? 0 : turn + 1;
    }
    this.#turn = turn;
  }

  /** ipsec_output */
  #outputAll(): void {
    const { mbufs } = this.#host;
    const carrier = this.#carrier;
    const alive = this.#alive;
    const turns = this.#turns;
    const requests = this.#requests;
    const state = this.#offload ? PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED : PACKET_TAG_IPSEC_OUT_DONE;
    for (let k = 0; k < alive.length; k++) {
      const m = alive[k]!;
      if (!mbufs.isBare(m)) this.#sum = (this.#sum + carrier.applied(m, 0) + carrier.take(m)) | 0;
      carrier.request(m, state, requests[turns[k]!]!);
    }
  }

  /** beforeTransmit */
  #gateAll(): void {
    const carrier = this.#carrier;
    const { words } = carrier;
    const alive = this.#alive;
    let sum = this.#sum;
    for (let k = 0; k < alive.length; k++) {
      const m = alive[k]!;
      const at = carrier.take(m);
      if (at === NONE) sum ^= carrier.read(m);
      else {
        sum ^= readAtGate(words, at);
        carrier.handOver(m);
      }
    }
    this.#sum = sum;
  }

  /** A driver's transmit */
  #transmitAll(): void {
    const carrier = this.#carrier;
    const { words } = carrier;
    const alive = this.#alive;
    let sum = this.#sum;
    for (let k = 0; k < alive.length; k++) {
      const m = alive[k]!;
      const at = carrier.take(m);
      if (at === NONE) continue;
      sum ^= readByDriver(words, at);
      carrier.done(m, at);
    }
    this.#sum = sum;
  }

  /** A driver that receives */
  #receiveAll(): void {
    const carrier = this.#carrier;
    const alive = this.#alive;
    const turns = this.#turns;
    const requests = this.#requests;
    for (let k = 0; k < alive.length; k++) {
      carrier.report(alive[k]!, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, requests[turns[k]!]!);
    }
  }

  /** ipsec_input */
  #inputAll(): void {
    const carrier = this.#carrier;
    const { words } = carrier;
    const alive = this.#alive;
    const turns = this.#turns;
    const requests = this.#requests;
    let sum = this.#sum;
    for (let k = 0; k < alive.length; k++) {
      const m = alive[k]!;
      const at = carrier.read(m);
      if (at === NONE) carrier.report(m, PACKET_TAG_IPSEC_IN_DONE, requests[turns[k]!]!);
      else {
        sum ^= readByInput(words, at);
        carrier.accept(m, at);
      }
    }
    this.#sum = sum;
  }

  /** checkIn */
  #policyAll(): void {
    const carrier = this.#carrier;
    const { words } = carrier;
    const alive = this.#alive;
    let sum = this.#sum;
    for (let k = 0; k < alive.length; k++) {
      const at = carrier.accepted(alive[k]!, 0);
      sum ^= words[at + SA_HANDLE]! ^ words[at + GENERATION]!;
    }
    this.#sum = sum;
  }

  /** Whose turn it is, and no more. */
  #pickAll(): void {
    const alive = this.#alive;
    const turns = this.#turns;
    const requests = this.#requests;
    let sum = this.#sum;
    for (let k = 0; k < alive.length; k++) sum ^= alive[k]! ^ requests[turns[k]!]!.length;
    this.#sum = sum;
  }

  #walkAll(): void {
    const alive = this.#alive;
    let sum = this.#sum;
    for (let k = 0; k < alive.length; k++) sum ^= alive[k]!;
    this.#sum = sum;
  }

  #floodAll(): void {
    const { mbufs } = this.#host;
    for (let n = 0; n < this.#clones; n++) {
      for (let k = 0; k < this.#alive.length; k++) {
        const c = mbufs.dup(this.#alive[k]!);
        if (c !== NO_MBUF) mbufs.free(c);
      }
    }
  }

  #freeAll(): void {
    const { mbufs } = this.#host;
    const alive = this.#alive;
    for (let k = 0; k < alive.length; k++) mbufs.free(alive[k]!);
  }
}

/** The words that beforeTransmit() looks at, a driver, and ipsec_input: of IPv4. */
function readAtGate(w: Uint32Array, at: number): number {
  const sa = w[at + SA_HANDLE]! ^ w[at + GENERATION]!;
  return sa ^ w[at + IF_INDEX]! ^ w[at + CARD_SA]!;
}

function readByDriver(w: Uint32Array, at: number): number {
  return readAtGate(w, at) ^ w[at + ESP]! ^ w[at + ESN_HI]!;
}

function readByInput(w: Uint32Array, at: number): number {
  const about = w[at + SPI]! ^ w[at + PROTO]! ^ w[at + IF_INDEX]!;
  const sa = w[at + SA_HANDLE]! ^ w[at + GENERATION]!;
  return about ^ sa ^ w[at + DST]!;
}

/** A request as ipsec makes it under this SA. */
export function requestOf(sa: Sa, ifIndex: number): OffloadRequest {
  const r = newOffloadRequest();
  describeRequest(r, sa, 20, 20, 0);
  r[IF_INDEX] = ifIndex;
  r[CARD_SA] = sa.installs[0]?.cardSa ?? -1;
  return r;
}
