// SPDX-License-Identifier: BSD-2-Clause
import type { NicOptions } from '../dev/nic/nic_config.ts';
import type { DriverModule } from '../dev/nic/nic_driver.ts';
import type { MbufPool } from '../kern/mbuf.ts';
import type { Carrier } from '../netipsec/pact.ts';
import type { Progress } from '../verilator/index.ts';
import type { Lanes } from './library.ts';
import type { OwnRtl } from './own_rtl.ts';
import { ALGORITHMS, type Algorithm, type Mode } from './topology.ts';
import { type WavesWindow, WHOLE_RUN } from './waves_window.ts';

/** What createWorld() may be told; everything has a default. */
export interface WorldOptions {
  /** Of keys, payloads, the wire's faults and memory's stalls. Default 1. */
  readonly seed?: number;
  /** Default 'tunnel'. */
  readonly mode?: Mode;
  /** Default 'aes-gcm-128'. */
  readonly alg?: Algorithm;
  /** The hosts' setkey(8) files, instead of the one that mode and alg make. */
  readonly setkey?: readonly [string, string];
  /** Both hosts are gateways, each with an end host behind it; tunnel mode. Default false. */
  readonly gateways?: boolean;
  /**
   * Family of what ESP carries (default 4) and of the addresses that it goes between (default 4); in
   * transport mode both are one, and the family of either is that of the other.
   */
  readonly inner?: 4 | 6;
  readonly outer?: 4 | 6;
  /**
   * Do the cards do ESP? Default true. 'packet': the built-in SAs ask for all of it, the headers, the
   * numbers and the replay window too.
   */
  readonly offload?: boolean | 'packet';
  /** The Verilated card, or the functional model. Default 'rtl'. */
  readonly nic?: 'rtl' | 'model';
  /** An engine or a card from elsewhere in the place of ours; only with nic 'rtl'. */
  readonly rtl?: OwnRtl;
  /** The driver of a card from elsewhere. */
  readonly driver?: DriverModule;
  /** Default 'koffi'. */
  readonly ffi?: 'koffi' | 'ffi-napi';
  /** Largest IP packet, bytes. Default 9000. */
  readonly mtu?: number;
  readonly wire?: {
    /** Default 500, which is 2 us. */
    readonly latencyCycles?: number;
    readonly lossPercent?: number;
    /** Frames with a bit flipped, per million. */
    readonly flipPpm?: number;
    /** Frames delayed by up to reorderCycles, per million. */
    readonly reorderPpm?: number;
    readonly reorderCycles?: number;
  };
  readonly memory?: {
    /** A read's first beat this many cycles after its address. Default 200. */
    readonly latencyCycles?: number;
    /** Chance in a cycle that a memory channel pauses, per thousand. Default 0. */
    readonly stallPermille?: number;
  };
  /** Ring sizes and interrupt moderation. */
  readonly card?: Partial<NicOptions>;
  /** Watch every frame and every delivered packet. Default true. */
  readonly oracles?: boolean;
  /** Make the digest. Default true. */
  readonly digest?: boolean;
  /** Write what the digest is made of to this file, in its order: see transactions.ts. */
  readonly stream?: string;
  /** Write the wire to this pcapng file. */
  readonly capture?: string;
  /** Write what happened to each packet, in one list, to this file: slow. */
  readonly timeline?: string;
  /** Write what a tap on each interface of each host sees to this pcapng file. */
  readonly taps?: string;
  /** Write an FST waveform of both cards to this file; of these cycles alone. */
  readonly waves?: string;
  readonly wavesWindow?: WavesWindow;
  /** Build the RTL so that its transmit path can be looked into, as the profile does. Default false. */
  readonly probe?: boolean;
  /** Blocks of 16 bytes that our card moves in a cycle. Default 1. */
  readonly lanes?: Lanes;
  /**
   * Watch what is done to tags: what it finds are violations. Slow. Default: when TAGSAN=1 is in the
   * environment.
   */
  readonly tagsan?: boolean;
  /** Rules of kern/turn_rules.ts that the hosts do without, by id: to see what they are for. */
  readonly rulesOff?: readonly string[];
  /** How a request travels from ipsec to the driver. Default: the in-place tag. */
  readonly carrier?: (mbufs: MbufPool) => Carrier;
  /** The simulation is given up after so many cycles: step() throws CyclesError. Default: never. */
  readonly maxCycles?: number;
  /** Called while the simulation library is built, which the first run does. */
  readonly onBuild?: (step: Progress) => void;
  /** Gives up that build. */
  readonly signal?: AbortSignal;
}

