// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { slowTimo } from '../../src/netinet/in_proto.ts';
import type { ProtoInput } from '../../src/netinet/protosw.ts';
import { REASS_DATAGRAMS, REASS_MAX_FRAGMENTS } from '../../src/netinet/reass.ts';
import { concat, ipPacket } from '../lib/packets.ts';
import { fragmentHeader, ip6Packet } from '../lib/packets6.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { deliver, deliver6, knowEachOther, watch } from '../lib/wire.ts';

const MF = 0x2000;
let rig: Rig;
let whole: Uint8Array[];
beforeEach(() => {
  rig = createRig({ jumbos: REASS_DATAGRAMS + 2 });
  knowEachOther(rig.a, rig.b);
  whole = [];
  const take: ProtoInput = (inet, m, hdrLen) => {
    const { pool } = inet;
    whole.push(pool.data.slice(pool.off[m]! + hdrLen, pool.off[m]! + pool.len[m]!));
    pool.free(m);
  };
  rig.b.inet.protosw.register(200, take);
  rig.b.inet.ip6.protosw.register(200, take);
});
afterEach(() => rig.end());

let family: 4 | 6;

/** A fragment of 200: blocks of 8 bytes, each holding `fill`. */
function fragment(block: number, blocks: number, more: boolean, fill = 1, id = 1): void {
  raw(block, more, new Uint8Array(blocks * 8).fill(fill), id);
}

function raw(block: number, more: boolean, payload: Uint8Array, id = 1): void {
  const { a, b } = rig;
  if (family === 4) {
    const off = block | (more ? MF : 0);
    deliver(b, a, ipPacket({ src: a.addr, dst: b.addr, proto: 200, id, off, payload }));
    return;
  }
  const body = concat(fragmentHeader(200, block * 8, more, id), payload);
  deliver6(b, a, ip6Packet({ src: a.addr6, dst: b.addr6, nxt: 44, payload: body }));
}
const count = (name: string): number => rig.b.counters.get(`reass.${name}`);

