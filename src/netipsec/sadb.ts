// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_ESP } from '../header/ip.ts';
import { type IpAddr, ipAddrFamily, ipAddrWords, sameWords } from '../header/ip_addr.ts';
import type { Clock } from '../kern/clock.ts';
import { Counters } from '../kern/counters.ts';
import { COUNTS_CARD, GENERATION, UPDATE_TOLD } from '../kern/turn_rules.ts';
import { IPSEC_HARD_EXPIRED, IPSEC_SOFT_EXPIRED } from './ipsec_counters.ts';
import { Larvals } from './larval.ts';
import { makeSa, scrubSa } from './make_sa.ts';
import type { Sa, SaParams } from './sa.ts';
import { SaIndex } from './sa_index.ts';
import { type LifetimeUnit, limitReached } from './sa_lifetime.ts';
import { forEachOf, type SaOffloads } from './sa_offload.ts';
import { checkParams } from './sa_params.ts';
import { SadbError } from './sadb_error.ts';
import { SenderKeys } from './sender_keys.ts';

const NO_KEY = new Uint8Array(0);

/** What a SADB has of its host. */
export interface SadbEnv {
  readonly clock: Clock;
  readonly counters: Counters;
}

/**
 * The security associations of a host. A slot number (handle) is used again after a delete; the
 * generation tells its users apart, so that a tag or a card's report can never mean the wrong SA.
 */
export class Sadb {
  /** Grows with every change: whoever caches an SA compares it. */
  changes = 0;
  readonly #slots: (Sa | null)[] = [];
  readonly #generations: Uint32Array;
  readonly #free: number[] = [];
  readonly #capacity: number;
  readonly #index: SaIndex;
  readonly #offloads: SaOffloads;
  readonly #directionOf: (src: IpAddr, dst: IpAddr) => 'in' | 'out';
  readonly #keys = new SenderKeys();
  readonly #env: SadbEnv;
  /** SPIs given out for SAs that are still to come. */
  readonly #larvals = new Larvals();
  /** SAs with a lifetime, and those whose hard lifetime is over: a card may still have them. */
  readonly #mortal = new Set<Sa>();
  readonly #dead = new Set<Sa>();
  /** Local UDP ports that inbound SAs take ESP from, and how many do. */
  readonly nattPorts = new Map<number, number>();
  /** Outbound SAs that want keep-alives sent. */
  readonly keepalives = new Set<Sa>();
  /** Packets of SAs that were deleted. */
  readonly #gone = { in: { hw: 0, sw: 0 }, out: { hw: 0, sw: 0 } };
  /** The oldest SA that is good sends, not the newest: net.key.prefered_oldsa of the BSDs. */
  #preferOld = false;
  /**
   * SADB_EXPIRE: once when a soft lifetime is over, once when a hard one is and the SA carries no
   * more. Called where the packet is: it must not throw.
   */
  onExpire: ((sa: Sa, kind: 'soft' | 'hard', unit: LifetimeUnit) => void) | null = null;

  /** SADB_ADD and SADB_UPDATE: these hear of each SA there is, as PF_KEY has it (RFC 2367 §3.1.3). */
  readonly listeners: ((sa: Sa) => void)[] = [];

  constructor(
    capacity: number,
    offloads: SaOffloads,
    directionOf: (src: IpAddr, dst: IpAddr) => 'in' | 'out',
    env: SadbEnv = { clock: { cycle: 0 }, counters: new Counters() },
  ) {
    this.#env = env;
    this.#capacity = capacity;
    this.#generations = new Uint32Array(capacity);
    this.#index = new SaIndex(this.#slots, capacity);
    this.#offloads = offloads;
    this.#directionOf = directionOf;
  }

  /** Makes the SA, and puts it into the cards that take it. Throws SadbError. */
  add(p: SaParams): Sa {
    try {
      return this.#make(p);
    } finally {
      this.#offloads.offerFreed();
    }
  }

