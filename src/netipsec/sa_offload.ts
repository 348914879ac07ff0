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
  R_HANDED_BACK,
  R_HWIF_OTHER,
  R_NO_CAPABLE_INTERFACE,
  R_OFFLOAD_OFF,
  R_PACKET_OFFLOAD,
  R_SA_NOT_INSTALLED,
  R_SA_SAYS_NO,
  R_SA_TABLE_FULL,
} from './offload_reason.ts';
import {
  type OffloadSa,
  type SaCounters,
  type SaOffload,
  type SaState,
  SEEN_WORDS,
} from './pact.ts';
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

  /**
   * A card goes: it gives back the SAs it has, and of those under packet offload where their numbers
   * are. Throws, at the end, what it threw first.
   */
  detach(ifp: Ifnet, sas: readonly Sa[]): void {
    const at = this.#ports.findIndex((p) => p.ifp === ifp);
    if (at < 0) return;
    const [{ card }] = this.#ports.splice(at, 1) as [Port];
    forEachOf(sas, (sa) => {
      const i = sa.installs.findIndex((e) => e.ifIndex === ifp.index);
      if (i < 0) return;
      const [{ cardSa }] = sa.installs.splice(i, 1) as [SaInstall];
      this.#takeFrom(card, sa, cardSa);
    });
  }

  /**
   * Packet path: one packet of an SA under packet offload needs software. The card hands the SA back,
   * and software has it from here on: who numbers changes once. A card that does not answer has
   * lost it; then what is left of the SA is what #resume() says.
   */
  takeBack(sa: Sa): void {
    const at = sa.installs.pop()!;
    const port = this.#ports.find((p) => p.ifp.index === at.ifIndex);
    try {
      if (port === undefined) this.#resume(sa, null);
      else this.#takeFrom(port.card, sa, at.cardSa);
    } catch {
      // The SA is as safe as after a loss: #takeFrom() saw to it. The packet path throws nothing.
    }
    if (port !== undefined) this.#freed.push({ port, direction: sa.direction });
    sa.refusal = { reason: R_HANDED_BACK, text: 'the card handed it back: software needed it' };
  }

  #takeFrom(card: SaOffload, sa: Sa, cardSa: number): void {
    let state: SaState | null = null;
    try {
      state = card.saRemove(sa.direction, cardSa);
    } finally {
      if (sa.inPacket) this.#resume(sa, state);
    }
  }

  /**
   * Software goes on where the card was. Lost: an SA that sends goes on behind all numbers that the
   * card can have given; one that receives takes nothing more (fail closed), since what its window
   * had seen nobody knows.
   */
  #resume(sa: Sa, state: SaState | null): void {
    sa.inPacket = false;
    if (state === null) {
      if (sa.direction === 'in') sa.replay.close();
      return;
    }
    if (sa.direction === 'out') sa.seq = state.seq;
    else sa.replay.resume(state.seq, state.seen);
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
    if (offload !== 'packet' || sa.inPacket) return;
    if (sa.packetRefusal === null) this.#refuseWhole(sa, sa.refusal?.text ?? 'no card is attached');
  }

  #refuseWhole(sa: Sa, text: string): void {
    const counts = sa.direction === 'out' ? this.#reasons.tx : this.#reasons.rx;
    if (sa.packetRefusal === null) counts[R_PACKET_OFFLOAD]!++;
    sa.packetRefusal = { reason: R_PACKET_OFFLOAD, text };
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
      this.#takeFrom(port.card, sa, cardSa);
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
    const sum: SaCounters = { packets: 0, bytes: 0, authFailed: 0, replayed: 0 };
    for (const { ifIndex, cardSa } of sa.installs) {
      const port = this.#ports.find((p) => p.ifp.index === ifIndex)!;
      const c = port.card.saCounters(sa.direction, cardSa);
      sum.packets += c.packets;
      sum.bytes += c.bytes;
      sum.authFailed += c.authFailed;
      sum.replayed += c.replayed;
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
    // Two cards would give the same numbers, and accept the same packet.
    if (sa.inPacket) return;
    if (sa.auth !== null) {
      const what = sa.ah === null ? sa.cipher.name : 'AH';
      sa.refusal = {
        reason: R_ALGORITHM,
        text: `${ifp.name}: the card does not do ${what} with ${sa.auth.name}`,
      };
      return;
    }
    if (this.#installWhole(sa, ifp, card)) return;
    const answer = card.saInstall(toOffloadSa(sa, 'crypto'));
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

  /** Packet offload, when the SA asks for it, no card has it yet, and this one takes it. */
  #installWhole(sa: Sa, ifp: Ifnet, card: SaOffload): boolean {
    if (sa.offload !== 'packet' || sa.installs.length > 0) return false;
    const answer = card.saInstall(toOffloadSa(sa, 'packet'));
    if (answer.ok) {
      sa.refusal = null;
      sa.packetRefusal = null;
      sa.inPacket = true;
      sa.installs.push({ ifIndex: ifp.index, cardSa: answer.cardSa });
      return true;
    }
    const said = `${ifp.name}: ${answer.reason}`;
    const before = sa.packetRefusal?.text.split('; ').filter((text) => text !== said) ?? [];
    this.#refuseWhole(sa, [...before, said].join('; '));
    return false;
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

function toOffloadSa(sa: Sa, mode: OffloadSa['mode']): OffloadSa {
  const seen = new Uint32Array(SEEN_WORDS);
  sa.replay.seen(seen);
  return {
    mode,
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
    sentSeq: sa.seq,
    seen,
    udpPort: sa.natt === null ? 0 : sa.natt.dport,
  };
}
