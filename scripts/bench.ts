// SPDX-License-Identifier: BSD-2-Clause
import { parseArgs } from 'node:util';
import { createWorld } from '../src/harness/create_world.ts';
import { cardLibrary } from '../src/harness/library.ts';
import type { World } from '../src/harness/world.ts';
import { DriverBench } from './bench/driver.ts';
import { engineCyclesPerSecond } from './bench/engine.ts';
import { NativeBench } from './bench/native.ts';
import { type SoftwareRatios, softwareRatios } from './bench/software_ratios.ts';

/**
 * How close the harness comes to a plain C++ test bench on the same library and the same packets.
 * Driver level: frames prepared, no stack, no oracles, batches of 32. Stack: everything but oracles
 * and captures. The three run in turn, so that whatever else the machine does meets all of them;
 * a ratio is the median over the rounds, and its two sides stood next to each other.
 */
const BATCH = 32;
const CASES = [
  { payloadBytes: 64, packets: 12_000 },
  { payloadBytes: 512, packets: 5_000 },
  { payloadBytes: 1420, packets: 2_500 },
] as const;

interface Row {
  payloadBytes: number;
  batch: number;
  ffi: string;
  nativePacketsPerSecond: number;
  harnessPacketsPerSecond: number;
  ratio: number;
  stackRatio: number;
  callsPerPacket: number;
  hostNsPerPacket: number;
  oracleNsPerPacket: number;
  cyclesPerPacket: number;
  plaintextBitsPerCycle: number;
  cyclesPerSecond: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1]!;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (options.help) {
  process.stdout.write(
    'usage: npm run bench -- [--json] [--quick] [--software]\n\n' +
      'Compares the harness with a plain C++ test bench on the same library, and ESP in software\n' +
      'with its node:crypto calls alone, side by side.\n' +
      '--json      print one JSON object\n--quick     fewer rounds\n' +
      '--software  ESP in software alone: no card, no compiler\n',
  );
  process.exit(0);
}

const rounds = options.quick ? 3 : 7;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

say('ESP in software');
const software = softwareRatios(options.quick ? 12 : 48);
if (options.software) {
  process.stdout.write(
    options.json ? `${JSON.stringify({ software })}\n` : softwareTable(software),
  );
  process.exit(0);
}

const card = await cardLibrary({ onProgress: (p) => say(`card: ${p.phase} ${p.text}`) });
const native = new NativeBench(card.library);
const engine = await engineCyclesPerSecond();
const rows: Row[] = [];
for (const { payloadBytes, packets } of CASES) {
  for (const ffi of ['koffi', 'ffi-napi'] as const) {
    say(`${payloadBytes} B, ${ffi}: ${rounds} rounds`);
    const row = await measure(payloadBytes, packets, ffi).catch((error) => {
      if (ffi === 'koffi') throw error;
      say(`${ffi} is left out: ${(error as Error).message}`);
      return null;
    });
    if (row !== null) rows.push(row);
  }
}
const best = Math.max(...rows.map((r) => r.cyclesPerSecond));
const result = {
  rows,
  software,
  engineCyclesPerSecond: Math.round(engine),
  worldShareOfEngine: Number((best / engine).toFixed(3)),
};
process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : tableOf());

