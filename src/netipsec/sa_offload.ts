// SPDX-License-Identifier: BSD-2-Clause
import { ipAddrBytes } from '../header/ip_addr.ts';
import { EAFNOSUPPORT, ENOSPC, EOPNOTSUPP } from '../kern/errno.ts';
import { P_INSTALL, P_REMOVE, Preempt } from '../kern/preempt.ts';
import { TurnRules } from '../kern/turn_rule.ts';
import {
  FULL_IS_SOFTWARE,
  OFFER_AGAIN,
  REMOVE_BY_INSTALL,
  REMOVE_FROM_CARD,
} from '../kern/turn_rules.ts';
import { IFCAP_IPSEC, type Ifnet } from '../net/ifnet.ts';
import {
  OffloadReasons,
  R_ALGORITHM,
  R_FAMILY,
  R_HWIF_OTHER,
  R_NO_CAPABLE_INTERFACE,
  R_OFFLOAD_OFF,
  R_PACKET_OFFLOAD,
  R_SA_NOT_INSTALLED,
  R_SA_SAYS_NO,
  R_SA_TABLE_FULL,
} from './offload_reason.ts';
import type { OffloadSa, SaCounters, SaOffload } from './pact.ts';
import type { Sa, SaInstall } from './sa.ts';
import { SadbError } from './sadb_error.ts';

interface Port {
  readonly ifp: Ifnet;
  readonly card: SaOffload;
  /** SAs that found the card full: offered again when a slot falls free. */
  readonly waiting: Set<Sa>;
}

/** The cards of a host that hold SAs, and the choice of what goes into them. */
export class SaOffloads {
  /** False: nothing is offloaded. Set before the first SA. */
  enabled: boolean;
  readonly rules: TurnRules;
  readonly #preempt: Preempt;
  readonly #ports: Port[] = [];
  /** Slots that fell free, and are not offered yet. */
  #freed: { readonly port: Port; readonly direction: Sa['direction'] }[] = [];
  readonly #reasons: OffloadReasons;

  constructor(
    enabled: boolean,
    rules: TurnRules = new TurnRules(),
    reasons: OffloadReasons = new OffloadReasons(),
    preempt: Preempt = new Preempt(),
  ) {
    this.#preempt = preempt;
    this.enabled = enabled;
    this.rules = rules;
    this.#reasons = reasons;
  }

  /** A card comes: it gets the SAs there are. */
  attach(ifp: Ifnet, card: SaOffload, sas: readonly Sa[]): void {
    if (card.ifIndex !== ifp.index)
      throw new TypeError(`"${ifp.name}" is not the card's interface`);
    const port = { ifp, card, waiting: new Set<Sa>() };
    this.#ports.push(port);
    for (const sa of sas) {
      this.#installOn(sa, port);
      this.#explain(sa);
    }
  }

  /** A card goes: it gives back the SAs it has. Throws, at the end, what it threw first. */
  detach(ifp: Ifnet, sas: readonly Sa[]): void {
    const at = this.#ports.findIndex((p) => p.ifp === ifp);
    if (at < 0) return;
    const [{ card }] = this.#ports.splice(at, 1) as [Port];
    forEachOf(sas, (sa) => {
      const i = sa.installs.findIndex((e) => e.ifIndex === ifp.index);
      if (i < 0) return;
      const [{ cardSa }] = sa.installs.splice(i, 1) as [SaInstall];
      card.saRemove(sa.direction, cardSa);
    });
  }

