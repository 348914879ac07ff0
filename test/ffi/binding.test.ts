// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  BusError,
  FAULT_REG_SILENT,
  type SimConfig,
  STOP_BUDGET,
  STOP_IRQ,
  STOP_TAP,
} from '../../src/dev/nic/nic_bus.ts';
import { REG_ITR } from '../../src/dev/nic/nic_regs.ts';
import { TW_POSTED_MAX } from '../../src/ffi/abi.ts';
import { type Binding, BindingError, loadBinding } from '../../src/ffi/binding.ts';
import { GcmEngine, type GcmMessage } from '../../src/ffi/gcm_engine.ts';
import { NativeWorld } from '../../src/ffi/sim_world.ts';
import { cardLibrary, engineLibrary } from '../../src/harness/library.ts';
import { pattern } from '../../src/validate/frames.ts';
import { SIM_DEFAULTS } from '../../src/validate/rig.ts';
import { play } from '../driver/stimulus.ts';
import { probeLibrary } from '../sim/library.ts';
import { PROBE } from '../sim/probe.ts';

const probe = await probeLibrary();
const tracedProbe = await probeLibrary('fst');
const card = (await cardLibrary()).library;
const engine = (await engineLibrary()).library;

const koffi = await loadBinding('koffi');
let ffiNapi: Binding | null = null;
let whyNot = '';
try {
  ffiNapi = await loadBinding('ffi-napi');
} catch (e) {
  whyNot = String(e);
}

const SMALL: SimConfig = {
  ...SIM_DEFAULTS,
  arenaBytes: 1 << 20,
  tapBytes: 1 << 16,
  hosts: [
    { baseBytes: 0, sizeBytes: 1 << 19 },
    { baseBytes: 1 << 19, sizeBytes: 1 << 19 },
  ],
};

function busError(action: () => unknown): BusError {
  try {
    action();
  } catch (e) {
    if (e instanceof BusError) return e;
    throw e;
  }
  throw new Error('expected a BusError');
}

