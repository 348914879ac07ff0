// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ENOBUFS } from '../../../src/kern/errno.ts';
import { MTAG_PERSISTENT, type MTag, MTagPool, NO_TAG } from '../../../src/kern/m_tag.ts';

const COOKIE = 0xfeed_beef;
const OTHER = 0x0bad_cafe;
let tags: MTagPool;
let on: { firstTag: Int32Array };
beforeEach(() => {
  tags = new MTagPool(8);
  on = { firstTag: new Int32Array(4).fill(NO_TAG) };
});

function hang(m: number, cookie: number, id: number): MTag {
  const t = tags.alloc(cookie, id, 16);
  tags.prepend(on, m, t);
  return t;
}

function idsOf(m: number): number[] {
  const ids: number[] = [];
  for (let t = tags.first(on, m); t !== NO_TAG; t = tags.next(t)) ids.push(tags.id(t));
  return ids;
}

describe('m_tag_alloc, m_tag_free', () => {
  test('a tag keeps cookie, id and length; its payload is zero also when the slot was used', () => {
    const t = tags.alloc(COOKIE, 4, 48);
    tags.words[tags.payload(t, COOKIE) + 11] = 0xffffffff;
    tags.free(t);
    const again = tags.alloc(COOKIE, 0xffff, 40);
    expect([tags.cookie(again), tags.id(again), tags.lenBytes(again)]).toEqual([COOKIE, 65535, 40]);
    for (let i = 0; i < 12; i++) expect(tags.words[tags.payload(again, COOKIE) + i]).toBe(0);
  });

  test('the pool is bounded: NO_TAG when it is empty, counted, and whole again after free', () => {
    const all = Array.from({ length: 8 }, () => tags.alloc(COOKIE, 1, 0));
    expect(new Set(all).size).toBe(8);
    expect(tags.alloc(COOKIE, 1, 0)).toBe(NO_TAG);
    expect([tags.inUse, tags.refused]).toEqual([8, 1]);
    for (const t of all) tags.free(t);
    expect([tags.inUse, tags.allocs, tags.frees]).toEqual([0, 8, 8]);
  });

  test('no two tags have the same serial', () => {
    const serials = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const t = tags.alloc(COOKIE, 1, 0);
      serials.add(tags.serial(t));
      tags.free(t);
    }
    expect(serials.size).toBe(100);
  });

  test('mistakes throw: freed twice, too long a payload, unlinked from where it is not', () => {
    const t = tags.alloc(COOKIE, 1, 0);
    tags.free(t);
    expect(() => tags.free(t)).toThrow(/twice/);
    expect(() => tags.alloc(COOKIE, 1, 49)).toThrow(RangeError);
    const hung = hang(0, COOKIE, 1);
    expect(() => tags.unlink(on, 1, hung)).toThrow(/hang/);
  });
});

describe('m_tag_locate', () => {
  test('an id means something only under its cookie', () => {
    const mine = hang(0, COOKIE, 3);
    hang(0, OTHER, 3);
    expect(tags.locate(on, 0, COOKIE, 3, NO_TAG)).toBe(mine);
    expect(tags.locate(on, 0, COOKIE, 4, NO_TAG)).toBe(NO_TAG);
    expect(tags.locate(on, 1, COOKIE, 3, NO_TAG)).toBe(NO_TAG);
  });

  test('goes on after a tag, so that all of a kind are found', () => {
    const first = hang(0, COOKIE, 3);
    hang(0, COOKIE, 9);
    const last = hang(0, COOKIE, 3);
    expect(tags.locate(on, 0, COOKIE, 3, NO_TAG)).toBe(last);
    expect(tags.locate(on, 0, COOKIE, 3, last)).toBe(first);
    expect(tags.locate(on, 0, COOKIE, 3, first)).toBe(NO_TAG);
  });

  test('a relabelled tag is found under its new id, and a listener hears of it', () => {
    const heard: number[][] = [];
    tags.onRelabel = (t, from, to) => heard.push([t, from, to]);
    const t = hang(0, COOKIE, 4);
    tags.relabel(t, COOKIE, 2);
    expect(tags.locate(on, 0, COOKIE, 4, NO_TAG)).toBe(NO_TAG);
    expect(tags.locate(on, 0, COOKIE, 2, NO_TAG)).toBe(t);
    expect(tags.lenBytes(t)).toBe(16);
    expect(heard).toEqual([[t, 4, 2]]);
  });
});

