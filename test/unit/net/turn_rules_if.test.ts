// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { NO_TAG } from '../../../src/kern/m_tag.ts';
import type { Mbuf } from '../../../src/kern/mbuf.ts';
import { BridgeIf } from '../../../src/net/if_bridge.ts';
import { epair } from '../../../src/net/if_epair.ts';
import { GifIf } from '../../../src/net/if_gif.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { IpsecIf } from '../../../src/netipsec/if_ipsec.ts';
import {
  MTAG_COOKIE_IPSEC,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_DONE,
} from '../../../src/netipsec/pact.ts';
import { MemIf } from '../../lib/rig.ts';
import { knowEachOther } from '../../lib/wire.ts';
import { FakeCard } from '../netipsec/fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT } from '../netipsec/ipsec_rig.ts';

const TEXT = 'this must never cross a wire in clear';

/** Host a with a card that is a port of a bridge; the other ports are plain. */
function bridged(without: readonly string[], ports: number) {
  const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
  const { inet, pool, counters, ifp } = rig.a;
  for (const id of without) pool.rules.off(id);
  knowEachOther(rig.a, rig.b);
  const card = new FakeCard(rig.a, rig.ipsecA.carrier);
  rig.ipsecA.attachOffload(ifp, card);
  rig.setkey(GCM_SAS + TRANSPORT);
  const bridge = new BridgeIf({
    ...{ name: 'bridge0', index: 50, lladdr: ifp.lladdr, pool, counters, clock: rig.clock },
    gate: (m, out, at) => inet.ipsec.beforeTransmit(m, out, at),
  });
  const frames: Buffer[][] = [];
  const note = (i: MemIf): Buffer[] => {
    const seen: Buffer[] = [];
    i.onWire = (data, at, len) => {
      seen.push(Buffer.from(data.slice(at, at + len)));
      return false;
    };
    frames.push(seen);
    return seen;
  };
  // What the stack sends by its card goes over the bridge, as on a host whose card is a port.
  const byCard = ifp.transmit.bind(ifp);
  const cardPort = Object.create(ifp, {
    transmit: { value: byCard },
    input: { value: () => {}, writable: true },
    flags: { value: ifp.flags, writable: true },
  });
  ifp.transmit = (m) => bridge.transmit(m);
  bridge.addMember(cardPort);
  note(ifp);
  for (let i = 0; i < ports; i++) {
    const port = new MemIf(pool, 60 + i, 0x60 + i, 1500, 0);
    // Somebody is there: without a peer nothing crosses.
    port.peer = rig.b.ifp;
    bridge.addMember(port);
    note(port);
  }
  new UdpSocket(inet).sendTo(Buffer.from(TEXT), rig.b.addr, 9);
  return {
    rig,
    card,
    frames,
    clear: (n: number) => frames[n]!.filter((f) => f.includes(TEXT)).length,
  };
}

describe('a bridge, and a packet whose crypto a card is to do', () => {
  it('with the rules: every port sends the same ESP packet, encrypted once', () => {
    const { rig, card, frames, clear } = bridged([], 2);
    expect(frames.map((f) => f.length)).toEqual([1, 1, 1]);
    expect([0, 1, 2].map(clear)).toEqual([0, 0, 0]);
    expect(frames[1]![0]).toEqual(frames[2]![0]);
    expect(card.encrypted).toBe(0);
    const sa = rig.ipsecA.sadb.list().find((s) => s.direction === 'out')!;
    expect([sa.seq, sa.hwPackets, sa.swPackets]).toEqual([1, 0, 1]);
    rig.end();
  });

  it('without bridge-once: card and software encrypt it, each, under one (key, IV)', () => {
    const { rig, card, clear } = bridged(['bridge-once'], 1);
    expect(card.encrypted).toBe(1);
    expect(rig.a.counters.get('ipsec.lateSoftware')).toBe(1);
    expect([0, 1].map(clear)).toEqual([0, 0]);
    rig.end();
  });

  it('without bridge-gate as well: it leaves by the other port in clear', () => {
    const { rig, clear } = bridged(['bridge-once', 'bridge-gate'], 1);
    expect([0, 1].map(clear)).toEqual([0, 1]);
    rig.end();
  });
});

