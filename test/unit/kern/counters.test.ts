// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import {
  CYCLES_PER_SECOND,
  cyclesToSeconds,
  NS_PER_CYCLE,
  secondsToCycles,
} from '../../../src/kern/clock.ts';
import { Counters, counter, counterText } from '../../../src/kern/counters.ts';

const EATEN = counter('test.eaten', 'eaten by the test');
counter('test.never', 'never counted');

test('a counter is counted by index and read by name', () => {
  const a = new Counters();
  const b = new Counters();
  a.n[EATEN]! += 3;
  expect([a.get('test.eaten'), b.get('test.eaten')]).toEqual([3, 0]);
  expect(a.nonZero()).toEqual({ 'test.eaten': 3 });
  expect(counterText('test.eaten')).toBe('eaten by the test');
});

test('mistakes throw: a name declared twice, an unknown name', () => {
  expect(() => counter('test.eaten', 'again')).toThrow(/twice/);
  expect(() => new Counters().get('test.nothing')).toThrow(/test\.nothing/);
});

test('time: 250 cycles are a microsecond', () => {
  expect(secondsToCycles(1e-6)).toBe(250);
  expect(cyclesToSeconds(CYCLES_PER_SECOND)).toBe(1);
  expect(NS_PER_CYCLE).toBe(4);
});
