// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { expectInterleavings } from './interleavings.ts';

it(
  'a thousand more interleavings keep all oracles silent',
  () => expectInterleavings(1000, 1000),
  1_800_000,
);
