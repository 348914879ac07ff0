// SPDX-License-Identifier: BSD-2-Clause
// What random worlds find of the planted faults: `tagwire fuzz` in a tree with one in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plantedFaults } from '../../scripts/planted/patches.ts';
import { tagwireIn, withPatch } from '../../scripts/planted/try_patch.ts';
import { type FuzzCase, packetsOf } from '../../src/validate/fuzz/fuzz_case.ts';
import { tagwire, temporaryDir } from '../lib/cli.ts';

/** Found within so many packets, and the reason says what is wrong. */
const FOUND: readonly [string, RegExp][] = [
  ['replay-skipped-for-card', /(delivered|heard) of \d+ that might be/],
  ['iv-reuse-fallback', /ICV|encrypted twice|number/],
  ['flow-cache-stale', /heard of \d+ that might be/],
  ['flow-cache-stale-sa', /after it was replaced/],
  ['decrypted-bridged', /left in clear/],
];
const PACKETS = 6000;

describe('random worlds find planted faults', () => {
  it.each(FOUND)(
    '%s: found, shrunk, and replayed by validate from its corpus',
    async (id, reason) => {
      const fault = plantedFaults().find((f) => f.id === id)!;
      const corpus = temporaryDir('corpus');
      await withPatch(fault, async (dir) => {
        const args = ['--nic', fault.nic, '--packets', `${PACKETS}`, '--max-finds', '1', '--json'];
        expect(await tagwireIn(dir, ['fuzz', ...args, '--out', corpus])).toBe(1);
        const env = { TAGWIRE_CORPUS: join(corpus, 'corpus') };
        const replay = ['validate', '--grep', 'fuzz/corpus-', '--nic', fault.nic, '--no-explain'];
        expect(await tagwireIn(dir, replay, env)).toBe(1);
      });
      const [file] = readdirSync(join(corpus, 'corpus'));
      const path = join(corpus, 'corpus', file!);
      const found = JSON.parse(readFileSync(path, 'utf8')) as FuzzCase & { reason: string };
      expect(found.reason).toMatch(reason);
      expect(found.events.length).toBeLessThanOrEqual(6);
      expect(packetsOf(found)).toBeLessThanOrEqual(40);
      // The same world in the tree without the fault.
      const args = ['validate', '--grep', 'fuzz/corpus-', '--nic', fault.nic, '--json'];
      const env = { TAGWIRE_CORPUS: join(corpus, 'corpus') };
      expect(tagwire([...args, '--out', corpus], env).status).toBe(0);
    },
    1_200_000,
  );
});
