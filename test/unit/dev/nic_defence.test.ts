// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CODE_TOO_BIG, CPL_ESP_SEEN, CPL_SECP } from '../../../src/dev/nic/nic_regs.ts';
import { fieldsAt, requestOf } from '../../../src/netipsec/request_fields.ts';
import { Bench } from './bench.ts';

const SECP = CPL_SECP | CPL_ESP_SEEN | (34 << 8);

describe('a card that says what cannot be', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(100);
  });
  afterEach(() => {
    bench.nic.detach();
    expect([bench.pool.inUse, bench.tags.inUse]).toEqual([0, 0]);
  });

  /** One frame out, and what the card then claims to have received. */
  const receive = (
    status: number,
    saIdx: number,
    lenBytes: number,
    header = bench.header,
  ): void => {
    bench.send();
    bench.nic.flush();
    bench.card.loopBack(status, saIdx, lenBytes, header);
    bench.nic.poll();
  };
  const changed = (byte: number): Uint32Array => {
    const bytes = new Uint8Array(bench.header.slice().buffer);
    bytes[byte]! ^= 1;
    return new Uint32Array(bytes.buffer);
  };

  test.each([
    ['SPI', 37],
    ['destination', 33],
  ])('decrypted under an SA of another %s: dropped, no report made', (_, byte) => {
    receive(SECP, 0, bench.frameBytes, changed(byte));
    expect(bench.received).toBe(0);
    expect(bench.counters.get('nic.rxSaGone')).toBe(1);
  });

  test.each([1, 1023, 1024, 0xffff])(
    'decrypted under SA %i, which is not installed: dropped',
    (i) => {
      receive(SECP, i, bench.frameBytes);
      expect(bench.received).toBe(0);
      expect(bench.counters.get('nic.rxSaGone')).toBe(1);
    },
  );

  test('decrypted, but no ESP, or ESP behind its end: dropped', () => {
    receive(CPL_SECP, 0, bench.frameBytes);
    receive(CPL_SECP | CPL_ESP_SEEN | (255 << 8), 0, bench.frameBytes);
    expect(bench.received).toBe(0);
    expect(bench.counters.get('nic.rxErr')).toBe(2);
  });

  test.each([0, 13, 9100, 65535])('a length of %i bytes: dropped', (lenBytes) => {
    receive(0, 0xffff, lenBytes);
    expect(bench.received).toBe(0);
    expect(bench.counters.get('nic.rxErr')).toBe(1);
  });

  test.each([6, 15])('code %i, which does not exist: dropped', (code) => {
    receive(code, 0xffff, bench.frameBytes);
    expect(bench.counters.get('nic.rxErr')).toBe(1);
  });

  test('an error code with a length and SECP: dropped all the same', () => {
    receive(SECP | CODE_TOO_BIG, 0, bench.frameBytes);
    expect(bench.received).toBe(0);
    expect(bench.counters.get('nic.rxTooBig')).toBe(1);
  });
});

describe('a request that no descriptor can carry goes to software', () => {
  test.each([
    ['ESN bits for an SA without ESN', { esnHi: 1 }],
    ['an ESP header inside the IP header', { espOffset: 16 }],
    ['an ESP header beyond what a descriptor says', { espOffset: 242 }],
    ['an SA number that is none', { cardSa: 4096 }],
  ])('%s', (_, wrong) => {
    const bench = new Bench(300);
    const right = fieldsAt({ words: bench.request }, 0);
    bench.request.set(requestOf({ ...right, ...wrong }));
    expect(bench.send()).toBe(1);
    expect(bench.counters.get('nic.txOffloadMisfit')).toBe(1);
    expect(bench.counters.get('nic.txOffloaded')).toBe(0);
    bench.nic.detach();
    expect(bench.pool.inUse).toBe(0);
  });

  test('a frame too short to be ESP', () => {
    const bench = new Bench(300);
    const m = bench.pool.alloc();
    bench.pool.len[m] = 65;
    bench.hang(m);
    expect(bench.nic.transmit(m)).toBe(1);
    expect(bench.counters.get('nic.txOffloadMisfit')).toBe(1);
    bench.nic.detach();
    expect(bench.tags.inUse).toBe(0);
  });
});
