// SPDX-License-Identifier: BSD-2-Clause
import { ESP_HDR_LEN } from '../header/esp.ts';
import { EACCES, ENOBUFS, ESRCH } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { DONE_ONCE, GATE_INTERFACE, REBOOK } from '../kern/turn_rules.ts';
import { DECRYPTED_STAYS } from '../kern/turn_rules_if.ts';
import { IF_NONE, IFCAP_IPSEC, type Ifnet } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
import {
  IPSEC_DECRYPTED_LEAVES,
  IPSEC_HAND_OVER,
  IPSEC_LATE_NO_SA,
  IPSEC_LATE_SOFTWARE,
} from './ipsec_counters.ts';
import {
  type OffloadReasons,
  R_INTERFACE_CHANGED,
  R_NEEDS_FRAGMENTATION,
  R_SA_NOT_INSTALLED,
} from './offload_reason.ts';
import {
  type Carrier,
  NO_REQUEST,
  REQ_CARD_SA,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_ESP_OFFSET_MASK,
  REQ_IF_INDEX,
  REQ_PACKET,
} from './pact.ts';
import { saOfRequest } from './request_words.ts';
import type { Sa } from './sa.ts';
import type { SaOffloads } from './sa_offload.ts';
import type { Sadb } from './sadb.ts';
import type { XformTable } from './xform.ts';

export interface TransmitParts {
  readonly inet: Inet;
  readonly sadb: Sadb;
  readonly offloads: SaOffloads;
  readonly reasons: OffloadReasons;
  readonly carrier: Carrier;
  readonly xforms: XformTable;
}

/**
 * The last gate before an interface. A packet whose crypto is still to be done is plaintext in an
 * ESP coat: it goes to the one card its request names, or is finished here, or goes nowhere.
 */
export class IpsecTransmit {
  /** Tags allocated by the carrier between ipsec's tag and the driver. */
  handOverAllocs = 0;
  readonly #p: TransmitParts;
  readonly #n: Float64Array;

  constructor(parts: TransmitParts) {
    this.#p = parts;
    this.#n = parts.inet.counters.n;
  }

  /** IpsecMethods.beforeTransmit: 0, or an errno, counted; the caller frees m. */
  beforeTransmit(m: Mbuf, ifp: Ifnet, ipOffset: number): number {
    const { carrier, inet, sadb, offloads } = this.#p;
    const { tags, rules } = inet.pool;
    const at = carrier.take(m);
    if (at === NO_REQUEST) return this.#isDecrypted(m) ? EACCES : 0;
    const { words } = carrier;
    const sa = saOfRequest(sadb, words, at);
    const isMeantFor =
      ifp.index === (words[at + REQ_IF_INDEX]! | 0) && (ifp.capabilities & IFCAP_IPSEC) !== 0;
    const isInCard =
      sa !== null && offloads.cardSa(sa, ifp.index) === (words[at + REQ_CARD_SA]! | 0);
    if ((!isMeantFor || !isInCard) && rules.on[GATE_INTERFACE] === 1) {
      let why = isMeantFor ? R_SA_NOT_INSTALLED : R_INTERFACE_CHANGED;
      if (ifp === IF_NONE) why = R_NEEDS_FRAGMENTATION;
      return this.#finish(m, ipOffset, at, why);
    }
    const before = tags.allocs;
    const error = carrier.handOver(m);
    this.handOverAllocs += tags.allocs - before;
    if (error === 0) return 0;
    this.#n[IPSEC_HAND_OVER]!++;
    return ENOBUFS;
  }

  /** A card took the ESP of this one off for us: a bridge that passed it on would publish it. */
  #isDecrypted(m: Mbuf): boolean {
    const { carrier, inet } = this.#p;
    if (carrier.read(m) === NO_REQUEST || inet.pool.rules.on[DECRYPTED_STAYS] !== 1) return false;
    this.#n[IPSEC_DECRYPTED_LEAVES]!++;
    return true;
  }

  /**
   * pact.ts FinishInSoftware: 0 also when there is nothing to finish. `why` is the reason that is
   * counted, an index into OFFLOAD_REASONS.
   */
  finishInSoftware(m: Mbuf, ipOffset: number, why: number): number {
    const at = this.#p.carrier.take(m);
    return at === NO_REQUEST ? 0 : this.#finish(m, ipOffset, at, why);
  }

  #finish(m: Mbuf, ipOffset: number, at: number, why: number): number {
    const { carrier, inet, reasons, sadb, xforms } = this.#p;
    const { on } = inet.pool.rules;
    const { words } = carrier;
    const sa = saOfRequest(sadb, words, at);
    if (sa === null) {
      // Its key is gone, and in clear it must not leave.
      this.#n[IPSEC_LATE_NO_SA]!++;
      return ESRCH;
    }
    // Sequence number and IV are in the packet since ipsec_output, and no descriptor was posted:
    // nothing else was, or will be, encrypted under them.
    if ((words[at + REQ_ESP]! & REQ_PACKET) !== 0)
      return this.#finishWhole(m, ipOffset, at, why, sa);
    const espOffset = words[at + REQ_ESP]! & REQ_ESP_OFFSET_MASK;
    const trailerLen = words[at + REQ_ESP]! >>> 16;
    xforms[sa.proto]!.seal(m, sa, ipOffset, espOffset, words[at + REQ_ESN_HI]!);
    if (on[DONE_ONCE] === 1) carrier.done(m, at);
    reasons.tx[why]!++;
    this.#n[IPSEC_LATE_SOFTWARE]!++;
    if (on[REBOOK] === 0) return 0;
    const headerLen = ipOffset + espOffset + ESP_HDR_LEN + sa.session.ivBytes;
    rebook(sa, inet.pool.len[m]! - headerLen - trailerLen);
    return 0;
  }

  /**
   * Packet offload: m has no number yet. While a card has the SA it is the card that numbers, so it
   * hands its state back first; then software has this SA for good.
   */
  #finishWhole(m: Mbuf, ipOffset: number, at: number, why: number, sa: Sa): number {
    const { carrier, inet, offloads, reasons, xforms } = this.#p;
    const { words } = carrier;
    const espOffset = words[at + REQ_ESP]! & REQ_ESP_OFFSET_MASK;
    const next = words[at + REQ_ESP]! >>> 16;
    const payloadLen = inet.pool.len[m]! - ipOffset - espOffset;
    if (sa.inPacket) offloads.takeBack(sa);
    const error = xforms[sa.proto]!.sealWhole!(m, sa, ipOffset, espOffset, next);
    if (error !== 0) return error;
    carrier.done(m, carrier.take(m));
    reasons.tx[why]!++;
    this.#n[IPSEC_LATE_SOFTWARE]!++;
    rebook(sa, payloadLen);
    return 0;
  }
}

/** A packet that was booked as a card's is software's. */
function rebook(sa: Sa, payloadLen: number): void {
  sa.hwPackets--;
  sa.hwBytes -= payloadLen;
  sa.swPackets++;
  sa.swBytes += payloadLen;
}
