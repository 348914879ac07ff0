// SPDX-License-Identifier: BSD-2-Clause
import { IP_DF, IP_HDR_LEN, IPPROTO_ESP, IPPROTO_UDP, ipOff, ipVersion } from '../header/ip.ts';
import { sameWords } from '../header/ip_addr.ts';
import { IPPROTO_NONE } from '../header/ip6.ts';
import {
  EACCES,
  EHOSTUNREACH,
  EINPROGRESS,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  EPROTONOSUPPORT,
} from '../kern/errno.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { P_TAGGED } from '../kern/preempt.ts';
import { FORWARD_OFFLOAD, FRAGMENT, INNER_FIRST, SA_STAMP } from '../kern/turn_rules.ts';
import type { Inet } from '../netinet/inet.ts';
import { ipCut } from '../netinet/ip_fragment.ts';
import type { Acquires } from './acquire.ts';
import { newFlow, readFlow } from './flow.ts';
import type { FlowCache } from './flow_cache.ts';
import { outputEither, routeEither } from './ip_either.ts';
import { fixedHeaderLen, headersBefore } from './ip_headers.ts';
import {
  ESP_DUMMY_OUT,
  IPSEC_BAD_PACKET,
  IPSEC_CUT_FIRST,
  IPSEC_DISCARD,
  IPSEC_NO_ROUTE,
  IPSEC_NO_SA,
  IPSEC_NO_TAG,
  IPSEC_NOT_CUT,
  IPSEC_TOO_BIG,
  IPSEC_UNKNOWN_PROTO,
  IPSEC_USE_NO_SA,
} from './ipsec_counters.ts';
import type { IpsecPmtu } from './ipsec_pmtu.ts';
import type { IpsecTransmit } from './ipsec_transmit.ts';
import { type OffloadReasons, R_INNER_TRANSFORM, R_NEEDS_FRAGMENTATION } from './offload_reason.ts';
import {
  type Carrier,
  NO_REQUEST,
  newOffloadRequest,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQ_CARD_SA,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_ESP_OFFSET_MASK,
  REQ_IF_INDEX,
} from './pact.ts';
import { saOfRequest } from './request_words.ts';
import type { Sa } from './sa.ts';
import type { SaOffloads } from './sa_offload.ts';
import type { Sadb } from './sadb.ts';
import { answers, compile, type Ends, type Secpolicy, type SpRequest } from './secpolicy.ts';
import { dummyPacket } from './tfc.ts';
import { hasOuterDf } from './tunnel_header.ts';
import type { XformTable } from './xform.ts';

/** A dummy packet goes between the SA's ends, with ESP as in transport mode. */
const DUMMY = compile({
  direction: 'out',
  src: 0,
  srcPrefixLen: 0,
  dst: 0,
  dstPrefixLen: 0,
  proto: IPPROTO_NONE,
  sport: 0,
  dport: 0,
  action: 'ipsec',
  requests: [{ proto: IPPROTO_ESP, mode: 'transport', src: 0, dst: 0, level: 'require', reqid: 0 }],
});

export interface OutputParts {
  readonly inet: Inet;
  readonly sadb: Sadb;
  readonly cache: FlowCache;
  readonly offloads: SaOffloads;
  readonly reasons: OffloadReasons;
  readonly carrier: Carrier;
  readonly xforms: XformTable;
  readonly transmit: IpsecTransmit;
  readonly acquires: Acquires;
  readonly pmtu: IpsecPmtu;
}

/** No errno: the packet is to be cut before it is protected. */
const CUT_FIRST = -1;
/** No slot of the flow cache: the policy is none of the SPD's. */
const NO_SLOT = -1;

/** The way out: policy, SA, ESP, and one tag for each transform. */
export class IpsecOutput {
  readonly #p: OutputParts;
  readonly #mbufs: MbufPool;
  readonly #n: Float64Array;
  readonly #flow = newFlow();
  readonly #request = newOffloadRequest();
  /** Of #lengthAfter(). */
  #outermost: Sa | null = null;

  constructor(parts: OutputParts) {
    this.#p = parts;
    this.#mbufs = parts.inet.pool;
    this.#n = parts.inet.counters.n;
  }

