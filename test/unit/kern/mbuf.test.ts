// SPDX-License-Identifier: BSD-2-Clause
import { beforeEach, describe, expect, test } from 'vitest';
import { MTagPool, NO_TAG } from '../../../src/kern/m_tag.ts';
import { HEADROOM_BYTES, MbufPool, NO_MBUF, TAILROOM_BYTES } from '../../../src/kern/mbuf.ts';
import { Mbufq } from '../../../src/kern/mbufq.ts';

let pool: MbufPool;
const BASE = 4096;
beforeEach(() => {
  const arena = new Uint8Array(BASE + 10 * 1792 + 2 * 66048);
  pool = new MbufPool(arena, new MTagPool(16), {
    baseBytes: BASE,
    sizeBytes: arena.length - BASE,
    frameBytes: 1514,
    jumboCount: 2,
  });
});

describe('a pool of mbufs', () => {
  test("clusters lie in the pool's part of the arena, on cache lines, and never overlap", () => {
    const spans = Array.from({ length: pool.count }, (_, m) => [
      pool.cluster(m),
      pool.cluster(m) + pool.capacity(m),
    ]).sort((a, b) => a[0]! - b[0]!);
    expect(spans[0]![0]).toBe(BASE);
    for (let i = 1; i < spans.length; i++) {
      expect(spans[i]![0]).toBeGreaterThanOrEqual(spans[i - 1]![1]!);
      expect(spans[i]![0]! % 64).toBe(0);
    }
    expect(spans.at(-1)![1]).toBeLessThanOrEqual(pool.data.length);
    expect(pool.clusterBytes).toBeGreaterThanOrEqual(1514 + HEADROOM_BYTES + TAILROOM_BYTES);
  });

  test('is bounded: NO_MBUF when it is empty, counted; freed mbufs come again, clean', () => {
    const all: number[] = [];
    for (let m = pool.alloc(); m !== NO_MBUF; m = pool.alloc()) all.push(m);
    expect(all.length).toBe(pool.count - 2);
    expect(pool.refused).toBe(1);
    const m = all[3]!;
    pool.append(m, 100);
    pool.flags[m] = 3;
    pool.rcvIf[m] = 5;
    pool.free(m);
    expect(pool.alloc()).toBe(m);
    expect([pool.len[m], pool.flags[m], pool.rcvIf[m], pool.firstTag[m]]).toEqual([
      0,
      0,
      -1,
      NO_TAG,
    ]);
    expect(pool.off[m]).toBe(pool.cluster(m) + HEADROOM_BYTES);
    for (const x of all) pool.free(x);
    expect(pool.inUse).toBe(0);
  });

  test('allocFor takes a jumbo mbuf only where an ordinary one is too small', () => {
    const fits = pool.clusterBytes - HEADROOM_BYTES - TAILROOM_BYTES;
    expect(pool.capacity(pool.allocFor(fits))).toBe(pool.clusterBytes);
    const jumbo = pool.allocFor(fits + 1);
    expect(pool.append(jumbo, 65535)).toBe(true);
    expect(pool.prepend(jumbo, HEADROOM_BYTES)).toBe(true);
  });

  test('free takes the tags along; a second free throws', () => {
    const m = pool.alloc();
    pool.tags.prepend(pool, m, pool.tags.alloc(1, 1, 0));
    pool.free(m);
    expect(pool.tags.inUse).toBe(0);
    expect(() => pool.free(m)).toThrow(/twice/);
    expect(() => pool.free(NO_MBUF)).toThrow();
  });
});

