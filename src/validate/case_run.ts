// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Nic } from '../dev/nic/if_nic.ts';
import type { DriverModule, NicDriver } from '../dev/nic/nic_driver.ts';
import { createWorld } from '../harness/create_world.ts';
import { finishRun } from '../harness/finish_run.ts';
import { openSim } from '../harness/open_sim.ts';
import { violationText } from '../harness/oracle/violation.ts';
import type { RunReport } from '../harness/run_report.ts';
import type { WavesWindow } from '../harness/waves_window.ts';
import type { World } from '../harness/world.ts';
import { type WorldOptions, worldConfig } from '../harness/world_options.ts';
import { CaseFailure, CaseSkipped, type FailureDetails } from './failure.ts';
import { type NicMaker, Rig, type RigConfig, type RigHost, rigSimConfig } from './rig.ts';
import { OTHER_DRIVER, type Settings } from './settings.ts';
import { captureTap } from './tap_capture.ts';

/** Characters of two values that are told in one line. */
const SHORT = 100;

/** What a failing case writes into a folder of its own when it runs again. */
export interface Evidence {
  readonly dir: string;
  /** Cycles of the waveform; null: none is written. */
  readonly window: WavesWindow | null;
}

/**
 * What a case works with: worlds and rigs of the card under test, the checks that make it fail, and
 * the record that its digest is made of.
 */
export class CaseRun {
  readonly seed: number;
  readonly settings: Settings;
  /** Of a card from elsewhere. */
  readonly driver: DriverModule | null;
  /** Files that were written, by what they are. */
  readonly artefacts: Record<string, string> = {};
  /** Of all simulations that have ended. */
  cycles = 0;
  /** null: none is written. */
  readonly #evidence: Evidence | null;
  #simulations = 0;
  readonly #hash = createHash('sha256');
  readonly #worlds: World[] = [];
  readonly #rigs: Rig<NicDriver>[] = [];

  constructor(
    settings: Settings,
    seed: number,
    evidence: Evidence | null,
    driver: DriverModule | null,
  ) {
    this.settings = settings;
    this.driver = driver;
    this.seed = seed;
    this.#evidence = evidence;
  }

