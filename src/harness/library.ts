// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Verilated, type VerilateOptions, verilate } from '../verilator/index.ts';
import { type OwnRtl, ownOptions } from './own_rtl.ts';
import { ContractError, checkContract } from './rtl_contract.ts';

/** Blocks of 16 bytes a cycle that our card and our engine can be built for. */
export const LANES = [1, 2, 4] as const;
export type Lanes = (typeof LANES)[number];

/** Folder of the package: rtl/ and sim/ lie in it. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How the project's libraries may be built differently. */
export interface LibraryOptions
  extends Pick<
    VerilateOptions,
    | 'trace'
    | 'coverage'
    | 'force'
    | 'flags'
    | 'defines'
    | 'cacheDir'
    | 'jobs'
    | 'signal'
    | 'onProgress'
  > {
  /** An engine or a card from elsewhere in the place of ours. */
  rtl?: OwnRtl;
  /** The card's transmit path can be looked into (tw_probe_open), at 3 % of the speed. */
  probe?: boolean;
  /** Transmit and receive queues of our card. Default 1: others cost speed. */
  queues?: 1 | 4;
}

/**
 * While this variable names a folder, libraries are built with coverage, and every process writes there
 * what its models have covered: sim/coverage.hh.
 */
export const COVERAGE_VARIABLE = 'TAGWIRE_COVERAGE';

/** Not with waves: they are of a case that has run before. */
const withCoverage = ({ trace = false }: LibraryOptions): Pick<LibraryOptions, 'coverage'> =>
  trace === false && process.env[COVERAGE_VARIABLE] ? { coverage: true } : {};

/** Our card runs 2 % faster as it is written than with its processes split and a state as a table. */
const FLAGS = ['-fno-split', '-fno-table'];

interface Parts {
  readonly cppSources: readonly string[];
  readonly cppIncludeDirs: readonly string[];
  readonly cppFlags: readonly string[];
}

function parts(): Parts {
  return JSON.parse(readFileSync(`${ROOT}sim/library.json`, 'utf8')) as Parts;
}

const inSim = (path: string): string => `sim/${path}`;
const inRtl = (path: string): string => `rtl/${path}`;

/** The files of a list under rtl/ without our engine, and what holds another one in its place. */
function shellSources(list: string): string[] {
  const lines = readFileSync(`${ROOT}rtl/${list}`, 'utf8').split('\n');
  const files = lines.filter((line) => line.endsWith('.sv') && !line.startsWith('crypto/'));
  return [...files, 'own/nic_gcm.sv'].map(inRtl);
}

const PS_IN_NS = 1000;

const clocksOf = (own: OwnRtl): string[] => Object.keys(own.clocks ?? {});

/** sim/extra_clocks.hh */
function cppClocks(own: OwnRtl): string {
  const clock = ([port, ns]: [string, number]): string =>
    `TW_CLOCK(${port},${Math.round(ns * PS_IN_NS)})`;
  return Object.entries(own.clocks ?? {})
    .map(clock)
    .join('');
}

/** The clocks of an engine are inputs of the top module, and it takes them from there. */
function engineClocks(own: OwnRtl, top: 'nic_top' | 'nic_gcm'): Record<string, string> {
  const names = clocksOf(own);
  if (names.length === 0) return {};
  const ports = names.map((name) => `input logic ${name},`).join(' ');
  return {
    [top === 'nic_top' ? 'NIC_CLOCK_PORTS' : 'NIC_OWN_CLOCK_PORTS']: ports,
    NIC_ENGINE_CLOCKS: names.map((name) => `.${name}(${top}.${name}),`).join(' '),
  };
}

/** Of RTL from elsewhere: its options, seen from the package's folder. */
function fromElsewhere(own: OwnRtl, options: LibraryOptions) {
  const rtl = ownOptions(own);
  const full = (paths: readonly string[] = []): string[] => paths.map((path) => resolve(path));
  return {
    rootedFileLists: full(rtl.rootedFileLists),
    includeDirs: ['rtl', ...full(rtl.includeDirs)],
    vlt: full(rtl.vlt),
    defines: { ...options.defines, ...rtl.defines },
    flags: [...(options.flags ?? []), ...(rtl.flags ?? [])],
    cppFlags: clocksOf(own).length === 0 ? [] : [`-DTW_EXTRA_CLOCKS=${cppClocks(own)}`],
  };
}

