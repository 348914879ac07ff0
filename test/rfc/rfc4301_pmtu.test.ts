// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../src/header/ip.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { EMSGSIZE } from '../../src/kern/errno.ts';
import type { Mbuf } from '../../src/kern/mbuf.ts';
import type { EpairIf } from '../../src/net/if_epair.ts';
import type { UdpSocket } from '../../src/netinet/socket.ts';
import { parseSetkey } from '../../src/netipsec/setkey.ts';
import { type NetHost, NetRig } from '../lib/net_rig.ts';
import { concat, icmpMessage, ipPacket, u32 } from '../lib/packets.ts';

/*
 *   A 192.168.1.1 ── .2 gateway 10.0.1.1 ── .2 router 10.0.2.1 ── .2 gateway 192.168.2.1 ── .2 B
 *   0                   1                      2   (MTU 1000)        3                        4
 */
const [A, GW, ROUTER, FAR, B] = [0, 1, 2, 3, 4];
const B_ADDR = ipParse('192.168.2.2');
/** ESP tunnel with AES-GCM: outer header 20, ESP 8, IV 8, ICV 16, trailer 2 and padding to 4 bytes. */
const fits = (mtu: number): number => ((mtu - 52) & ~3) - 2;
const KEY = '0x000102030405060708090a0b0c0d0e0f10111213';
const BACK_KEY = '0x202122232425262728292a2b2c2d2e2f30313233';

let rig: NetRig;
let narrow: [EpairIf, EpairIf];
let gw: NetHost;
let wire: Uint8Array[];

function build(sa = ''): void {
  rig = new NetRig(5);
  rig.link(A, GW, '192.168.1');
  const [out] = rig.link(GW, ROUTER, '10.0.1');
  narrow = rig.link(ROUTER, FAR, '10.0.2', 1000);
  rig.link(FAR, B, '192.168.2');
  rig.route(A, '192.168.2', '192.168.1.2');
  rig.route(B, '192.168.1', '192.168.2.1');
  rig.route(GW, '192.168.2', '10.0.1.2');
  rig.route(GW, '10.0.2', '10.0.1.2');
  rig.route(FAR, '192.168.1', '10.0.2.1');
  rig.route(FAR, '10.0.1', '10.0.2.1');
  rig.forwards(GW, ROUTER, FAR);
  const [near, far] = ['10.0.1.1', '10.0.2.2'];
  const policies = (out: number, to: number) =>
    rig.setkey(
      out,
      `add ${near} ${far} esp 0x1001 -m tunnel -r 8 ${sa} -E aes-gcm-16 ${KEY};
       add ${far} ${near} esp 0x1002 -m tunnel -r 8 ${sa} -E aes-gcm-16 ${BACK_KEY};
       spdadd 192.168.1.0/24 192.168.2.0/24 any -P ${out === to ? 'in' : 'out'}
         ipsec esp/tunnel/${near}-${far}/require;
       spdadd 192.168.2.0/24 192.168.1.0/24 any -P ${out === to ? 'out' : 'in'}
         ipsec esp/tunnel/${far}-${near}/require;`,
    );
  policies(GW, FAR);
  policies(FAR, FAR);
  gw = rig.hosts[GW]!;
  wire = [];
  const transmit = out.transmit.bind(out);
  out.transmit = (m: Mbuf) => {
    const { data, off, len } = gw.pool;
    const at = off[m]!;
    if (data[at + 12] === 8 && data[at + 13] === 0) wire.push(data.slice(at + 14, at + len[m]!));
    return transmit(m);
  };
}
beforeEach(() => build());
afterEach(() => rig.end());

interface Talk {
  readonly socket: UdpSocket;
  readonly got: number[];
  /** Type, code and MTU of each ICMP error that the sender was told. */
  readonly errors: number[][];
}

/** A socket of A that is connected to one of B. */
function talk(how = {}): Talk {
  const got: number[] = [];
  const errors: number[][] = [];
  const server = rig.udp(B);
  server.bind(0, 7);
  server.onMessage((bytes) => got.push(bytes.length));
  const socket = rig.udp(A, how);
  socket.onError((...e) => errors.push(e));
  socket.connect(B_ADDR, 7);
  return { socket, got, errors };
}