describe('a packet in its cluster', () => {
  test("prepend, append and adj move its ends, and stop at the cluster's", () => {
    const m = pool.alloc();
    const at = pool.off[m]!;
    expect(pool.append(m, 100)).toBe(true);
    expect(pool.prepend(m, HEADROOM_BYTES)).toBe(true);
    expect(pool.off[m]).toBe(pool.cluster(m));
    expect(pool.prepend(m, 1)).toBe(false);
    expect(pool.len[m]).toBe(100 + HEADROOM_BYTES);
    pool.adj(m, HEADROOM_BYTES);
    expect([pool.off[m], pool.len[m]]).toEqual([at, 100]);
    pool.adj(m, -40);
    expect([pool.off[m], pool.len[m]]).toEqual([at, 60]);
    const room = pool.capacity(m) - HEADROOM_BYTES - 60;
    expect(pool.append(m, room + 1)).toBe(false);
    expect(pool.append(m, room)).toBe(true);
    expect(() => pool.adj(m, 10_000)).toThrow(RangeError);
  });

  test('makeHeadroom moves a packet back when there is too little before it, and room behind', () => {
    const m = pool.alloc();
    const at = pool.off[m]!;
    pool.append(m, 50);
    pool.data.fill(7, at, at + 50);
    pool.makeHeadroom(m, HEADROOM_BYTES);
    expect(pool.off[m]).toBe(at);
    pool.makeHeadroom(m, HEADROOM_BYTES + 30);
    expect([pool.off[m], pool.len[m]]).toEqual([at + 30, 50]);
    expect(pool.data.subarray(at + 30, at + 80).every((b) => b === 7)).toBe(true);
    expect(pool.prepend(m, HEADROOM_BYTES + 30)).toBe(true);
    pool.append(m, pool.capacity(m) - pool.len[m]! - 5);
    pool.makeHeadroom(m, 6);
    expect(pool.prepend(m, 6)).toBe(false);
    pool.makeHeadroom(m, 5);
    expect(pool.prepend(m, 5)).toBe(true);
  });

  test('dup is a packet of its own: bytes, flags and tags', () => {
    const m = pool.alloc();
    pool.append(m, 3);
    pool.data.set([1, 2, 3], pool.off[m]!);
    pool.flags[m] = 1;
    pool.rcvIf[m] = 2;
    pool.tags.prepend(pool, m, pool.tags.alloc(9, 9, 4));
    const c = pool.dup(m);
    pool.data[pool.off[m]!] = 77;
    expect([...pool.data.subarray(pool.off[c]!, pool.off[c]! + 3)]).toEqual([1, 2, 3]);
    expect([pool.flags[c], pool.rcvIf[c]]).toEqual([1, 2]);
    expect(pool.tags.first(pool, c)).not.toBe(pool.tags.first(pool, m));
    pool.free(m);
    expect(pool.tags.locate(pool, c, 9, 9, NO_TAG)).not.toBe(NO_TAG);
    pool.free(c);
    expect(pool.tags.inUse).toBe(0);
  });

  test('dup makes nothing when mbufs or tags run out: no packet without its tags', () => {
    const m = pool.alloc();
    pool.tags.prepend(pool, m, pool.tags.alloc(9, 9, 4));
    pool.tags.failNext = 1;
    expect(pool.dup(m)).toBe(NO_MBUF);
    pool.failNext = 1;
    expect(pool.dup(m)).toBe(NO_MBUF);
    expect([pool.inUse, pool.tags.inUse]).toEqual([1, 1]);
  });
});

describe('a queue of packets', () => {
  test('first in, first out, up to its limit', () => {
    const q = new Mbufq(3);
    const [a, b, c, d] = [pool.alloc(), pool.alloc(), pool.alloc(), pool.alloc()] as const;
    expect([q.enqueue(pool, b), q.enqueue(pool, a), q.enqueue(pool, c)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(q.enqueue(pool, d)).toBe(false);
    expect([q.dequeue(pool), q.dequeue(pool)]).toEqual([b, a]);
    expect(q.enqueue(pool, d)).toBe(true);
    expect([q.dequeue(pool), q.dequeue(pool), q.dequeue(pool)]).toEqual([c, d, NO_MBUF]);
    q.enqueue(pool, a);
    q.enqueue(pool, b);
    expect(q.drain(pool)).toBe(2);
    expect([q.length, pool.inUse]).toEqual([0, 2]);
  });
});