  /** IpsecMethods.output. */
  output(m: Mbuf): number {
    const { cache } = this.#p;
    const mbufs = this.#mbufs;
    readFlow(mbufs.view, mbufs.off[m]!, mbufs.len[m]!, this.#flow);
    const slot = cache.lookup('out', this.#flow);
    const policy = cache.policy[slot]!;
    if (policy === null) return 0;
    if (policy.action === 'none') return this.#bypass(m);
    if (policy.action === 'discard') {
      return this.#isProtected(m) ? 0 : this.#drop(m, IPSEC_DISCARD, EACCES);
    }
    return this.#apply(m, policy, slot);
  }

  /** Ipsec.process, hasApplied and mtuOf: for if_ipsec.ts, whose policies are of one tunnel each. */
  process(m: Mbuf, policy: Secpolicy): number {
    return this.#apply(m, policy, NO_SLOT);
  }

  hasApplied(m: Mbuf, policy: Secpolicy): boolean {
    return this.#isDone(m, policy.requests[0]!, policy.requests[0]!);
  }

  mtuOf(policy: Secpolicy): number {
    return this.#largest(NO_MBUF, policy, NO_SLOT, true);
  }

  /** All transforms of a policy. Owns m. 0: none was needed; EINPROGRESS, or another errno. */
  #apply(m: Mbuf, policy: Secpolicy, slot: number): number {
    const mbufs = this.#mbufs;
    let done = 0;
    let due: Sa | null = null;
    let dummyLen = 0;
    for (let i = 0; i < policy.requests.length; i++) {
      const request = policy.requests[i]!;
      const ends = request.tunnel ? request : this.#flow;
      if (slot !== NO_SLOT && this.#isDone(m, request, ends)) continue;
      const sa = this.#saFor(slot, i, request, ends);
      if (sa === null) {
        // Fail closed, but for level "use": setkey(8) lets the packet pass as it normally would.
        const mayPass = request.request.level === 'use';
        if (!mayPass) this.#drop(m, IPSEC_NO_SA, EACCES);
        this.#p.acquires.ask(policy, request, ends);
        if (!mayPass) return EACCES;
        this.#n[IPSEC_USE_NO_SA]!++;
        continue;
      }
      const len = mbufs.len[m]!;
      const error = this.#protect(m, sa, request, policy);
      if (error === CUT_FIRST) return this.#applyToPieces(m, policy, slot);
      if (error !== 0) return error;
      done++;
      if (sa.dummyEvery > 0 && ++sa.sinceDummy >= sa.dummyEvery) {
        due = sa;
        dummyLen = request.tunnel ? len : len - fixedHeaderLen(sa.family);
      }
      readFlow(mbufs.view, mbufs.off[m]!, mbufs.len[m]!, this.#flow);
    }
    if (done === 0) return 0;
    const { hook } = mbufs.preempt;
    if (hook !== null) hook(P_TAGGED);
    const error = outputEither(this.#p.inet, m);
    if (due !== null) this.#sendDummy(due, dummyLen);
    return error === 0 ? EINPROGRESS : error;
  }

  /**
   * RFC 4303 §3.3.4: in tunnel mode a packet may be cut first, so that each piece has its own ESP:
   * no router has to cut that, the far gateway has nothing to put together, and a card can do it.
   */
  #applyToPieces(m: Mbuf, policy: Secpolicy, slot: number): number {
    const { inet, transmit } = this.#p;
    const mbufs = this.#mbufs;
    // The pieces carry no tags.
    const late = transmit.finishInSoftware(m, 0, R_INNER_TRANSFORM);
    let piece = late === 0 ? ipCut(inet, m, this.#largest(m, policy, slot, false)) : NO_MBUF;
    if (piece < 0) return this.#drop(m, IPSEC_NOT_CUT, late === 0 ? ENOBUFS : late);
    this.#n[IPSEC_CUT_FIRST]!++;
    mbufs.free(m);
    let result = EINPROGRESS;
    while (piece !== NO_MBUF) {
      const next = mbufs.nextPkt[piece]!;
      mbufs.nextPkt[piece] = NO_MBUF;
      const error = this.#apply(piece, policy, slot);
      if (error !== EINPROGRESS) result = error;
      piece = next;
    }
    return result;
  }

  /** IpsecMethods.pathMtu. */
  pathMtu(m: Mbuf): number {
    const { cache } = this.#p;
    const mbufs = this.#mbufs;
    readFlow(mbufs.view, mbufs.off[m]!, mbufs.len[m]!, this.#flow);
    const slot = cache.lookup('out', this.#flow);
    const policy = cache.policy[slot]!;
    if (policy === null || policy.action !== 'ipsec') return 0;
    return this.#largest(m, policy, slot, true);
  }

  /**
   * The largest packet like m (NO_MBUF: in tunnel mode all are alike) that, protected, fits the path of its outermost SA; 0 without an SA.
   * mayCutAfter: or that routers may cut then, because the SA clears the bit that forbids it.
   */
  #largest(m: Mbuf, policy: Secpolicy, slot: number, mayCutAfter: boolean): number {
    const { inet, pmtu } = this.#p;
    this.#outermost = null;
    this.#lengthAfter(m, policy, slot, IP_HDR_LEN);
    const sa = this.#outermost as Sa | null;
    if (sa === null) return 0;
    const ifp = routeEither(inet, sa.family, sa.dstWords);
    if (ifp === null) return 0;
    const isCut = mayCutAfter && policy.requests.at(-1)!.tunnel && sa.df === 'clear';
    const path = isCut ? 0xffff : pmtu.of(sa, ifp);
    let largest = 2 * path - this.#lengthAfter(m, policy, slot, path);
    while (this.#lengthAfter(m, policy, slot, largest) > path) largest--;
    while (this.#lengthAfter(m, policy, slot, largest + 1) <= path) largest++;
    return largest;
  }

  /**
   * What a packet of lenBytes, with headers like m's, has become after all transforms; the SA of the
   * last one is in #outermost.
   */
  #lengthAfter(m: Mbuf, policy: Secpolicy, slot: number, lenBytes: number): number {
    const { xforms } = this.#p;
    const mbufs = this.#mbufs;
    let ipLen = lenBytes;
    let headersLen = m === NO_MBUF ? 0 : headersBefore(mbufs.view, mbufs.off[m]!, mbufs.len[m]!);
    let ends: Ends = this.#flow;
    for (let i = 0; i < policy.requests.length; i++) {
      const request = policy.requests[i]!;
      if (request.tunnel) ends = request;
      const xform = xforms[request.proto];
      if (xform === undefined || (m !== NO_MBUF && this.#isDone(m, request, ends))) continue;
      const sa = this.#saFor(slot, i, request, ends);
      if (sa === null) continue;
      this.#outermost = sa;
      ipLen = xform.lengthAfter(sa, request.tunnel, ipLen, headersLen);
      if (request.tunnel) headersLen = fixedHeaderLen(request.family);
    }
    return ipLen;
  }

  /** A packet that says nothing, as long as the last one: it goes the way of all others. */
  #sendDummy(sa: Sa, lenBytes: number): void {
    const { inet, sadb } = this.#p;
    if (!sadb.mayUse(sa)) return;
    const m = dummyPacket(inet, sa, lenBytes);
    if (m === NO_MBUF) return;
    sa.sinceDummy = 0;
    if (this.#protect(m, sa, DUMMY.requests[0]!, DUMMY) !== 0) return;
    this.#n[ESP_DUMMY_OUT]!++;
    outputEither(inet, m);
  }

  #bypass(m: Mbuf): number {
    const { carrier } = this.#p;
    if (carrier.bypass === undefined || carrier.bypass(m) === 0) return 0;
    return this.#drop(m, IPSEC_NO_TAG, ENOBUFS);
  }

  /** One transform of the policy. On an error m is freed; but not when it is CUT_FIRST. */
  #protect(m: Mbuf, sa: Sa, request: SpRequest, policy: Secpolicy): number {
    const { carrier, inet, offloads, pmtu, reasons, transmit, xforms } = this.#p;
    const mbufs = this.#mbufs;
    const { view } = mbufs;
    const at = mbufs.off[m]!;
    const { tunnel } = request;
    const xform = xforms[sa.proto];
    if (xform === undefined) return this.#drop(m, IPSEC_UNKNOWN_PROTO, EPROTONOSUPPORT);
    const headersLen = headersBefore(view, at, mbufs.len[m]!);
    if (headersLen < 0 && !tunnel) return this.#drop(m, IPSEC_BAD_PACKET, EINVAL);
    const ifp = routeEither(inet, sa.family, sa.dstWords);
    if (ifp === null) return this.#drop(m, IPSEC_NO_ROUTE, EHOSTUNREACH);
    const newLen = xform.lengthAfter(sa, tunnel, mbufs.len[m]!, headersLen);
    const isTooBig = newLen > ifp.mtu;
    if (isTooBig || newLen > pmtu.of(sa, ifp)) {
      if (mayCutFirst(policy, view, at)) return CUT_FIRST;
      const df = tunnel ? hasOuterDf(sa, view, at) : hasDf(view, at);
      if (df || newLen > 0xffff) return this.#drop(m, IPSEC_TOO_BIG, EMSGSIZE);
    }
    const isLast = request === policy.requests.at(-1);
    // Another transform goes round one whose crypto still waits: it has to be done by now.
    const { on } = mbufs.rules;
    const innerFirst = on[INNER_FIRST] === 1;
    const mayWait = innerFirst && !mbufs.isBare(m);
    const late = mayWait ? transmit.finishInSoftware(m, 0, R_INNER_TRANSFORM) : 0;
    if (late !== 0) {
      mbufs.free(m);
      return late;
    }
    const payloadLen = tunnel ? mbufs.len[m]! : mbufs.len[m]! - headersLen;
    const r = this.#request;
    const inCard = offloads.cardSa(sa, ifp.index);
    const toCut = isTooBig && on[FRAGMENT] === 1;
    const cameIn = mbufs.rcvIf[m]! >= 0 && on[FORWARD_OFFLOAD] === 0;
    const cardSa = toCut || (innerFirst && !isLast) || cameIn ? -1 : inCard;
    r[REQ_CARD_SA] = cardSa;
    if (cardSa < 0 && sa.inPacket) offloads.takeBack(sa); // one numberer: from here on software
    const error = xform.encapsulate(m, sa, tunnel, r);
    if (error !== 0) {
      mbufs.free(m);
      return error;
    }
    r[REQ_IF_INDEX] = ifp.index;
    const state = cardSa < 0 ? PACKET_TAG_IPSEC_OUT_DONE : PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED;
    if (carrier.request(m, state, r) !== 0) return this.#drop(m, IPSEC_NO_TAG, ENOBUFS);
    if (cardSa >= 0) {
      sa.hwPackets++;
      sa.hwBytes += payloadLen;
      return 0;
    }
    const why = isTooBig ? R_NEEDS_FRAGMENTATION : R_INNER_TRANSFORM;
    reasons.tx[inCard < 0 ? offloads.whyNot(sa, ifp) : why]!++;
    xform.seal(m, sa, 0, r[REQ_ESP]! & REQ_ESP_OFFSET_MASK, r[REQ_ESN_HI]!);
    sa.swPackets++;
    sa.swBytes += payloadLen;
    return 0;
  }

  #saFor(slot: number, i: number, request: SpRequest, ends: Ends): Sa | null {
    const { cache, sadb } = this.#p;
    const isCached = i === 0 && slot !== NO_SLOT;
    const cached = isCached ? cache.sa[slot]! : null;
    // Since the slot was looked up it may have been deleted: between two pieces of a packet.
    const isGone = cached?.alive === false && this.#mbufs.rules.on[SA_STAMP] === 1;
    if (cached !== null && !isGone && sadb.mayUse(cached)) return cached;
    const { proto, reqid, tunnel } = request;
    const { family, src, dst } = ends;
    let sa = sadb.select(family, src, dst, tunnel, reqid, proto);
    // One whose hard lifetime is over is found no more.
    while (sa !== null && !sadb.mayUse(sa)) {
      sa = sadb.select(family, src, dst, tunnel, reqid, proto);
    }
    if (isCached) cache.sa[slot] = sa;
    return sa;
  }

  /**
   * Does a tag on m say that this was applied already? The packet re-enters ip_output after ESP, and
   * the policy may fit the outer header as well: that must not go round again.
   */
  #isDone(m: Mbuf, request: SpRequest, ends: Ends): boolean {
    if (this.#mbufs.isBare(m)) return false;
    const { carrier, sadb } = this.#p;
    for (let i = 0; ; i++) {
      const at = carrier.applied(m, i);
      if (at === NO_REQUEST) return false;
      const sa = saOfRequest(sadb, carrier.words, at);
      if (sa !== null && answers(sa, request, ends)) return true;
    }
  }

  /**
   * Is m, as #flow says, what one of its own SAs made? "Discard" is about what was to be sent, and
   * that a policy protected before this one is no reason to ask again (RFC 4301 §5.1; the BSDs let
   * pass whatever carries OUT_DONE).
   */
  #isProtected(m: Mbuf): boolean {
    const { dst, family, proto } = this.#flow;
    const { carrier, sadb } = this.#p;
    for (let i = 0; ; i++) {
      const at = carrier.applied(m, i);
      if (at === NO_REQUEST) return false;
      const sa = saOfRequest(sadb, carrier.words, at);
      if (sa === null || sa.family !== family || !sameWords(sa.dstWords, dst)) continue;
      if (proto === sa.proto || (sa.natt !== null && proto === IPPROTO_UDP)) return true;
    }
  }

  #drop(m: Mbuf, counterIndex: number, errno: number): number {
    this.#n[counterIndex]!++;
    this.#mbufs.free(m);
    return errno;
  }
}

function hasDf(v: DataView, at: number): boolean {
  return ipVersion(v, at) === 4 && (ipOff(v, at) & IP_DF) !== 0;
}

/**
 * May the packet be cut before this policy is applied? Not in transport mode, which is for whole
 * datagrams; and not where policy asks for ports, which later pieces do not show (RFC 4301 §7).
 */
function mayCutFirst({ policy, requests }: Secpolicy, v: DataView, at: number): boolean {
  if (requests.length !== 1 || !requests[0]!.tunnel) return false;
  return policy.sport === 0 && policy.dport === 0 && ipVersion(v, at) === 4 && !hasDf(v, at);
}
