// SPDX-License-Identifier: BSD-2-Clause
import { appendFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NIC_DEFAULTS } from '../dev/nic/nic_config.ts';
import { createWorld } from '../harness/create_world.ts';
import { finishRun, passed } from '../harness/finish_run.ts';
import { type PacketSize, SIZE_MAX_BYTES } from '../harness/sizes.ts';
import { ALGORITHMS, type Algorithm } from '../harness/topology.ts';
import type { World } from '../harness/world.ts';
import type { WorldOptions } from '../harness/world_options.ts';
import { espSaEntryLine, espSaFile } from '../report/esp_sa.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { explainScript, foreseen } from './explain.ts';
import { hazardsCommand } from './hazards.ts';
import { interruptible, onInterrupt } from './interrupt.ts';
import {
  commonOptions,
  helpText,
  type OptionTable,
  outDirectory,
  parseOptions,
  UsageError,
  type Values,
} from './options.ts';
import { driverOption, ownDriver, ownRtl, rtlOptions } from './rtl_options.ts';
import { runTable } from './run_table.ts';
import { loadScenario } from './scenario_file.ts';
import { buildProgress, note, printJson, progress, progressDone } from './terminal.ts';

const options = {
  mode: {
    type: 'choice',
    choices: ['tunnel', 'transport'],
    help: "ESP mode, instead of the scenario's",
  },
  alg: {
    type: 'choice',
    choices: Object.keys(ALGORITHMS) as Algorithm[],
    help: 'algorithm (default aes-gcm-128; a card does that and aes-gcm-256, software the rest)',
  },
  inner: {
    type: 'choice',
    choices: ['v4', 'v6'],
    help: 'IP version of what ESP carries (default v4)',
  },
  outer: {
    type: 'choice',
    choices: ['v4', 'v6'],
    help: 'IP version of the addresses that ESP goes between (default v4)',
  },
  packets: {
    type: 'integer',
    value: 'N',
    min: 1,
    max: 1e9,
    default: 2000,
    help: 'packets to send',
  },
  size: { type: 'string', value: 'B|imix', default: '1400', help: 'bytes of UDP payload' },
  loss: {
    type: 'number',
    value: 'PERCENT',
    min: 0,
    max: 100,
    help: 'frames that the wire loses (default 0)',
  },
  offload: {
    type: 'choice',
    choices: ['on', 'off', 'packet'],
    help: 'ESP by the cards: its crypto (on, the default), all of it (packet), nothing',
  },
  nic: {
    type: 'choice',
    choices: ['rtl', 'model'],
    help: 'the card: Verilated RTL, or the functional model (default rtl)',
  },
  ffi: {
    type: 'choice',
    choices: ['koffi', 'ffi-napi'],
    help: 'how native code is called (default koffi)',
  },
  oracles: { type: 'choice', choices: ['on', 'off'], help: 'watch every frame (default on)' },
  taps: { type: 'flag', help: 'write what a tap on each interface sees, DIR/taps.pcapng' },
  tagsan: {
    type: 'flag',
    env: 'TAGSAN',
    help: 'watch what is done to every tag: slow, and what it finds fails the run',
  },
  stream: { type: 'flag', help: 'write what the digest is made of, DIR/stream.bin' },
  waves: { type: 'choice', choices: ['fst', '0'], env: 'WAVES', help: 'write a waveform' },
  'wire-latency': {
    type: 'integer',
    value: 'CYCLES',
    min: 1,
    max: 1e7,
    help: 'latency of the wire (default 500)',
  },
  'mem-latency': {
    type: 'integer',
    value: 'CYCLES',
    min: 1,
    max: 1e5,
    help: "latency of the hosts' memory (default 200)",
  },
  ...rtlOptions,
  ...driverOption,
  ...commonOptions,
} as const satisfies OptionTable;

// What a run writes, in the directory of --out.
const CAPTURE = 'wire.pcapng';
const ESP_SA = 'esp_sa';
const TAPS = 'taps.pcapng';
const STREAM = 'stream.bin';
const WAVES = 'waves.fst';

/** The waveform writer maps its files into memory: a disk that fills up would end the process. */
const WAVES_ROOM_BYTES = 256 << 20;

type RunOptions = Values<typeof options>;

function readSize(text: string): PacketSize {
  if (text === 'imix') return 'imix';
  const bytes = Number(text);
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= SIZE_MAX_BYTES) return bytes;
  throw new UsageError(`--size: expected 1..${SIZE_MAX_BYTES} or imix, got '${text}'`);
}

/** Throws ENOSPC when the disk has too little room for a waveform. */
function needRoom(dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize >= WAVES_ROOM_BYTES) return;
  throw Object.assign(new Error('no room for a waveform'), { code: 'ENOSPC', path: dir });
}

function familyOf(text: 'v4' | 'v6'): 4 | 6 {
  return text === 'v4' ? 4 : 6;
}

