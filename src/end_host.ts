// SPDX-License-Identifier: BSD-2-Clause

import type { Clock } from './kern/clock.ts';
import { Counters } from './kern/counters.ts';
import { MTagPool } from './kern/m_tag.ts';
import { MbufPool, mbufPoolBytes } from './kern/mbuf.ts';
import { TagSan } from './kern/tag_san.ts';
import { LoopIf } from './net/if_loop.ts';
import type { Ifnet, SoftIf } from './net/ifnet.ts';
import { detachInterface } from './netinet/in_ifdetach.ts';
import { attachInterface, createInet, drainInet, slowTimo } from './netinet/in_proto.ts';
import type { Inet } from './netinet/inet.ts';
import type { IpHow } from './netinet/ip_output.ts';
import { REASS_DATAGRAMS } from './netinet/reass.ts';
import { UdpSocket } from './netinet/socket.ts';
import { Ipsec } from './netipsec/ipsec.ts';
import type { Carrier } from './netipsec/pact.ts';
import { applySetkey, parseSetkey, setkeyNotes } from './netipsec/setkey.ts';

/** Reassembly may hold REASS_DATAGRAMS of them for a minute: as many again for who sends. */
const JUMBO_CLUSTERS = 2 * REASS_DATAGRAMS;
/** Index of lo0; that of a host's card is 1. */
const LOOP_INDEX = 2;

export interface EndHostConfig {
  readonly name: string;
  readonly arena: Uint8Array;
  /** The pool's part of the arena: poolBytes() of it. */
  readonly baseBytes: number;
  /** Ordinary mbufs, and the largest frame that one holds. */
  readonly mbufCount: number;
  readonly frameBytes: number;
  readonly clock: Clock;
  readonly offload: boolean;
  /** Of IP ids and ports. */
  readonly seed: number;
  /** Watch what is done to tags (tag_san.ts): slow. */
  readonly tagsan?: boolean;
  /** How an offload request travels; the in-place tag unless a measurement asks for another. */
  readonly carrier?: (mbufs: MbufPool) => Carrier;
  /** Every SA is one to receive with: for replaying captures. */
  readonly receiveOnly?: boolean;
}

/** Arena bytes of a host's mbufs. */
export function poolBytes(frameBytes: number, mbufCount: number): number {
  return mbufPoolBytes(frameBytes, mbufCount, JUMBO_CLUSTERS);
}

/** A host but for its card: pools, IP, IPsec and loopback, put together. Interfaces are added to it. */
export class EndHost {
  readonly name: string;
  readonly tags: MTagPool;
  readonly mbufs: MbufPool;
  readonly counters = new Counters();
  readonly inet: Inet;
  readonly ipsec: Ipsec;
  readonly loop: LoopIf;
  /** What setkey(8) files asked for and did not get, and what in them contradicts itself. */
  readonly notes: string[] = [];
  /** Added interfaces of software, which poll() serves. */
  readonly #soft: SoftIf[] = [];
  #nextIndex = LOOP_INDEX + 1;

  constructor(config: EndHostConfig) {
    const { baseBytes, carrier, clock, frameBytes, mbufCount, receiveOnly, seed } = config;
    this.name = config.name;
    const tags = 2 * mbufCount;
    this.tags = config.tagsan === true ? new TagSan(tags) : new MTagPool(tags);
    this.mbufs = new MbufPool(config.arena, this.tags, {
      baseBytes,
      sizeBytes: poolBytes(frameBytes, mbufCount),
      frameBytes,
      jumboCount: JUMBO_CLUSTERS,
    });
    this.inet = createInet({ pool: this.mbufs, counters: this.counters, clock, seed });
    this.ipsec = new Ipsec({
      inet: this.inet,
      offload: config.offload,
      ...(carrier === undefined ? {} : { carrier: carrier(this.mbufs) }),
      ...(receiveOnly === undefined ? {} : { receiveOnly }),
    });
    this.inet.ipsec = this.ipsec;
    this.loop = new LoopIf(LOOP_INDEX, this.mbufs, this.counters);
    attachInterface(this.inet, this.loop);
  }

  /** An index that no interface of this host has. */
  newIndex(): number {
    return this.#nextIndex++;
  }

  /** Joins another interface to the host. */
  addInterface(ifp: Ifnet): void {
    attachInterface(this.inet, ifp);
    if (isSoft(ifp)) this.#soft.push(ifp);
  }

  /** The interface goes, whatever waits there; see in_ifdetach.ts. */
  removeInterface(ifp: Ifnet): void {
    detachInterface(this.inet, ifp);
    const at = this.#soft.indexOf(ifp as SoftIf);
    if (at >= 0) this.#soft.splice(at, 1);
  }

  /** Hands up what added interfaces of software have queued; returns how many packets. */
  pollSoft(): number {
    let n = 0;
    for (let i = 0; i < this.#soft.length; i++) n += this.#soft[i]!.poll();
    return n;
  }

  /** A new UDP socket of this host. */
  udp(how?: Partial<IpHow>): UdpSocket {
    return new UdpSocket(this.inet, how);
  }

  /** What is due by the clock: ARP requests again, fragments given up, SAs at their end. */
  timers(): void {
    slowTimo(this.inet);
    this.ipsec.timers();
  }

  /** Frees what the stack still holds: packets that wait for an address, for others, or to be seen. */
  drain(): void {
    drainInet(this.inet);
    this.loop.drain();
    for (const ifp of this.#soft) ifp.drain();
  }

  /** Carries out a setkey(8) file. Throws SetkeyError with file, line and column. */
  setkey(text: string, file: string): void {
    const parsed = parseSetkey(text, file);
    this.notes.push(...setkeyNotes(parsed));
    applySetkey(this.ipsec, parsed);
  }
}

function isSoft(ifp: Ifnet): ifp is SoftIf {
  return 'poll' in ifp && 'drain' in ifp;
}