/** The same with every default filled in. */
export interface WorldConfig {
  readonly seed: number;
  readonly mode: Mode;
  readonly alg: Algorithm;
  readonly setkey: readonly [string, string] | null;
  readonly gateways: boolean;
  readonly inner: 4 | 6;
  readonly outer: 4 | 6;
  readonly offload: boolean;
  readonly packetOffload: boolean;
  readonly nic: 'rtl' | 'model';
  readonly rtl: OwnRtl | null;
  readonly driver: DriverModule | null;
  readonly ffi: 'koffi' | 'ffi-napi';
  readonly mtu: number;
  readonly wireLatencyCycles: number;
  readonly lossPpm: number;
  readonly flipPpm: number;
  readonly reorderPpm: number;
  readonly reorderCycles: number;
  readonly memLatencyCycles: number;
  readonly memStallPermille: number;
  readonly card: Partial<NicOptions>;
  readonly oracles: boolean;
  readonly digest: boolean;
  readonly stream: string | null;
  readonly capture: string | null;
  readonly timeline: string | null;
  readonly taps: string | null;
  readonly waves: string | null;
  readonly wavesWindow: WavesWindow;
  readonly probe: boolean;
  readonly lanes: Lanes;
  readonly tagsan: boolean;
  readonly rulesOff: readonly string[];
  readonly carrier: ((mbufs: MbufPool) => Carrier) | null;
  readonly maxCycles: number;
}

const MTU_MIN = 576;
/** RFC 8200 §5 */
const MTU_MIN_IPV6 = 1280;
const MTU_MAX = 9000;

function inRange(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new RangeError(`"${name}" expected ${min}..${max}, got ${value}`);
}

function oneOf<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new RangeError(`"${name}" expected ${choices.join(', ')}, got '${value}'`);
}

/** Transport mode adds no addresses: there is one family (RFC 4301 §4.1). */
function families(o: WorldOptions, mode: Mode): { inner: 4 | 6; outer: 4 | 6 } {
  if (mode === 'tunnel') return { inner: o.inner ?? 4, outer: o.outer ?? 4 };
  const family = o.outer ?? o.inner ?? 4;
  if ((o.inner ?? family) !== family) {
    throw new RangeError(
      `"inner" expected ${family}, the family of "outer": transport mode has one pair of addresses`,
    );
  }
  return { inner: family, outer: family };
}

/** Fills in the defaults. Throws RangeError for a value that cannot be. */
export function worldConfig(o: WorldOptions): WorldConfig {
  const wire = o.wire ?? {};
  const memory = o.memory ?? {};
  if (o.gateways === true && o.mode === 'transport') {
    throw new RangeError(
      '"mode" expected tunnel: gateways protect what others send (RFC 4301 §4.1)',
    );
  }
  const mode = oneOf('mode', o.mode ?? 'tunnel', ['tunnel', 'transport']);
  const { inner, outer } = families(o, mode);
  if (o.rtl !== undefined && o.nic === 'model') {
    throw new RangeError(`"nic" expected rtl: the model has no place for ${o.rtl.top}`);
  }
  if (o.rtl !== undefined && (o.lanes ?? 1) !== 1) {
    throw new RangeError(`"lanes" expected 1: so many has RTL from elsewhere`);
  }
  const mtuMin = inner === 6 || outer === 6 ? MTU_MIN_IPV6 : MTU_MIN;
  return {
    seed: inRange('seed', o.seed ?? 1, 0, 0xffffffff),
    mode,
    alg: oneOf('alg', o.alg ?? 'aes-gcm-128', Object.keys(ALGORITHMS) as Algorithm[]),
    setkey: o.setkey ?? null,
    gateways: o.gateways ?? false,
    inner,
    outer,
    offload: o.offload !== false,
    packetOffload: o.offload === 'packet',
    nic: oneOf('nic', o.nic ?? 'rtl', ['rtl', 'model']),
    rtl: o.rtl ?? null,
    driver: o.driver ?? null,
    ffi: oneOf('ffi', o.ffi ?? 'koffi', ['koffi', 'ffi-napi']),
    mtu: inRange('mtu', o.mtu ?? MTU_MAX, mtuMin, MTU_MAX),
    wireLatencyCycles: inRange('wire.latencyCycles', wire.latencyCycles ?? 500, 1, 1e7),
    lossPpm: Math.round(inRange('wire.lossPercent', wire.lossPercent ?? 0, 0, 100) * 10_000),
    flipPpm: inRange('wire.flipPpm', wire.flipPpm ?? 0, 0, 1e6),
    reorderPpm: inRange('wire.reorderPpm', wire.reorderPpm ?? 0, 0, 1e6),
    reorderCycles: inRange('wire.reorderCycles', wire.reorderCycles ?? 2000, 1, 1e7),
    memLatencyCycles: inRange('memory.latencyCycles', memory.latencyCycles ?? 200, 1, 1e5),
    memStallPermille: inRange('memory.stallPermille', memory.stallPermille ?? 0, 0, 999),
    card: o.card ?? {},
    oracles: o.oracles ?? true,
    digest: o.digest ?? true,
    stream: o.stream ?? null,
    capture: o.capture ?? null,
    timeline: o.timeline ?? null,
    taps: o.taps ?? null,
    waves: o.waves ?? null,
    wavesWindow: o.wavesWindow ?? WHOLE_RUN,
    probe: o.probe ?? false,
    lanes: o.lanes ?? 1,
    tagsan: o.tagsan ?? process.env.TAGSAN === '1',
    rulesOff: o.rulesOff ?? [],
    carrier: o.carrier ?? null,
    maxCycles: o.maxCycles ?? Number.POSITIVE_INFINITY,
  };
}
