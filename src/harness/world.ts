// SPDX-License-Identifier: BSD-2-Clause
import { type SimTotals, type SimWorld, STOP_BUDGET } from '../dev/nic/nic_bus.ts';
import type { EndHost } from '../end_host.ts';
import type { Host } from '../host.ts';
import type { SaParams } from '../netipsec/sa.ts';
import type { Capture } from './capture.ts';
import type { Digest } from './digest.ts';
import { type FlowEnd, flowEnds } from './flow_end.ts';
import type { FlowTraffic } from './flow_traffic.ts';
import type { Behind } from './gateway_net.ts';
import type { KeyLog } from './key_log.ts';
import type { WireOracle } from './oracle/wire_oracle.ts';
import { wireSa } from './oracle_setup.ts';
import { type TapFrame, TapReader } from './tap.ts';
import type { Taps } from './taps.ts';
import type { Timeline } from './timeline.ts';
import { runFlows, UdpFlow, type UdpFlowOptions } from './udp_flow.ts';
import type { WorldConfig } from './world_options.ts';

/** One call into the simulation runs no longer than this; interrupts end it much earlier. */
const STEP_CYCLES = 20_000;
/** Nothing moved for so long: nothing will. */
const STALLED_CYCLES = 500_000;
/** More passes than a packet of any scenario needs from end to end. */
const LINK_ROUNDS = 8;
const TIMER_CYCLES = 1_000_000;
const BREATH_MS = 50;

/** Nothing moves any more, and what was waited for did not come. */
export class StalledError extends Error {
  readonly cycle: number;
  constructor(what: string, cycle: number) {
    super(
      `no progress: nothing moved on a bus or the wire for ${STALLED_CYCLES} cycles ` +
        `while waiting for ${what} (cycle ${cycle})`,
    );
    this.name = 'StalledError';
    this.cycle = cycle;
  }
}

/** What a world is made of; createWorld() makes it. */
export interface WorldParts {
  readonly config: WorldConfig;
  readonly sim: SimWorld;
  readonly hosts: readonly Host[];
  /** Of a gateway world: what is behind each host. */
  readonly behind: readonly Behind[];
  readonly oracle: WireOracle | null;
  readonly digest: Digest | null;
  readonly capture: Capture | null;
  readonly keys: KeyLog;
  readonly timeline: Timeline | null;
  readonly taps: Taps | null;
  readonly traffic: FlowTraffic;
}

/**
 * Two hosts, their cards, and the wire between them. Software sends and receives while the clock
 * stands; step() lets it run until a card wants attention.
 */
export class World {
  readonly config: WorldConfig;
  readonly sim: SimWorld;
  /** The hosts with a card. */
  readonly hosts: readonly Host[];
  /** All hosts: those with a card, then the end hosts behind them in a gateway world. */
  readonly nodes: readonly EndHost[];
  /** Between which flows go: the end hosts, where there are some. */
  readonly flowEnds: readonly FlowEnd[];
  readonly oracle: WireOracle | null;
  readonly digest: Digest | null;
  readonly capture: Capture | null;
  /** What opens the ESP in the capture. */
  readonly keys: KeyLog;
  /** What flows send. */
  readonly traffic: FlowTraffic;
  /** When the cards were up and ready. */
  readonly startCycle: number;
  /** Wall milliseconds since the world began, and those spent in each part. */
  readonly startMs: number = performance.now();
  readonly spentMs = { step: 0, stack: 0, oracles: 0 };
  /** Flows that the world has had, and files that it wrote: for the report. */
  readonly flows: UdpFlow[] = [];
  readonly artefacts: Record<string, string> = {};
  /** What came in between, in a world with an Interleaver. */
  readonly schedule: string[] = [];
  /** Sees each frame on the wire, as it left its card; may not keep it (`bytes` is used again). */
  onFrame: ((frame: TapFrame) => void) | null = null;
  onProgress: ((sent: number, packets: number) => void) | null = null;
  readonly #timeline: Timeline | null;
  readonly #taps: Taps | null;
  readonly #tap: TapReader;
  readonly #onFrame: (f: TapFrame) => void;
  #nextTimer = TIMER_CYCLES;
  #breathedMs = 0;
  #closed = false;

  constructor(parts: WorldParts) {
    this.config = parts.config;
    this.sim = parts.sim;
    this.hosts = parts.hosts;
    this.nodes = [...parts.hosts, ...parts.behind.map((b) => b.host)];
    this.flowEnds = flowEnds(parts);
    this.oracle = parts.oracle;
    this.digest = parts.digest;
    this.capture = parts.capture;
    this.keys = parts.keys;
    this.traffic = parts.traffic;
    this.#timeline = parts.timeline;
    this.#taps = parts.taps;
    if (parts.taps !== null) this.artefacts.taps = parts.taps.path;
    if (parts.capture !== null) this.artefacts.capture = parts.capture.path;
    if (parts.config.stream !== null) this.artefacts.stream = parts.config.stream;
    if (parts.config.waves !== null) this.artefacts.waves = parts.config.waves;
    this.startCycle = parts.sim.cycle;
    this.#tap = new TapReader(parts.sim.tap);
    this.#onFrame = (f) => this.#frame(f);
  }

  get cycle(): number {
    return this.sim.cycle;
  }

  totals(): SimTotals {
    return this.sim.totals();
  }

