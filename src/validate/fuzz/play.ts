// SPDX-License-Identifier: BSD-2-Clause
import { BusError, FAULT_READ_ERROR, FAULT_WRITE_ERROR } from '../../dev/nic/nic_bus.ts';
import { createWorld } from '../../harness/create_world.ts';
import { finishRun } from '../../harness/finish_run.ts';
import { violationText } from '../../harness/oracle/violation.ts';
import { ResetLosses } from '../../harness/reset_losses.ts';
import { TAP_INJECTED } from '../../harness/tap.ts';
import { addressesOf, keyMaterial } from '../../harness/topology.ts';
import { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import { ipAddrParse } from '../../header/ip_addr.ts';
import { type FuzzCase, type FuzzEvent, isLossless } from './fuzz_case.ts';

/** Who does the crypto. */
export const CARDS = ['rtl', 'model', 'software'] as const;
export type Card = (typeof CARDS)[number];

/** What came of a case on one kind of card. */
export interface Played {
  /** '' when nothing is wrong. */
  readonly reason: string;
  readonly digest: string;
  readonly sent: number;
  /** By each direction. */
  readonly delivered: readonly number[];
}

const FIRST_SPI = 0x4000;
const KEPT_FRAMES = 8;
const INJECT_AFTER_CYCLES = 4000;

/** Plays a case to its end, with all oracles on. */
export async function play(
  fuzz: FuzzCase,
  card: Card,
  options: Pick<WorldOptions, 'ffi' | 'maxCycles'> = {},
): Promise<Played> {
  const on =
    card === 'software'
      ? ({ nic: 'model', offload: false } as const)
      : ({ nic: card, offload: true } as const);
  const world = await createWorld({ tagsan: true, ...fuzz.world, ...options, ...on });
  try {
    const stage = new Stage(world, fuzz);
    for (const e of fuzz.events) {
      stage.act(e);
      await world.breathe();
    }
    await stage.end();
    const delivered = stage.flows.map((f) => f.delivered);
    const sent = stage.flows.reduce((n, f) => n + f.sent, 0);
    const r = await finishRun(world, 'fuzz');
    const lost = isLossless(fuzz) ? sent - r.packets.delivered : 0;
    const wrong = r.violations.map(violationText);
    const extra = stage.flows.find((f) => f.delivered > f.sent);
    if (extra !== undefined) wrong.push(`${extra.delivered} delivered of ${extra.sent} sent`);
    if (lost !== 0) wrong.push(`${lost} packets are lost, and nothing loses any`);
    return { reason: wrong[0] ?? '', digest: r.digest, sent, delivered };
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'VerilatorError' || name === 'BindingError') throw error;
    return { reason: `${name}: ${message}`, digest: '', sent: 0, delivered: [] };
  } finally {
    world.close();
  }
}

/** Carries out events. */
class Stage {
  readonly flows: readonly UdpFlow[];
  readonly #world: World;
  readonly #losses: ResetLosses;
  readonly #due = [0, 0];
  /** Frames towards each host, the last few. */
  readonly #frames: Uint8Array[][] = [[], []];
  #spi = FIRST_SPI;

  constructor(world: World, { events, size }: FuzzCase) {
    this.#world = world;
    this.#losses = new ResetLosses(world);
    if (world.oracle !== null) world.oracle.mayLosePieces = true;
    const count = world.onFrame!;
    world.onFrame = (f) => {
      count(f);
      if ((f.flags & TAP_INJECTED) !== 0) return;
      const kept = this.#frames[1 - f.card]!;
      kept.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
      if (kept.length > KEPT_FRAMES) kept.shift();
    };
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
        this.flows[e.from]!.pump(this.#due[e.from]);
        break;
      case 'step':
        this.#world.step(e.cycles);
        break;
      case 'rekey':
        this.#rekey(e.from);
        break;
      case 'retire':
        this.#retire(e.from);
        break;
      case 'timers':
        for (const node of this.#world.nodes) node.timers();
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
        this.#detach(e.host);
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
      for (const [i, flow] of this.flows.entries()) flow.pump(this.#due[i]);
      await this.#world.settle();
    }
    this.#losses.count();
    for (const flow of this.flows) flow.close();
  }

  /** A card that met an error gives an SA back with one of its own: it is reset all the same. */
  #detach(host: 0 | 1): void {
    try {
      this.#world.hosts[host]!.detach();
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
  }

  #ends(from: 0 | 1) {
    const { outer } = addressesOf(this.#world.config.inner, this.#world.config.outer);
    return { src: ipAddrParse(outer[from]), dst: ipAddrParse(outer[1 - from]!) };
  }

  #rekey(from: 0 | 1): void {
    const { mode, seed } = this.#world.config;
    const spi = this.#spi++;
    const key = keyMaterial(seed, `fuzz ${spi}`, 20);
    this.#world.addSa({
      ...this.#ends(from),
      ...{ spi, mode, cipher: 'aes-gcm-16', key, replayPackets: 64 },
    });
  }

  /** The sender gives up its oldest SA, if it has another. */
  #retire(from: 0 | 1): void {
    const { sadb } = this.#world.hosts[from]!.ipsec;
    const { src, dst } = this.#ends(from);
    const [a, b] = [`${src}`, `${dst}`];
    const own = sadb.list().filter((sa) => `${sa.src}` === a && `${sa.dst}` === b);
    if (own.length > 1) sadb.delete(own[0]!);
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
