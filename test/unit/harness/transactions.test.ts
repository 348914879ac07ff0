// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Digest } from '../../../src/harness/digest.ts';
import { countTransactions, firstDivergence } from '../../../src/harness/transactions.ts';
import { PACKET_TAG_IPSEC_OUT_DONE } from '../../../src/netipsec/pact.ts';

const dir = mkdtempSync(join(tmpdir(), 'tagwire-stream-'));
let files = 0;

/** A little run; `change` may be in its middle. */
function stream(change: (d: Digest) => void = () => {}, frame = [1, 2, 3, 4, 5]) {
  const path = join(dir, `${files++}`);
  const digest = new Digest(path);
  digest.cycle = 100;
  digest.tag(0, 4, PACKET_TAG_IPSEC_OUT_DONE);
  digest.frame(1, 120, 620, 2, 17, Uint8Array.from([9, ...frame]), 1, 5);
  change(digest);
  digest.completion(0, 1, 64, 0x10, 3);
  digest.verdict(1, 7, 64, true);
  const hex = digest.hex();
  digest.close();
  return { bytes: readFileSync(path), hex };
}

it('a stream is what its digest is the SHA-256 of', () => {
  const { bytes, hex } = stream();
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(hex);
  expect(countTransactions(bytes)).toBe(4);
});

it('two streams of one run do not differ', () => {
  expect(firstDivergence(stream().bytes, stream().bytes)).toBeNull();
});

it('one byte of a frame is found: the frame, its cycle, its sender, both values', () => {
  const found = firstDivergence(stream().bytes, stream(() => {}, [1, 2, 3, 4, 6]).bytes)!;
  expect(found).toMatchObject({ index: 1, cycle: 120, channel: 'wire from card 1' });
  expect(found.values[0]).toMatch(/^cycle 120: frame of 5 bytes, SHA-256 .*cycle 620, bit 17/);
  expect(found.values[0]).not.toBe(found.values[1]);
});

it('a cycle more is found', () => {
  const later = stream((d) => {
    d.cycle = 101;
  });
  expect(firstDivergence(stream().bytes, later.bytes)).toEqual({
    index: 2,
    cycle: 100,
    channel: 'receive completions of host 0',
    values: ['cycle 100: 64 bytes, status 0x10, SA 3', 'cycle 101: 64 bytes, status 0x10, SA 3'],
  });
});

it('something more in one of them names both channels; the end of one is null', () => {
  const more = stream((d) => d.verdict(0, 1, 2, false)).bytes;
  expect(firstDivergence(stream().bytes, more)).toMatchObject({
    index: 2,
    channel: 'receive completions of host 0 / delivery to host 0',
  });
  const whole = stream().bytes;
  expect(firstDivergence(whole, whole.subarray(0, whole.length - 32))!.values[1]).toBeNull();
});
