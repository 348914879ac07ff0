// SPDX-License-Identifier: BSD-2-Clause
// Another card that does ESP, with rings, registers and SAs of its own, through the suite by its driver.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardLibrary } from '../../../src/harness/library.ts';
import type { OwnRtl } from '../../../src/harness/own_rtl.ts';
import type { CaseResult } from '../../../src/report/validate_results.ts';
import { lint } from '../../../src/verilator/index.ts';
import { tagwire } from '../../cli/tagwire.ts';
import { root } from '../gcm_engine.ts';

const HERE = join(root, 'test/rtl/own/esp_card');
const ESP: OwnRtl = { fileList: join(HERE, 'esp_card.f'), top: 'esp_card' };
const OPTIONS = ['--rtl', ESP.fileList, '--top', ESP.top];

const folder = mkdtempSync(join(tmpdir(), 'tagwire-esp-card-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of every group some that are hard on a card. */
const CASES = [
  ...['rings/no-buffers', 'rings/frames-jumbo', 'interrupts/count-8', 'interrupts/none-lost-3'],
  ...['esp/duplex-tunnel-aes-gcm-256', 'esp/form-v6-aes-gmac-esn', 'esp/wrong-text-in-the-middle'],
  ...['esp/high-half-aes-gcm-16-1', 'esp/form-udp-own-port-aes-gcm-16', 'esp/unknown-spi'],
  ...['replay/esn-rollover-straddle', 'replay/one-window', 'rekey/removal-waits'],
  ...['rekey/unread-when-removed', 'rekey/table-full', 'hazards/h15', 'hazards/h16', 'hazards/h19'],
  ...['leaks/card-gone-both', 'leaks/card-back-tunnel', 'faults/bus-read-error'],
  ...['faults/bus-write-error-receiver', 'faults/sa-table-full-in', 'faults/mbuf-receiver'],
];

describe('a card from elsewhere that does ESP', () => {
  beforeAll(async () => {
    await cardLibrary({ rtl: ESP });
  }, 600_000);

  it.each(['ts', 'c'])(
    'under its driver in %s passes cases of every group that is not about our registers',
    async (language) => {
      const grep = `^(${CASES.join('|')})$`;
      const own = [...OPTIONS, '--driver', join(HERE, `esp_nic.${language}`)];
      const argv = ['validate', ...own, '--grep', grep, '-j', '2', '--out', folder];
      const { code, stderr } = await tagwire(...argv);
      expect(code, stderr).toBe(0);
      const { results } = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
      const passed = results.filter((r: CaseResult) => r.status === 'passed');
      expect(passed.map((r: CaseResult) => r.id).sort()).toEqual([...CASES].sort());
    },
    600_000,
  );

  it('a driver in C that does not compile, or is none: exit 2, and what was expected', async () => {
    const file = (text: string): string => {
      const path = join(mkdtempSync(join(folder, 'driver-')), 'nic.c');
      writeFileSync(path, text);
      return path;
    };
    const run = (path: string) =>
      tagwire('validate', ...OPTIONS, '--driver', path, '--out', folder);
    const wrong = await run(file('int twd_attach(void) { return missing; }\n'));
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(/nic\.c' does not compile:\n.*nic\.c:1:\d+: error: 'missing'/);
    const none = await run(file('int nothing;\n'));
    expect([none.code, none.stdout]).toEqual([2, '']);
    expect(none.stderr).toMatch(/nic\.c': expected the functions of tagwire_driver\.h/);
  });

  it('its RTL is clean', async () => {
    const found = await lint({ top: ESP.top, rootedFileLists: [ESP.fileList] });
    expect(found).toEqual([]);
  });
});