  /** Puts the SA into the cards that take it. Throws SadbError when it is strict and none does. */
  install(sa: Sa): void {
    if (this.#preempt.hook !== null) this.#preempt.hook(P_INSTALL);
    this.reinstall(sa);
    if (!sa.offloadStrict || sa.offload === 'no') return;
    const refusal = sa.packetRefusal ?? (sa.installs.length === 0 ? sa.refusal : null);
    if (refusal === null && sa.installs.length > 0) return;
    const why = refusal?.text ?? (this.enabled ? 'no card is attached' : 'offload is off');
    throw new SadbError('offloadRefused', `${sa.offload} offload cannot be had: ${why}`);
  }

  /** The same for one that is in the SADB: what no card takes is software's. */
  reinstall(sa: Sa): void {
    for (const port of this.#ports) this.#installOn(sa, port);
    this.#explain(sa);
  }

  /** Sees to it that an SA which is not where it asked to be says why. */
  #explain(sa: Sa): void {
    if (!this.enabled) return;
    const { hwif, offload, installs } = sa;
    const asked = this.#ports.filter(({ ifp }) => hwif === null || ifp.name === hwif);
    if (offload === 'no') sa.refusal = { reason: R_SA_SAYS_NO, text: 'the SA asks for software' };
    else if (hwif !== null && asked.length === 0 && installs.length === 0) {
      sa.refusal = { reason: R_HWIF_OTHER, text: `-hwif ${hwif}: no card has this name` };
    }
    if (offload !== 'packet') return;
    const counts = sa.direction === 'out' ? this.#reasons.tx : this.#reasons.rx;
    if (sa.packetRefusal === null) counts[R_PACKET_OFFLOAD]!++;
    const text = asked.map(({ ifp, card }) => `${ifp.name}: ${card.noPacketOffload}`).join('; ');
    sa.packetRefusal = { reason: R_PACKET_OFFLOAD, text: text || 'no card is attached' };
  }

  /**
   * Takes the SA out of every card; its slots are free for others at offerFreed(). Throws, at the
   * end, what a card threw first.
   */
  remove(sa: Sa): void {
    const { on } = this.rules;
    if (this.#preempt.hook !== null) this.#preempt.hook(P_REMOVE);
    for (const { waiting } of this.#ports) waiting.delete(sa);
    forEachOf(sa.installs.splice(0), ({ ifIndex, cardSa }) => {
      const port = this.#ports.find((p) => p.ifp.index === ifIndex);
      if (port === undefined || on[REMOVE_FROM_CARD] === 0) return;
      const isCapable = (port.ifp.capabilities & IFCAP_IPSEC) !== 0;
      if (!isCapable && on[REMOVE_BY_INSTALL] === 0) return;
      port.card.saRemove(sa.direction, cardSa);
      this.#freed.push({ port, direction: sa.direction });
    });
  }

  /** The SA that has waited longest for a slot of the kind that fell free gets it. */
  offerFreed(): void {
    if (this.#freed.length === 0) return;
    const freed = this.#freed.splice(0);
    if (this.rules.on[OFFER_AGAIN] === 0) return;
    for (const { port, direction } of freed) {
      for (const sa of port.waiting) {
        if (sa.direction !== direction) continue;
        this.#installOn(sa, port);
        break;
      }
    }
  }

  /** The card's name for the SA on an interface, or -1. */
  cardSa(sa: Sa, ifIndex: number): number {
    if (this.#ports.length === 0) return -1; // without a look at the SA's list, far away in memory
    const all = sa.installs;
    for (let i = 0; i < all.length; i++) if (all[i]!.ifIndex === ifIndex) return all[i]!.cardSa;
    return -1;
  }

  /** What the cards counted for the SA, all together; null when it is in none. */
  counters(sa: Sa): SaCounters | null {
    if (sa.installs.length === 0) return null;
    const sum: SaCounters = { packets: 0, bytes: 0, authFailed: 0 };
    for (const { ifIndex, cardSa } of sa.installs) {
      const port = this.#ports.find((p) => p.ifp.index === ifIndex)!;
      const c = port.card.saCounters(sa.direction, cardSa);
      sum.packets += c.packets;
      sum.bytes += c.bytes;
      sum.authFailed += c.authFailed;
    }
    return sum;
  }

  /** Why an SA that is not in the card of ifp is not there: an index into OFFLOAD_REASONS. */
  whyNot(sa: Sa, ifp: Ifnet | undefined): number {
    if (!this.enabled) return R_OFFLOAD_OFF;
    if (ifp === undefined || (ifp.capabilities & IFCAP_IPSEC) === 0) return R_NO_CAPABLE_INTERFACE;
    if (sa.offload === 'no') return R_SA_SAYS_NO;
    if (sa.hwif !== null && sa.hwif !== ifp.name) return R_HWIF_OTHER;
    return sa.refusal === null ? R_SA_NOT_INSTALLED : sa.refusal.reason;
  }

  #installOn(sa: Sa, { ifp, card, waiting }: Port): void {
    if (!this.enabled || (ifp.capabilities & IFCAP_IPSEC) === 0) return;
    if (sa.offload === 'no' || (sa.hwif !== null && sa.hwif !== ifp.name)) return;
    if (sa.auth !== null) {
      const what = sa.ah === null ? sa.cipher.name : 'AH';
      sa.refusal = {
        reason: R_ALGORITHM,
        text: `${ifp.name}: the card does not do ${what} with ${sa.auth.name}`,
      };
      return;
    }
    const answer = card.saInstall(toOffloadSa(sa));
    if (answer.ok || answer.errno !== ENOSPC) waiting.delete(sa);
    if (answer.ok) {
      sa.refusal = null;
      sa.installs.push({ ifIndex: ifp.index, cardSa: answer.cardSa });
      return;
    }
    let reason = R_SA_NOT_INSTALLED;
    if (answer.errno === EOPNOTSUPP) reason = R_ALGORITHM;
    if (answer.errno === EAFNOSUPPORT) reason = R_FAMILY;
    if (answer.errno === ENOSPC) {
      if (this.rules.on[FULL_IS_SOFTWARE] === 0) throw new RangeError(answer.reason);
      reason = R_SA_TABLE_FULL;
      waiting.add(sa);
    }
    sa.refusal = { reason, text: `${ifp.name}: ${answer.reason}` };
  }
}

/** Calls f for every item, also after one of them threw; then throws the first error. */
export function forEachOf<T>(items: readonly T[], f: (item: T) => void): void {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      f(item);
    } catch (e) {
      errors.push(e);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function toOffloadSa(sa: Sa): OffloadSa {
  return {
    direction: sa.direction,
    saHandle: sa.handle,
    generation: sa.generation,
    spi: sa.spi,
    family: sa.family,
    dst: ipAddrBytes(sa.dst),
    proto: sa.proto,
    alg: sa.cipher.name,
    key: sa.key,
    salt: sa.salt,
    icvLenBytes: sa.session.icvBytes,
    esn: sa.esn,
    replayPackets: sa.replay.sizePackets,
    receivedSeq: sa.replay.top,
    udpPort: sa.natt === null ? 0 : sa.natt.dport,
  };
}