  #make(p: SaParams): Sa {
    const checked = checkParams(p);
    if (this.find(p.dst, p.spi, p.proto) !== null) {
      throw new SadbError('duplicateSpi', `SPI ${p.spi} for this destination is in use`);
    }
    // A card may still have one that ended, and would not take a second with its SPI.
    const isNamesake = (sa: Sa) => sa.spi === p.spi && sameWords(sa.dstWords, ipAddrWords(p.dst));
    forEachOf([...this.#dead].filter(isNamesake), (sa) => this.#end(sa));
    const handle = this.#free.at(-1) ?? this.#slots.length;
    if (handle >= this.#capacity) {
      throw new SadbError('full', `the SADB holds ${this.#capacity} SAs already`);
    }
    const generation = (this.#generations[handle]! + 1) >>> 0;
    const direction = this.#directionOf(p.src, p.dst);
    const sa = makeSa(p, checked, handle, generation, direction, this.#env.clock.cycle);
    if (sa.direction === 'out' && !this.#keys.take(sa)) {
      scrubSa(sa);
      const text = 'another SA sends with this key: IVs would come twice (RFC 4106 §3.1)';
      throw new SadbError('keyInUse', text);
    }
    this.#free.pop();
    this.#generations[handle] = generation;
    this.#slots[handle] = sa;
    this.#index.insert(sa);
    this.#enlist(sa);
    this.#larvals.delete(sa.dst, sa.spi, sa.proto);
    try {
      this.#offloads.install(sa);
    } catch (e) {
      this.#end(sa);
      throw e;
    }
    for (const listener of this.listeners) listener(sa);
    return sa;
  }

  /**
   * SADB_UPDATE: the SA with this SPI is made anew from p. What it counted stays, and with the same
   * key its sequence numbers and its window go on. An SPI that getSpi() gave out gets its SA (RFC 2367
   * §3.1.2). Throws SadbError, and then the SA is as it was.
   */
  update(p: SaParams): Sa {
    checkParams(p);
    const old = this.find(p.dst, p.spi, p.proto);
    if (old === null && this.isLarval(p.dst, p.spi, p.proto)) return this.add(p);
    if (old === null) throw new SadbError('noSa', `no SA has SPI ${p.spi} and this destination`);
    // AH, and NULL, have the key of their integrity alone.
    const sameKey =
      Buffer.concat([old.key, old.salt]).equals(p.key) &&
      Buffer.compare(old.authKey, p.authKey ?? NO_KEY) === 0;
    const offloads = this.#offloads;
    const { enabled, rules } = offloads;
    // Until it is known how this ends nobody finds the old one; the new one gets its handle.
    const all = this.between(old.family, old.srcWords, old.dstWords);
    const newer = all.slice(0, all.indexOf(old));
    this.#unlink(old);
    this.#slots[old.handle] = null;
    this.#free.push(old.handle);
    try {
      offloads.remove(old);
      offloads.enabled = enabled && rules.on[UPDATE_TOLD] === 1;
      const sa = this.#make(sameKey ? { ...p, receivedSeq: old.replay.top } : p);
      const { hwPackets, hwBytes, swPackets, swBytes, addedCycle } = old;
      scrubSa(old);
      return Object.assign(sa, { hwPackets, hwBytes, swPackets, swBytes, addedCycle });
    } catch (e) {
      offloads.enabled = enabled;
      this.#revive(old, newer);
      throw e;
    } finally {
      offloads.enabled = enabled;
      offloads.offerFreed();
    }
  }

  /** Undoes what update() did. A card that refuses what it had before leaves it to software. */
  #revive(sa: Sa, newer: readonly Sa[]): void {
    this.#free.splice(this.#free.lastIndexOf(sa.handle), 1);
    // Whoever came in between and sends with its key keeps it: IVs must not come twice.
    if (sa.direction === 'out' && !this.#keys.take(sa)) {
      this.#bury(sa);
      return;
    }
    this.#slots[sa.handle] = sa;
    sa.alive = true;
    this.#index.restore(sa, newer);
    this.#enlist(sa);
    this.#offloads.reinstall(sa);
  }

  /** SADB_GETSPI: an SPI for an SA to come, reserved for a while. Throws SadbError. */
  getSpi(dst: IpAddr, proto: number = IPPROTO_ESP): number {
    const isTaken = (spi: number) => this.find(dst, spi, proto) !== null;
    return this.#larvals.reserve(dst, proto, this.#env.clock.cycle, isTaken);
  }

  /** Is there no SA yet, but its SPI is given out? */
  isLarval(dst: IpAddr, spi: number, proto: number = IPPROTO_ESP): boolean {
    return this.#larvals.has(dst, spi, proto, this.#env.clock.cycle);
  }

  /** SPIs that were given out for SAs to come. */
  get larvals(): number {
    return this.#larvals.size;
  }

  get preferOld(): boolean {
    return this.#preferOld;
  }

  set preferOld(on: boolean) {
    this.#preferOld = on;
    this.changes++;
  }

  /**
   * Packet path: may the SA carry one more packet? Says when its soft lifetime is over; when the
   * hard one is, the SA is retired: nobody finds it again, and timer() takes it out of the cards.
   */
  mayUse(sa: Sa): boolean {
    if (sa.lifetime === null) return true;
    const { clock, counters } = this.#env;
    const countsCard = this.#offloads.rules.on[COUNTS_CARD] === 1;
    const hard = limitReached(sa, sa.lifetime, 'hard', clock.cycle, countsCard);
    if (hard !== null) {
      if (sa.alive) this.#retire(sa, hard);
      return false;
    }
    if (sa.dying) return true;
    const soft = limitReached(sa, sa.lifetime, 'soft', clock.cycle, countsCard);
    if (soft === null) return true;
    sa.dying = true;
    this.changes++;
    counters.n[IPSEC_SOFT_EXPIRED]!++;
    this.onExpire?.(sa, 'soft', soft);
    return true;
  }

  #retire(sa: Sa, unit: LifetimeUnit): void {
    this.#unlink(sa);
    this.#dead.add(sa);
    this.#env.counters.n[IPSEC_HARD_EXPIRED]!++;
    this.onExpire?.(sa, 'hard', unit);
  }

  /** What is due by the clock. Throws, at the end, what a card threw first that holds a dead SA. */
  timer(): void {
    for (const sa of this.#mortal) this.mayUse(sa);
    forEachOf([...this.#dead], (sa) => this.delete(sa));
  }

  /**
   * The card lets go of the SA first; then its handle may be used again. Throws what a card throws
   * that does not answer; the SA is gone all the same.
   */
  delete(sa: Sa): void {
    try {
      this.#end(sa);
    } finally {
      this.#offloads.offerFreed();
    }
  }

  #end(sa: Sa): void {
    if (this.#slots[sa.handle] !== sa) throw new TypeError(`SA ${sa.handle} is deleted twice`);
    if (sa.alive) this.#unlink(sa);
    this.#dead.delete(sa);
    this.#slots[sa.handle] = null;
    try {
      this.#offloads.remove(sa);
    } finally {
      this.#bury(sa);
    }
  }

  #bury(sa: Sa): void {
    const gone = this.#gone[sa.direction];
    gone.hw += sa.hwPackets;
    gone.sw += sa.swPackets;
    scrubSa(sa);
    this.#free.push(sa.handle);
  }

  /** Deletes all. Throws, at the end, what a card threw first. */
  flush(): void {
    forEachOf([...this.list(), ...this.#dead], (sa) => this.delete(sa));
  }

  /** Deletes the SAs from src to dst. Throws as flush() does. */
  deleteBetween(src: IpAddr, dst: IpAddr, proto: number = IPPROTO_ESP): void {
    const all = this.between(ipAddrFamily(dst), ipAddrWords(src), ipAddrWords(dst));
    forEachOf(
      all.filter((sa) => sa.proto === proto),
      (sa) => this.delete(sa),
    );
  }

  /** RFC 4301 §4.1: a received packet's SA, by destination, SPI and protocol. */
  find(dst: IpAddr, spi: number, proto: number = IPPROTO_ESP): Sa | null {
    return this.lookup(ipAddrFamily(dst), ipAddrWords(dst), spi, proto);
  }

  /** find() of the packet path. */
  lookup(family: 4 | 6, dst: Uint32Array, spi: number, proto: number): Sa | null {
    return this.#index.lookup(family, dst, spi, proto);
  }

  /** The SA with this handle, if it still is the same one. */
  byHandle(handle: number, generation: number): Sa | null {
    const sa = this.#slots[handle];
    if (sa === undefined || sa === null) return null;
    const isSame = sa.generation === generation || this.#offloads.rules.on[GENERATION] === 0;
    return isSame ? sa : null;
  }

  /** The outbound SA between two ends that is to send; reqid 0 takes any. */
  findOut(
    src: IpAddr,
    dst: IpAddr,
    mode: 'transport' | 'tunnel',
    reqid: number,
    proto: number = IPPROTO_ESP,
  ): Sa | null {
    const [from, to] = [ipAddrWords(src), ipAddrWords(dst)];
    return this.select(ipAddrFamily(dst), from, to, mode === 'tunnel', reqid, proto);
  }

  /** findOut() of the packet path. */
  select(
    family: 4 | 6,
    src: Uint32Array,
    dst: Uint32Array,
    tunnel: boolean,
    reqid: number,
    proto: number,
  ): Sa | null {
    return this.#index.select(family, src, dst, tunnel, reqid, proto, this.#preferOld);
  }

  /** All that are alive between two ends, newest first. */
  between(family: 4 | 6, src: Uint32Array, dst: Uint32Array): Sa[] {
    return this.#index.between(family, src, dst);
  }

  list(): Sa[] {
    return this.all().filter((sa) => sa.alive);
  }

  /** With those whose hard lifetime is over, and which cards may still have. */
  all(): Sa[] {
    return this.#slots.filter((sa) => sa !== null);
  }

  /** Packets by who did the crypto, of the SAs of one direction that there are and were. */
  packets(direction: Sa['direction']): { readonly hw: number; readonly sw: number } {
    const sum = { ...this.#gone[direction] };
    for (const sa of this.all()) {
      if (sa.direction !== direction) continue;
      sum.hw += sa.hwPackets;
      sum.sw += sa.swPackets;
    }
    return sum;
  }

  /** In the lists that it is to be in. */
  #enlist(sa: Sa): void {
    if (sa.lifetime !== null) this.#mortal.add(sa);
    this.changes++;
    if (sa.natt === null) return;
    if (sa.direction === 'in') this.#countPort(sa.natt.dport, 1);
    else if (sa.natt.keepaliveSeconds > 0) this.keepalives.add(sa);
  }

  /** From here on nobody finds it. */
  #unlink(sa: Sa): void {
    sa.alive = false;
    // Its key is remembered with the last number it was used for, which the card knows.
    if (sa.inPacket) this.#offloads.takeBack(sa);
    if (sa.direction === 'out') this.#keys.release(sa);
    this.#index.remove(sa);
    this.#mortal.delete(sa);
    this.keepalives.delete(sa);
    if (sa.natt !== null && sa.direction === 'in') this.#countPort(sa.natt.dport, -1);
    this.changes++;
  }

  #countPort(port: number, by: number): void {
    const n = (this.nattPorts.get(port) ?? 0) + by;
    if (n === 0) this.nattPorts.delete(port);
    else this.nattPorts.set(port, n);
  }
}