/** Sends a packet of lenBytes, IP header and all. */
function send({ socket }: Talk, lenBytes: number): void {
  socket.send(new Uint8Array(lenBytes - 28));
  rig.pump();
}

const DF = { dontFragment: true };
const lengths = (): number[] => wire.map((p) => p.length);

describe('RFC 4301 §8.1: the DF bit', () => {
  const outerDf = (): boolean[] => wire.map((p) => (p[6]! & 0x40) !== 0);

  it.each([
    ['copy', DF, true],
    ['copy', {}, false],
    ['set', {}, true],
    ['set', DF, true],
    ['clear', {}, false],
    ['clear', DF, false],
  ])('%s: inner %o, outer %s', (mode, how, outer) => {
    rig.end();
    build(`-df ${mode}`);
    const t = talk(how);
    send(t, 100);
    expect(outerDf()).toEqual([outer]);
    expect(t.got).toEqual([72]);
  });
});

describe('RFC 4301 §8.2.1: a packet that may not be cut and does not fit once it is protected', () => {
  it('is answered with the MTU less what ESP adds; one that just fits goes', () => {
    const t = talk(DF);
    send(t, fits(1500) + 1);
    expect(t.errors).toEqual([[3, 4, fits(1500)]]);
    expect(wire).toEqual([]);
    send(t, fits(1500));
    expect(Math.max(...lengths())).toBeGreaterThan(1496);
    expect(rig.count(GW, 'forward.needFrag')).toBe(1);
  });

  it('a host that protects its own packets gets EMSGSIZE', () => {
    const inside = rig.udp(GW, DF);
    inside.bind(ipParse('192.168.1.2'), 0);
    const size = fits(1500) - 28;
    expect(inside.sendTo(new Uint8Array(size + 1), B_ADDR, 7)).toBe(EMSGSIZE);
    expect(inside.sendTo(new Uint8Array(size), B_ADDR, 7)).toBe(0);
    rig.pump();
  });

  it('with the bit cleared in the outer header it goes all the same, and is put together before ESP', () => {
    rig.end();
    build('-df clear');
    const t = talk(DF);
    send(t, 1490);
    expect(t.errors).toEqual([]);
    expect(t.got).toEqual([1462]);
    expect(rig.count(FAR, 'reass.whole')).toBe(1);
    expect(rig.count(FAR, 'esp.inOk')).toBe(1);
  });
});

describe('RFC 4301 §8.2.1: needfrag about an ESP packet', () => {
  it('lowers the path of the SA, and the next inner packet is answered with what fits', () => {
    const t = talk(DF);
    send(t, 1200);
    // The router could not pass it on; the sender is told at its next packet.
    expect([t.got, t.errors]).toEqual([[], []]);
    expect(rig.count(GW, 'ipsec.pmtuLowered')).toBe(1);
    send(t, 1200);
    expect(t.errors).toEqual([[3, 4, fits(1000)]]);
    send(t, fits(1000) + 1);
    expect(t.errors.length).toBe(2);
    send(t, fits(1000));
    expect(t.got).toEqual([fits(1000) - 28]);
  });

  it('also where ESP is in UDP (RFC 3948), of which the router quotes no more than the ports', () => {
    rig.end();
    build('-natt 10.0.1.1[4500] 10.0.2.2[4500]');
    const t = talk(DF);
    send(t, 1200);
    expect(rig.count(GW, 'ipsec.pmtuLowered')).toBe(1);
    send(t, 1200);
    expect(t.errors).toEqual([[3, 4, fits(1000 - 8)]]);
    send(t, fits(1000 - 8));
    expect(t.got).toEqual([fits(1000 - 8) - 28]);
  });

  it('packets that may be cut are cut before ESP to that size: the router cuts nothing', () => {
    rig.end();
    build('-df set');
    const t = talk();
    send(t, 1200);
    wire.length = 0;
    send(t, 1400);
    expect(t.got).toEqual([1372]);
    expect(lengths().every((n) => n <= 1000)).toBe(true);
    expect(wire.length).toBe(2);
    expect(rig.count(GW, 'ipsec.cutFirst')).toBe(1);
    expect(rig.count(ROUTER, 'ip.fragmented')).toBe(0);
    expect(rig.count(FAR, 'esp.inOk')).toBe(2);
  });

  it('RFC 1191 §6.3: after ten minutes the whole MTU is tried again', () => {
    const t = talk(DF);
    send(t, 1200);
    rig.clock.cycle += secondsToCycles(600);
    send(t, 1200);
    expect(t.errors).toEqual([]);
    expect(rig.count(GW, 'ipsec.pmtuLowered')).toBe(2);
  });

  it('a path that was narrow and is wide again', () => {
    const t = talk(DF);
    send(t, 1200);
    for (const end of narrow) end.mtu = 1500;
    rig.clock.cycle += secondsToCycles(600);
    send(t, 1200);
    expect(t.got).toEqual([1172]);
  });
});