describe('a frame that the card decrypted for this host, and that a bridge would pass on', () => {
  function passOn(without: readonly string[]): { rig: IpsecRig; clear: number } {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const { a, b } = rig;
    for (const id of without) b.pool.rules.off(id);
    knowEachOther(a, b);
    const cards = [new FakeCard(a, rig.ipsecA.carrier), new FakeCard(b, rig.ipsecB.carrier)];
    rig.ipsecA.attachOffload(a.ifp, cards[0]!);
    rig.ipsecB.attachOffload(b.ifp, cards[1]!);
    rig.setkey(GCM_SAS + TRANSPORT);
    const bridge = new BridgeIf({
      ...{ name: 'bridge0', index: 50, lladdr: Uint8Array.of(2, 0, 0, 0, 0, 0x50) },
      ...{ pool: b.pool, counters: b.counters, clock: rig.clock },
      gate: (m, out, at) => b.inet.ipsec.beforeTransmit(m, out, at),
    });
    const other = new MemIf(b.pool, 60, 0x60, 1500, 0);
    other.peer = a.ifp;
    let clear = 0;
    other.onWire = (data, at, len) => {
      if (Buffer.from(data.subarray(at, at + len)).includes(TEXT)) clear++;
      return false;
    };
    bridge.addMember(b.ifp);
    bridge.addMember(other);
    new UdpSocket(a.inet).sendTo(Buffer.from(TEXT), b.addr, 9);
    b.ifp.poll();
    return { rig, clear };
  }

  it('with the rule it is dropped, counted', () => {
    const { rig, clear } = passOn([]);
    expect(clear).toBe(0);
    expect(rig.b.counters.get('ipsec.decryptedLeaves')).toBe(1);
    expect(rig.b.counters.get('bridge.gateRefused')).toBe(1);
    rig.end();
  });

  it('without decrypted-stays it is published', () => {
    const { rig, clear } = passOn(['decrypted-stays']);
    expect(clear).toBe(1);
    rig.end();
  });
});

describe('re-injection', () => {
  const rigWithout = (id: string): IpsecRig => {
    const rig = createIpsecRig();
    if (id !== '') rig.a.pool.rules.off(id);
    return rig;
  };
  const tagged = (rig: IpsecRig, id: number): Mbuf => {
    const { pool } = rig.a;
    const m = pool.alloc();
    pool.append(m, 60);
    pool.tags.prepend(pool, m, pool.tags.alloc(MTAG_COOKIE_IPSEC, id, 48));
    return m;
  };

  it.each([
    ['', false],
    ['epair', true],
  ])('over an epair (without: %j): an old OUT_DONE is there: %s', (without, stays) => {
    const rig = rigWithout(without);
    const { pool, counters } = rig.a;
    const [a, b] = epair(1, { index: 5, pool, counters }, { index: 6, pool, counters });
    let first = NO_TAG;
    b.input = (m) => {
      first = pool.firstTag[m]!;
      pool.free(m);
    };
    a.transmit(tagged(rig, PACKET_TAG_IPSEC_OUT_DONE));
    b.poll();
    expect(first !== NO_TAG).toBe(stays);
    rig.end();
  });

  it.each([
    ['', false],
    ['tunnel-in', true],
  ])('out of gif (without: %j): an IN_DONE of the outer packet is there: %s', (without, stays) => {
    const rig = rigWithout(without);
    const { pool, counters } = rig.a;
    const gif = new GifIf({ name: 'gif0', index: 70, pool, counters });
    let first = NO_TAG;
    gif.input = (m) => {
      first = pool.firstTag[m]!;
      pool.free(m);
    };
    gif.received(tagged(rig, PACKET_TAG_IPSEC_IN_DONE));
    expect(first !== NO_TAG).toBe(stays);
    rig.end();
  });

  it.each([
    ['', 1],
    ['gif-marker', 3],
  ])('into gif, again and again (without: %j): it enters %i times', (without, times) => {
    const rig = rigWithout(without);
    const { pool, counters } = rig.a;
    const gif = new GifIf({ name: 'gif0', index: 70, pool, counters });
    // The outer packet waits somewhere, for ARP say, and then its route leads here.
    const waiting: Mbuf[] = [];
    gif.encap = (m) => waiting.push(m) && 0;
    const m = pool.alloc();
    pool.append(m, 20);
    gif.transmit(m);
    for (let i = 0; i < 2 && waiting.length > 0; i++) gif.transmit(waiting.pop()!);
    for (const left of waiting) pool.free(left);
    expect(counters.get('gif.sent')).toBe(times);
    rig.end();
  });

  it.each([
    ['', 1],
    ['ipsec-if-once', 2],
  ])('into if_ipsec a second time (without: %j): ESP is done %i times', (without, times) => {
    const rig = rigWithout(without);
    knowEachOther(rig.a, rig.b);
    rig.setkey(GCM_SAS.replaceAll('-r 8', '-m tunnel -u 7 -r 8'));
    const { inet, pool, counters, ifp, addr } = rig.a;
    const tunnel = new IpsecIf({
      ...{ name: 'ipsec0', index: 80, inet, ipsec: rig.ipsecA, reqid: 7 },
      ...{ src: addr, dst: rig.b.addr },
    });
    const waiting: Mbuf[] = [];
    ifp.transmit = (m) => {
      pool.adj(m, 14);
      waiting.push(m);
      return 0;
    };
    inet.routes.add(ipParse('172.16.0.0'), 24, tunnel);
    const socket = new UdpSocket(inet);
    socket.bind(addr, 5000);
    socket.sendTo(new Uint8Array(4), ipParse('172.16.0.2'), 9);
    expect(waiting.length).toBe(1);
    tunnel.transmit(waiting.pop()!);
    for (const left of waiting) pool.free(left);
    expect(counters.get('esp.out')).toBe(times);
    rig.end();
  });
});
