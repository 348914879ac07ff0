// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { EHOSTUNREACH, EMSGSIZE, ENETDOWN } from '../../../src/kern/errno.ts';
import type { Mbuf } from '../../../src/kern/mbuf.ts';
import { IFCAP_IPSEC, IFF_UP } from '../../../src/net/ifnet.ts';
import { detachInterface } from '../../../src/netinet/in_ifdetach.ts';
import { addAddress, attachInterface } from '../../../src/netinet/in_proto.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { IpsecIf } from '../../../src/netipsec/if_ipsec.ts';
import { NetRig } from '../../lib/net_rig.ts';
import { knowEachOther } from '../../lib/wire.ts';
import { FakeCard } from './fake_card.ts';
import { createIpsecRig } from './ipsec_rig.ts';

const KEYS = [
  '0x000102030405060708090a0b0c0d0e0f10111213',
  '0x202122232425262728292a2b2c2d2e2f30313233',
];
const sas = (reqid: number, spi: number, salt = '') => `
  add 10.0.0.1 10.0.0.2 esp ${spi} -m tunnel -u ${reqid} -r 8 -E aes-gcm-16 ${KEYS[0]!.slice(0, 42 - salt.length)}${salt};
  add 10.0.0.2 10.0.0.1 esp ${spi + 1} -m tunnel -u ${reqid} -r 8 -E aes-gcm-16 ${KEYS[1]!.slice(0, 42 - salt.length)}${salt};`;

/** Hosts 0 and 1 on 10.0.0.0/24; ipsec0 is 172.16.0.1 and 172.16.0.2, reqid 7. */
let rig: NetRig;
let ends: IpsecIf[];
/** Protocols of the IPv4 packets that host 0 sent over the link. */
let wire: number[];
const FAR = ipParse('172.16.0.2');
const OUTER = [ipParse('10.0.0.1'), ipParse('10.0.0.2')] as const;

function ipsecIf(n: number, reqid: number, index: number): IpsecIf {
  const { inet, ipsec } = rig.hosts[n]!;
  const [src, dst] = [OUTER[n]!, OUTER[1 - n]!];
  const ifp = new IpsecIf({ name: `ipsec${index}`, index, inet, ipsec, reqid, src, dst });
  attachInterface(inet, ifp);
  return ifp;
}

beforeEach(() => {
  rig = new NetRig(2);
  const [out] = rig.link(0, 1, '10.0.0');
  ends = [0, 1].map((n) => {
    const ifp = ipsecIf(n, 7, 80);
    addAddress(rig.hosts[n]!.inet, ifp, ipParse(`172.16.0.${n + 1}`), 24);
    rig.setkey(n, sas(7, 0x1001));
    return ifp;
  });
  wire = [];
  const transmit = out.transmit.bind(out);
  out.transmit = (m: Mbuf) => {
    const { data, off } = rig.hosts[0]!.pool;
    if (data[off[m]! + 13] === 0) wire.push(data[off[m]! + 23]!);
    return transmit(m);
  };
});
afterEach(() => rig.end());

/** Lengths of what arrives at host n, and the interfaces it came by. */
function server(n: number): number[][] {
  const got: number[][] = [];
  const { inet, pool } = rig.hosts[n]!;
  inet.protosw.unregister(17);
  inet.protosw.register(17, (_inet, m) => {
    got.push([pool.len[m]! - 28, pool.rcvIf[m]!]);
    pool.free(m);
  });
  return got;
}
function send(size = 10, how = {}, to = FAR): number {
  const errno = rig.udp(0, how).sendTo(new Uint8Array(size), to, 7);
  rig.pump();
  return errno;
}

describe('route-based IPsec: if_ipsec(4)', () => {
  it('what is routed into it goes by ESP without any policy of the SPD, and comes by it', () => {
    const got = server(1);
    expect(send()).toBe(0);
    expect(wire).toEqual([50]);
    expect(got).toEqual([[10, 80]]);
    expect(rig.hosts[0]!.ipsec.spd.list('out')).toEqual([]);
  });

  it('what is routed elsewhere goes as it is', () => {
    const got = server(1);
    send(10, {}, OUTER[1]);
    expect(wire).toEqual([17]);
    expect(got[0]![1]).not.toBe(80);
  });

  it('two of them between the same ends are told apart by their reqid, both ways', () => {
    for (const n of [0, 1]) {
      const ifp = ipsecIf(n, 8, 81);
      addAddress(rig.hosts[n]!.inet, ifp, ipParse(`172.17.0.${n + 1}`), 24);
      rig.setkey(n, sas(8, 0x2001, 'ffff'));
    }
    const got = server(1);
    send(10);
    send(20, {}, ipParse('172.17.0.2'));
    expect(got).toEqual([
      [10, 80],
      [20, 81],
    ]);
    expect(rig.hosts[0]!.ipsec.sadb.find(OUTER[1], 0x2001)!.seq).toBe(1);
    expect(() => ipsecIf(0, 8, 82)).toThrow(/reqid 8/);
  });

  it('fail closed: without an SA nothing leaves; key management is asked for one', () => {
    rig.hosts[0]!.ipsec.sadb.flush();
    expect(send()).not.toBe(0);
    expect(wire).toEqual([]);
    expect(rig.count(0, 'ipsec.noSa')).toBe(1);
  });

  it('a tunnel with another id, by the same ends, does not come by it', () => {
    rig.setkey(0, 'flush;' + sas(9, 0x1001));
    rig.setkey(1, 'flush;' + sas(9, 0x1001));
    const { inet, ipsec } = rig.hosts[0]!;
    ends[0]!.close();
    detachInterface(inet, ends[0]!);
    const ifp = new IpsecIf({
      ...{ name: 'ipsec9', index: 90, inet, ipsec, reqid: 9 },
      ...{ src: OUTER[0], dst: OUTER[1] },
    });
    attachInterface(inet, ifp);
    addAddress(inet, ifp, ipParse('172.16.0.1'), 24);
    const got = server(1);
    send();
    expect(wire).toEqual([50]);
    expect(got[0]![1]).not.toBe(80);
  });
});