/** The same for an engine: the card's or the engine's own list, with the other engine in it. */
function withEngine(
  own: OwnRtl,
  options: LibraryOptions,
  list: string,
  top: 'nic_top' | 'nic_gcm',
) {
  const rtl = fromElsewhere(own, options);
  return {
    ...rtl,
    sources: shellSources(list),
    defines: { ...rtl.defines, NIC_ENGINE: own.top, ...engineClocks(own, top) },
    vlt: ['rtl/lint/waivers.vlt', ...rtl.vlt],
  };
}

/**
 * The world with its cards: sim/include/tagwire_sim.h on rtl/nic_top.sv. Cached. RTL from elsewhere has
 * one lane. Throws VerilatorError; ContractError for RTL from elsewhere that does not fit.
 */
export async function cardLibrary(
  options: LibraryOptions = {},
  lanes: Lanes = 1,
): Promise<Verilated> {
  const { cppSources, cppIncludeDirs, cppFlags } = parts();
  const { rtl, probe = false, queues = 1, ...rest } = options;
  const world = {
    ...withCoverage(options),
    ...rest,
    top: 'nic_top',
    name: 'tagwire_nic',
    cwd: ROOT,
    cppSources: cppSources.map(inSim),
    cppIncludeDirs: cppIncludeDirs.map(inSim),
  };
  const parameters = { parameters: { Lanes: lanes, Queues: queues } };
  const probed = probe ? [...cppFlags, '-DTW_PROBE'] : cppFlags;
  const probeVlt = probe ? ['sim/probe.vlt'] : [];
  if (rtl === undefined) {
    return verilate({
      ...world,
      flags: [...FLAGS, ...(rest.flags ?? [])],
      cppFlags: probed,
      // What watches the ports costs a twentieth of the speed at most.
      rootedFileLists: ['rtl/nic.f', 'rtl/nic_check.f'],
      ...parameters,
      includeDirs: ['rtl'],
      vlt: ['rtl/lint/waivers.vlt', ...probeVlt],
    });
  }
  if ((await checkContract(rtl, options.signal)) === 'card') {
    const own = fromElsewhere(rtl, options);
    const flags = [...cppFlags, ...own.cppFlags];
    return verilate({ ...world, ...own, cppFlags: flags, top: rtl.top, prefix: 'Vnic_top' });
  }
  const own = withEngine(rtl, options, 'nic.f', 'nic_top');
  return verilate({
    ...world,
    ...own,
    ...parameters,
    cppFlags: [...probed, ...own.cppFlags],
    vlt: [...own.vlt, ...probeVlt],
  });
}

/**
 * The crypto engine alone: sim/include/tagwire_gcm.h on rtl/crypto/nic_gcm.sv. Cached. Throws as
 * cardLibrary().
 */
export async function engineLibrary(
  options: LibraryOptions = {},
  lanes: Lanes = 1,
): Promise<Verilated> {
  const { cppIncludeDirs, cppFlags } = parts();
  const gcm = ['gcm/gcm_model.cc', 'gcm/gcm_stream.cc', 'gcm/tagwire_gcm.cc'];
  const sources = [...gcm, 'coverage.cc', 'fatal.cc'];
  const { rtl, probe: _, queues: __, ...rest } = options;
  const engine = {
    ...withCoverage(options),
    ...rest,
    top: 'nic_gcm',
    name: 'tagwire_gcm',
    cwd: ROOT,
    cppSources: sources.map(inSim),
    cppIncludeDirs: [...cppIncludeDirs, 'gcm'].map(inSim),
    cppFlags,
  };
  if (rtl === undefined) {
    return verilate({
      ...engine,
      rootedFileLists: ['rtl/nic_gcm.f'],
      parameters: { Lanes: lanes },
      includeDirs: ['rtl'],
      vlt: ['rtl/lint/waivers.vlt'],
    });
  }
  if ((await checkContract(rtl, options.signal)) === 'card') {
    throw new ContractError(`${rtl.top} is a whole card: expected an engine`);
  }
  const own = withEngine(rtl, options, 'nic_gcm.f', 'nic_gcm');
  return verilate({ ...engine, ...own, cppFlags: [...cppFlags, ...own.cppFlags] });
}
