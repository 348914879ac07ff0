// SPDX-License-Identifier: BSD-2-Clause
import { describe, it } from 'vitest';
import { expectReplayByCard, NAMES } from './linux_captures.ts';

describe('replay of all that Linux sent, by the RTL and software behind it', () => {
  it.each(NAMES)('%s', (name) => expectReplayByCard('rtl', name), 120_000);
});