function bindingTests(binding: Binding): void {
  let world: NativeWorld;
  afterEach(() => world?.close());
  const open = (config: Partial<SimConfig> = {}, path = probe): NativeWorld => {
    world = new NativeWorld(binding, path, { ...SMALL, ...config });
    return world;
  };

  test('a run delivers posted writes in order and counts cycles and calls', () => {
    open({}, card);
    const calls = world.totals().calls;
    const before = world.cycle;
    world.buses[0]!.writeReg(REG_ITR, 0x1000);
    world.buses[0]!.writeReg(REG_ITR, 0x2000);
    expect(world.run(500)).toBe(STOP_BUDGET);
    expect(world.cycle - before).toBeGreaterThanOrEqual(500);
    expect(world.cycle - before).toBeLessThan(550);
    expect(world.totals().calls - calls).toBe(1);
    expect(world.buses[0]!.readReg(REG_ITR)).toBe(0x2000);
    expect(world.totals().runNs).toBeGreaterThan(0);
    expect(world.idleCycles).toBeLessThan(world.cycle);
  });

  test('more register writes than the list holds are all delivered', () => {
    open({}, card);
    for (let i = 0; i < 2.5 * TW_POSTED_MAX; i++) world.buses[1]!.writeReg(REG_ITR, i);
    expect(world.buses[1]!.readReg(REG_ITR)).toBe(2.5 * TW_POSTED_MAX - 1);
  });

  test('a DMA write of the card appears in the arena at its offset', () => {
    open();
    const bus = world.buses[1]!;
    bus.writeReg(PROBE.wrAddr, (1 << 19) + 64);
    bus.writeReg(PROBE.wrStrb, 0xffffffff);
    bus.writeReg(PROBE.wrData, 0xdeadbeef);
    bus.writeReg(PROBE.wrGo, 1);
    world.run(300);
    expect(new DataView(world.arena.buffer).getUint32((1 << 19) + 64, true)).toBe(0xdeadbeef);
    expect(world.totals().dmaWrites).toBe(1);
  });

  test('an interrupt stops the run, and says whose', () => {
    open();
    world.buses[1]!.writeReg(PROBE.irq, 1);
    expect(world.run(100_000)).toBe(STOP_IRQ);
    expect([world.irq(0), world.irq(1)]).toEqual([false, true]);
    expect(world.cycle).toBeLessThan(1000);
  });

  test('a full tap stops the run until it is drained; an injected frame arrives and is in it', () => {
    open({ tapBytes: 9_900 });
    world.inject(1, pattern(700, 1), 0);
    expect(world.run(1000)).toBe(STOP_TAP);
    expect(world.tapUsed).toBe(32 + 704);
    expect(world.tap.slice(32, 732)).toEqual(pattern(700, 1));
    world.tapDrained();
    expect(world.run(1000)).toBe(STOP_BUDGET);
    expect(world.buses[1]!.readReg(PROBE.rxLen)).toBe(700);
  });

  test.each([
    ['$fatal', PROBE.fatal, /probe was told to fail/],
    ['an assertion', PROBE.assert, /assertion of the probe/],
  ])('a model that fails by %s is a BusError with its text and cycle', (_, register, text) => {
    open();
    world.run(200);
    world.buses[0]!.writeReg(register, 1);
    const e = busError(() => world.run(500));
    expect(e.kind).toBe('model');
    expect(e.message).toMatch(text);
    expect(e.message).toContain(`cycle ${e.cycle}`);
    expect(e.cycle).toBeGreaterThan(200);
    expect(busError(() => world.run(500)).kind).toBe('model');
    expect(busError(() => world.buses[0]!.readReg(PROBE.id)).kind).toBe('model');
  });

  test('no answer, and a refused access: BusErrors of their kind, with register and cycle', () => {
    open({ regTimeoutCycles: 300 });
    world.fault(0, FAULT_REG_SILENT, 1);
    const silent = busError(() => world.buses[0]!.readReg(PROBE.id));
    expect([silent.kind, silent.cycle >= 300]).toEqual(['timeout', true]);
    world.fault(0, FAULT_REG_SILENT, 0);
    expect(busError(() => world.buses[0]!.readReg(PROBE.nowhere)).kind).toBe('bus');
    world.buses[0]!.writeReg(PROBE.nowhere, 1);
    expect(busError(() => world.run(100)).kind).toBe('bus');
  });

  test('mistakes of the caller are BusErrors: card, fault, frame, configuration', () => {
    open({ cardCount: 1 });
    expect(busError(() => world.fault(1, FAULT_REG_SILENT, 1)).kind).toBe('argument');
    expect(busError(() => world.fault(0, 99, 1)).message).toMatch(/99/);
    expect(busError(() => world.inject(0, new Uint8Array(9217), 0)).kind).toBe('argument');
    expect(busError(() => world.inject(0, new Uint8Array(0), 0)).kind).toBe('argument');
    const bad = busError(
      () => new NativeWorld(binding, probe, { ...SMALL, memStallPermille: 1000 }),
    );
    expect(bad.message).toMatch(/mem_stall_permille/);
    world.close();
    world.close();
    expect(busError(() => world.run(1)).message).toMatch(/closed/);
  });

  test('waveforms: without tracing compiled in, to a path that cannot be, and a real one', () => {
    open();
    expect(busError(() => world.traceOpen('/tmp/x.fst')).kind).toBe('unsupported');
    world.close();
    open({}, tracedProbe);
    expect(busError(() => world.traceOpen('/nonexistent/x.fst')).kind).toBe('io');
    const dir = mkdtempSync(join(tmpdir(), 'tagwire-fst-'));
    const path = join(dir, 'waves.fst');
    world.traceOpen(path);
    world.run(200);
    world.traceClose();
    expect(statSync(path).size).toBeGreaterThan(100);
    rmSync(dir, { recursive: true });
  });

  test('a library that is not one, or has other functions, is a BindingError', () => {
    expect(() => new NativeWorld(binding, '/nonexistent.so', SMALL)).toThrow(BindingError);
    expect(() => new NativeWorld(binding, engine, SMALL)).toThrow(BindingError);
  });

  test('the engine alone: messages of any length equal node:crypto; a wrong tag is refused', () => {
    const gcm = new GcmEngine(binding, engine);
    try {
      const messages: GcmMessage[] = [];
      const want: Uint8Array[] = [];
      for (let i = 0; i < 60; i++) {
        const key = pattern(i % 2 === 0 ? 16 : 32, i);
        const iv = pattern(12, i + 1);
        const aad = pattern((i * 7) % 41, i + 2);
        const text = pattern((i * 13) % 95, i + 3);
        const c = createCipheriv(key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, iv);
        c.setAAD(aad);
        const sealed = new Uint8Array([...c.update(text), ...c.final(), ...c.getAuthTag()]);
        const out = new Uint8Array(text.length);
        const decrypt = i % 3 === 0;
        const tag = decrypt ? sealed.slice(-16) : new Uint8Array(16);
        const forged = decrypt && i % 2 === 1;
        if (forged) tag[i % 16]! ^= 1;
        const input = decrypt ? sealed.slice(0, text.length) : text;
        messages.push({ decrypt, key, iv, aad, text: input, out, tag, refused: false });
        if (forged) want.push(new Uint8Array(text.length));
        else want.push(decrypt ? text : sealed);
      }
      gcm.run(messages);
      for (const [i, m] of messages.entries()) {
        const got = m.decrypt ? m.out : new Uint8Array([...m.out, ...m.tag]);
        expect(got, `message ${i}`).toEqual(want[i]);
        expect(m.refused, `message ${i}`).toBe(i % 3 === 0 && i % 2 === 1);
      }
      expect(gcm.cycles).toBeGreaterThan(100);
      expect(gcm.calls).toBe(1);
    } finally {
      gcm.close();
    }
  });
}

