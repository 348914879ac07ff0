// SPDX-License-Identifier: BSD-2-Clause
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { command } from '../../src/cli/replay.ts';
import type { SimWorld } from '../../src/dev/nic/nic_bus.ts';
import { loneConfig } from '../../src/harness/lone_card.ts';
import { openSim } from '../../src/harness/open_sim.ts';
import { replay } from '../../src/harness/replay.ts';
import { worldConfig } from '../../src/harness/world_options.ts';
import { startTagwire } from '../lib/cli.ts';
import { pcap, readPcapng } from './capture_file.ts';
import { CASES, type ReplayCase, SETKEY } from './replay_cases.ts';
import { tagwire } from './tagwire.ts';

const LINUX = new URL('../data/linux-esp/', import.meta.url).pathname;
const FIGURES = [
  'frames',
  'esp',
  'decrypted',
  'authFailed',
  'replayed',
  'unknownSa',
  'notOffloaded',
  'malformed',
  'dummy',
] as const;

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'tagwire-replay-'));
}

function files(capture: Buffer, setkey = SETKEY) {
  const dir = folder();
  const paths = { capture: join(dir, 'in.pcap'), sa: join(dir, 'sa.conf'), out: dir };
  writeFileSync(paths.capture, capture);
  writeFileSync(paths.sa, setkey);
  return paths;
}

function decrypted(out: string) {
  return readPcapng(readFileSync(join(out, 'decrypted.pcapng')));
}

function expected(c: ReplayCase, card: boolean): Record<string, number> {
  const zeros = Object.fromEntries(FIGURES.map((name) => [name, 0]));
  const notOffloaded = card || c.figures.decrypted === undefined ? (c.notOffloaded ?? 0) : 0;
  return { ...zeros, ...c.figures, notOffloaded };
}

/** Captures of a Linux 6.1 kernel's ESP; the .json beside each has its true inner packets. */
function linux(name: string): string[] {
  const truth = JSON.parse(readFileSync(`${LINUX}${name}.json`, 'utf8'));
  return truth.frames.flatMap((f: { kind: string; inner: string }) =>
    f.kind === 'esp' ? [f.inner] : [],
  );
}

const engines = ['rtl', 'model', 'software'] as const;

describe.each(engines)('replay by %s sorts out', (by) => {
  const sims: SimWorld[] = [];
  afterAll(() => {
    for (const sim of sims) sim.close();
  });

  async function simOf(): Promise<SimWorld | null> {
    if (by === 'software') return null;
    const sim = await openSim(worldConfig({ nic: by }), loneConfig());
    sims.push(sim);
    return sim;
  }

  it.each(CASES.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    const paths = files(c.capture);
    const sim = await simOf();
    const report = await replay({ ...paths, sim });
    expect(report).toMatchObject(expected(c, sim !== null));
    const packets = decrypted(paths.out);
    expect(packets.map((p) => p.bytes.toString('hex'))).toEqual(
      c.inner.map((b) => b.toString('hex')),
    );
    for (const p of packets) expect(p.linkType).toBe(101);
  });

  it('packets at the time of their frame, to the microsecond', async () => {
    const c = CASES.find((one) => one.name.includes('bit flipped'))!;
    const paths = files(c.capture);
    await replay({ ...paths, sim: await simOf() });
    expect(decrypted(paths.out).map((p) => p.timeNs)).toEqual([
      1_000_000_000_000n,
      1_000_000_030_000n,
    ]);
  });
});

describe('tagwire replay', () => {
  it.each(['01-gcm128-transport-v4', '02-gcm256-tunnel-v4'])(
    'decrypts every packet of %s in RTL, byte for byte',
    async (name) => {
      const out = folder();
      const run = [`${LINUX}${name}.pcap`, '--sa', `${LINUX}${name}.conf`, '--out', out, '--json'];
      const r = await tagwire('replay', ...run);
      expect(r.code, r.stderr).toBe(0);
      const truth = linux(name);
      expect(JSON.parse(r.stdout)).toMatchObject({
        esp: truth.length,
        decrypted: truth.length,
        offloaded: truth.length,
        notOffloaded: 0,
        artefacts: { decrypted: join(out, 'decrypted.pcapng') },
      });
      expect(decrypted(out).map((p) => p.bytes.toString('hex'))).toEqual(truth);
    },
  );

  it('decrypts AES-CBC with HMAC by software', async () => {
    const name = '04-cbc128-sha256-transport-v4';
    const out = folder();
    const run = [`${LINUX}${name}.pcap`, '--sa', `${LINUX}${name}.conf`, '--out', out];
    const r = await tagwire('replay', ...run, '--engine', 'software', '--json');
    expect(r.code, r.stderr).toBe(0);
    const truth = linux(name);
    expect(JSON.parse(r.stdout)).toMatchObject({ esp: truth.length, decrypted: truth.length });
    expect(decrypted(out).map((p) => p.bytes.toString('hex'))).toEqual(truth);
  });

  it('prints a table for people', async () => {
    const { capture, sa, out } = files(CASES[0]!.capture);
    const r = await tagwire('replay', capture, '--sa', sa, '--out', out, '--nic', 'model');
    expect(r).toMatchObject({ code: 0, stderr: '' });
    expect(r.stdout).toMatch(/decrypted +2/);
    expect(r.stdout).toContain(join(out, 'decrypted.pcapng'));
  });
});

