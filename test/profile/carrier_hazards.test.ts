// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ENOBUFS } from '../../src/kern/errno.ts';
import { NO_MBUF } from '../../src/kern/mbuf.ts';
import { CarrierInPlace } from '../../src/netipsec/carrier_in_place.ts';
import {
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../../src/netipsec/pact.ts';
import { fieldsAt, type RequestFields, requestOf } from '../../src/netipsec/request_fields.ts';
import { CarrierAccelTag } from '../../src/profile/carrier/accel_tag.ts';
import { CarrierMbufField, FIELD_DEPTH } from '../../src/profile/carrier/mbuf_field.ts';
import { CarrierSecPath, SEC_PATH_DEPTH } from '../../src/profile/carrier/sec_path.ts';
import { CarrierSideTable } from '../../src/profile/carrier/side_table.ts';
import { CarrierStripAdd } from '../../src/profile/carrier/strip_add.ts';
import { STRATEGIES } from '../../src/profile/strategy.ts';
import { newPool } from './pool.ts';

const NEEDED = PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED;
const asked = (over: Partial<RequestFields> = {}): OffloadRequest =>
  requestOf({ saHandle: 7, generation: 1, ...over });

/** The strategy names this hazard where its cost is shown. */
function expectNamed(name: string, words: RegExp): void {
  const strategy = STRATEGIES.find((s) => s.name === name)!;
  expect(strategy.hazards.some((h) => words.test(h))).toBe(true);
}

describe('where a strategy bites', () => {
  it('accel-tag, H15: a packet held over a delete is taken for the next SA with its number', () => {
    const pool = newPool();
    const carrier = new CarrierAccelTag(pool);
    const held = pool.alloc();
    carrier.request(held, NEEDED, asked({ spi: 0x100, cardSa: 1 }));
    // The SA goes, the next one gets its slot, and sends.
    const next = pool.alloc();
    carrier.request(next, NEEDED, asked({ spi: 0x200, cardSa: 2, generation: 2 }));
    const taken = fieldsAt(carrier, carrier.take(held));
    expect(taken).toMatchObject({ spi: 0x200, generation: 2, cardSa: 2 });
    expectNamed('accel-tag', /H15/);
    // The same in place: the tag knows whom it means.
    const tagged = newPool();
    const inPlace = new CarrierInPlace(tagged);
    const [a, b] = [tagged.alloc(), tagged.alloc()];
    inPlace.request(a, NEEDED, asked({ spi: 0x100 }));
    inPlace.request(b, NEEDED, asked({ spi: 0x200, generation: 2 }));
    expect(fieldsAt(inPlace, inPlace.take(a))).toMatchObject({ spi: 0x100, generation: 1 });
  });

  it('accel-tag: a packet that passes in clear pays for a tag too', () => {
    const pool = newPool();
    const carrier = new CarrierAccelTag(pool);
    const m = pool.alloc();
    expect(carrier.bypass(m)).toBe(0);
    expect(pool.tags.allocs).toBe(1);
    expect(carrier.take(m)).toBe(NO_REQUEST);
    pool.tags.failNext = 1;
    expect(carrier.bypass(pool.alloc())).toBe(ENOBUFS);
    expectNamed('accel-tag', /in clear/);
  });

  it('strip-add, H6: behind the hand-over nothing says that the SA was applied', () => {
    const pool = newPool();
    const carrier = new CarrierStripAdd(pool);
    const m = pool.alloc();
    carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, asked({ saHandle: 6 }));
    carrier.request(m, NEEDED, asked());
    expect(carrier.applied(m, 1)).not.toBe(NO_REQUEST);
    expect(carrier.handOver(m)).toBe(0);
    expect(carrier.applied(m, 0)).toBe(NO_REQUEST);
    expect(carrier.take(m)).not.toBe(NO_REQUEST);
    expectNamed('strip-add', /H6/);
  });

  it('strip-add: the second tag can be refused, after the sequence number is spent', () => {
    const pool = newPool();
    const carrier = new CarrierStripAdd(pool);
    const m = pool.alloc();
    carrier.request(m, NEEDED, asked());
    pool.tags.failNext = 1;
    expect(carrier.handOver(m)).toBe(ENOBUFS);
    expectNamed('strip-add', /gap/);
  });

  it('sec-path, H34: a packet that waits pins the state of its SA', () => {
    const pool = newPool();
    const carrier = new CarrierSecPath(pool);
    const waiting = pool.alloc();
    carrier.report(waiting, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, asked());
    carrier.accept(waiting, carrier.read(waiting));
    const clone = pool.dup(waiting);
    expect(carrier.states.references(7)).toBe(1);
    pool.free(waiting);
    expect(carrier.states.references(7)).toBe(1);
    pool.free(clone);
    expect(carrier.states.references(7)).toBe(0);
    expect(carrier.inUse).toBe(0);
    expectNamed('sec-path', /H34/);
  });

  it('sec-path: a held state outlives its SA, and means the old one', () => {
    const pool = newPool();
    const carrier = new CarrierSecPath(pool);
    const held = pool.alloc();
    carrier.request(held, NEEDED, asked({ spi: 0x100 }));
    const next = pool.alloc();
    carrier.request(next, NEEDED, asked({ spi: 0x200, generation: 2 }));
    expect(fieldsAt(carrier, carrier.take(held))).toMatchObject({ spi: 0x100, generation: 1 });
    pool.free(held);
    pool.free(next);
    expect(carrier.states.releases).toBe(carrier.states.holds);
  });

  it('sec-path, copied on write: a clone that is marked does not mark the others', () => {
    const pool = newPool();
    const carrier = new CarrierSecPath(pool);
    const m = pool.alloc();
    carrier.request(m, NEEDED, asked());
    const clone = pool.dup(m);
    expect(carrier.allocs).toBe(1);
    carrier.done(clone, carrier.take(clone));
    expect([carrier.allocs, carrier.states.holds]).toEqual([2, 2]);
    expect(carrier.take(m)).not.toBe(NO_REQUEST);
    expect(carrier.take(clone)).toBe(NO_REQUEST);
  });

  it('sec-path and mbuf-field, H36: a transform too many is refused', () => {
    for (const [name, newCarrier, depth] of [
      ['sec-path', CarrierSecPath, SEC_PATH_DEPTH],
      ['mbuf-field', CarrierMbufField, FIELD_DEPTH],
    ] as const) {
      const pool = newPool();
      const carrier = new newCarrier(pool);
      const m = pool.alloc();
      for (let i = 0; i < depth; i++)
        expect(carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, asked())).toBe(0);
      expect(carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, asked())).toBe(ENOBUFS);
      expectNamed(name, /H36/);
    }
  });

  it('mbuf-field, H7: a copy made by hand has lost the request, and is plaintext', () => {
    const pool = newPool();
    const carrier = new CarrierMbufField(pool);
    const m = pool.alloc();
    pool.append(m, 64);
    carrier.request(m, NEEDED, asked());
    const copy = pool.alloc();
    pool.append(copy, 64);
    pool.data.copyWithin(pool.off[copy]!, pool.off[m]!, pool.off[m]! + 64);
    expect(carrier.take(copy)).toBe(NO_REQUEST);
    expectNamed('mbuf-field', /H7/);
  });

  it('side-table: freed without telling the table, an mbuf leaves its entry to the next packet', () => {
    const pool = newPool();
    const carrier = new CarrierSideTable(pool);
    const m = pool.alloc();
    carrier.request(m, NEEDED, asked());
    pool.ext = null;
    pool.free(m);
    const next = pool.alloc();
    expect(next).toBe(m);
    expect(carrier.take(next)).not.toBe(NO_REQUEST);
    expectNamed('side-table', /without telling/);
  });

  it('side-table: entries pushed past others are found after those are gone', () => {
    const pool = newPool(512);
    const carrier = new CarrierSideTable(pool);
    const all: number[] = [];
    for (let m = pool.alloc(); m !== NO_MBUF; m = pool.alloc()) all.push(m);
    for (let round = 0; round < 20; round++) {
      const some = all.filter((m) => (m * 7 + round * 3) % 5 < 3);
      for (const m of some) carrier.request(m, NEEDED, asked({ saHandle: m }));
      for (const [i, m] of some.entries()) {
        for (const left of some.slice(i)) {
          expect(fieldsAt(carrier, carrier.take(left)).saHandle).toBe(left);
        }
        carrier.clear(m);
        expect(carrier.take(m)).toBe(NO_REQUEST);
      }
      expect(carrier.inUse).toBe(0);
    }
  });

  it.each(['in-place', 'strip-add', 'accel-tag'])(
    '%s, H5: out of tags there is no copy, rather than one without its tag',
    (name) => {
      const pool = newPool();
      const carrier = STRATEGIES.find((s) => s.name === name)!.newCarrier(pool);
      const m = pool.alloc();
      carrier.request(m, NEEDED, asked());
      pool.tags.failNext = 1;
      expect(pool.dup(m)).toBe(NO_MBUF);
      expectNamed(name, /H5/);
    },
  );
});