  /** What every world of the case has: the card under test, and the seed. */
  get worldOptions(): WorldOptions {
    const { nic, rtl, ffi, timeoutCycles } = this.settings;
    const { driver } = this;
    const own = { ...(rtl === undefined ? {} : { rtl }), ...(driver === null ? {} : { driver }) };
    return { nic, ...own, ffi, seed: this.seed, maxCycles: timeoutCycles, ...this.#files() };
  }

  /** What the next world writes down, its number in each name. */
  #files(): WorldOptions {
    if (this.#evidence === null) return {};
    const { dir, window } = this.#evidence;
    const n = ++this.#simulations;
    const file = (what: string, name: string, ending: string): string => {
      const number = n === 1 ? '' : `${n}`;
      const path = join(dir, `${name}${number === '' ? '' : `-${number}`}.${ending}`);
      this.artefacts[`${what}${number}`] = path;
      return path;
    };
    const files = {
      capture: file('capture', 'wire', 'pcapng'),
      timeline: file('timeline', 'timeline', 'tsv'),
    };
    if (window === null) return files;
    return { ...files, waves: file('waves', 'waves', 'fst'), wavesWindow: window };
  }

  /** Where the simulation that was begun last stands. */
  get cycle(): number | undefined {
    return (this.#worlds.at(-1) ?? this.#rigs.at(-1)?.world)?.cycle;
  }

  /** Two hosts with the card under test, and the sanitiser for tags. */
  async world(options: WorldOptions = {}): Promise<World> {
    const world = await createWorld({ tagsan: true, ...options, ...this.worldOptions });
    this.#worlds.push(world);
    return world;
  }

  /** Ends a world: no oracle may have anything to say. What happened is part of the digest. */
  async finish(world: World): Promise<RunReport> {
    const report = await finishRun(world, 'validate');
    this.cycles += report.rtl.cycles;
    this.record('world', report.digest);
    const first = report.violations[0];
    if (first !== undefined) {
      const { cycle, frame } = first;
      throw new CaseFailure(violationText(first), { cycle, ...(frame > 0 ? { frame } : {}) });
    }
    this.equal(
      'bytes that differ, plaintext leaks',
      [report.mismatches, report.plaintextLeaks],
      [0, 0],
    );
    return report;
  }

  /** Two drivers with the card under test and nothing above them. */
  async rig(config: RigConfig = {}): Promise<Rig<NicDriver>> {
    return this.#rig(config, this.driver ?? undefined);
  }

  /** The same for what goes by the registers, SA tables or options of this project's card. */
  async ownRig(config: RigConfig = {}): Promise<Rig> {
    if (this.driver !== null) throw new CaseSkipped(OTHER_DRIVER);
    return this.#rig<Nic>(config);
  }

  async #rig<N extends NicDriver>(config: RigConfig, maker?: NicMaker<N>): Promise<Rig<N>> {
    const { capture, timeline: _, ...options } = this.worldOptions;
    const world = worldConfig({ ...options, card: config.options ?? {} });
    const sim = await openSim(world, rigSimConfig(config));
    if (capture !== undefined) captureTap(sim, capture);
    const rig = new Rig(() => sim, config, maker);
    this.#rigs.push(rig);
    return rig;
  }

  /** Into the digest: whatever of the outcome must be the same again under the same seed. */
  record(name: string, value: unknown): void {
    this.#hash.update(`${name} ${JSON.stringify(value)}\n`);
  }

  /** Ends what the case has left open, rigs with their check for leaks; the digest. */
  end(): string {
    for (const rig of this.#rigs.splice(0)) {
      this.cycles += rig.world.cycle;
      for (const { completions, received, counters } of rig.hosts) {
        const frames = received.map((r) => Buffer.from(r.bytes).toString('base64'));
        this.record('rig', [rig.world.cycle, completions, frames, counters.nonZero()]);
      }
      rig.close();
    }
    this.close();
    return this.#hash.digest('hex');
  }

  /** The same where the case has failed already. */
  close(): void {
    for (const world of this.#worlds.splice(0)) world.close();
    for (const rig of this.#rigs.splice(0)) rig.world.close();
  }

  fail(message: string, details: FailureDetails = {}): never {
    throw new CaseFailure(message, details);
  }

  ok(isSo: boolean, what: string, details: FailureDetails = {}): void {
    if (!isSo) this.fail(`not so: ${what}`, details);
  }

  equal(what: string, actual: unknown, expected: unknown): void {
    if (isDeepStrictEqual(actual, expected)) return;
    const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
    const isShort = got !== undefined && wanted !== undefined && got.length + wanted.length < SHORT;
    const text = isShort ? `${got}, expected ${wanted}` : 'not what was expected';
    this.fail(`${what}: ${text}`, { expected, actual });
  }

  /** The named figures, and no others, are compared. */
  figures(what: string, actual: object, expected: Readonly<Record<string, unknown>>): void {
    const all = actual as Record<string, unknown>;
    this.equal(what, Object.fromEntries(Object.keys(expected).map((k) => [k, all[k]])), expected);
  }

  /** Statistics of a card; one from elsewhere may count less than ours. */
  stats({ nic }: RigHost<NicDriver>, expected: Readonly<Record<string, number>>): void {
    const all = nic.stats();
    const known = Object.entries(expected).filter(([k]) => this.driver === null || k in all);
    this.figures('statistics', all, Object.fromEntries(known));
  }

  between(what: string, actual: number, min: number, max: number): void {
    if (actual >= min && actual <= max) return;
    this.fail(`${what}: ${actual}, expected ${min}..${max}`, { expected: [min, max], actual });
  }
}
