// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { IN6ADDR_ANY, ip6Parse } from '../../../src/header/ip6.ts';
import { EHOSTUNREACH, ENETDOWN, ENOBUFS } from '../../../src/kern/errno.ts';
import { MTAG_PERSISTENT, NO_TAG } from '../../../src/kern/m_tag.ts';
import type { Mbuf } from '../../../src/kern/mbuf.ts';
import { GifIf, MTAG_COOKIE_GIF } from '../../../src/net/if_gif.ts';
import { IFF_UP } from '../../../src/net/ifnet.ts';
import { InGif } from '../../../src/netinet/in_gif.ts';
import { detachInterface } from '../../../src/netinet/in_ifdetach.ts';
import { addAddress, attachInterface } from '../../../src/netinet/in_proto.ts';
import { In6Gif } from '../../../src/netinet/in6_gif.ts';
import { addAddress6 } from '../../../src/netinet/in6_proto.ts';
import { MTAG_COOKIE_IPSEC, PACKET_TAG_IPSEC_IN_DONE } from '../../../src/netipsec/pact.ts';
import { NetRig } from '../../lib/net_rig.ts';
import { ipPacket, udpDatagram } from '../../lib/packets.ts';

/** Hosts 0 and 1 on 10.0.0.0/24, and a tunnel between them: 172.16.0.1 and 172.16.0.2. */
let rig: NetRig;
let gifs: [GifIf, GifIf];
let tables: [InGif, InGif];
/** IP packets that host 0 sent over the link. */
let wire: Uint8Array[];
const FAR = ipParse('172.16.0.2');
const OUTER = [ipParse('10.0.0.1'), ipParse('10.0.0.2')] as const;

beforeEach(() => {
  rig = new NetRig(2);
  const [out] = rig.link(0, 1, '10.0.0');
  gifs = [0, 1].map((n) => {
    const h = rig.hosts[n]!;
    const gif = new GifIf({ name: 'gif0', index: 70, pool: h.pool, counters: h.counters });
    attachInterface(h.inet, gif);
    addAddress(h.inet, gif, ipParse(`172.16.0.${n + 1}`), 24);
    return gif;
  }) as [GifIf, GifIf];
  tables = [0, 1].map((n) => new InGif(rig.hosts[n]!.inet)) as [InGif, InGif];
  for (const n of [0, 1]) tables[n]!.add(gifs[n]!, OUTER[n]!, OUTER[1 - n]!);
  wire = [];
  const transmit = out.transmit.bind(out);
  out.transmit = (m: Mbuf) => {
    const { data, off, len } = rig.hosts[0]!.pool;
    const at = off[m]!;
    if (data[at + 13] === 0) wire.push(data.slice(at + 14, at + len[m]!));
    return transmit(m);
  };
});
afterEach(() => rig.end());

function server(n: number): number[] {
  const got: number[] = [];
  const socket = rig.udp(n);
  socket.bind(0, 7);
  socket.onMessage((bytes) => got.push(bytes.length));
  return got;
}
function send(size = 10, how = {}): number {
  const errno = rig.udp(0, how).sendTo(new Uint8Array(size), FAR, 7);
  rig.pump();
  return errno;
}
const gif0 = (name: string): number => rig.count(0, `gif.${name}`);
const gif1 = (name: string): number => rig.count(1, `gif.${name}`);

/** Host 1 receives an IP packet from host 0. */
function deliver(packet: Uint8Array): void {
  const { pool } = rig.hosts[1]!;
  const m = pool.alloc();
  pool.append(m, packet.length);
  pool.data.set(packet, pool.off[m]!);
  // An interface without frames takes the packet as it is; here only its way up is used.
  gifs[1].input(m);
  rig.pump();
}

