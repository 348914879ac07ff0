// SPDX-License-Identifier: BSD-2-Clause
import { beforeEach, describe, expect, it } from 'vitest';
import { MTAG_PERSISTENT, type MTag, NO_TAG } from '../../../src/kern/m_tag.ts';
import { MbufPool } from '../../../src/kern/mbuf.ts';
import { TagSan, tagFindingText } from '../../../src/kern/tag_san.ts';
import {
  IPSEC_TAG_MOVES,
  ipsecTagName,
  MTAG_COOKIE_IPSEC,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../../../src/netipsec/pact.ts';

const IPSEC = MTAG_COOKIE_IPSEC;
const OTHER = 0x0bad_cafe;
const NEEDED = PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED;
let san: TagSan;
let pool: MbufPool;
let isStale: boolean;

beforeEach(() => {
  isStale = false;
  san = new TagSan(8);
  san.declare(IPSEC, { nameOf: ipsecTagName, moves: IPSEC_TAG_MOVES, isStale: () => isStale });
  const config = { baseBytes: 0, sizeBytes: 1 << 14, frameBytes: 512, jumboCount: 0 };
  pool = new MbufPool(new Uint8Array(1 << 14), san, config);
});

/** A tag whose making has a name that reports can show. */
function makeTag(id = NEEDED, cookie = IPSEC): MTag {
  return san.alloc(cookie, id, 48);
}

/** The one finding: its kind, and that it names both places. */
function expectFinding(kind: string, text: string | RegExp, misusedBy: string): void {
  expect(san.findings).toHaveLength(1);
  const [f] = san.findings;
  expect(f!.kind).toBe(kind);
  expect(f!.text).toMatch(text);
  expect(f!.madeAt[0]).toMatch(/^makeTag \(tag_san\.test\.ts:\d+\)$/);
  expect(f!.misusedAt[0]).toMatch(new RegExp(`^${misusedBy} \\(tag_san\\.test\\.ts:\\d+\\)$`));
}

describe('the tag sanitiser names what was done to a tag, where it was made and where misused', () => {
  it('says nothing of a life by the pact', () => {
    const m = pool.alloc();
    const t = makeTag();
    san.words[san.payload(t, IPSEC) + 3] = 7;
    san.prepend(pool, m, t);
    expect(san.words[san.payload(t, IPSEC) + 3]).toBe(7);
    san.relabel(t, IPSEC, PACKET_TAG_IPSEC_OUT_DONE);
    const copy = pool.dup(m);
    pool.free(m);
    pool.free(copy);
    expect(san.end()).toEqual([]);
    expect(san.inUse).toBe(0);
    expect(san.frees).toBe(san.allocs);
  });

  it('access: a payload read without asking for it', () => {
    const at = 4 + 16 * makeTag();
    (function nosy() {
      return san.words[at];
    })();
    expectFinding('access', 'word 4 read without payload()', 'nosy');
  });

  it('access: a payload written, by an index from before the pool was used again', () => {
    const at = san.payload(makeTag(), IPSEC);
    const later = san.alloc(OTHER, 1, 0);
    (function late() {
      san.words[at] = 1;
    })();
    expectFinding('access', 'word 4 written without payload()', 'late');
    expect(later).not.toBe(NO_TAG);
  });

  it('access: another cookie claimed, to read or to relabel', () => {
    const t = makeTag();
    (function stranger() {
      san.payload(t, OTHER);
    })();
    expectFinding('access', 'opened under cookie 0xbadcafe', 'stranger');
    san.findings.length = 0;
    (function stranger() {
      san.relabel(t, OTHER, PACKET_TAG_IPSEC_OUT_DONE);
    })();
    expectFinding('access', 'relabelled under cookie 0xbadcafe', 'stranger');
  });

  it.each([
    ['OUT_DONE', 'IN_DONE', PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_IN_DONE],
    ['OUT_CRYPTO_NEEDED', 'IN_DONE', NEEDED, PACKET_TAG_IPSEC_IN_DONE],
    ['IN_CRYPTO_DONE', 'OUT_DONE', PACKET_TAG_IPSEC_IN_CRYPTO_DONE, PACKET_TAG_IPSEC_OUT_DONE],
    ['OUT_DONE', 'OUT_DONE', PACKET_TAG_IPSEC_OUT_DONE, PACKET_TAG_IPSEC_OUT_DONE],
  ])('state: %s never becomes %s', (fromName, toName, from, to) => {
    const t = makeTag(from);
    (function relabels() {
      san.relabel(t, IPSEC, to);
    })();
    expectFinding('state', `relabelled from ${fromName} to ${toName}`, 'relabels');
  });

  it('state: a tag is made as nothing that the owner does not know', () => {
    makeTag(9);
    expectFinding('state', 'made id 9', 'makeTag');
  });

  it('stale: the SA of a request is gone when somebody says that it is done', () => {
    const t = makeTag();
    isStale = true;
    (function finishes() {
      san.relabel(t, IPSEC, PACKET_TAG_IPSEC_OUT_DONE);
    })();
    expectFinding('stale', 'made OUT_DONE after its SA had gone', 'finishes');
  });

  it('stale: a tag from before its packet turned round is asked what was done to the packet', () => {
    const m = pool.alloc();
    const t = makeTag(PACKET_TAG_IPSEC_OUT_DONE);
    san.prepend(pool, m, t);
    san.turned(m);
    (function decides() {
      san.payload(t, IPSEC);
    })();
    expectFinding('stale', 'read after its packet had turned round', 'decides');
  });

  it('not stale: a persistent tag, or one that was made after the turn', () => {
    const m = pool.alloc();
    const persistent = san.alloc(OTHER, 1 | MTAG_PERSISTENT, 4);
    san.prepend(pool, m, persistent);
    san.turned(m);
    const t = makeTag();
    san.prepend(pool, m, t);
    san.payload(persistent, OTHER);
    san.payload(t, IPSEC);
    pool.free(m);
    expect(san.end()).toEqual([]);
  });

  it('not stale: a chain that went to another mbuf before the first one turned round', () => {
    const [first, whole] = [pool.alloc(), pool.alloc()];
    const t = makeTag();
    san.prepend(pool, first, t);
    san.moveChain(pool, whole, first);
    expect(pool.firstTag[first]).toBe(NO_TAG);
    san.turned(first);
    san.payload(t, IPSEC);
    expect(san.findings).toEqual([]);
    pool.free(first);
    pool.free(whole);
    expect(san.end()).toEqual([]);
  });

  it('freed: used after its end, also when other tags were taken meanwhile', () => {
    const t = makeTag();
    san.free(t);
    const next = san.alloc(IPSEC, NEEDED, 48);
    expect(next, 'a freed slot rests').not.toBe(t);
    (function holder() {
      san.payload(t, IPSEC);
    })();
    expectFinding('freed', 'used after it was freed', 'holder');
  });

  it('freed: an index kept beyond the end of its tag, whose slot has another one now', () => {
    const first = makeTag();
    const at = san.payload(first, IPSEC);
    san.free(first);
    while (san.alloc(IPSEC, NEEDED, 48) !== NO_TAG);
    expect(san.inUse, 'the slot is in use again').toBe(8);
    (function holder() {
      return san.words[at];
    })();
    expect(san.findings[0]).toMatchObject({ kind: 'freed' });
    expect(tagFindingText(san.findings[0]!)).toContain('an earlier tag of this slot');
    expect(san.findings[0]!.misusedAt[0]).toMatch(/^holder/);
  });

  it('doubleFree: with the place of the first', () => {
    const t = makeTag();
    (function first() {
      san.free(t);
    })();
    expect(function second() {
      san.free(t);
    }).toThrow('freed twice');
    expectFinding('doubleFree', /freed again; first first \(tag_san\.test\.ts:\d+\)/, 'second');
  });

  it('leak: a tag that is left at the end', () => {
    makeTag();
    expect(san.end()).toMatchObject([{ kind: 'leak', text: /never freed/, misusedAt: [] }]);
    expect(san.findings[0]!.madeAt[0]).toMatch(/^makeTag/);
  });

  it('uses every slot of the pool, resting or not, before it says that there is none', () => {
    const all = Array.from({ length: 8 }, () => makeTag());
    expect(makeTag()).toBe(NO_TAG);
    for (const t of all) san.free(t);
    expect(san.inUse).toBe(0);
    expect(Array.from({ length: 8 }, () => makeTag())).not.toContain(NO_TAG);
  });
});
