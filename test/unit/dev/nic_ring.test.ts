// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest';
import { CPL_BYTES, RING_RXC, RING_TAIL } from '../../../src/dev/nic/nic_regs.ts';
import { Ring } from '../../../src/dev/nic/nic_ring.ts';

/** A completion ring, and a card whose tail is read: `onRead` runs first, as the clock does then. */
function ringOf(onRead: (ring: Ring) => number): Ring {
  const bus = {
    arena: new Uint8Array(4096),
    writeReg: () => {},
    readReg: (offset: number): number => (offset === RING_RXC + RING_TAIL ? onRead(ring) : 0),
  };
  const place = { block: RING_RXC, baseBytes: 64, log2Size: 4, entryBytes: CPL_BYTES };
  const ring: Ring = new Ring(bus, place);
  ring.enable();
  return ring;
}
const write = (ring: Ring): void => {
  ring.words[ring.word(ring.head) + 3] = 0x80000000;
};

describe('is the completion at the head lost?', () => {
  test('the card counts it, and memory has none: lost', () => {
    expect(ringOf(() => 1).isHeadLost()).toBe(true);
  });

  test('the card does not count it: it is yet to come', () => {
    expect(ringOf(() => 0).isHeadLost()).toBe(false);
  });

  test('it was taken from memory before the card counts it: not lost, its tail is behind', () => {
    const ring = ringOf(() => 3);
    ring.head = 5;
    expect(ring.isHeadLost()).toBe(false);
  });

  test('it came while the card was asked: late, not lost', () => {
    const ring = ringOf((r) => {
      write(r);
      return 1;
    });
    expect(ring.isHeadLost()).toBe(false);
    expect(ring.isWritten(ring.head)).toBe(true);
  });
});