describe('RFC 4301 §8.2.1, §6.1: needfrag that nobody vouches for', () => {
  /** Somebody sends needfrag about `quoted` to the gateway. */
  function needfrag(mtu: number, quoted: Uint8Array): void {
    const message = icmpMessage(3, 4, mtu, quoted.slice(0, 28));
    const router = ipParse('10.0.1.2');
    const frame = ipPacket({ src: router, dst: ipParse('10.0.1.1'), proto: 1, payload: message });
    const { pool } = rig.hosts[ROUTER]!;
    const m = pool.alloc();
    pool.append(m, frame.length);
    pool.data.set(frame, pool.off[m]!);
    sendRaw(m);
    rig.pump();
  }
  function sendRaw(m: Mbuf): void {
    const router = rig.hosts[ROUTER]!;
    const ifp = router.inet.routeTo(ipParse('10.0.1.1'))!;
    const gwIf = gw.inet.routeTo(ipParse('10.0.1.2'))!;
    router.pool.prepend(m, 14);
    const at = router.pool.off[m]!;
    router.pool.data.set(concat(gwIf.lladdr!, ifp.lladdr!, [8, 0]), at);
    ifp.transmit(m);
  }
  const pmtu = (): number => gw.ipsec.sadb.list().find((sa) => sa.direction === 'out')!.pmtu;

  /** A first packet, as it went over the wire. */
  function first(): Uint8Array {
    send(talk(DF), 800);
    expect(wire.length).toBe(1);
    return wire[0]!;
  }

  it('about a packet that was sent: believed', () => {
    needfrag(700, first());
    expect(pmtu()).toBe(700);
  });

  it.each([
    ['another SPI', (p: Uint8Array) => p.set(u32(0x7777), 20)],
    ['another destination', (p: Uint8Array) => p.set(u32(ipParse('10.0.2.9')), 16)],
    ['another source', (p: Uint8Array) => p.set(u32(ipParse('10.0.1.9')), 12)],
    ['a sequence number not sent yet', (p: Uint8Array) => p.set(u32(2), 24)],
    ['sequence number 0', (p: Uint8Array) => p.set(u32(0), 24)],
    ['a packet that was no longer than the MTU told', (p: Uint8Array) => p.set([2, 188], 2)],
    ['the SA that we receive with', (p: Uint8Array) => p.set(u32(0x1002), 20)],
    ['an unknown protocol', (p: Uint8Array) => p.set([99], 9)],
  ])('about %s: not', (_what, change) => {
    const packet = first();
    change(packet);
    needfrag(700, packet);
    expect(pmtu()).toBe(0);
  });

  it('no lower than 576 bytes (RFC 1122 §3.3.3), however low it says', () => {
    needfrag(68, first());
    expect(pmtu()).toBe(576);
  });

  it('never higher than before, and again only when it is lower', () => {
    const packet = first();
    needfrag(700, packet);
    needfrag(750, packet);
    expect(pmtu()).toBe(700);
    needfrag(650, packet);
    expect(pmtu()).toBe(650);
    expect(rig.count(GW, 'ipsec.pmtuIgnored')).toBe(1);
  });

  it('RFC 1191 §7.1: without an MTU, the next one that networks have', () => {
    needfrag(0, first());
    expect(pmtu()).toBe(576);
  });

  it('not at all, if the administrator says so', () => {
    gw.ipsec.pmtu.isBelieved = false;
    needfrag(700, first());
    expect(pmtu()).toBe(0);
    expect(rig.count(GW, 'ipsec.pmtuIgnored')).toBe(1);
  });
});