describe('RFC 2003: IP in IP', () => {
  it('§3.1: outer header of protocol 4, the inner packet as it was; it arrives', () => {
    const got = server(1);
    expect(send(10, { tos: 0xb9, ttl: 9 })).toBe(0);
    expect(got).toEqual([10]);
    const [p] = wire;
    expect([p!.length, p![0], p![9], p![8]]).toEqual([20 + 38, 0x45, 4, 64]);
    expect([...p!.slice(12, 20)]).toEqual([10, 0, 0, 1, 10, 0, 0, 2]);
    // The inner TTL is that of the sender: it made no hop yet. DSCP and ECN are copied (RFC 6040).
    expect([p![28], p![29], p![1], p![21]]).toEqual([9, 17, 0xb9, 0xb9]);
    expect(rig.count(1, 'ip.badSum')).toBe(0);
  });

  it.each([
    [true, 0x40],
    [false, 0],
  ])('§3.1: DF inside (%s) is DF outside', (dontFragment, bit) => {
    send(10, { dontFragment });
    expect(wire[0]![6]! & 0x40).toBe(bit);
  });

  it('a packet longer than the tunnel takes is cut before it enters', () => {
    const got = server(1);
    send(3000);
    expect(got).toEqual([3000]);
    expect(wire.length).toBe(3);
    expect(Math.max(...wire.map((p) => p.length))).toBeLessThanOrEqual(1300);
  });

  it('RFC 4213: IPv6 inside, protocol 41, and never DF outside', () => {
    for (const n of [0, 1]) {
      addAddress6(rig.hosts[n]!.inet, gifs[n]!, ip6Parse(`2001:db8::${n + 1}`), 64);
    }
    const got: number[] = [];
    const socket = rig.udp(1);
    socket.bind(IN6ADDR_ANY, 7);
    socket.onMessage((bytes) => got.push(bytes.length));
    rig.udp(0).sendTo(new Uint8Array(20), ip6Parse('2001:db8::2'), 7);
    rig.pump();
    expect(got).toEqual([20]);
    expect([wire[0]![9], wire[0]![6]]).toEqual([41, 0]);
  });

  it('an answer may go out while the question comes up', () => {
    const socket = rig.udp(1);
    socket.bind(0, 7);
    socket.onMessage((bytes, address, port) => socket.sendTo(bytes, address, port));
    const got: number[] = [];
    const client = rig.udp(0);
    client.onMessage((bytes) => got.push(bytes.length));
    client.sendTo(new Uint8Array(5), FAR, 7);
    rig.pump();
    expect(got).toEqual([5]);
  });

  it('from ends that no tunnel has: dropped, counted, and its sender is told', () => {
    tables[1].remove(gifs[1]);
    send();
    expect(gif1('noTunnel')).toBe(1);
    expect(rig.count(1, 'icmp.errors')).toBe(1);
  });

  it.each([
    ['shorter than a header', new Uint8Array(19)],
    ['IPv6 under protocol 4', new Uint8Array(60).fill(0x60)],
  ])('what is inside is %s: dropped, counted', (_what, payload) => {
    deliver(ipPacket({ src: OUTER[0], dst: OUTER[1], proto: 4, payload }));
    expect(gif1('badInner')).toBe(1);
  });

  it('RFC 6040 §4.2: a mark on the way is seen inside; on a packet that knows none it is dropped', () => {
    const src = ipParse('172.16.0.1');
    const inside = (tos: number) =>
      ipPacket({
        src,
        dst: FAR,
        proto: 17,
        tos,
        payload: udpDatagram(src, 7, FAR, 7, new Uint8Array(4)),
      });
    const got = server(1);
    deliver(ipPacket({ src: OUTER[0], dst: OUTER[1], proto: 4, tos: 3, payload: inside(2) }));
    deliver(ipPacket({ src: OUTER[0], dst: OUTER[1], proto: 4, tos: 3, payload: inside(0) }));
    expect(got).toEqual([4]);
    expect(gif1('ecnDrop')).toBe(1);
  });
});

describe('RFC 2473: IP in IPv6', () => {
  const ENDS = [ip6Parse('2001:db8:f::1'), ip6Parse('2001:db8:f::2')] as const;
  let tables6: In6Gif[];
  beforeEach(() => {
    tables6 = [0, 1].map((n) => {
      const { inet } = rig.hosts[n]!;
      const ifp = inet.interfaces.find((i) => i.name.startsWith('epair'))!;
      addAddress6(inet, ifp, ENDS[n]!, 64);
      tables[n]!.remove(gifs[n]!);
      const table = new In6Gif(inet);
      table.add(gifs[n]!, ENDS[n]!, ENDS[1 - n]!);
      addAddress6(inet, gifs[n]!, ip6Parse(`2001:db8::${n + 1}`), 64);
      return table;
    });
  });

  it('carries IPv4 (protocol 4) and IPv6 (41), with the class of the inner packet', () => {
    const outers: number[][] = [];
    const [out] = rig.hosts[0]!.soft.slice(-1);
    const transmit = out!.transmit.bind(out);
    out!.transmit = (m) => {
      const { data, off } = rig.hosts[0]!.pool;
      const ip = off[m]! + 14;
      const isTunnel = data[ip + 6] === 4 || data[ip + 6] === 41;
      if (data[ip]! >> 4 === 6 && isTunnel) outers.push([...data.slice(ip, ip + 2), data[ip + 6]!]);
      return transmit(m);
    };
    const got = server(1);
    send(10, { tos: 0xb9 });
    const got6: number[] = [];
    const socket = rig.udp(1);
    socket.bind(IN6ADDR_ANY, 7);
    socket.onMessage((bytes) => got6.push(bytes.length));
    rig.udp(0).sendTo(new Uint8Array(20), ip6Parse('2001:db8::2'), 7);
    rig.pump();
    expect([got, got6]).toEqual([[10], [20]]);
    expect(outers[0]).toEqual([0x6b, 0x90, 4]);
    expect(outers.at(-1)![2]).toBe(41);
  });

  it('§7: what does not fit is cut, by the source or outside, and arrives whole', () => {
    const got = server(1);
    send(3000);
    expect(got).toEqual([3000]);
  });

  it('from ends that no tunnel has: dropped, counted; the same ends twice: refused', () => {
    tables6[1]!.remove(gifs[1]);
    send();
    expect(gif1('noTunnel')).toBe(1);
    expect(() => tables6[0]!.add(gifs[0], ENDS[0], ENDS[1])).toThrow(/ends already/);
  });
});