/** The scenario's own world, changed by what the command line says. */
function worldOptions(o: RunOptions, out: string, scenario: WorldOptions): WorldOptions {
  const { seed, nic, ffi, oracles, mode, alg, inner, outer, loss, offload } = o;
  const wireLatency = o['wire-latency'];
  const memLatency = o['mem-latency'];
  if (scenario.gateways === true && mode === 'transport') {
    throw new UsageError('--mode: gateways protect what others send, so expected tunnel');
  }
  const isTransport = (mode ?? scenario.mode) === 'transport';
  if (isTransport && inner !== undefined && outer !== undefined && inner !== outer) {
    throw new UsageError(
      `--inner: transport mode has one pair of addresses, so expected ${outer} as --outer says`,
    );
  }
  const rtl = ownRtl(o);
  if (rtl !== undefined && nic === 'model') throw new UsageError('--nic: expected rtl with --rtl');
  return {
    ...scenario,
    ...(rtl === undefined ? {} : { rtl, nic: 'rtl' as const }),
    capture: join(out, CAPTURE),
    ...(seed === undefined ? {} : { seed }),
    ...(nic === undefined ? {} : { nic }),
    ...(ffi === undefined ? {} : { ffi }),
    ...(oracles === undefined ? {} : { oracles: oracles === 'on' }),
    ...(mode === undefined ? {} : { mode }),
    ...(alg === undefined ? {} : { alg }),
    ...(inner === undefined ? {} : { inner: familyOf(inner) }),
    ...(outer === undefined ? {} : { outer: familyOf(outer) }),
    ...(offload === undefined
      ? {}
      : { offload: offload === 'packet' ? offload : offload === 'on' }),
    wire: {
      ...scenario.wire,
      ...(loss === undefined ? {} : { lossPercent: loss }),
      ...(wireLatency === undefined ? {} : { latencyCycles: wireLatency }),
    },
    memory: {
      ...scenario.memory,
      ...(memLatency === undefined ? {} : { latencyCycles: memLatency }),
    },
    ...(o.taps ? { taps: join(out, TAPS) } : {}),
    ...(o.stream ? { stream: join(out, STREAM) } : {}),
    ...(o.tagsan ? { tagsan: true } : {}),
    ...(o.waves === 'fst' ? { waves: join(out, WAVES) } : {}),
  };
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(options, argv, { min: 0, max: 1, name: 'SCENARIO' });
  const size = readSize(values.size);
  if (positionals[0] === 'hazards') {
    const { seed, nic, ffi, json } = values;
    const given = {
      ...(seed === undefined ? {} : { seed }),
      ...(nic === undefined ? {} : { nic }),
    };
    const onBuild = buildProgress('card');
    return interruptible((signal) =>
      hazardsCommand({ ...given, ...(ffi === undefined ? {} : { ffi }), onBuild, signal }, json),
    );
  }
  const { name, scenario, path } = await loadScenario(positionals[0] ?? 'tunnel');
  const out = outDirectory(values.out, [CAPTURE, ESP_SA, TAPS, STREAM, WAVES]);
  if (values.waves === 'fst') needRoom(out);
  const driver = await ownDriver(values);
  const world = await interruptible((signal) =>
    createWorld({
      ...(driver === undefined ? {} : { driver }),
      ...worldOptions(values, out, scenario.world ?? {}),
      onBuild: buildProgress('card'),
      signal,
    }),
  );
  const off = onInterrupt(() => {
    world.close();
    note('interrupted: files are closed and readable');
  });
  try {
    writeEspSa(world, out);
    if (!values.json) note(header(name, world));
    world.onProgress = (sent, packets) => progress(`${name}: ${sent} of ${packets} packets`);
    await scenario.run(world, { packets: values.packets, size });
    progressDone();
    const report = await finishRun(world, name);
    if (values.json) printJson(report);
    else process.stdout.write(runTable(report, world.oracle?.figures ?? null));
    return passed(report) ? exitCode.pass : exitCode.checkFailed;
  } catch (error) {
    progressDone();
    if (path !== undefined && foreseen(error) === undefined) {
      const message = explainScript(error, path);
      note(`tagwire: the scenario failed: ${message}`);
      if (values.json) printJson({ error: message, exitCode: exitCode.checkFailed });
      return exitCode.checkFailed;
    }
    throw error;
  } finally {
    off();
    world.close();
  }
}

function header(name: string, world: World): string {
  const c = world.config;
  const { log2Tx, log2Rx } = { ...NIC_DEFAULTS, ...c.card };
  const rings = [...new Set([1 << log2Tx, 1 << log2Rx])].join(' and ');
  return (
    `${name}: seed ${c.seed}, ${c.mode}, ${familiesText(c)}${c.alg}, card ${c.nic}, MTU ${c.mtu}, ` +
    `rings of ${rings}, wire ${c.wireLatencyCycles} cycles, memory ${c.memLatencyCycles} cycles`
  );
}

/** Nothing where all is IPv4. */
function familiesText({ mode, inner, outer }: World['config']): string {
  if (inner === 4 && outer === 4) return '';
  return mode === 'transport' ? `IPv${outer}, ` : `IPv${inner} in IPv${outer}, `;
}

/** Keys of a rekey are in the file before anything is sent with them. */
function writeEspSa(world: World, out: string): void {
  const path = join(out, ESP_SA);
  const { keys } = world;
  writeFileSync(path, espSaFile(keys.entries));
  keys.onEntry = (entry) => appendFileSync(path, espSaEntryLine(entry));
  world.artefacts.espSa = path;
}

export const command: Command = {
  summary: 'simulate two hosts, their cards and the wire: the main job',
  help: helpText(
    'tagwire run [SCENARIO] [options]',
    'Runs a scenario, tunnel by default: two hosts with a card each send UDP through ESP.\n' +
      'SCENARIO: tunnel, transport, duplex, gateway, interleave, or a .ts or .js file that exports\n' +
      'a scenario, which takes --packets and --size as it likes.\n' +
      'hazards: what each rule at the turns of a tagged packet prevents (src/kern/turn_rules.ts), by\n' +
      'two runs with and without it; by the functional model unless --nic says rtl.\n' +
      'Writes the wire as DIR/wire.pcapng, and DIR/esp_sa, with which Wireshark decrypts it.',
    options,
  ),
  run,
};