describe('koffi', () => bindingTests(koffi));

describe.skipIf(ffiNapi === null)(`ffi-napi${whyNot === '' ? '' : ` (skipped: ${whyNot})`}`, () => {
  bindingTests(ffiNapi!);

  test('gives the very same run of the card as koffi, to the cycle', () => {
    const steps = [
      { kind: 'offload', from: 0, sa: 1, shape: { payloadBytes: 333, optionWords: 0 } },
      { kind: 'plain', from: 1, lenBytes: 200 },
      {
        kind: 'inject',
        to: 0,
        burst: [{ sa: 0, shape: { payloadBytes: 50, optionWords: 2 }, damage: 'icv' }],
      },
    ] as const;
    const run = (binding: Binding): unknown => {
      let cycles = 0;
      const observed = play(
        (config) => {
          const world = new NativeWorld(binding, card, config);
          const { close } = world;
          world.close = () => {
            cycles = world.cycle;
            close.call(world);
          };
          return world;
        },
        steps,
        3,
      );
      return { observed, cycles };
    };
    expect(run(ffiNapi!)).toEqual(run(koffi));
  });
});

test('a binding that is not installed: an error that says what to do', async () => {
  const loader = Module as unknown as {
    _load: (name: string, ...rest: unknown[]) => unknown;
  };
  const original = loader._load;
  loader._load = function (name, ...rest) {
    if (name === 'ffi-napi' || name === 'koffi') throw new Error(`Cannot find module '${name}'`);
    return original.call(this, name, ...rest);
  };
  try {
    const e = await loadBinding('ffi-napi').catch((error: unknown) => error);
    expect(e).toBeInstanceOf(BindingError);
    expect((e as BindingError).message).toMatch(/Cannot find module 'ffi-napi'/);
    expect((e as BindingError).hint).toMatch(/npm install ffi-napi@npm:@2060.io/);
    await expect(loadBinding('koffi')).rejects.toThrow(/npm install koffi/);
  } finally {
    loader._load = original;
  }
});
