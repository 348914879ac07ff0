// SPDX-License-Identifier: BSD-2-Clause
import { it } from 'vitest';
import { expectRandomWorlds } from './random_worlds.ts';

it('random worlds keep every oracle silent', () => expectRandomWorlds(1, 12), 300_000);

// Its last completions were seen in memory before the card had counted them, and the head that said
// so was refused: the interrupt stayed high, and the world never came to rest.
it('a head that the card refused is said again', () => expectRandomWorlds(1126, 1), 60_000);
