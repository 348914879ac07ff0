// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { expectRandomChanges } from './interface_changes.ts';

it(
  'routes and interfaces change between any two packets, a thousand ways',
  () => expectRandomChanges('model', 1000, 4301),
  600_000,
);
