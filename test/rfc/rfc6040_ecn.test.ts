// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { cksum } from '../../src/header/cksum.ts';
import { ecnDecapsulate } from '../../src/netinet/ip_ecn.ts';

const DROP = -1;
const [NOT_ECT, ECT1, ECT0, CE] = [0, 1, 2, 3];

/** RFC 6040 §4.2, figure 4: rows are the inner field, columns the outer one. */
const FIGURE_4 = [
  [NOT_ECT, NOT_ECT, NOT_ECT, NOT_ECT],
  [NOT_ECT, ECT0, NOT_ECT, NOT_ECT],
  [NOT_ECT, ECT1, NOT_ECT, NOT_ECT],
  [NOT_ECT, CE, NOT_ECT, DROP],
  [ECT0, NOT_ECT, ECT0, ECT0],
  [ECT0, ECT0, ECT0, ECT0],
  [ECT0, ECT1, ECT0, ECT1],
  [ECT0, CE, ECT0, CE],
  [ECT1, NOT_ECT, ECT1, ECT1],
  [ECT1, ECT0, ECT1, ECT1],
  [ECT1, ECT1, ECT1, ECT1],
  [ECT1, CE, ECT1, CE],
  [CE, NOT_ECT, CE, CE],
  [CE, ECT0, CE, CE],
  [CE, ECT1, CE, CE],
  [CE, CE, CE, CE],
] as const;

describe('RFC 6040 §4.2: ECN at the end of a tunnel', () => {
  it.each(FIGURE_4)('inner %i, outer %i', (inner, outer, _same, expected) => {
    const view = new DataView(new ArrayBuffer(40));
    const dscp = 0xb8;
    view.setUint8(1, 0x10 | outer);
    view.setUint16(20, 0x4500 | dscp | inner);
    view.setUint32(32, 0x0a000001);
    view.setUint16(30, cksum(view, 20, 20));
    expect(ecnDecapsulate(view, 0, 20)).toBe(expected !== DROP);
    if (expected === DROP) return;
    expect(view.getUint8(21)).toBe(dscp | expected);
    expect(cksum(view, 20, 20)).toBe(0);
  });
});
