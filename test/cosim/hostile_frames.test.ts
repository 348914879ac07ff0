// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { expectHostileFramesCounted } from './hostile_frames.ts';

it.each([
  ['model', 20_000],
  ['rtl', 1_500],
] as const)('%s: each of %i hostile frames ends under a name, and none leaks', (nic, count) =>
  expectHostileFramesCounted(nic, count, 1),
);
