// SPDX-License-Identifier: BSD-2-Clause
import { describe, it } from 'vitest';
import { expectRandomChanges } from './interface_changes.ts';

describe('routes and interfaces change between any two packets of a gateway world', () => {
  it('oracles stay silent, nothing is left, and the tunnel works afterwards', () =>
    expectRandomChanges('model', 30, 1812));

  it('on the RTL too', () => expectRandomChanges('rtl', 3, 1812));
});
