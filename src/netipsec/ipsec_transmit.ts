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
  REQ_IF_INDEX,
} from './pact.ts';
import { saOfRequest } from './request_words.ts';
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
    const espOffset = words[at + REQ_ESP]! & 0xffff;
    const trailerLen = words[at + REQ_ESP]! >>> 16;
    xforms[sa.proto]!.seal(m, sa, ipOffset, espOffset, words[at + REQ_ESN_HI]!);
    if (on[DONE_ONCE] === 1) carrier.done(m, at);
    reasons.tx[why]!++;
    this.#n[IPSEC_LATE_SOFTWARE]!++;
    if (on[REBOOK] === 0) return 0;
    const headerLen = ipOffset + espOffset + ESP_HDR_LEN + sa.session.ivBytes;
    const payloadLen = inet.pool.len[m]! - headerLen - trailerLen;
    sa.hwPackets--;
    sa.hwBytes -= payloadLen;
    sa.swPackets++;
    sa.swBytes += payloadLen;
    return 0;
  }
}
