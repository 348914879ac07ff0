// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, 'test/planted');

export const AREAS = ['rtl', 'driver', 'stack', 'pact'] as const;

/** One fault that somebody might make, as a patch with a head of three lines. */
export interface Planted {
  /** The patch's name. */
  readonly id: string;
  readonly file: string;
  readonly title: string;
  readonly area: (typeof AREAS)[number];
  /** Of `tagwire validate`: those that one would expect to notice. */
  readonly groups: readonly string[];
  /** The card that they run on: RTL for faults in it, and for those that the model does not mind. */
  readonly nic: 'rtl' | 'model';
}

/** All patches of test/planted, by id. Throws for a head that lacks something. */
export function plantedFaults(): Planted[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.patch'));
  return names.sort().map((name) => {
    const file = join(FOLDER, name);
    const text = readFileSync(file, 'utf8');
    const line = (key: string): string => {
      const value = new RegExp(`^${key}: (.+)$`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`${file}: expected a line '${key}: …' in its head`);
      return value;
    };
    const area = line('Area') as Planted['area'];
    if (!AREAS.includes(area)) throw new Error(`${file}: there is no area '${area}'`);
    const id = basename(name, '.patch');
    const nic = area === 'rtl' || /^Nic: rtl$/m.test(text) ? 'rtl' : 'model';
    return { id, file, title: line('Title'), area, groups: line('Groups').split(','), nic };
  });
}