  /**
   * Runs the clock until a card interrupts or maxCycles have passed, then lets the hosts take what
   * their cards have for them. Returns the STOP_ code of the simulation. Throws BusError.
   */
  step(maxCycles: number = STEP_CYCLES): number {
    const { sim, hosts, spentMs } = this;
    const begun = performance.now();
    this.#pollLinks();
    const t0 = performance.now();
    for (let i = 0; i < hosts.length; i++) hosts[i]!.nic.flush();
    const stop = this.#run(maxCycles);
    const t1 = performance.now();
    this.#drainTap();
    const t2 = performance.now();
    for (let i = 0; i < hosts.length; i++) {
      if (stop === STOP_BUDGET || sim.irq(i)) hosts[i]!.poll(sim.irq(i));
    }
    if (sim.cycle >= this.#nextTimer) this.#timers();
    spentMs.step += t1 - t0;
    spentMs.oracles += t2 - t1;
    spentMs.stack += performance.now() - t2 + (t0 - begun);
    return stop;
  }

  /** Links of software take no time: what was sent over them arrives, and what that makes others send. */
  #pollLinks(): void {
    for (let round = 0; round < LINK_ROUNDS; round++) {
      let n = 0;
      for (let i = 0; i < this.nodes.length; i++) n += this.nodes[i]!.pollSoft();
      if (n === 0) return;
    }
  }

  /** Lets Node see to signals and timers, now and then: a run is one long computation otherwise. */
  async breathe(): Promise<void> {
    const now = performance.now();
    if (now - this.#breathedMs < BREATH_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#breathedMs = now;
  }

  /** Throws StalledError when nothing has moved for long. */
  expectProgress(what: string): void {
    if (this.sim.idleCycles > STALLED_CYCLES) throw new StalledError(what, this.cycle);
  }

  /** Steps until done() says so. Throws StalledError when nothing moves any more. */
  async runUntil(done: () => boolean, what = 'the end of the scenario'): Promise<void> {
    while (!done()) {
      this.step();
      await this.breathe();
      if (!done()) this.expectProgress(what);
    }
  }

  /** Steps until all that was sent has arrived or is lost: rings, cards and wire are at rest. */
  async settle(): Promise<void> {
    const { config, sim } = this;
    const { reorderPpm, reorderCycles, wireLatencyCycles, memLatencyCycles } = config;
    const late = reorderPpm > 0 ? reorderCycles : 0;
    // An engine from elsewhere may sit over a frame for long, with nothing to be seen from outside.
    const atWork = config.rtl === null ? 4000 : 40_000;
    const quiet = wireLatencyCycles + late + 4 * memLatencyCycles + atWork;
    this.step();
    await this.runUntil(
      () => sim.idleCycles > quiet && this.hosts.every((h) => h.nic.txOutstanding === 0),
      'the cards to finish what was sent',
    );
  }

  /** UDP from host `from` to the other, every payload checked; back when all is over. */
  async flow(from: 0 | 1, options: UdpFlowOptions): Promise<UdpFlow> {
    return this.flowBetween(this.flowEnds[from]!, this.flowEnds[1 - from]!, options);
  }

  /** The same between any two. */
  async flowBetween(from: FlowEnd, to: FlowEnd, options: UdpFlowOptions): Promise<UdpFlow> {
    const flow = new UdpFlow(this, from, to, options);
    await runFlows(this, [flow]);
    return flow;
  }

  /** The same both ways at once. */
  async duplex(options: UdpFlowOptions): Promise<[UdpFlow, UdpFlow]> {
    const [a, b] = this.flowEnds as [FlowEnd, FlowEnd];
    const flows: [UdpFlow, UdpFlow] = [
      new UdpFlow(this, a, b, options),
      new UdpFlow(this, b, a, options),
    ];
    await runFlows(this, flows);
    return flows;
  }

  /**
   * An SA between the hosts, as a rekey brings: both get it, each for its direction, and the oracle
   * knows it. Throws SadbError; RangeError for an algorithm that the oracle cannot open.
   */
  addSa(params: SaParams): void {
    for (const { ipsec } of this.hosts) ipsec.sadb.add(params);
    this.oracle?.addSa(wireSa(params));
  }

  /** Takes the cards down and ends the simulation; files are closed and readable. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.digest?.close();
      this.capture?.close();
      this.#timeline?.close();
      this.#taps?.close();
    } finally {
      this.sim.close();
    }
  }

  /** A card that fails takes no frame along that was on the wire before. */
  #run(maxCycles: number): number {
    try {
      return this.sim.run(maxCycles);
    } catch (error) {
      this.#drainTap();
      throw error;
    }
  }

  #drainTap(): void {
    const { sim, digest } = this;
    if (digest !== null) digest.cycle = sim.cycle;
    if (sim.tapUsed === 0) return;
    this.#tap.drain(sim.tapUsed, this.#onFrame);
    sim.tapDrained();
  }

  #timers(): void {
    this.#nextTimer = this.sim.cycle + TIMER_CYCLES;
    for (const node of this.nodes) node.timers();
  }

  #frame(f: TapFrame): void {
    if (this.digest !== null) {
      const { card, cycle, arrivalCycle, flags, flipBit } = f;
      this.digest.frame(card, cycle, arrivalCycle, flags, flipBit, f.bytes, f.offset, f.lenBytes);
    }
    if (this.oracle !== null) this.oracle.frame(f);
    if (this.capture !== null) this.capture.frame(f);
    if (this.#timeline !== null) this.#timeline.frame(f);
    if (this.onFrame !== null) this.onFrame(f);
  }
}
