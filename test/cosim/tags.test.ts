// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { ENOBUFS } from '../../src/kern/errno.ts';
import { NO_TAG } from '../../src/kern/m_tag.ts';
import type { Mbuf, MbufPool } from '../../src/kern/mbuf.ts';
import { CarrierInPlace } from '../../src/netipsec/carrier_in_place.ts';
import {
  MTAG_COOKIE_IPSEC,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
} from '../../src/netipsec/pact.ts';

const COOKIE_L2 = 0x6c326877;
const TAG_L2_CRYPTO = 9;

/** As itojun proposed: ip_output adds a hardware tag for the driver. One allocation more. */
class CarrierWithL2Tag extends CarrierInPlace {
  readonly #mbufs: MbufPool;
  constructor(mbufs: MbufPool) {
    super(mbufs);
    this.#mbufs = mbufs;
  }
  override handOver(m: Mbuf): number {
    const t = this.#mbufs.tags.alloc(COOKIE_L2, TAG_L2_CRYPTO, 8);
    if (t === NO_TAG) return ENOBUFS;
    this.#mbufs.tags.prepend(this.#mbufs, m, t);
    return 0;
  }
}

describe.each(['model', 'rtl'] as const)(
  'what a packet costs in tags, by the pools (%s)',
  (nic) => {
    it('in place: one tag out, one in, none for the hand-over', async () => {
      const world = await createWorld({ nic });
      await world.flow(0, { packets: 100, size: 300 });
      const { tags } = await finishRun(world, 'tags');
      expect(tags).toEqual({
        txAllocsPerPacket: 1,
        rxAllocsPerPacket: 1,
        handoverAllocs: 0,
        leaked: 0,
      });
    });

    it('an allocation added to the hand-over is seen: two tags out', async () => {
      const world = await createWorld({ nic, carrier: (mbufs) => new CarrierWithL2Tag(mbufs) });
      await world.flow(0, { packets: 100, size: 300 });
      const { tags } = await finishRun(world, 'tags');
      expect(tags).toMatchObject({ txAllocsPerPacket: 2, handoverAllocs: 1, leaked: 0 });
    });

    it('out of tags: the packet is dropped and counted, never sent bare', async () => {
      const world = await createWorld({ nic });
      const [host] = world.hosts;
      host!.tags.failNext = 10;
      await world.flow(0, { packets: 50, size: 300 });
      const report = await finishRun(world, 'tags');
      expect(report.packets).toMatchObject({ sent: 50, delivered: 40, dropped: 10 });
      expect(report.drops['host0.ipsec.noTag']).toBe(10);
      expect(report.plaintextLeaks).toBe(0);
      expect(report.violations).toEqual([]);
    });
  },
);

describe('the tag sanitiser in a run', () => {
  it('finds nothing in a good run, and changes no digest', async () => {
    const [on, off] = await Promise.all(
      [true, false].map(async (tagsan) => {
        const world = await createWorld({ nic: 'model', tagsan });
        await world.flow(0, { packets: 50, size: 100 });
        return finishRun(world, 'tagsan');
      }),
    );
    expect(on!.violations).toEqual([]);
    expect(off!.digest).toBe(on!.digest);
  });

  it('makes what it finds a violation of the run, with both places', async () => {
    const world = await createWorld({ nic: 'model', tagsan: true });
    const [host] = world.hosts;
    const transmit = host!.nic.transmit.bind(host!.nic);
    host!.nic.transmit = function meddler(m) {
      const t = host!.mbufs.firstTag[m]!;
      host!.tags.relabel(t, MTAG_COOKIE_IPSEC, PACKET_TAG_IPSEC_IN_DONE);
      host!.tags.relabel(t, MTAG_COOKIE_IPSEC, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED);
      return transmit(m);
    };
    await world.flow(0, { packets: 1, size: 100 });
    const r = await finishRun(world, 'meddler');
    expect(r.violations.map((v) => v.oracle)).toEqual(['tagsan', 'tagsan']);
    expect(r.violations[0]!.text).toMatch(
      /^host0: state: .*OUT_CRYPTO_NEEDED to IN_DONE.*; made at .*request.*; misused at .*meddler/,
    );
  });
});
