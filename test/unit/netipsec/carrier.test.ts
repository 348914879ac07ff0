// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MTagPool } from '../../../src/kern/m_tag.ts';
import { type Mbuf, MbufPool } from '../../../src/kern/mbuf.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { CarrierInPlace } from '../../../src/netipsec/carrier_in_place.ts';
import { Ipsec } from '../../../src/netipsec/ipsec.ts';
import {
  MTAG_COOKIE_IPSEC,
  NO_REQUEST,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../../../src/netipsec/pact.ts';
import { fieldsAt, listOf, requestOf } from '../../../src/netipsec/request_fields.ts';
import { applySetkey, parseSetkey } from '../../../src/netipsec/setkey.ts';
import { createRig } from '../../lib/rig.ts';
import { FakeCard } from './fake_card.ts';
import { GCM_SAS, TRANSPORT } from './ipsec_rig.ts';

function newPool(): MbufPool {
  const config = { baseBytes: 0, sizeBytes: 1 << 16, frameBytes: 1500, jumboCount: 0 };
  return new MbufPool(new Uint8Array(1 << 16), new MTagPool(16), config);
}

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const index = fc.integer({ min: -1, max: 0x7fffffff });
/** Crypto offload says how long the trailer is, packet offload its next header. */
const end = fc.oneof(
  fc.record({ trailerLen: u16, next: fc.constant(-1) }),
  fc.record({ trailerLen: fc.constant(0), next: fc.integer({ min: 0, max: 255 }) }),
);
const parts = fc.record({
  spi: u32,
  proto: fc.integer({ min: 0, max: 255 }),
  family: fc.constantFrom(4, 6),
  saHandle: index,
  generation: u32,
  ifIndex: index,
  espOffset: fc.integer({ min: 0, max: 0x7fff }),
  esnHi: u32,
  cardSa: index,
  dst0: u32,
  dst1: u32,
  dst2: u32,
  dst3: u32,
});
const request = fc.tuple(parts, end).map(([a, b]) => ({ ...a, ...b }));

describe('the in-place carrier', () => {
  it('gives back every field that it was given', () => {
    const pool = newPool();
    const carrier = new CarrierInPlace(pool);
    fc.assert(
      fc.property(request, (r) => {
        const m = pool.alloc();
        expect(carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, requestOf(r))).toBe(0);
        // An IPv4 address has one word.
        const said = r.family === 4 ? { ...r, dst1: 0, dst2: 0, dst3: 0 } : r;
        expect(fieldsAt(carrier, carrier.take(m))).toEqual(said);
        pool.free(m);
      }),
    );
    expect(pool.tags.inUse).toBe(0);
  });

  it('relabels the very tag: CRYPTO_NEEDED to OUT_DONE, CRYPTO_DONE to IN_DONE', () => {
    const pool = newPool();
    const carrier = new CarrierInPlace(pool);
    const m = pool.alloc();
    carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, requestOf());
    const tag = pool.tags.first(pool, m);
    const serial = pool.tags.serial(tag);
    expect(pool.tags.cookie(tag)).toBe(MTAG_COOKIE_IPSEC);
    carrier.handOver(m);
    const asked = carrier.take(m);
    carrier.done(m, asked);
    expect(pool.tags.id(tag)).toBe(PACKET_TAG_IPSEC_OUT_DONE);
    expect(pool.tags.serial(pool.tags.first(pool, m))).toBe(serial);
    expect(carrier.take(m)).toBe(NO_REQUEST);
    expect(() => carrier.done(m, asked)).toThrow();
    carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, requestOf());
    expect(carrier.accepted(m, 0)).toBe(NO_REQUEST);
    const report = carrier.read(m);
    carrier.accept(m, report);
    expect(carrier.read(m)).toBe(NO_REQUEST);
    expect(carrier.accepted(m, 0)).toBe(report);
    expect(pool.tags.id(pool.tags.tagAt(report))).toBe(PACKET_TAG_IPSEC_IN_DONE);
    expect(pool.tags.allocs).toBe(2);
    pool.free(m);
  });

  it('lists what was applied, newest first, and nothing that came in', () => {
    const pool = newPool();
    const carrier = new CarrierInPlace(pool);
    const m = pool.alloc();
    for (const [spi, state] of [
      [1, PACKET_TAG_IPSEC_OUT_DONE],
      [2, PACKET_TAG_IPSEC_IN_DONE],
      [3, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED],
    ] as const) {
      carrier.request(m, state, requestOf({ spi }));
    }
    const seen = listOf(carrier, (i) => carrier.applied(m, i));
    expect(seen.map((r) => r.spi)).toEqual([3, 1]);
    pool.free(m);
  });

  it('reads no tag of another cookie', () => {
    const pool = newPool();
    const carrier = new CarrierInPlace(pool);
    const m = pool.alloc();
    const foreign = pool.tags.alloc(0x1234, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, 48);
    pool.tags.prepend(pool, m, foreign);
    expect(carrier.take(m)).toBe(NO_REQUEST);
    expect(carrier.applied(m, 0)).toBe(NO_REQUEST);
    pool.free(m);
  });
});

/** What the design rejects: a second tag at the hand-over. */
class CarrierWithSecondTag extends CarrierInPlace {
  readonly #pool: MbufPool;

  constructor(pool: MbufPool) {
    super(pool);
    this.#pool = pool;
  }

  override handOver(m: Mbuf): number {
    const t = this.#pool.tags.alloc(0x4c32, 1, 48);
    this.#pool.tags.prepend(this.#pool, m, t);
    return 0;
  }
}

describe('tag allocations for each packet offloaded', () => {
  it.each([
    ['in-place', 1, (pool: MbufPool) => new CarrierInPlace(pool)],
    ['with a second tag at the hand-over', 2, (pool: MbufPool) => new CarrierWithSecondTag(pool)],
  ])('%s: %i', (_name, expected, newCarrier) => {
    const rig = createRig({ capabilities: IFCAP_IPSEC });
    const { inet, pool } = rig.a;
    const carrier = newCarrier(pool);
    const ipsec = new Ipsec({ inet, offload: true, carrier });
    inet.ipsec = ipsec;
    ipsec.attachOffload(rig.a.ifp, new FakeCard(rig.a, carrier));
    applySetkey(ipsec, parseSetkey(GCM_SAS + TRANSPORT));
    const socket = new UdpSocket(inet);
    socket.sendTo(new Uint8Array(10), rig.b.addr, 9);
    rig.pump();
    const before = pool.tags.allocs;
    for (let i = 0; i < 20; i++) socket.sendTo(new Uint8Array(i), rig.b.addr, 9);
    expect((pool.tags.allocs - before) / 20).toBe(expected);
    expect(ipsec.handOverAllocs).toBe(21 * (expected - 1));
    rig.pump();
    rig.end();
  });
});
