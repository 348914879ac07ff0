// SPDX-License-Identifier: BSD-2-Clause

import type { IpAddr } from '../header/ip_addr.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
import type { IpsecMethods } from '../netinet/ipsec_hook.ts';
import { Acquires } from './acquire.ts';
import { CarrierInPlace } from './carrier_in_place.ts';
import { FlowCache } from './flow_cache.ts';
import type { IpsecIf } from './if_ipsec.ts';
import { isLocalEither } from './ip_either.ts';
import { type InsideHandler, IpsecInput } from './ipsec_input.ts';
import { IpsecOutput } from './ipsec_output.ts';
import { IpsecPmtu } from './ipsec_pmtu.ts';
import { IpsecPolicy } from './ipsec_policy.ts';
import { IpsecTransmit } from './ipsec_transmit.ts';
import { nattKeepalives } from './natt_keepalive.ts';
import { OffloadReasons, R_SA_NOT_INSTALLED } from './offload_reason.ts';
import {
  type Carrier,
  type FinishInSoftware,
  IPSEC_TAG_MOVES,
  ipsecTagName,
  MTAG_COOKIE_IPSEC,
  REQ_GENERATION,
  REQ_SA_HANDLE,
  type SaCounters,
  type SaOffload,
} from './pact.ts';
import type { Sa } from './sa.ts';
import { SaOffloads } from './sa_offload.ts';
import { Sadb } from './sadb.ts';
import type { Secpolicy } from './secpolicy.ts';
import { Spd } from './spd.ts';
import { UdpDecap } from './udp_decap.ts';
import type { Xform } from './xform.ts';
import { XformAh } from './xform_ah.ts';
import { XformEsp } from './xform_esp.ts';

export interface IpsecConfig {
  /** The stack it is for; the composition root sets inet.ipsec. */
  readonly inet: Inet;
  /** False: all ESP is software's. */
  readonly offload: boolean;
  /** How a request travels; the in-place tag unless a measurement asks for another. */
  readonly carrier?: Carrier;
  /** SAs the SADB has room for. */
  readonly maxSas?: number;
  /** Every SA is one to receive with, whatever its destination: for replaying captures. */
  readonly receiveOnly?: boolean;
  /** Takes what was inside each packet in IP's place. */
  readonly inside?: InsideHandler;
}

const DEFAULT_MAX_SAS = 16384;

/** IPsec of one host: its databases, and the methods that IP calls. */
export class Ipsec implements IpsecMethods {
  readonly sadb: Sadb;
  readonly spd = new Spd();
  readonly carrier: Carrier;
  /** Asks key management for SAs that are not there. */
  readonly acquires: Acquires;
  /** Why packets were not offloaded. */
  readonly reasons = new OffloadReasons();
  /** For drivers: pact.ts. */
  readonly finishInSoftware: FinishInSoftware;
  /** What routers say about the paths of SAs. */
  readonly pmtu: IpsecPmtu;
  readonly #interfaces = new Map<number, IpsecIf>();
  /** What of the SADB is in which card. */
  readonly offloads: SaOffloads;
  readonly #output: IpsecOutput;
  readonly #input: IpsecInput;
  readonly #policy: IpsecPolicy;
  readonly #transmit: IpsecTransmit;
  readonly #decap: UdpDecap;
  readonly #inet: Inet;

  constructor(config: IpsecConfig) {
    const { inet, receiveOnly = false } = config;
    const { reasons } = this;
    const carrier = config.carrier ?? new CarrierInPlace(inet.pool);
    const { rules, preempt } = inet.pool;
    const offloads = new SaOffloads(config.offload, rules, reasons, preempt);
    // RFC 4301 §4.1: an SA is one way. From us to ourselves it is for sending; the other way round
    // it is found all the same.
    const directionOf = (src: IpAddr, dst: IpAddr) => {
      const isIn = isLocalEither(inet, dst) && !isLocalEither(inet, src);
      return isIn || receiveOnly ? 'in' : 'out';
    };
    const sadb = new Sadb(config.maxSas ?? DEFAULT_MAX_SAS, offloads, directionOf, inet);
    const cache = new FlowCache(this.spd, sadb, inet.pool.rules);
    const xforms: Xform[] = [];
    for (const xform of [new XformEsp(inet, (sa) => offloads.takeBack(sa)), new XformAh(inet)])
      xforms[xform.proto] = xform;
    this.acquires = new Acquires(inet.clock, inet.counters);
    const { acquires } = this;
    const inside = config.inside ?? null;
    const tables = { offloads, sadb, cache, xforms };
    const parts = { ...tables, inet, acquires, carrier, reasons, inside };
    const transmit = new IpsecTransmit(parts);
    this.finishInSoftware = (m, ipOffset) =>
      transmit.finishInSoftware(m, ipOffset, R_SA_NOT_INSTALLED);
    this.carrier = carrier;
    this.sadb = sadb;
    inet.pool.tags.declare(MTAG_COOKIE_IPSEC, {
      nameOf: ipsecTagName,
      moves: IPSEC_TAG_MOVES,
      // Under a rule taken out byHandle() takes any generation.
      isStale: (w, at) => {
        const generation = w[at + REQ_GENERATION]!;
        return sadb.byHandle(w[at + REQ_SA_HANDLE]! | 0, generation)?.generation !== generation;
      },
    });
    this.offloads = offloads;
    this.#transmit = transmit;
    this.pmtu = new IpsecPmtu(parts);
    this.#output = new IpsecOutput({ ...parts, transmit, pmtu: this.pmtu });
    this.#input = new IpsecInput({ ...parts, interfaces: this.#interfaces });
    this.#policy = new IpsecPolicy(parts);
    this.#decap = new UdpDecap(inet, sadb, carrier, this.#input);
    this.#inet = inet;
  }