describe('m_tag_delete_nonpersistent', () => {
  test('leaves exactly the tags whose id has the persistent bit', () => {
    hang(0, COOKIE, 1);
    hang(0, COOKIE, 2 | MTAG_PERSISTENT);
    hang(0, COOKIE, 3);
    hang(0, OTHER, 4 | MTAG_PERSISTENT);
    hang(0, COOKIE, 5);
    tags.deleteNonpersistent(on, 0);
    expect(idsOf(0)).toEqual([4 | MTAG_PERSISTENT, 2 | MTAG_PERSISTENT]);
    expect(tags.inUse).toBe(2);
  });
});

describe('m_tag_copy_chain', () => {
  test('copies all, in order, with tags of their own, after wiping what was there', () => {
    const from = hang(0, COOKIE, 1);
    hang(0, OTHER, 2);
    tags.words[tags.payload(from, COOKIE) + 3] = 77;
    hang(1, COOKIE, 9);
    expect(tags.copyChain(on, 1, 0)).toBe(0);
    expect(idsOf(1)).toEqual([2, 1]);
    tags.words[tags.payload(from, COOKIE) + 3] = 0;
    const copy = tags.locate(on, 1, COOKIE, 1, NO_TAG);
    expect(tags.words[tags.payload(copy, COOKIE) + 3]).toBe(77);
    expect(tags.inUse).toBe(4);
  });

  test('when tags run out the copy has none, and ENOBUFS says so', () => {
    for (const id of [1, 2, 3]) hang(0, COOKIE, id);
    hang(1, COOKIE, 9);
    for (let at = 0; at < 3; at++) {
      // The (at + 1)-th allocation of the copy is refused.
      const spare = Array.from({ length: 5 - at }, () => tags.alloc(OTHER, 1, 0));
      expect(tags.copyChain(on, 1, 0)).toBe(ENOBUFS);
      expect(idsOf(1)).toEqual([]);
      for (const t of spare) if (t !== NO_TAG) tags.free(t);
      expect(tags.inUse).toBe(3);
    }
  });
});

test('any sequence of calls keeps the lists that a plain model keeps, and leaks nothing', () => {
  const step = fc.record({
    op: fc.constantFrom('add', 'delete', 'strip', 'wipe', 'copy', 'relabel'),
    m: fc.nat(3),
    n: fc.nat(3),
    id: fc.constantFrom(1, 2, 3, 1 | MTAG_PERSISTENT, 2 | MTAG_PERSISTENT),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      tags = new MTagPool(12);
      on = { firstTag: new Int32Array(4).fill(NO_TAG) };
      const model: number[][] = [[], [], [], []];
      for (const { op, m, n, id } of steps) {
        const used = model.reduce((sum, ids) => sum + ids.length, 0);
        const here = model[m]!;
        const t = tags.locate(on, m, COOKIE, id, NO_TAG);
        expect(t !== NO_TAG).toBe(here.includes(id));
        if (op === 'add' && used < 12) {
          hang(m, COOKIE, id);
          here.unshift(id);
        } else if (op === 'delete' && t !== NO_TAG) {
          tags.delete(on, m, t);
          here.splice(here.indexOf(id), 1);
        } else if (op === 'strip') {
          tags.deleteNonpersistent(on, m);
          model[m] = here.filter((x) => (x & MTAG_PERSISTENT) !== 0);
        } else if (op === 'wipe') {
          tags.deleteChain(on, m);
          model[m] = [];
        } else if (op === 'relabel' && t !== NO_TAG) {
          tags.relabel(t, COOKIE, 7);
          here[here.indexOf(id)] = 7;
        } else if (op === 'copy' && m !== n) {
          const fits = used - model[n]!.length + here.length <= 12;
          expect(tags.copyChain(on, n, m)).toBe(fits ? 0 : ENOBUFS);
          model[n] = fits ? [...here] : [];
        }
        for (let i = 0; i < 4; i++) expect(idsOf(i)).toEqual(model[i]);
        expect(tags.inUse).toBe(model.reduce((sum, ids) => sum + ids.length, 0));
      }
    }),
  );
});
