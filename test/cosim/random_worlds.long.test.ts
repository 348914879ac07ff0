// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { expectRandomWorlds } from './random_worlds.ts';

it('random worlds keep every oracle silent', () => expectRandomWorlds(1000, 400), 3_600_000);
