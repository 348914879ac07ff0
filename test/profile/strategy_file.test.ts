// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadStrategyFile } from '../../src/profile/strategy_file.ts';
import { newPool } from './pool.ts';

const dir = mkdtempSync(join(tmpdir(), 'tagwire-strategy-'));
afterAll(() => rmSync(dir, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

const source = new URL('../../src/netipsec/carrier_in_place.ts', import.meta.url).pathname;

describe('a strategy of the user', () => {
  it('is a script whose default export makes a carrier, with hazards if it names any', async () => {
    const path = file(
      'mine.mjs',
      `import { CarrierInPlace } from ${JSON.stringify(source)};
       export default (mbufs) => new CarrierInPlace(mbufs);
       export const hazards = ['none that I know of'];`,
    );
    const strategy = await loadStrategyFile(path);
    expect(strategy).toMatchObject({ name: 'mine', offload: true });
    expect(strategy.hazards).toEqual(['none that I know of']);
    expect(strategy.newCarrier(newPool()).name).toBe('in-place');
  });

  it.each([
    ['no default export', 'export const x = 1;', /default export \(mbufs: MbufPool\) => Carrier/],
    [
      'methods are missing',
      'export default () => ({ take() {} });',
      /no method request\(\), handOver\(\)/,
    ],
    [
      'its carrier throws',
      'export default () => { throw new Error("why"); };',
      /cannot be made: why/,
    ],
    ['it makes no object', 'export default () => 3;', /expected a Carrier, got number/],
    ['it does not parse', 'export default (;', /cannot be loaded/],
  ])('%s: an error that says so', async (name, text, message) => {
    const path = file(`${name.replaceAll(' ', '_')}.mjs`, text);
    await expect(loadStrategyFile(path)).rejects.toThrow(message);
  });

  it('a file that is not there', async () => {
    await expect(loadStrategyFile('/nowhere/mine.ts')).rejects.toThrow(/does not exist/);
  });
});
