// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, describe, expect, it } from 'vitest';
import { giveAddress, giveDefaultRoute, giveRoute, NET } from '../../src/harness/addressing.ts';
import { type IpAddr, ipAddrParse, ipAddrWords } from '../../src/header/ip_addr.ts';
import { ip6Parse } from '../../src/header/ip6.ts';
import { attachInterface } from '../../src/netinet/in_proto.ts';
import { ip6Forward } from '../../src/netinet/ip6_forward.ts';
import { NetRig } from '../lib/net_rig.ts';

/*
 *   A …1::1 ── ::2 gateway o1.1 ── .2 router o2.1 ── .2 gateway …2::1 ── ::2 B    (o2: MTU 1400)
 *   0                1               2                  3                4
 */
const [A, GW, ROUTER, FAR, B] = [0, 1, 2, 3, 4];
const OUTER = {
  4: { near: ['10.0.1.1', '10.0.1.2'], far: ['10.0.2.1', '10.0.2.2'] },
  6: { near: ['2001:db8:a::1', '2001:db8:a::2'], far: ['2001:db8:b::1', '2001:db8:b::2'] },
} as const;
const INNER = {
  a: ['2001:db8:1::1', '2001:db8:1::2'],
  b: ['2001:db8:2::1', '2001:db8:2::2'],
} as const;
const B_ADDR = ip6Parse(INNER.b[1]);
const KEYS = [
  '0x000102030405060708090a0b0c0d0e0f10111213',
  '0x202122232425262728292a2b2c2d2e2f30313233',
];

/** AES-GCM in a tunnel: outer header, ESP 8, IV 8, ICV 16, trailer 2 and padding to 4 bytes. */
const fits = (outer: 4 | 6, mtu: number): number => ((mtu - (outer === 4 ? 20 : 40) - 32) & ~3) - 2;

let rig: NetRig;
afterEach(() => rig.end());

function link(a: number, b: number, ends: readonly [string, string], mtu = 1500): void {
  const wires = rig.wire(a, b, mtu);
  for (const [i, n] of [a, b].entries()) {
    attachInterface(rig.hosts[n]!.inet, wires[i]!);
    giveAddress(rig.hosts[n]!.inet, wires[i]!, ipAddrParse(ends[i]!), NET);
  }
}

function ifTo(n: number, to: IpAddr) {
  const { inet } = rig.hosts[n]!;
  if (typeof to === 'number') return inet.routeTo(to)!;
  const [w0, w1, w2, w3] = ipAddrWords(to) as unknown as [number, number, number, number];
  return inet.ip6.routeTo(w0, w1, w2, w3)!;
}

function route(n: number, to: string, gateway: string): void {
  const via = ipAddrParse(gateway);
  giveRoute(rig.hosts[n]!.inet, ifTo(n, via), ipAddrParse(to), NET, via);
}

function build(outer: 4 | 6, proto = 'esp'): void {
  const o = OUTER[outer];
  rig = new NetRig(5);
  link(A, GW, INNER.a);
  link(GW, ROUTER, o.near);
  link(ROUTER, FAR, o.far, 1400);
  link(FAR, B, INNER.b);
  for (const [n, gateway] of [
    [A, INNER.a[1]],
    [B, INNER.b[0]],
  ] as const) {
    const via = ipAddrParse(gateway);
    giveDefaultRoute(rig.hosts[n]!.inet, ifTo(n, via), via);
  }
  route(GW, o.far[0], o.near[1]);
  route(FAR, o.near[0], o.far[0]);
  // Of its own family; what goes there is in the tunnel anyway.
  const { inet } = rig.hosts[GW]!;
  giveRoute(inet, ifTo(GW, ipAddrParse(o.near[1])), ipAddrParse(INNER.b[0]), NET, null);
  giveRoute(
    rig.hosts[FAR]!.inet,
    ifTo(FAR, ipAddrParse(o.far[0])),
    ipAddrParse(INNER.a[0]),
    NET,
    null,
  );
  rig.forwards(ROUTER);
  for (const n of [GW, ROUTER, FAR]) rig.hosts[n]!.inet.ip6.forward = ip6Forward;
  const [near, far] = [o.near[0], o.far[1]];
  for (const [n, out] of [
    [GW, true],
    [FAR, false],
  ] as const) {
    rig.setkey(
      n,
      `add ${near} ${far} ${proto} 0x1001 -m tunnel -r 8 -E aes-gcm-16 ${KEYS[0]};
       add ${far} ${near} ${proto} 0x1002 -m tunnel -r 8 -E aes-gcm-16 ${KEYS[1]};
       spdadd 2001:db8:1::/64 2001:db8:2::/64 any -P ${out ? 'out' : 'in'}
         ipsec esp/tunnel/${near}-${far}/require;
       spdadd 2001:db8:2::/64 2001:db8:1::/64 any -P ${out ? 'in' : 'out'}
         ipsec esp/tunnel/${far}-${near}/require;`,
    );
  }
}

