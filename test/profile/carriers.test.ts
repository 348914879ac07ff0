// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { EHOSTUNREACH } from '../../src/kern/errno.ts';
import { NO_MBUF } from '../../src/kern/mbuf.ts';
import { IFCAP_IPSEC } from '../../src/net/ifnet.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import {
  NO_REQUEST,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../../src/netipsec/pact.ts';
import { fieldsAt, listOf, requestOf } from '../../src/netipsec/request_fields.ts';
import { STRATEGIES, type Strategy } from '../../src/profile/strategy.ts';
import { FakeCard } from '../unit/netipsec/fake_card.ts';
import {
  createIpsecRig,
  GCM_SAS,
  type IpsecRig,
  policies,
  TRANSPORT,
  TUNNEL,
} from '../unit/netipsec/ipsec_rig.ts';
import { newPool } from './pool.ts';

const MARKER = new TextEncoder().encode('marker marker marker');

/** Two hosts on the strategy, each with a card that knows the pact; frames in clear are counted. */
function createRig(
  s: Strategy,
  spd: string,
  tags?: number,
): IpsecRig & { cards: FakeCard[]; leaks: number } {
  const rig = createIpsecRig({
    offload: s.offload,
    capabilities: IFCAP_IPSEC,
    carrier: s.newCarrier,
    ...(tags === undefined ? {} : { tags }),
  });
  const cards = [new FakeCard(rig.a, rig.ipsecA.carrier), new FakeCard(rig.b, rig.ipsecB.carrier)];
  rig.ipsecA.attachOffload(rig.a.ifp, cards[0]!);
  rig.ipsecB.attachOffload(rig.b.ifp, cards[1]!);
  rig.setkey(GCM_SAS + spd);
  const watched = Object.assign(rig, { cards, leaks: 0 });
  rig.a.ifp.onWire = (data, at, len) => {
    if (Buffer.from(data.subarray(at, at + len)).includes('marker')) watched.leaks++;
    return true;
  };
  return watched;
}

/** Sends n datagrams from a to b; how many came. */
function send(rig: IpsecRig, n: number, port = 9): number {
  let got = 0;
  const b = new UdpSocket(rig.b.inet).bind(0, port);
  b.onMessage((bytes) => {
    expect(bytes).toEqual(MARKER);
    got++;
  });
  const a = new UdpSocket(rig.a.inet);
  for (let i = 0; i < n; i++) {
    a.sendTo(MARKER, rig.b.addr, port);
    rig.pump();
  }
  a.close();
  b.close();
  return got;
}