async function measure(
  payloadBytes: number,
  packets: number,
  ffi: 'koffi' | 'ffi-napi',
): Promise<Row> {
  const driver = await DriverBench.open(payloadBytes, ffi);
  const stack = await createWorld({ mode: 'transport', ffi, oracles: false, digest: false });
  driver.run(packets);
  await stack.flow(0, { packets, size: payloadBytes });
  const nativeRates: number[] = [];
  const harnessRates: number[] = [];
  const stackRates: number[] = [];
  const hostNs: number[] = [];
  let cyclesPerPacket = 0;
  let cyclesPerSecond = 0;
  let bits = 0;
  let calls = 0;
  for (let round = 0; round < rounds; round++) {
    const n = native.run(payloadBytes, 5 * packets);
    nativeRates.push(n.packetsPerSecond);
    ({ cyclesPerPacket, plaintextBitsPerCycle: bits } = n);
    cyclesPerSecond = Math.max(cyclesPerSecond, n.cyclesPerSecond);
    const slices = Array.from({ length: 5 }, () => driver.run(packets));
    harnessRates.push(Math.max(...slices.map((s) => s.packets / s.seconds)));
    calls = slices[0]!.calls / packets;
    const flows = [];
    for (let i = 0; i < 5; i++) flows.push(await timedFlow(stack, packets, payloadBytes));
    stackRates.push(Math.max(...flows.map((f) => f.rate)));
    hostNs.push(median(flows.map((f) => f.hostNs)));
  }
  driver.close();
  stack.close();
  const ratios = harnessRates.map((rate, i) => rate / nativeRates[i]!);
  const stackRatios = stackRates.map((rate, i) => rate / nativeRates[i]!);
  return {
    payloadBytes,
    batch: BATCH,
    ffi,
    nativePacketsPerSecond: Math.round(median(nativeRates)),
    harnessPacketsPerSecond: Math.round(median(harnessRates)),
    ratio: Number(median(ratios).toFixed(3)),
    stackRatio: Number(median(stackRatios).toFixed(3)),
    callsPerPacket: Number(calls.toFixed(4)),
    hostNsPerPacket: Math.round(median(hostNs)),
    oracleNsPerPacket: await oracleNs(packets, payloadBytes, ffi),
    cyclesPerPacket,
    plaintextBitsPerCycle: bits,
    cyclesPerSecond: Math.round(cyclesPerSecond),
  };
}

/** A slice of the whole stack: packets per second, and time outside the model per packet. */
async function timedFlow(world: World, packets: number, size: number) {
  const runNs = world.totals().runNs;
  const t0 = performance.now();
  await world.flow(0, { packets, size });
  const ms = performance.now() - t0;
  const hostNs = ms * 1e6 - (world.totals().runNs - runNs);
  return { rate: (packets * 1000) / ms, hostNs: hostNs / packets };
}

async function oracleNs(packets: number, size: number, ffi: 'koffi' | 'ffi-napi'): Promise<number> {
  const world = await createWorld({ mode: 'transport', ffi });
  const ns: number[] = [];
  for (let i = 0; i < 5; i++) {
    const before = world.spentMs.oracles;
    await world.flow(0, { packets, size });
    ns.push(((world.spentMs.oracles - before) * 1e6) / packets);
  }
  world.close();
  return Math.round(median(ns));
}

function tableOf(): string {
  const lines = rows.map(
    (r) =>
      `${String(r.payloadBytes).padStart(5)} B  ${r.ffi.padEnd(8)}  ` +
      `C++ ${String(r.nativePacketsPerSecond).padStart(6)}/s  ` +
      `driver ${String(r.harnessPacketsPerSecond).padStart(6)}/s = ${r.ratio.toFixed(3)}  ` +
      `stack ${r.stackRatio.toFixed(3)}  calls ${r.callsPerPacket.toFixed(3)}  ` +
      `host ${r.hostNsPerPacket} ns  oracles ${r.oracleNsPerPacket} ns  ` +
      `${r.cyclesPerPacket} cycles, ${r.plaintextBitsPerCycle} bits/cycle`,
  );
  lines.push(
    `two-card world ${Math.round(best)} cycles/s; nic_gcm alone ${Math.round(engine)} cycles/s; ` +
      `${result.worldShareOfEngine} of it`,
  );
  return `${lines.join('\n')}\n${softwareTable(software)}`;
}

function softwareTable(r: SoftwareRatios): string {
  return (
    `software ESP at 1400 B: ${r.espOfBare} of its node:crypto calls alone, ` +
    `all of the stack ${r.stackOfBare}\n` +
    `10 000 SAs and policies: ${r.manySas} of what 10 cost; IPv6: ${r.ip6} of IPv4\n`
  );
}