/** Runs the command in this process: what it throws is what main.ts prints and exits with. */
async function refusal(...argv: string[]): Promise<{ exitCode?: number; message: string }> {
  try {
    await command.run(argv);
  } catch (error) {
    return error as Error;
  }
  throw new Error('the command did not refuse');
}

function argvOf(paths: { capture: string; sa: string; out: string }): string[] {
  return [paths.capture, '--sa', paths.sa, '--out', paths.out, '--nic', 'model'];
}

describe('tagwire replay, interrupted', () => {
  it('ends with 130 and leaves a whole file', async () => {
    const frames = CASES.find((c) => c.name.startsWith('150 packets'))!;
    // The same packets over and over: no window, so that each is accepted.
    const laps = Array.from({ length: 200 }, () => frames.capture.subarray(24));
    const capture = Buffer.concat([frames.capture.subarray(0, 24), ...laps]);
    const paths = files(capture, SETKEY.replaceAll('-r 4 ', '-r 0 ').replace(/.*-esn.*\n/, ''));
    const path = join(paths.out, 'decrypted.pcapng');
    const running = startTagwire(['replay', ...argvOf(paths)]);
    const ended = new Promise((resolve) => running.on('exit', resolve));
    while (!existsSync(path) || statSync(path).size === 0) await setTimeout(10);
    running.kill('SIGINT');
    expect(await ended).toBe(130);
    const packets = decrypted(paths.out);
    expect(packets.length).toBeGreaterThan(0);
    expect(packets.length).toBeLessThan(200 * frames.inner.length);
    expect(packets.at(-1)!.bytes).toEqual(frames.inner[(packets.length - 1) % 150]);
  });
});

describe('tagwire replay refuses with exit code 2', () => {
  const good = pcap([Buffer.alloc(60)]);
  const usb = pcap([Buffer.alloc(60)], { linkType: 189 });
  it.each([
    ['a file that is no capture', Buffer.from('hello, world'), 'neither pcap nor pcapng'],
    ['an empty file', Buffer.alloc(0), 'neither pcap nor pcapng'],
    ['a truncated capture', good.subarray(0, good.length - 7), 'file ends 7 bytes before'],
    ['a capture cut in a record header', good.subarray(0, 30), 'file ends inside'],
    ['another link type', usb, 'link type 189; expected one of 1 (Ethernet), 101 (raw IP), 0'],
  ])('%s', async (_name, capture, text) => {
    const paths = files(capture);
    const { exitCode, message } = await refusal(...argvOf(paths));
    expect(exitCode).toBe(2);
    expect(message).toContain(`${paths.capture}: byte`);
    expect(message).toContain(text);
    // What there is of the output is a whole pcapng file.
    expect(decrypted(paths.out)).toEqual([]);
  });

  it('a truncated capture, as a program sees it', async () => {
    const r = await tagwire('replay', ...argvOf(files(good.subarray(0, 50))), '--json');
    expect(r.code).toBe(2);
    expect(JSON.parse(r.stdout)).toMatchObject({ exitCode: 2 });
    expect(r.stderr).toContain('file ends');
  });

  it('a capture that breaks off, and keeps what it decrypted before', async () => {
    const { capture, inner } = CASES[0]!;
    const paths = files(capture.subarray(0, capture.length - 1));
    expect((await refusal(...argvOf(paths))).exitCode).toBe(2);
    expect(decrypted(paths.out).map((p) => p.bytes)).toEqual(inner.slice(0, 1));
  });

  it.each([
    ['no capture', [], 'missing CAPTURE'],
    [
      'a capture that is not there',
      ['/nowhere.pcap', '--sa', 'x'],
      '/nowhere.pcap: cannot be read',
    ],
    ['no SA file', ['x.pcap'], 'missing --sa FILE'],
    ['an unknown engine', ['x.pcap', '--sa', 'x', '--engine', 'fpga'], "'fpga'"],
  ])('%s', async (_name, argv, text) => {
    const { exitCode, message } = await refusal(...argv);
    expect(exitCode).toBe(2);
    expect(message).toContain(text);
  });

  it('a mistake in the SA file, by line and column', async () => {
    const paths = files(good, 'add 10.9.0.1 10.9.0.2 esp 0x1000 -E aes-gcm-16 0x00;\n');
    const { exitCode, message } = await refusal(...argvOf(paths));
    expect(exitCode).toBe(2);
    expect(message).toMatch(/sa\.conf:1:\d+: expected/);
  });

  it('an --out that cannot be written', async () => {
    const paths = files(good);
    const inFile = await refusal(...argvOf({ ...paths, out: join(paths.sa, 'out') }));
    expect(inFile.exitCode).toBe(2);
    expect(inFile.message).toContain('cannot be written');
    const taken = join(paths.out, 'taken');
    mkdirSync(join(taken, 'decrypted.pcapng'), { recursive: true });
    const isFolder = await refusal(...argvOf({ ...paths, out: taken }));
    expect(isFolder.exitCode).toBe(2);
    expect(isFolder.message).toContain('decrypted.pcapng');
  });

  it('and a full disk with 5', async () => {
    const paths = files(CASES[0]!.capture);
    symlinkSync('/dev/full', join(paths.out, 'decrypted.pcapng'));
    const r = await tagwire('replay', ...argvOf(paths));
    expect(r.code).toBe(5);
    expect(r.stderr).toContain('disk is full');
  });
});