describe('RFC 4303 §3.3.4: fragments and a tunnel', () => {
  it('a long datagram is cut before ESP: each piece is protected, none is cut on the way', () => {
    for (const end of narrow) end.mtu = 1500;
    const t = talk();
    send(t, 1490);
    expect(t.got).toEqual([1462]);
    expect(rig.count(GW, 'esp.out')).toBe(2);
    expect(rig.count(FAR, 'reass.fragments')).toBe(0);
    expect(rig.count(B, 'reass.whole')).toBe(1);
  });

  it('where policy asks for ports it is cut after ESP, and put together before it is decrypted', () => {
    rig.end();
    build();
    rig.hosts[GW]!.ipsec.spd.flush();
    rig.setkey(
      GW,
      `spdadd 192.168.1.0/24 192.168.2.0/24[7] udp -P out ipsec esp/tunnel/10.0.1.1-10.0.2.2/require;`,
    );
    for (const end of narrow) end.mtu = 1500;
    const t = talk();
    send(t, 1490);
    expect(t.got).toEqual([1462]);
    expect(rig.count(GW, 'esp.out')).toBe(1);
    expect(rig.count(FAR, 'reass.whole')).toBe(1);
    expect(rig.count(FAR, 'esp.inOk')).toBe(1);
  });

  it('fragments that come to the gateway are protected one by one', () => {
    for (const end of narrow) end.mtu = 1500;
    const t = talk();
    send(t, 6000);
    expect(t.got).toEqual([5972]);
    expect(rig.count(GW, 'ipsec.cutFirst')).toBe(4);
  });

  it('no mbuf for a piece: the packet is dropped, counted, and nothing of it was sent', () => {
    const t = talk();
    send(t, 100);
    wire.length = 0;
    const inside = rig.udp(GW);
    inside.bind(ipParse('192.168.1.2'), 0);
    const { pool } = gw;
    const alloc = pool.allocFor.bind(pool);
    let left = 2;
    pool.allocFor = (n) => (left-- > 0 ? alloc(n) : -1);
    inside.sendTo(new Uint8Array(1450), B_ADDR, 7);
    pool.allocFor = alloc;
    rig.pump();
    expect(rig.count(GW, 'ipsec.notCut')).toBe(1);
    expect(wire).toEqual([]);
  });
});

describe('RFC 4301 §5.1.2.1: DSCP and TTL of the outer header', () => {
  it('DSCP is copied, or the one that the SA has; ECN is copied either way (RFC 6040 §4.1)', () => {
    send(talk({ tos: 0xba }), 100);
    expect(wire[0]![1]).toBe(0xba);
    rig.end();
    build('-dscp 10');
    send(talk({ tos: 0xba }), 100);
    expect(wire[0]![1]).toBe((10 << 2) | 2);
  });

  it('the inner TTL is one less at each gateway, however long the tunnel; it has its own', () => {
    const { inet, pool } = rig.hosts[B]!;
    const ttls: number[] = [];
    inet.protosw.unregister(17);
    inet.protosw.register(17, (_inet, m) => {
      ttls.push(pool.data[pool.off[m]! + 8]!);
      pool.free(m);
    });
    const socket = rig.udp(A, { ttl: 9 });
    socket.sendTo(new Uint8Array(8), B_ADDR, 7);
    rig.pump();
    expect(wire[0]![8]).toBe(64);
    expect(ttls).toEqual([7]);
  });

  it('a TTL of 1 ends at the gateway, before it is protected', () => {
    const t = talk({ ttl: 1 });
    send(t, 100);
    expect(t.errors.map((e) => e.slice(0, 2))).toEqual([[11, 0]]);
    expect(wire).toEqual([]);
  });
});

describe('setkey(8) files may say so for each SA', () => {
  const add = (option: string) =>
    `add 10.0.0.1 10.0.0.2 esp 0x1001 ${option} -E aes-gcm-16 ${KEY};`;

  it.each([
    ['-df maybe', 'copy, set or clear'],
    ['-df', 'copy, set or clear'],
    ['-dscp 64', 'a DSCP from 0 to 63'],
    ['-dscp EF', 'a DSCP from 0 to 63'],
  ])('%s is refused with what was expected', (option, expected) => {
    expect(() => parseSetkey(add(option), 'f')).toThrow(expected);
  });
});