describe.each([4, 6] as const)('IPv%i', (version) => {
  beforeEach(() => {
    family = version;
  });
  describe('overlapping fragments give the datagram up (RFC 5722 §4)', () => {
    test.each<[string, [number, number, boolean][]]>([
      [
        'the end of one is the beginning of the next',
        [
          [0, 2, true],
          [1, 2, false],
        ],
      ],
      [
        'one lies inside another',
        [
          [0, 4, true],
          [1, 1, true],
        ],
      ],
      [
        'one covers another',
        [
          [1, 1, true],
          [0, 3, true],
        ],
      ],
      [
        'two ends that differ',
        [
          [4, 1, false],
          [2, 1, false],
        ],
      ],
      [
        'data beyond the end',
        [
          [1, 1, false],
          [2, 1, true],
        ],
      ],
      [
        'an end before data that are here',
        [
          [4, 1, true],
          [2, 1, false],
        ],
      ],
      [
        'more to come at the end',
        [
          [1, 1, false],
          [1, 1, true],
        ],
      ],
    ])('%s', (_name, parts) => {
      for (const [block, blocks, more] of parts) fragment(block, blocks, more, block + 1);
      expect(count('overlap')).toBe(1);
      expect(rig.b.pool.inUse).toBe(0);
    });

    test('the same place with other bytes', () => {
      fragment(0, 2, true, 1);
      fragment(0, 2, true, 2);
      expect(count('overlap')).toBe(1);
    });

    test('"including those not yet received": what comes later cannot complete it', () => {
      fragment(0, 2, true);
      fragment(1, 2, false, 9);
      fragment(0, 2, true);
      fragment(2, 1, false);
      expect(whole).toEqual([]);
      expect(count('late')).toBe(2);
      rig.clock.cycle = secondsToCycles(60);
      slowTimo(rig.b.inet);
      fragment(0, 2, true);
      fragment(2, 1, false);
      expect(whole.length).toBe(1);
    });

    test('an exact repetition is no overlap', () => {
      for (let i = 0; i < 3; i++) fragment(0, 2, true);
      fragment(2, 1, false);
      expect(whole).toEqual([new Uint8Array(24).fill(1)]);
      expect(count('duplicate')).toBe(2);
    });
  });

  describe('bounds', () => {
    test('empty fragments, and lengths that are no multiple of 8 before the last', () => {
      raw(0, true, new Uint8Array(0));
      raw(1, false, new Uint8Array(0));
      raw(0, true, new Uint8Array(15));
      expect(count('bad')).toBe(3);
      expect(rig.b.pool.inUse).toBe(0);
    });

    test('too many fragments of one datagram', () => {
      for (let i = 0; i <= REASS_MAX_FRAGMENTS; i++) fragment(i * 2, 1, true);
      expect(count('tooMany')).toBe(1);
      expect(rig.b.pool.inUse).toBe(0);
    });

    test('too many datagrams: the oldest goes', () => {
      for (let id = 1; id <= REASS_DATAGRAMS + 1; id++) {
        rig.clock.cycle++;
        fragment(0, 1, true, 1, id);
      }
      expect(count('evicted')).toBe(1);
      expect(rig.b.pool.inUse).toBe(REASS_DATAGRAMS);
      for (let id = 2; id <= REASS_DATAGRAMS + 1; id++) fragment(1, 1, false, 1, id);
      expect(whole.length).toBe(REASS_DATAGRAMS);
    });

    test('no jumbo mbuf: counted, and the next try works', () => {
      rig.b.pool.failNext = 0;
      const held = [];
      for (let i = 0; i < REASS_DATAGRAMS + 2; i++) held.push(rig.b.pool.allocJumbo());
      fragment(0, 1, true);
      expect(count('noMbuf')).toBe(1);
      for (const m of held) rig.b.pool.free(m);
      fragment(0, 1, true);
      fragment(1, 1, false);
      expect(whole.length).toBe(1);
    });
  });

  describe('fragments and tags', () => {
    const COOKIE = 0x1234_5678;
    /** Hangs a tag on each frame that comes in from now on. */
    const tagAll = (id: number): void => {
      const { pool, ifp } = rig.b;
      ifp.afterWire = (m) => {
        if (id !== 0) pool.tags.prepend(pool, m, pool.tags.alloc(COOKIE, id, 4));
      };
    };

    test('the whole carries the tags of its first fragment, once', () => {
      const seen: number[] = [];
      const { protosw } = family === 4 ? rig.b.inet : rig.b.inet.ip6;
      protosw.unregister(200);
      protosw.register(200, (inet, m) => {
        const { pool } = inet;
        for (let t = pool.tags.first(pool, m); t !== -1; t = pool.tags.next(t)) {
          seen.push(pool.tags.id(t));
        }
        pool.free(m);
      });
      tagAll(1);
      fragment(1, 1, false);
      fragment(0, 1, true);
      expect(seen).toEqual([1]);
      expect(rig.b.pool.tags.inUse).toBe(0);
    });

    test.each([
      ['the first came without the tag', 0, 1],
      ['a later one came without the tag', 1, 0],
      ['the tags differ', 1, 2],
    ])('fragments that came in unlike ways make no whole: %s', (_name, first, second) => {
      tagAll(first);
      fragment(0, 1, true);
      tagAll(second);
      fragment(1, 1, false);
      expect(whole).toEqual([]);
      expect(count('mixed')).toBe(1);
      expect([rig.b.pool.inUse, rig.b.pool.tags.inUse]).toEqual([0, 0]);
    });
  });
});

test('a datagram is known by source, destination, protocol and id together (RFC 791 §3.2)', () => {
  const { a, b } = rig;
  const send = (src: number, id: number, off: number): void => {
    const payload = new Uint8Array(8);
    deliver(b, a, ipPacket({ src, dst: b.addr, proto: 200, id, off, payload }));
  };
  watch(b, true);
  send(a.addr, 1, MF);
  send(a.addr, 2, 1);
  send(a.addr + 5, 1, 1);
  expect(whole).toEqual([]);
  send(a.addr, 1, 1);
  expect(whole.length).toBe(1);
});
