// SPDX-License-Identifier: BSD-2-Clause
import { BusError, FAULT_READ_ERROR, FAULT_WRITE_ERROR } from '../../dev/nic/nic_bus.ts';
import { Interleaver } from '../../harness/interleave.ts';
import { ResetLosses } from '../../harness/reset_losses.ts';
import { TAP_INJECTED } from '../../harness/tap.ts';
import { addressesOf, keyMaterial, protectedIn } from '../../harness/topology.ts';
import { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import { ipAddrParse } from '../../header/ip_addr.ts';
import type { Sa } from '../../netipsec/sa.ts';
import { Detours } from './detours.ts';
import type { FuzzCase, FuzzEvent } from './fuzz_case.ts';
import { Talk } from './talk.ts';

const FIRST_SPI = 0x4000;
const KEPT_FRAMES = 8;
const INJECT_AFTER_CYCLES = 4000;
const U32 = 2 ** 32;

/** Carries out the events of a case in its world, and knows what must come of them. */
export class Stage {
  readonly flows: readonly UdpFlow[];
  readonly #talks: readonly Talk[];
  readonly #world: World;
  readonly #losses: ResetLosses;
  readonly #between: Interleaver | null;
  readonly #detours: Detours;
  readonly #due = [0, 0];
  /** Sent while policy discards them, by direction. */
  readonly #discarded = [0, 0];
  readonly #unsaid = [0, 0];
  readonly #discards = [false, false];
  /** SAs that a newer one has replaced, and what they had numbered by then. */
  readonly #replaced: { readonly sa: Sa; readonly seq: number }[] = [];
  /** Frames towards each host, the last few. */
  readonly #frames: Uint8Array[][] = [[], []];
  #spi = FIRST_SPI;

  constructor(world: World, { events, size, between }: FuzzCase, isSoftware: boolean) {
    this.#world = world;
    this.#detours = new Detours(world);
    // Both listen to the wire, and the world has one listener.
    this.#losses = new ResetLosses(world);
    const count = world.onFrame!;
    this.#between =
      between === undefined || isSoftware
        ? null
        : new Interleaver(world, between.seed, between.everyPoints);
    const also = world.onFrame === count ? null : world.onFrame;
    if (world.oracle !== null) world.oracle.mayLosePieces = true;
    world.onFrame = (f) => {
      count(f);
      also?.(f);
      if ((f.flags & TAP_INJECTED) !== 0) return;
      const kept = this.#frames[1 - f.card]!;
      kept.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
      if (kept.length > KEPT_FRAMES) kept.shift();
    };
    this.#talks = [new Talk(world, 0), new Talk(world, 1)];
    const [a, b] = world.flowEnds;
    this.flows = ([0, 1] as const).map((from) => {
      const sends = events.filter((e) => e.do === 'send' && e.from === from);
      const packets = sends.reduce((n, e) => n + (e as { packets: number }).packets, 0);
      return new UdpFlow(world, from === 0 ? a! : b!, from === 0 ? b! : a!, { packets, size });
    });
  }

  act(e: FuzzEvent): void {
    const { hosts, sim } = this.#world;
    switch (e.do) {
      case 'send':
        this.#due[e.from]! += e.packets;
        this.#pump(e.from);
        break;
      case 'say':
        this.#talks[e.from]!.say(e.packets);
        if (this.#discards[e.from]) this.#unsaid[e.from]! += e.packets;
        break;
      case 'step':
        this.#world.step(e.cycles);
        break;
      case 'rekey':
        this.#rekey(e.from, e.esnLeft);
        break;
      case 'retire':
        this.#retire(e.from);
        break;
      case 'timers':
        for (const node of this.#world.nodes) node.timers();
        break;
      case 'policy':
        this.#policy(e.from, e.action);
        break;
      case 'ping':
        this.#detours.ping(e.host);
        break;
      case 'detour':
        this.#detours.route(e.host);
        break;
      case 'bridge':
        this.#detours.bridge(e.host);
        break;
      case 'again':
      case 'tampered':
        this.#inject(e.host, e.nth, e.do === 'tampered');
        break;
      case 'readError':
        sim.fault(e.host, FAULT_READ_ERROR, e.bursts);
        break;
      case 'writeError':
        sim.fault(e.host, FAULT_WRITE_ERROR, e.bursts);
        break;
      case 'noMbuf':
        hosts[e.host]!.mbufs.failNext = e.times;
        break;
      case 'noTag':
        hosts[e.host]!.tags.failNext = e.times;
        break;
      case 'reset':
        this.#losses.note(hosts[e.host]!);
        orBusError(() => hosts[e.host]!.detach());
        hosts[e.host]!.attach();
    }
  }

  /** Nothing fails any more; what waits is sent, and all comes to rest. */
  async end(): Promise<void> {
    const { hosts, sim } = this.#world;
    for (const [i, host] of hosts.entries()) {
      host.mbufs.failNext = 0;
      host.tags.failNext = 0;
      sim.fault(i, FAULT_READ_ERROR, 0);
      sim.fault(i, FAULT_WRITE_ERROR, 0);
    }
    for (let n = 0; n < 3; n++) {
      this.#pump(0);
      this.#pump(1);
      await this.#world.settle();
    }
    await this.#between?.settle();
    this.#losses.count();
    for (const one of [...this.flows, ...this.#talks]) one.close();
  }

  /** Packets that nothing has forbidden, and that did not arrive. */
  get missing(): number {
    const flows = this.flows.map((f, from) => f.sent - this.#discarded[from]! - f.delivered);
    const talks = this.#talks.map((t, from) => t.sent - this.#unsaid[from]! - t.heard);
    return [...flows, ...talks].reduce((a, b) => a + b, 0);
  }

  /** What went another way than it must have, of which no oracle knows; '' when nothing did. */
  get wrong(): string {
    for (const [from, flow] of this.flows.entries()) {
      const most = flow.sent - this.#discarded[from]!;
      if (flow.delivered > most) return `${flow.delivered} delivered of ${most} that might be`;
    }
    for (const [from, { sent, heard }] of this.#talks.entries()) {
      const most = sent - this.#unsaid[from]!;
      if (heard > most) return `${heard} heard of ${most} that might be`;
    }
    const used = this.#replaced.find(({ sa, seq }) => sa.seq !== seq);
    if (used !== undefined) {
      const more = used.sa.seq - used.seq;
      return `SA 0x${used.sa.spi.toString(16)} protects ${more} packets after it was replaced`;
    }
    const leaks = this.#detours.showsPayload ? 0 : (this.#between?.leaks ?? 0);
    return this.#detours.wrong || (leaks > 0 ? `${leaks} packets in clear by a detour` : '');
  }

  #pump(from: 0 | 1): void {
    const flow = this.flows[from]!;
    const before = flow.sent;
    flow.pump(this.#due[from]);
    if (this.#discards[from]) this.#discarded[from]! += flow.sent - before;
  }

  #ends(from: 0 | 1) {
    const { outer } = addressesOf(this.#world.config.inner, this.#world.config.outer);
    return { src: ipAddrParse(outer[from]), dst: ipAddrParse(outer[1 - from]!) };
  }

  /** SAs that host `from` may send with, the oldest first. */
  #senders(from: 0 | 1): Sa[] {
    const { src, dst } = this.#ends(from);
    const [a, b] = [`${src}`, `${dst}`];
    const all = this.#world.hosts[from]!.ipsec.sadb.list();
    return all.filter((sa) => `${sa.src}` === a && `${sa.dst}` === b);
  }

  #rekey(from: 0 | 1, esnLeft: number | undefined): void {
    const { mode, seed } = this.#world.config;
    const spi = this.#spi++;
    const key = keyMaterial(seed, `fuzz ${spi}`, 20);
    const last = U32 - 1 - (esnLeft ?? 0);
    const numbers = esnLeft === undefined ? {} : { esn: true, sentSeq: last, receivedSeq: last };
    // What comes in between may bring newer ones yet, and take them away.
    if (this.#between === null) {
      for (const sa of this.#senders(from)) {
        if (!this.#replaced.some((r) => r.sa === sa)) this.#replaced.push({ sa, seq: sa.seq });
      }
    }
    this.#world.addSa({
      ...this.#ends(from),
      ...{ spi, mode, cipher: 'aes-gcm-16', key, replayPackets: 64, ...numbers },
    });
  }

  /** The sender gives up its oldest SA, if it has another. */
  #retire(from: 0 | 1): void {
    const own = this.#senders(from);
    if (own.length > 1) orBusError(() => this.#world.hosts[from]!.ipsec.sadb.delete(own[0]!));
  }

  #policy(from: 0 | 1, action: 'discard' | 'protect'): void {
    const { mode, gateways, inner, outer } = this.#world.config;
    const addresses = addressesOf(inner, outer);
    const { ends, proto } = protectedIn(mode, gateways, addresses);
    const [a, b] = [addresses.outer[from], addresses.outer[1 - from]!];
    const ipsec = `ipsec esp/${mode}/${mode === 'tunnel' ? `${a}-${b}` : ''}/require`;
    const what = action === 'discard' ? 'discard' : ipsec;
    const text = `spdupdate ${ends[from]} ${ends[1 - from]!} ${proto} -P out ${what};`;
    // What an end host has sent is at its gateway by then.
    this.#world.step(1);
    this.#world.hosts[from]!.setkey(text, 'fuzz');
    this.#discards[from] = action === 'discard';
  }

  #inject(host: 0 | 1, nth: number, isTampered: boolean): void {
    // What was sent last is on the wire by then.
    this.#world.step(INJECT_AFTER_CYCLES);
    const frame = this.#frames[host]!.at(-1 - nth)?.slice();
    if (frame === undefined) return;
    if (isTampered) frame[frame.length - 1]! ^= 1;
    this.#world.sim.inject(host, frame, 0);
  }
}

/** A card that met an error gives an SA back, or is reset, with one of its own. */
function orBusError(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
  }
}