describe('loops', () => {
  it('a route of the tunnel into itself ends at once, with fragments too', () => {
    rig.hosts[0]!.inet.routes.add(OUTER[1], 32, ends[0]!);
    expect(send()).toBe(EHOSTUNREACH);
    expect(send(1390)).toBe(EHOSTUNREACH);
    expect(rig.count(0, 'ifIpsec.loop')).toBeGreaterThan(1);
    expect(wire).toEqual([]);
  });

  it('OUT_DONE of its own says that a packet was here, also when it comes round later', () => {
    const { inet, pool } = rig.hosts[0]!;
    const later: Mbuf[] = [];
    const out = inet.routeTo(OUTER[1])!;
    out.transmit = (m) => later.push(m) && 0;
    inet.arp.addStatic(out.index, OUTER[1], Uint8Array.of(2, 0, 0, 0, 0, 9));
    send();
    const m = later[0]!;
    pool.adj(m, 14);
    expect(ends[0]!.transmit(m)).toBe(EHOSTUNREACH);
    expect(rig.count(0, 'ifIpsec.loop')).toBe(1);
  });
});

describe('MTU', () => {
  it('is what fits the path of its SA once ESP is round it', () => {
    expect(ends[0]!.mtu).toBe(1400);
    ends[0]!.mtu = 9000;
    expect(ends[0]!.mtu).toBe(((1500 - 52) & ~3) - 2);
    rig.hosts[0]!.ipsec.sadb.flush();
    expect(ends[0]!.mtu).toBe(9000);
  });

  it('RFC 4301 §8.2: a path that a router calls narrow makes it smaller', () => {
    const sa = rig.hosts[0]!.ipsec.sadb.find(OUTER[1], 0x1001)!;
    sa.pmtu = 1000;
    sa.pmtuDueCycle = 1e9;
    expect(ends[0]!.mtu).toBe(((1000 - 52) & ~3) - 2);
    expect(send(1000, { dontFragment: true })).toBe(EMSGSIZE);
    const got = server(1);
    expect(send(1000)).toBe(0);
    expect(got.length).toBe(1);
  });
});

describe('down and away', () => {
  it('down: nothing leaves, in clear or otherwise, and what comes through its SA is dropped', () => {
    ends[1]!.flags &= ~IFF_UP;
    send();
    expect(rig.count(1, 'ifIpsec.down')).toBe(1);
    ends[0]!.flags &= ~IFF_UP;
    wire.length = 0;
    expect(send()).toBe(ENETDOWN);
    expect(wire).toEqual([]);
  });

  it("removed: routes are gone, its id is free, and its SAs are any tunnel's", () => {
    const got = server(1);
    ends[1]!.close();
    detachInterface(rig.hosts[1]!.inet, ends[1]!);
    addAddress(rig.hosts[1]!.inet, rig.hosts[1]!.inet.interfaces[0]!, FAR, 32);
    send();
    expect(got.map((g) => g[0])).toEqual([10]);
    expect(got[0]![1]).not.toBe(80);
    ipsecIf(1, 7, 83);
  });
});

describe('offload', () => {
  it('the card of the outer route does the crypto of what is routed into it', () => {
    const r = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    knowEachOther(r.a, r.b);
    const card = new FakeCard(r.a, r.ipsecA.carrier);
    r.ipsecA.attachOffload(r.a.ifp, card);
    r.setkey(sas(7, 0x1001));
    const { inet } = r.a;
    const ifp = new IpsecIf({
      ...{ name: 'ipsec0', index: 80, inet, ipsec: r.ipsecA, reqid: 7 },
      ...{ src: OUTER[0], dst: OUTER[1] },
    });
    attachInterface(inet, ifp);
    addAddress(inet, ifp, ipParse('172.16.0.1'), 24);
    addAddress(r.b.inet, r.b.ifp, FAR, 32);
    new UdpSocket(inet).sendTo(new Uint8Array(10), FAR, 7);
    r.pump();
    expect(card.encrypted).toBe(1);
    expect(r.a.pool.tags.allocs).toBe(1);
    expect(r.b.counters.get('esp.inOk')).toBe(1);
    r.end();
  });
});
