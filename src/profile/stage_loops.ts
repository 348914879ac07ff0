// SPDX-License-Identifier: BSD-2-Clause
import { IP_HDR_LEN, IPPROTO_UDP } from '../header/ip.ts';
import type { Host } from '../host.ts';
import { newFlow, readFlow } from '../netipsec/flow.ts';
import { FlowCache } from '../netipsec/flow_cache.ts';
import {
  NO_REQUEST,
  newOffloadRequest,
  PACKET_TAG_IPSEC_IN_DONE,
  REQ_ESN_HI,
  REQ_ESP,
} from '../netipsec/pact.ts';
import type { Sa } from '../netipsec/sa.ts';
import { XformEsp } from '../netipsec/xform_esp.ts';
import { BATCH_PACKETS, type BenchPair } from './bench_pair.ts';
import { Prepared } from './prepared.ts';
import { requestOf } from './tag_work.ts';

/**
 * Loops over one stage of the stack, a whole batch each, and the same loops without it: the
 * difference is the stage.
 */
export class StageLoops {
  readonly #pair: BenchPair;
  readonly #host: Host;
  readonly #packets: Prepared;
  /** Those that ESP goes over: software's leaves them encrypted, and no policy knows them then. */
  readonly #sealed: Prepared;
  readonly #xform: XformEsp;
  readonly #cache: FlowCache;
  readonly #flow = newFlow();
  readonly #sas: readonly Sa[];
  readonly #spare: Sa;
  readonly #offload: boolean;
  readonly #misses: boolean;
  readonly #r = newOffloadRequest();
  readonly #loops: number;
  /** So that what is read is used. */
  sink = 0;

  constructor(pair: BenchPair, host: Host, offload: boolean) {
    this.#pair = pair;
    this.#host = host;
    this.#offload = offload;
    this.#packets = new Prepared(host, pair, false);
    this.#sealed = new Prepared(host, pair, !offload);
    this.#xform = new XformEsp(host.inet, () => {});
    const { spd, sadb } = host.ipsec;
    this.#cache = new FlowCache(spd, sadb, host.mbufs.rules);
    this.#sas = pair.sas(host);
    this.#spare = pair.spareSa(host);
    this.#misses = pair.workload.missPercent > 0;
    this.#loops = BATCH_PACKETS / this.#packets.count;
  }

  /** Out: selectors, the flow cache, and behind it SPD and SADB. */
  policyOut(): void {
    const { view, off, len } = this.#host.mbufs;
    const { sadb } = this.#host.ipsec;
    const cache = this.#cache;
    const flow = this.#flow;
    this.#each((m) => {
      readFlow(view, off[m]!, len[m]!, flow);
      const slot = cache.lookup('out', flow);
      const { tunnel, src, dst, reqid, proto } = cache.policy[slot]!.requests[0]!;
      cache.sa[slot] ??= sadb.select(4, src, dst, tunnel, reqid, proto);
      this.sink += cache.sa[slot]!.handle;
    });
  }

  /** In: was it protected as policy asks? Asks the carrier, too: see acceptedIn(). */
  policyIn(): void {
    const { ipsec } = this.#host;
    this.#each((m) => {
      this.sink += ipsec.checkIn(m, 4, IP_HDR_LEN, IPPROTO_UDP);
    });
  }

  /** The carrier's part of policyIn(). */
  acceptedIn(): void {
    const { carrier } = this.#host.ipsec;
    this.#each((m) => {
      if (carrier.accepted(m, 0) !== NO_REQUEST) this.sink++;
    });
  }

  /** The loop without a stage. */
  empty(): void {
    this.#each((m) => {
      this.sink += m;
    });
  }

  /** Every packet has come in by its SA. */
  hangReports(): void {
    const { carrier } = this.#host.ipsec;
    const asked = this.#sas.map((sa) => requestOf(sa, this.#host.nic.index));
    for (const [k, m] of this.#packets.mbuf.entries()) {
      carrier.report(m, PACKET_TAG_IPSEC_IN_DONE, asked[k % asked.length]!);
    }
  }

  /** Out: all of ESP but the crypto, which is software's without offload. */
  espOut(): void {
    const packets = this.#sealed;
    for (let n = 0; n < this.#loops; n++) {
      for (let k = 0; k < packets.count; k++) this.#encapsulate(packets.put(k));
    }
  }

  /** In: what espOut() made, checked and taken off. */
  espIn(): void {
    const packets = this.#sealed;
    for (let n = 0; n < this.#loops; n++) {
      for (let k = 0; k < packets.count; k++) {
        const m = packets.put(k);
        this.#encapsulate(m);
        this.sink += this.#xform.input(m, this.#spare, IP_HDR_LEN, this.#offload, 0);
      }
    }
  }

  free(): void {
    this.#packets.free();
    this.#sealed.free();
  }

  #encapsulate(m: number): void {
    const r = this.#r;
    const sa = this.#spare;
    this.sink += this.#xform.encapsulate(m, sa, true, r);
    if (!this.#offload) this.#xform.seal(m, sa, 0, r[REQ_ESP]! & 0xffff, r[REQ_ESN_HI]!);
  }

  #each(f: (m: number) => void): void {
    const packets = this.#packets;
    for (let n = 0; n < this.#loops; n++) {
      for (let k = 0; k < packets.count; k++) {
        const m = packets.put(k);
        if (this.#misses) packets.setSourcePort(k, this.#pair.sourcePort());
        f(m);
      }
    }
  }
}