  /** Tags allocated to hand requests to drivers, up to their transmit(). */
  get handOverAllocs(): number {
    return this.#transmit.handOverAllocs;
  }

  /** A card that can do ESP comes up: it is given the SAs. */
  attachOffload(ifp: Ifnet, card: SaOffload): void {
    this.offloads.attach(ifp, card, this.sadb.list());
    this.sadb.changes++;
  }

  /** The card goes away; what it had is software's from here on. Throws what the card throws. */
  detachOffload(ifp: Ifnet): void {
    this.sadb.changes++;
    this.offloads.detach(ifp, this.sadb.all());
  }

  /**
   * What the cards themselves counted for an SA; null when it is in none. sa.hwPackets counts what
   * was handed to them.
   */
  cardCounters(sa: Sa): SaCounters | null {
    return this.offloads.counters(sa);
  }

  /** A route-based interface comes, with an id that no other has; if_ipsec.ts calls it. */
  addInterface(reqid: number, ifp: IpsecIf): void {
    if (this.#interfaces.has(reqid))
      throw new RangeError(`reqid ${reqid} is an interface's already`);
    this.#interfaces.set(reqid, ifp);
  }

  removeInterface(reqid: number): void {
    this.#interfaces.delete(reqid);
  }

  /** Protects m by a policy that the SPD does not have, and sends it. Owns m. EINPROGRESS, or errno. */
  process(m: Mbuf, policy: Secpolicy): number {
    return this.#output.process(m, policy);
  }

  /** Has a packet been through the tunnel of such a policy? */
  hasApplied(m: Mbuf, policy: Secpolicy): boolean {
    return this.#output.hasApplied(m, policy);
  }

  /** The largest packet that fits the tunnel of such a policy, bytes; 0: it has no SA. */
  mtuOf(policy: Secpolicy): number {
    return this.#output.mtuOf(policy);
  }

  output(m: Mbuf, _family: 4 | 6): number {
    return this.#output.output(m);
  }

  input(m: Mbuf, _family: 4 | 6, ipHeaderLen: number, proto: number): void {
    this.#input.input(m, ipHeaderLen, proto);
  }

  udpInput(m: Mbuf, family: 4 | 6, ipHeaderLen: number): boolean {
    return this.#decap.udpInput(m, family, ipHeaderLen);
  }

  /** What is due by the clock: lifetimes, keep-alives. Throws what a card throws. */
  timers(): void {
    nattKeepalives(this.#inet, this.sadb.keepalives);
    this.sadb.timer();
  }

  checkIn(m: Mbuf, _family: 4 | 6, _ipHeaderLen: number, proto: number): number {
    return this.#policy.checkIn(m, proto);
  }

  sameOrigin(a: Mbuf, b: Mbuf): boolean {
    return this.#policy.sameOrigin(a, b);
  }

  beforeTransmit(m: Mbuf, ifp: Ifnet, ipOffset: number): number {
    return this.#transmit.beforeTransmit(m, ifp, ipOffset);
  }

  pathMtu(m: Mbuf, _family: 4 | 6): number {
    return this.#output.pathMtu(m);
  }

  tooBig(
    family: 4 | 6,
    quotedAt: number,
    quotedLen: number,
    upperOff: number,
    proto: number,
    mtu: number,
  ): boolean {
    return this.pmtu.tooBig(family, quotedAt, quotedLen, upperOff, proto, mtu);
  }
}
