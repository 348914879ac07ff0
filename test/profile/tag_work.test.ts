// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { MbufPool } from '../../src/kern/mbuf.ts';
import { type Carrier, NO_REQUEST } from '../../src/netipsec/pact.ts';
import { BenchPair } from '../../src/profile/bench_pair.ts';
import { BASE_WORKLOAD } from '../../src/profile/sample.ts';
import { STRATEGIES, type Strategy } from '../../src/profile/strategy.ts';
import { TagWork } from '../../src/profile/tag_work.ts';

const PACKETS = 64;
const CALLS = ['applied', 'take', 'request', 'handOver', 'done', 'report', 'read', 'accept'];
CALLS.push('accepted');

/** Where a request was found is nobody's concern. */
const QUESTIONS = ['applied', 'take', 'read', 'accepted'];
const said = (key: string, answer: unknown): unknown =>
  QUESTIONS.includes(key) ? answer !== NO_REQUEST : answer;

/** Carriers that write down what they are asked, and what the answer was. */
function recorded(strategy: Strategy, log: string[]): (mbufs: MbufPool) => Carrier {
  return (mbufs) => {
    const inner = strategy.newCarrier(mbufs);
    return new Proxy(inner, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const answer = (value as (...a: unknown[]) => unknown).apply(target, args);
          if (CALLS.includes(String(key))) log.push(`${String(key)} ${said(String(key), answer)}`);
          return answer;
        };
      },
    });
  };
}

describe.each(STRATEGIES)('$name: the tag alone is asked what the stack asks it', (strategy) => {
  it.each(['out', 'in'] as const)('%s', (way) => {
    const log: string[] = [];
    const one = { ...BASE_WORKLOAD, batchPackets: 1 };
    const pair = new BenchPair(recorded(strategy, log), strategy.offload, one, 1, PACKETS);
    pair.makeFrames();
    const perSent = log.length / PACKETS;
    const sent = log.slice(0, perSent);
    log.length = 0;
    pair.receiveAll();
    const received = log.slice(0, log.length / PACKETS);
    const host = way === 'out' ? pair.tx : pair.rx;
    const work = new TagWork(host, pair.sas(host), strategy.offload, 0, PACKETS, 1);
    log.length = 0;
    work[way]();
    const stack = way === 'out' ? sent : received;
    expect(log.slice(0, log.length / PACKETS)).toEqual(stack);
    expect(stack.length).toBeGreaterThan(2);
    log.length = 0;
    work.nothing();
    expect(log).toEqual([]);
  });
});
