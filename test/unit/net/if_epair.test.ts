// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { Counters } from '../../../src/kern/counters.ts';
import { ENETDOWN, ENOBUFS } from '../../../src/kern/errno.ts';
import { MTAG_PERSISTENT, MTagPool, NO_TAG } from '../../../src/kern/m_tag.ts';
import { M_BCAST, type Mbuf, MbufPool, mbufPoolBytes } from '../../../src/kern/mbuf.ts';
import { epair } from '../../../src/net/if_epair.ts';
import { IFF_UP } from '../../../src/net/ifnet.ts';
import { NetRig } from '../../lib/net_rig.ts';

const COOKIE = 0x1234;
let rig: NetRig;
beforeEach(() => {
  rig = new NetRig(2);
});
afterEach(() => rig.end());

function packet(pool: MbufPool, ...bytes: number[]): Mbuf {
  const m = pool.alloc();
  pool.append(m, bytes.length);
  pool.data.set(bytes, pool.off[m]!);
  return m;
}

function tag(pool: MbufPool, m: Mbuf, id: number): void {
  pool.tags.prepend(pool, m, pool.tags.alloc(COOKIE, id, 0));
}

describe('epair', () => {
  it('carries UDP between two hosts, with ARP over it', () => {
    rig.link(0, 1, '10.1.0');
    const got: string[] = [];
    const server = rig.udp(1);
    server.bind(0, 7);
    server.onMessage((bytes) => got.push(Buffer.from(bytes).toString()));
    rig.udp(0).sendTo(Buffer.from('hello'), ipParse('10.1.0.2'), 7);
    rig.pump();
    expect(got).toEqual(['hello']);
  });

  it('two ends in one host: the very mbuf goes over, and its non-persistent tags stay behind', () => {
    const { pool, counters } = rig.hosts[0]!;
    const [a, b] = epair(1, { index: 5, pool, counters }, { index: 6, pool, counters });
    const m = packet(pool, 1, 2, 3);
    tag(pool, m, 3);
    tag(pool, m, MTAG_PERSISTENT | 4);
    pool.flags[m] = M_BCAST;
    const got: Mbuf[] = [];
    b.input = (x) => got.push(x);
    expect(a.transmit(m)).toBe(0);
    expect(got).toEqual([]);
    expect(b.poll()).toBe(1);
    expect(got).toEqual([m]);
    expect([pool.rcvIf[m], pool.flags[m]]).toEqual([6, 0]);
    const t = pool.tags.first(pool, m);
    expect(pool.tags.id(t)).toBe(MTAG_PERSISTENT | 4);
    expect(pool.tags.next(t)).toBe(NO_TAG);
    pool.free(m);
  });

  it('two hosts: bytes alone go over, into an mbuf of the other host', () => {
    const [a, b] = rig.wire(0, 1);
    const [from, to] = [rig.hosts[0]!.pool, rig.hosts[1]!.pool];
    const m = packet(from, 9, 8, 7);
    tag(from, m, MTAG_PERSISTENT | 1);
    let got: unknown;
    b.input = (x) => {
      got = [to.firstTag[x], ...to.data.slice(to.off[x]!, to.off[x]! + to.len[x]!)];
      to.free(x);
    };
    a.transmit(m);
    expect([from.inUse, from.tags.inUse, to.inUse]).toEqual([0, 0, 1]);
    b.poll();
    expect(got).toEqual([NO_TAG, 9, 8, 7]);
  });

  it('down at either end: refused and counted; what is queued when it goes down is freed', () => {
    const [a, b] = rig.wire(0, 1);
    const { pool } = rig.hosts[0]!;
    a.transmit(packet(pool, 1));
    b.flags &= ~IFF_UP;
    expect(a.transmit(packet(pool, 1))).toBe(ENETDOWN);
    expect(b.transmit(packet(rig.hosts[1]!.pool, 1))).toBe(ENETDOWN);
    b.input = () => expect.unreachable();
    b.poll();
    expect(rig.count(0, 'epair.down')).toBe(1);
    expect(rig.count(1, 'epair.down')).toBe(2);
    expect(rig.hosts[1]!.pool.inUse).toBe(0);
  });

  it('no mbuf in the other host: refused and counted', () => {
    const [a] = rig.wire(0, 1);
    rig.hosts[1]!.pool.failNext = 1;
    expect(a.transmit(packet(rig.hosts[0]!.pool, 1))).toBe(ENOBUFS);
    expect(rig.count(0, 'epair.noMbuf')).toBe(1);
  });

  it('a full queue: refused and counted; drain() frees what waits', () => {
    const count = 1100;
    const sizeBytes = mbufPoolBytes(64, count, 0);
    const config = { baseBytes: 0, sizeBytes, frameBytes: 64, jumboCount: 0 };
    const pool = new MbufPool(new Uint8Array(sizeBytes), new MTagPool(4), config);
    const counters = new Counters();
    const [a, b] = epair(1, { index: 5, pool, counters }, { index: 6, pool, counters });
    for (let i = 0; i < 1024; i++) expect(a.transmit(packet(pool, 1))).toBe(0);
    expect(a.transmit(packet(pool, 1))).toBe(ENOBUFS);
    expect(counters.get('epair.full')).toBe(1);
    expect(b.drain()).toBe(1024);
    expect(pool.inUse).toBe(0);
  });
});
