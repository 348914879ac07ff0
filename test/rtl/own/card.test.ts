// SPDX-License-Identifier: BSD-2-Clause
// The starting point of `tagwire new-card`: another card than ours, with rings and registers of its
// own, under a driver of its own. It does no ESP, so software does.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { explain } from '../../../src/cli/explain.ts';
import { command } from '../../../src/cli/run.ts';
import type { DriverModule } from '../../../src/dev/nic/nic_driver.ts';
import { createWorld } from '../../../src/harness/create_world.ts';
import { loadDriver } from '../../../src/harness/driver_file.ts';
import { finishRun } from '../../../src/harness/finish_run.ts';
import { cardLibrary } from '../../../src/harness/library.ts';
import type { OwnRtl } from '../../../src/harness/own_rtl.ts';
import type { WorldOptions } from '../../../src/harness/world_options.ts';
import type { CaseResult } from '../../../src/report/validate_results.ts';
import { lint } from '../../../src/verilator/index.ts';
import { tagwire } from '../../cli/tagwire.ts';
import { root } from '../gcm_engine.ts';

const DRIVER = join(root, 'rtl/own/card/my_nic.ts');
const MY: OwnRtl = { fileList: join(root, 'rtl/own/card/my_card.f'), top: 'my_card' };

describe('a card from elsewhere', () => {
  let driver: DriverModule;
  beforeAll(async () => {
    driver = await loadDriver(DRIVER);
    await cardLibrary({ rtl: MY });
  });

  it.each<[string, WorldOptions, number | 'imix']>([
    ['tunnel mode', {}, 'imix'],
    ['transport mode, IPv6', { mode: 'transport', outer: 6 }, 300],
    ['memory that pauses', { memory: { latencyCycles: 3, stallPermille: 500 } }, 1400],
    ['whole slots', {}, 8800],
    ['fragments', { mtu: 1500 }, 20_000],
    ['gateways', { gateways: true }, 500],
  ])('carries UDP both ways, ESP in software: %s', async (_what, options, size) => {
    const world = await createWorld({ ...options, rtl: MY, driver });
    await world.duplex({ packets: 40, size });
    const report = await finishRun(world, 'own card');
    expect(report.violations).toEqual([]);
    expect(report.packets).toMatchObject({ sent: 80, delivered: 80, dropped: 0, offloadedTx: 0 });
    expect(report.compared).toBe(80);
    expect(report.plaintextLeaks).toBe(0);
    expect(report.tags.leaked).toBe(0);
    expect(report.notOffloaded.map((row) => row.reason)).toEqual(['noCapableInterface']);
  });

  it('a frame that the card cannot read or write is counted, and the next one goes', async () => {
    const world = await createWorld({ rtl: MY, driver });
    world.sim.fault(0, 3, 1); // FAULT_READ_ERROR: the first header
    await world.flow(0, { packets: 20, size: 100 });
    world.sim.fault(1, 4, 1); // FAULT_WRITE_ERROR
    await world.flow(0, { packets: 20, size: 100 });
    const report = await finishRun(world, 'own card');
    expect(report.drops).toEqual({ 'host0.nic.txDmaErr': 1, 'host1.nic.rxDmaErr': 1 });
    expect(report.packets).toMatchObject({ sent: 40, delivered: 38 });
    expect(report.tags.leaked).toBe(0);
  });

  it('under the driver of our card it does not attach: exit 1', async () => {
    const failed = await createWorld({ rtl: MY }).catch((error) => error);
    expect(explain(failed)).toMatchObject({
      code: 1,
      message: expect.stringMatching(/nic0 does not attach: ID register reads 0x4d594331/),
    });
  });

  it('tagwire validate runs what it can be asked, and says why not the rest', async () => {
    const out = mkdtempSync(join(tmpdir(), 'tagwire-own-'));
    const own = ['--rtl', MY.fileList, '--top', MY.top, '--driver', DRIVER];
    const ids = ['esp/tunnel-null-sha256', 'esp/duplex-tunnel-aes-gcm-128', 'vectors/longest'];
    const grep = `^(${[...ids, 'hazards/h1'].join('|')})$`;
    const { code, stderr } = await tagwire('validate', ...own, '--grep', grep, '--out', out);
    expect(code, stderr).toBe(0);
    const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    const rows = results.map((r: CaseResult) => [r.id, r.status, r.reason]);
    expect(rows).toContainEqual(['esp/tunnel-null-sha256', 'passed', '']);
    expect(rows).toContainEqual([ids[1], 'skipped', 'the card does no ESP']);
    expect(rows).toContainEqual([ids[2], 'skipped', expect.stringContaining('an engine alone')]);
    expect(results[0].repeat).toContain(`--top my_card --driver ${DRIVER}`);
  }, 120_000);

  it('verilator --lint-only -Wall is silent', async () => {
    expect(await lint({ top: MY.top, cwd: root, rootedFileLists: [MY.fileList] })).toEqual([]);
  });
});

describe('tagwire run with a driver that cannot be', () => {
  const file = (text: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'tagwire-driver-')), 'nic.ts');
    writeFileSync(path, text);
    return path;
  };
  const rtl = ['--rtl', MY.fileList, '--top', MY.top];
  it.each([
    [['--driver', DRIVER], /--driver: expected --rtl/],
    [[...rtl, '--driver', 'nowhere.ts'], /driver file 'nowhere\.ts' does not exist/],
    [
      [...rtl, '--driver', file('export const createNic = () => 0;')],
      /expected it to export createNic, ringBytes, capabilities, no ringBytes found/,
    ],
    [[...rtl, '--driver', file('export const = 1;')], /cannot be loaded/],
    [['--nic', 'model', ...rtl], /--nic: expected rtl with --rtl/],
  ])('%j: exit 2', async (args, expected) => {
    const out = mkdtempSync(join(tmpdir(), 'tagwire-out-'));
    const { code, message } = await command
      .run(['--out', out, ...args])
      .then((code) => ({ code, message: '' }), explain);
    expect(message).toMatch(expected);
    expect(code).toBe(2);
  });
});
