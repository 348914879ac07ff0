// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../header/ip.ts';
import { sameWords } from '../header/ip_addr.ts';
import { EACCES } from '../kern/errno.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { POLICY_AFTER_DECAP } from '../kern/turn_rules.ts';
import type { Inet } from '../netinet/inet.ts';
import { newFlow, readFlow } from './flow.ts';
import type { FlowCache } from './flow_cache.ts';
import { ESP_REPORT_MISFIT, IPSEC_DISCARD, IPSEC_IN_POLICY } from './ipsec_counters.ts';
import { type Carrier, NO_REQUEST, REQ_GENERATION, REQ_SA_HANDLE } from './pact.ts';
import { saOfRequest } from './request_words.ts';
import type { Sadb } from './sadb.ts';
import { answers, type Ends, type Secpolicy, type SpRequest } from './secpolicy.ts';

export interface PolicyParts {
  readonly inet: Inet;
  readonly sadb: Sadb;
  readonly cache: FlowCache;
  readonly carrier: Carrier;
}

/** Was a packet that came in protected as policy asks (RFC 4301 §5.2, step 4)? */
export class IpsecPolicy {
  readonly #p: PolicyParts;
  readonly #mbufs: MbufPool;
  readonly #n: Float64Array;
  readonly #flow = newFlow();

  constructor(parts: PolicyParts) {
    this.#p = parts;
    this.#mbufs = parts.inet.pool;
    this.#n = parts.inet.counters.n;
  }

  /** IpsecMethods.checkIn: 0, or EACCES, counted. */
  checkIn(m: Mbuf, proto: number): number {
    const { cache, carrier } = this.#p;
    if (proto === IPPROTO_ESP || proto === IPPROTO_AH) {
      // What is still to be taken out of ESP is judged by what is inside: by whom it is for. But a
      // card has decrypted this one for us, and a gateway would send it on in clear.
      return carrier.read(m) === NO_REQUEST ? 0 : this.#refuse(ESP_REPORT_MISFIT);
    }
    const mbufs = this.#mbufs;
    const rule = mbufs.rules.on[POLICY_AFTER_DECAP] === 1;
    if (!rule && carrier.accepted(m, 0) !== NO_REQUEST) return 0;
    readFlow(mbufs.view, mbufs.off[m]!, mbufs.len[m]!, this.#flow);
    const policy = cache.policy[cache.lookup('in', this.#flow)]!;
    if (policy === null || policy.action === 'none') return 0;
    if (policy.action === 'discard') return this.#refuse(IPSEC_DISCARD);
    return this.#isMet(m, policy) ? 0 : this.#refuse(IPSEC_IN_POLICY);
  }

  /** IpsecMethods.sameOrigin: the same transforms, by SAs alike in all that answers() looks at. */
  sameOrigin(a: Mbuf, b: Mbuf): boolean {
    const { carrier } = this.#p;
    const { words } = carrier;
    for (let i = 0; ; i++) {
      const p = carrier.accepted(a, i);
      if (p === NO_REQUEST) return carrier.accepted(b, i) === NO_REQUEST;
      // Read before the carrier is asked again.
      const handle = words[p + REQ_SA_HANDLE]! | 0;
      const generation = words[p + REQ_GENERATION]!;
      const q = carrier.accepted(b, i);
      if (q === NO_REQUEST || !this.#isAlike(handle, generation, q)) return false;
    }
  }

  #isAlike(handle: number, generation: number, at: number): boolean {
    const { carrier, sadb } = this.#p;
    const { words } = carrier;
    const isSame = (words[at + REQ_SA_HANDLE]! | 0) === handle;
    if (isSame && words[at + REQ_GENERATION] === generation) return true;
    const p = sadb.byHandle(handle, generation);
    const q = saOfRequest(sadb, words, at);
    if (p === null || q === null) return false;
    if (p.family !== q.family || p.proto !== q.proto) return false;
    const alike = sameWords(p.srcWords, q.srcWords) && sameWords(p.dstWords, q.dstWords);
    return alike && p.mode === q.mode && p.reqid === q.reqid;
  }

  /**
   * RFC 4301 §5.2: the transforms must be those of the policy, in its order: innermost first, as the
   * newest of m's tags is. In transport mode the ends are the packet's own, or those of a tunnel
   * that was inside.
   */
  #isMet(m: Mbuf, policy: Secpolicy): boolean {
    let next = 0;
    let ends: Ends = this.#flow;
    for (let i = 0; i < policy.requests.length; i++) {
      const request = policy.requests[i]!;
      if (request.tunnel) ends = request;
      const at = this.#findAnswer(m, next, request, ends);
      if (at >= 0) next = at + 1;
      else if (request.request.level !== 'use') return false;
    }
    return true;
  }

  /** The first transform from the i-th on that answers the request, or -1. */
  #findAnswer(m: Mbuf, from: number, request: SpRequest, ends: Ends): number {
    const { carrier, sadb } = this.#p;
    for (let i = from; ; i++) {
      const at = carrier.accepted(m, i);
      if (at === NO_REQUEST) return -1;
      const sa = saOfRequest(sadb, carrier.words, at);
      if (sa !== null && answers(sa, request, ends)) return i;
    }
  }

  #refuse(counterIndex: number): number {
    this.#n[counterIndex]!++;
    return EACCES;
  }
}