describe('loops and nesting', () => {
  it('a route of the outer packet into the tunnel itself ends at once, counted', () => {
    rig.hosts[0]!.inet.routes.add(OUTER[1], 32, gifs[0]);
    expect(send()).toBe(EHOSTUNREACH);
    expect(send(1270)).toBe(EHOSTUNREACH);
    expect(gif0('loop')).toBeGreaterThan(1);
    expect(wire).toEqual([]);
  });

  it('the marker on the packet says so, also when it comes round later', () => {
    const { pool } = rig.hosts[0]!;
    let marker = NO_TAG;
    gifs[0].encap = (m) => {
      marker = pool.tags.cookie(pool.tags.first(pool, m));
      return gifs[0].transmit(m);
    };
    send();
    expect(marker).toBe(MTAG_COOKIE_GIF);
    const later: Mbuf[] = [];
    gifs[0].encap = (m) => later.push(m) && 0;
    send();
    expect(gifs[0].transmit(later[0]!)).toBe(EHOSTUNREACH);
    expect(gif0('loop')).toBe(2);
  });

  it('two tunnels, one in the other: as many as max_nesting allows', () => {
    const { pool, counters } = rig.hosts[0]!;
    const inner = new GifIf({ name: 'gif1', index: 71, pool, counters });
    inner.encap = (m) => gifs[0].transmit(m);
    const packet = (): Mbuf => {
      const m = pool.alloc();
      const bytes = ipPacket({ src: 1, dst: 2, proto: 17, payload: new Uint8Array(8) });
      pool.append(m, bytes.length);
      pool.data.set(bytes, pool.off[m]!);
      return m;
    };
    expect(inner.transmit(packet())).toBe(EHOSTUNREACH);
    gifs[0].maxNesting = 2;
    expect(inner.transmit(packet())).toBe(0);
    rig.pump();
  });

  it('hundreds of packets in one another, all for one tunnel: bounded work, no throw', () => {
    let bytes = ipPacket({ src: 1, dst: 2, proto: 17, payload: new Uint8Array(8) });
    for (let i = 0; i < 60; i++) {
      bytes = ipPacket({ src: OUTER[0], dst: OUTER[1], proto: 4, payload: bytes });
    }
    deliver(bytes);
    expect(gif1('loop')).toBe(1);
    expect(gif1('received')).toBe(1);
  });

  it('out of tags for the marker: dropped, counted, not sent unmarked', () => {
    rig.hosts[0]!.pool.tags.failNext = 1;
    expect(send()).toBe(ENOBUFS);
    expect(gif0('noTag')).toBe(1);
    expect(wire).toEqual([]);
  });
});

describe('tags at the end of the tunnel', () => {
  it('what said that the outer packet came by IPsec is gone from the inner one', () => {
    const { pool } = rig.hosts[1]!;
    const m = pool.alloc();
    pool.append(m, 20);
    pool.tags.prepend(pool, m, pool.tags.alloc(MTAG_COOKIE_IPSEC, PACKET_TAG_IPSEC_IN_DONE, 48));
    pool.tags.prepend(pool, m, pool.tags.alloc(0x99, MTAG_PERSISTENT | 1, 0));
    let left: number[] = [];
    gifs[1].input = (x) => {
      const t = pool.tags.first(pool, x);
      left = [pool.tags.cookie(t), pool.tags.next(t), pool.rcvIf[x]!];
      pool.free(x);
    };
    gifs[1].received(m);
    expect(left).toEqual([0x99, NO_TAG, gifs[1].index]);
  });
});

describe('down and away', () => {
  it('down: nothing enters and nothing leaves it, counted', () => {
    gifs[1].flags &= ~IFF_UP;
    send();
    expect(gif1('down')).toBe(1);
    gifs[0].flags &= ~IFF_UP;
    expect(send()).toBe(ENETDOWN);
    expect(rig.count(0, 'ip.ifDown')).toBe(1);
  });

  it('removed: its route is gone, and what still comes is dropped', () => {
    detachInterface(rig.hosts[1]!.inet, gifs[1]);
    send();
    expect(gif1('down')).toBe(1);
    expect(rig.hosts[1]!.inet.routeTo(ipParse('172.16.0.1'))).toBe(null);
  });

  it('two tunnels with the same ends cannot be', () => {
    const { pool, counters } = rig.hosts[0]!;
    const other = new GifIf({ name: 'gif1', index: 71, pool, counters });
    expect(() => tables[0].add(other, OUTER[0], OUTER[1])).toThrow(/ends already/);
    expect(other.transmit(pool.alloc())).toBe(ENETDOWN);
  });
});
