// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { expectHostileFramesCounted } from './hostile_frames.ts';

it.each(['model', 'rtl'] as const)(
  '%s: each of a million hostile frames ends under a name, and none leaks',
  (nic) => expectHostileFramesCounted(nic, 1_000_000, 2),
  7_200_000,
);
