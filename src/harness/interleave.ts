// SPDX-License-Identifier: BSD-2-Clause
import { ipAddrFamily, ipAddrParse, ipAddrWords } from '../header/ip_addr.ts';
import type { Host } from '../host.ts';
import {
  P_COMPLETED,
  P_GATE,
  P_HALF_IN,
  P_HALF_OUT,
  P_INSTALL,
  P_OPENED,
  P_POSTED,
  P_REMOVE,
  P_REPORTED,
  P_TAGGED,
  preemptPoints,
} from '../kern/preempt.ts';
import { Rng } from '../kern/rng.ts';
import { giveNeighbor, giveRoute, HOST, takeRoute } from './addressing.ts';
import { DetourIf } from './detour_if.ts';
import { ResetLosses } from './reset_losses.ts';
import { type Addresses, addressesOf, keyMaterial } from './topology.ts';
import type { World } from './world.ts';

type Action = 'clock' | 'interrupt' | 'rekey' | 'delete' | 'unload' | 'reload' | 'route' | 'remove';

const CHANGES: readonly Action[] = ['rekey', 'delete', 'unload', 'reload', 'route'];
/** Within a change of the SADB no other one begins: it holds the lock. */
const TIME: readonly Action[] = ['clock', 'interrupt'];

/** What may come in between, at each point. */
const MAY: Readonly<Record<number, readonly Action[]>> = {
  [P_TAGGED]: [...TIME, ...CHANGES, 'remove'],
  [P_GATE]: [...TIME, ...CHANGES, 'remove'],
  [P_POSTED]: [...TIME, ...CHANGES],
  [P_COMPLETED]: ['clock', ...CHANGES],
  [P_REPORTED]: ['clock', ...CHANGES],
  [P_OPENED]: ['clock', ...CHANGES],
  [P_INSTALL]: TIME,
  [P_REMOVE]: TIME,
  [P_HALF_IN]: ['clock'],
  [P_HALF_OUT]: ['clock'],
};

const FIRST_SPI = 0x8000;
const LONGEST_CYCLES = 4000;

/**
 * Lets other things come in between, at the points of kern/preempt.ts: the seed says where, and what.
 * The world is one of the built-in topology; its schedule has all that happened.
 */
export class Interleaver {
  readonly #world: World;
  readonly #rng: Rng;
  readonly #odds: number;
  readonly #detours: readonly DetourIf[];
  /** Of the wire: what ESP goes between. */
  readonly #outer: Addresses['outer'];
  readonly #detoured = new Set<Host>();
  readonly #inPoll = new Set<Host>();
  readonly #losses: ResetLosses;
  #spi = FIRST_SPI;
  /** Within a change of the SADB only time may come in between. */
  #isChanging = false;
  #busy = false;

  /** Something happens at every so-manieth point, on average. */
  constructor(world: World, seed: number, everyPoints: number) {
    this.#world = world;
    this.#rng = new Rng(seed);
    this.#odds = 1 / everyPoints;
    this.#outer = addressesOf(world.config.inner, world.config.outer).outer;
    this.#detours = world.hosts.map((host) => new DetourIf(host, world.traffic.payloads.marker));
    if (world.oracle !== null) world.oracle.mayLosePieces = true;
    this.#losses = new ResetLosses(world);
    world.hosts.forEach((host, i) => {
      const poll = host.poll.bind(host);
      host.poll = (irq) => {
        this.#inPoll.add(host);
        poll(irq);
        this.#inPoll.delete(host);
      };
      host.mbufs.preempt.hook = (point) => this.#at(host, i, point);
    });
  }

  /** Frames that left in clear by an interface that does no IPsec. */
  get leaks(): number {
    return this.#detours.reduce((n, d) => n + d.clear, 0);
  }

  /** The end: the world comes to rest, and what resets have lost gets a name. */
  async settle(): Promise<void> {
    this.#stop();
    await this.#world.settle();
    this.#losses.count();
  }