/** What A believes of the path to B. */
function pathOfA(): number {
  const [w0, w1, w2, w3] = ipAddrWords(B_ADDR) as unknown as [number, number, number, number];
  return rig.hosts[A]!.inet.ip6.pmtu.lookup(w0, w1, w2, w3);
}

function talk(): { send: (packetBytes: number) => void; got: number[] } {
  const got: number[] = [];
  const server = rig.udp(B);
  server.bind(ip6Parse('::'), 7);
  server.onMessage((bytes) => got.push(bytes.length + 48));
  const socket = rig.udp(A);
  socket.connect(B_ADDR, 7);
  const send = (packetBytes: number): void => {
    socket.send(new Uint8Array(packetBytes - 48));
    rig.pump();
  };
  return { send, got };
}

describe.each([4, 6] as const)('RFC 4301 §8.2.1: IPv6 in a tunnel of IPv%i', (outer) => {
  it('packet too big says what fits the tunnel, and the sender keeps to it', () => {
    build(outer);
    const t = talk();
    t.send(1500);
    expect(t.got).toEqual([]);
    expect(rig.count(GW, 'forward6.tooBig')).toBe(1);
    expect(pathOfA()).toBe(fits(outer, 1500));
    expect(rig.count(GW, 'esp.out')).toBe(0);
  });
});

describe('RFC 4301 §8.2.1: a narrow place on the way', () => {
  it('IPv6 outside: packet too big about ESP lowers the SA, and then the sender is told', () => {
    build(6);
    const t = talk();
    t.send(fits(6, 1500));
    expect(t.got).toEqual([]);
    expect(rig.count(GW, 'ipsec.pmtuLowered')).toBe(1);
    t.send(fits(6, 1500));
    expect(pathOfA()).toBe(fits(6, 1400));
    t.send(fits(6, 1400));
    expect(t.got).toEqual([fits(6, 1400)]);
    // RFC 8200 §5: what is longer its source cuts.
    t.send(1500);
    expect(t.got.at(-1)).toBe(1500);
  });

  it('an end node, transport mode: packets that follow are cut to what the router said', () => {
    build(6);
    const [near, far] = [OUTER[6].near[0], OUTER[6].far[1]];
    const policy = (d: string) => `spdadd ${near} ${far} udp -P ${d} ipsec esp/transport//require;`;
    for (const [n, d] of [
      [GW, 'out'],
      [FAR, 'in'],
    ] as const) {
      const { ipsec } = rig.hosts[n]!;
      ipsec.sadb.flush();
      rig.setkey(n, `add ${near} ${far} esp 0x3001 -E aes-gcm-16 ${KEYS[0]}; ${policy(d)}`);
    }
    const got: number[] = [];
    const server = rig.udp(FAR);
    server.bind(ip6Parse('::'), 7);
    server.onMessage((bytes) => got.push(bytes.length));
    const send = (): void => {
      rig.udp(GW).sendTo(new Uint8Array(1400), ip6Parse(far), 7);
      rig.pump();
    };
    send();
    expect([got, rig.count(GW, 'ipsec.pmtuLowered')]).toEqual([[], 1]);
    send();
    expect(got).toEqual([1400]);
    expect(rig.count(FAR, 'reass.whole')).toBe(1);
  });

  it('IPv6 outside, ESP in UDP (RFC 3948): the same, eight bytes fewer fit', () => {
    build(6, 'esp-udp');
    const t = talk();
    t.send(fits(6, 1500 - 8));
    expect(t.got).toEqual([]);
    expect(rig.count(GW, 'ipsec.pmtuLowered')).toBe(1);
    t.send(fits(6, 1500 - 8));
    expect(pathOfA()).toBe(fits(6, 1400 - 8));
    t.send(fits(6, 1400 - 8));
    expect(t.got).toEqual([fits(6, 1400 - 8)]);
  });

  it('IPv4 outside: routers cut it, and the far gateway puts it together before ESP', () => {
    build(4);
    const t = talk();
    t.send(fits(4, 1500));
    expect(t.got).toEqual([fits(4, 1500)]);
    expect(rig.count(FAR, 'reass.whole')).toBe(1);
  });

  it('no link may seem narrower than 1280 (RFC 8200 §5): what ESP makes of that is cut outside', () => {
    build(6);
    const sa = rig.hosts[GW]!.ipsec.sadb.list().find((s) => s.direction === 'out')!;
    sa.pmtu = 1280;
    sa.pmtuDueCycle = 1e12;
    const t = talk();
    t.send(1400);
    expect(pathOfA()).toBe(1280);
    t.send(1280);
    expect(t.got).toEqual([1280]);
  });
});