describe.each(STRATEGIES)('$name', (strategy) => {
  it.each([
    ['transport', TRANSPORT],
    ['tunnel', TUNNEL],
  ])('carries requests out and reports in, %s mode', (_mode, spd) => {
    const rig = createRig(strategy, spd);
    expect(send(rig, 20)).toBe(20);
    const byCard = strategy.offload ? 20 : 0;
    expect(rig.cards.map((c) => [c.encrypted, c.decrypted])).toEqual([
      [byCard, 0],
      [0, byCard],
    ]);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('a bundle: the inner transform is done by software, the outer by the card', () => {
    const bundle = policies(
      (src, dst) => `esp/transport//unique:1 esp/tunnel/${src}-${dst}/unique:2`,
    );
    const rig = createRig(strategy, bundle);
    const key = (n: number) => `0x${n.toString(16).padStart(40, '0')}`;
    rig.setkey(`
      add 10.0.0.1 10.0.0.2 esp 0x3001 -m transport -u 1 -r 8 -E aes-gcm-16 ${key(31)};
      add 10.0.0.1 10.0.0.2 esp 0x3002 -m tunnel -u 2 -r 8 -E aes-gcm-16 ${key(32)};
    `);
    expect(send(rig, 5), JSON.stringify(rig.b.counters.nonZero())).toBe(5);
    expect(rig.cards[0]!.encrypted).toBe(strategy.offload ? 5 : 0);
    expect(rig.a.counters.get('esp.out')).toBe(10);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('fallback: what the card does not take is done in software', () => {
    const rig = createRig(strategy, TRANSPORT);
    rig.ipsecA.detachOffload(rig.a.ifp);
    expect(send(rig, 5)).toBe(5);
    expect(rig.cards[0]!.encrypted).toBe(0);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('gate: by another interface than its own a request is finished in software', () => {
    const rig = createRig(strategy, TRANSPORT);
    send(rig, 1);
    const before = rig.cards[0]!.encrypted;
    // The SA moves out of the card between ipsec_output and the gate: as a lookup sees it.
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    const transmit = rig.ipsecA.beforeTransmit.bind(rig.ipsecA);
    rig.ipsecA.beforeTransmit = (m, ifp, ipOffset) => {
      const installs = sa.installs.splice(0);
      const error = transmit(m, ifp, ipOffset);
      sa.installs.push(...installs);
      return error;
    };
    expect(send(rig, 5)).toBe(5);
    expect(rig.cards[0]!.encrypted).toBe(before);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('gate: a request whose SA is gone goes nowhere', () => {
    if (!strategy.offload) return expect(strategy.name).toBe('none');
    const rig = createRig(strategy, TRANSPORT);
    send(rig, 1);
    const transmit = rig.ipsecA.beforeTransmit.bind(rig.ipsecA);
    let errno = 0;
    rig.ipsecA.beforeTransmit = (m, ifp, ipOffset) => {
      rig.ipsecA.sadb.flush();
      errno = transmit(m, ifp, ipOffset);
      return errno;
    };
    expect(send(rig, 1)).toBe(0);
    expect(errno).not.toBe(EHOSTUNREACH);
    expect(errno).toBeGreaterThan(0);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('policy "none": the packet passes in clear, and only the accel tag costs anything', () => {
    const rig = createRig(
      strategy,
      policies(() => 'esp/transport//require', 'tcp'),
    );
    rig.setkey('spdadd 10.0.0.1 10.0.0.2[9] udp -P out none;');
    send(rig, 1);
    const before = rig.a.pool.tags.allocs;
    expect(send(rig, 5)).toBe(5);
    expect(rig.leaks).toBe(6);
    expect(rig.cards[0]!.encrypted).toBe(0);
    expect(rig.a.pool.tags.allocs - before).toBe(strategy.name === 'accel-tag' ? 5 : 0);
    rig.end();
  });

  it('loopback: nothing of the way out is left on the way in', () => {
    const rig = createIpsecRig({ offload: strategy.offload, carrier: strategy.newCarrier });
    const key = '0x000102030405060708090a0b0c0d0e0f10111213';
    rig.setkey(`
      add 127.0.0.1 127.0.0.1 esp 0x7001 -r 8 -E aes-gcm-16 ${key};
      spdadd 127.0.0.1 127.0.0.1 udp -P out ipsec esp/transport//require;
      spdadd 127.0.0.1 127.0.0.1 udp -P in ipsec esp/transport//require;
    `);
    let got = 0;
    const back = new UdpSocket(rig.a.inet).bind(0, 7);
    back.onMessage((bytes, src, sport) => {
      got++;
      back.sendTo(bytes, src, sport);
    });
    const there = new UdpSocket(rig.a.inet).bind(0, 5000);
    there.onMessage(() => got++);
    for (let i = 0; i < 5; i++) there.sendTo(MARKER, 0x7f000001, 7);
    rig.pump();
    // Each datagram and each answer, and each of them through ESP.
    expect(got).toBe(10);
    expect(rig.a.counters.get('esp.out')).toBe(10);
    expect(rig.a.counters.get('esp.inOk')).toBe(10);
    rig.end();
  });

  it('a copy of the packet says the same, and each copy is marked by itself', () => {
    const pool = newPool();
    const carrier = strategy.newCarrier(pool);
    const m = pool.alloc();
    pool.append(m, 100);
    const sa = { spi: 0x77, saHandle: 3, generation: 5 };
    const asked = { ...sa, espOffset: 20, trailerLen: 18, esnHi: 2, cardSa: 9 };
    expect(carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, requestOf(asked))).toBe(0);
    const copies = [pool.dup(m), pool.dup(m), pool.dup(m)];
    carrier.done(m, carrier.take(m));
    expect(carrier.take(m)).toBe(NO_REQUEST);
    for (const c of copies) {
      expect(c).not.toBe(NO_MBUF);
      expect(fieldsAt(carrier, carrier.take(c))).toMatchObject(asked);
      carrier.done(c, carrier.take(c));
      expect(carrier.take(c)).toBe(NO_REQUEST);
      expect(fieldsAt(carrier, carrier.applied(c, 0))).toMatchObject(sa);
    }
    for (const c of [m, ...copies]) pool.free(c);
    expect(pool.tags.inUse).toBe(0);
    expectNothing(carrier, pool.alloc());
  });

  it('a report is read until it is accepted, and then says that the packet came by this SA', () => {
    const pool = newPool();
    const carrier = strategy.newCarrier(pool);
    const m = pool.alloc();
    const report = { spi: 0x99, saHandle: 4, generation: 6, ifIndex: 1 };
    carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, requestOf(report));
    expect(carrier.accepted(m, 0)).toBe(NO_REQUEST);
    expect(fieldsAt(carrier, carrier.read(m))).toMatchObject(report);
    carrier.accept(m, carrier.read(m));
    expect(carrier.read(m)).toBe(NO_REQUEST);
    expect(carrier.take(m)).toBe(NO_REQUEST);
    expect(carrier.applied(m, 0)).toBe(NO_REQUEST);
    expect(fieldsAt(carrier, carrier.accepted(m, 0))).toMatchObject({ saHandle: 4, generation: 6 });
    expect(carrier.accepted(m, 1)).toBe(NO_REQUEST);
    pool.free(m);
  });

  it('says newest first what was applied', () => {
    const pool = newPool();
    const carrier = strategy.newCarrier(pool);
    const m = pool.alloc();
    for (const saHandle of [1, 2]) {
      carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, requestOf({ saHandle, generation: 1 }));
    }
    const seen = listOf(carrier, (i) => carrier.applied(m, i));
    expect(seen.map((r) => r.saHandle)).toEqual([2, 1]);
    pool.free(m);
  });

  it('a turn of the packet takes everything off it', () => {
    const pool = newPool();
    const carrier = strategy.newCarrier(pool);
    const m = pool.alloc();
    carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, requestOf());
    pool.tags.deleteNonpersistent(pool, m);
    expectNothing(carrier, m);
    pool.free(m);
  });

  it('memory pressure: a request is refused or kept whole, and nothing leaves in clear', () => {
    const rig = createRig(strategy, TRANSPORT, 4);
    // Packets that wait hold what there is.
    const held: number[] = [];
    const { carrier } = rig.ipsecA;
    for (let i = 0; i < 8; i++) {
      const m = rig.a.pool.alloc();
      carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, requestOf());
      held.push(m);
    }
    const got = send(rig, 3);
    expect(got === 0 || strategy.name === 'mbuf-field').toBe(true);
    expect(rig.a.counters.get('ipsec.noTag')).toBe(3 - got);
    expect(rig.leaks).toBe(0);
    for (const m of held) rig.a.pool.free(m);
    expect(send(rig, 3)).toBe(3);
    rig.end();
  });

  it('whole worlds on the model card: no oracle has anything to say', async () => {
    const { offload, newCarrier: carrier } = strategy;
    const wire = { lossPercent: 5, flipPpm: 10_000, reorderPpm: 20_000, reorderCycles: 300 };
    for (const mode of ['tunnel', 'transport'] as const) {
      const world = await createWorld({ nic: 'model', mode, offload, carrier, wire });
      await world.duplex({ packets: 300, size: 'imix' });
      const report = await finishRun(world, strategy.name);
      expect(report.violations).toEqual([]);
      expect([report.plaintextLeaks, report.mismatches, report.tags.leaked]).toEqual([0, 0, 0]);
      expect(report.packets.delivered).toBeGreaterThan(500);
      expect(report.packets.offloadedTx > 0).toBe(offload);
    }
  });
});

function expectNothing(carrier: ReturnType<Strategy['newCarrier']>, m: number): void {
  expect(carrier.take(m)).toBe(NO_REQUEST);
  expect(carrier.read(m)).toBe(NO_REQUEST);
  expect(carrier.applied(m, 0)).toBe(NO_REQUEST);
  expect(carrier.accepted(m, 0)).toBe(NO_REQUEST);
}