  /** Nothing comes in between any more, and all is put back. */
  #stop(): void {
    this.#busy = true;
    this.#world.hosts.forEach((host, i) => {
      host.mbufs.preempt.hook = null;
      if (this.#detoured.has(host)) this.#flipRoute(host, i);
    });
  }

  #at(host: Host, i: number, point: number): void {
    if (this.#busy || !this.#rng.chance(this.#odds)) return;
    const may = MAY[point]!;
    if (this.#isChanging && may.length > TIME.length) return;
    const action = may[this.#rng.below(may.length)]!;
    // The handler that is running holds the interface.
    if (action === 'remove' && this.#inPoll.has(host)) return;
    const cycles = 1 + this.#rng.below(LONGEST_CYCLES);
    const inTime = action === 'clock' || action === 'interrupt';
    if (inTime) this.#busy = true;
    else this.#isChanging = true;
    const what = action === 'clock' ? `clock runs ${cycles} cycles` : action;
    const { name } = preemptPoints()[point]!;
    this.#world.schedule.push(`cycle ${this.#world.cycle}: ${host.name} ${name}: ${what}`);
    this.#act(action, host, i, cycles);
    if (inTime) this.#busy = false;
    else this.#isChanging = false;
  }

  #act(action: Action, host: Host, i: number, cycles: number): void {
    const { ipsec, nic } = host;
    if (action === 'clock') this.#world.sim.run(cycles);
    // Completions are taken; what came in waits for its turn, as for a netisr.
    else if (action === 'interrupt') nic.poll(0);
    else if (action === 'rekey') this.#rekey(i, false);
    else if (action === 'delete') this.#rekey(i, true);
    else if (action === 'unload') ipsec.detachOffload(nic);
    else if (action === 'route') this.#flipRoute(host, i);
    else if (action === 'reload') {
      ipsec.detachOffload(nic);
      ipsec.attachOffload(nic, nic.sa);
    } else {
      this.#losses.note(host);
      host.detach();
      host.attach();
    }
  }

  /** A new SA for what host i sends; the old one goes at the sender, or first and on both sides. */
  #rekey(i: number, both: boolean): void {
    const { hosts, oracle, config } = this.#world;
    const ends = [ipAddrParse(this.#outer[i]!), ipAddrParse(this.#outer[1 - i]!)] as const;
    const [src, dst] = ends;
    const [from, to] = ends.map(ipAddrWords) as [Uint32Array, Uint32Array];
    const spi = this.#spi++;
    const secret = keyMaterial(config.seed, `rekey ${spi}`, 20);
    for (const host of [hosts[1 - i]!, hosts[i]!]) {
      const { sadb } = host.ipsec;
      const old = sadb.between(ipAddrFamily(dst), from, to);
      const { mode } = config;
      // Deleted first, its handle is the new one's.
      if (both) for (const sa of old.splice(0)) sadb.delete(sa);
      sadb.add({
        ...{ src, dst, spi, mode, cipher: 'aes-gcm-16', key: secret.slice() },
        replayPackets: 64,
      });
      // The receiver keeps the newest of them, for what is on the wire.
      const dropped = host === hosts[i] ? old : old.slice(1);
      for (const sa of dropped) sadb.delete(sa);
    }
    oracle?.addSa({
      ...{ spi, dst: this.#outer[1 - i]!, mode: config.mode, alg: 'aes-gcm-16' },
      key: secret.slice(0, 16),
      salt: secret.slice(16),
    });
  }

  /** The way to the peer leads by the detour, or back by the card. */
  #flipRoute(host: Host, i: number): void {
    const { inet } = host;
    const detour = this.#detours[i]!;
    const peer = ipAddrParse(this.#outer[1 - i]!);
    if (this.#detoured.delete(host)) {
      takeRoute(inet, peer, HOST);
      return;
    }
    this.#detoured.add(host);
    giveNeighbor(inet, detour, peer, this.#world.hosts[1 - i]!.nic.lladdr);
    giveRoute(inet, detour, peer, HOST, null);
  }
}
