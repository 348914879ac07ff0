// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { cksumAdd } from '../../src/header/cksum.ts';
import { EOPNOTSUPP } from '../../src/kern/errno.ts';
import { IFCAP_IPSEC } from '../../src/net/ifnet.ts';
import { icmp6Echo } from '../../src/netinet/icmp6.ts';
import { ip6Output } from '../../src/netinet/ip6_output.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import type { OffloadSa } from '../../src/netipsec/pact.ts';
import { refOpen } from '../reference/esp.ts';
import { FakeCard } from '../unit/netipsec/fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig } from '../unit/netipsec/ipsec_rig.ts';

const [A4, B4, A6, B6] = ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2'];
const REF = {
  ...{ spi: 0x1001, cipher: 'aes-gcm-16', icvLen: 16 },
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  salt: Uint8Array.of(0x10, 0x11, 0x12, 0x13),
} as const;
const IP6 = 40;

/** SAs between the IPv4 addresses, or the IPv6 ones. */
function sas(family: 4 | 6, mode: string): string {
  const with6 = GCM_SAS.replaceAll(A4, A6).replaceAll(B4, B6);
  return (family === 4 ? GCM_SAS : with6).replaceAll('-r 8', `-r 8 -m ${mode}`);
}

function spd(a: string, b: string, request: (from: string, to: string) => string): string {
  const both: [string, string][] = [
    [a, b],
    [b, a],
  ];
  return both
    .flatMap(([s, d]) => ['out', 'in'].map((w) => `spdadd ${s} ${d} udp -P ${w} ${request(s, d)};`))
    .join('\n');
}

/** ESP packets that went by A's interface, from the IP header on. */
function tap(rig: IpsecRig): Buffer[] {
  const packets: Buffer[] = [];
  rig.a.ifp.onWire = (data, at, len) => {
    const p = Buffer.from(data.slice(at + 14, at + len));
    const isEsp = p[0]! >> 4 === 4 ? p[9] === 50 : p[6] === 50;
    if (isEsp) packets.push(p);
    return true;
  };
  return packets;
}

describe.each([
  ['transport, IPv6', 6, 6, 'transport', 17],
  ['tunnel, v4 in v4', 4, 4, 'tunnel', 4],
  ['tunnel, v6 in v6', 6, 6, 'tunnel', 41],
  ['tunnel, v4 in v6', 4, 6, 'tunnel', 4],
  ['tunnel, v6 in v4', 6, 4, 'tunnel', 41],
] as const)('RFC 4303 §3.1 ESP %s', (_name, inner, outer, mode, next) => {
  function ready(): IpsecRig {
    const rig = createIpsecRig();
    const [a, b] = inner === 4 ? [A4, B4] : [A6, B6];
    const tunnel = (from: string): string => {
      const isAb = from === a;
      const ends = outer === 4 ? [A4, B4] : [A6, B6];
      return `ipsec esp/tunnel/${(isAb ? ends : ends.toReversed()).join('-')}/require`;
    };
    const request = mode === 'tunnel' ? tunnel : () => 'ipsec esp/transport//require';
    rig.setkey(sas(outer, mode) + spd(a, b, request));
    return rig;
  }

  it.each([0, 1, 100, 1200])('carries a datagram of %i bytes, next header as it should be', (n) => {
    const rig = ready();
    const wire = tap(rig);
    const sent = Uint8Array.from({ length: n }, (_, i) => i);
    let got: Uint8Array | null = null;
    const b = new UdpSocket(rig.b.inet);
    if (inner === 4) b.bind(0, 7);
    else b.bind(new Uint8Array(16), 7);
    b.onMessage((bytes) => {
      got = bytes;
    });
    new UdpSocket(rig.a.inet).sendTo(sent, inner === 4 ? rig.b.addr : rig.b.addr6, 7);
    rig.pump();
    expect(got, JSON.stringify(rig.b.counters.nonZero())).toEqual(sent);
    const [p] = wire;
    expect(wire.length).toBe(1);
    expect(p![0]! >> 4).toBe(outer);
    const espOff = outer === 4 ? 20 : IP6;
    const length = outer === 4 ? p!.readUInt16BE(2) : p!.readUInt16BE(4) + IP6;
    expect(length).toBe(p!.length);
    const inside = refOpen(REF, p!.subarray(espOff))!;
    expect(inside.nextHeader).toBe(next);
    if (mode === 'tunnel') expect(inside.payload[0]! >> 4).toBe(inner);
    rig.end();
  });

  it.each([3000, 9000])('carries %i bytes in pieces that fit the MTU', (n) => {
    const rig = ready();
    const sent = Uint8Array.from({ length: n }, (_, i) => i * 7);
    let longest = 0;
    rig.a.ifp.onWire = (_data, _at, len) => {
      longest = Math.max(longest, len);
      return true;
    };
    let got: Uint8Array | null = null;
    const b = new UdpSocket(rig.b.inet).bind(inner === 4 ? 0 : new Uint8Array(16), 7);
    b.onMessage((bytes) => {
      got = bytes;
    });
    new UdpSocket(rig.a.inet).sendTo(sent, inner === 4 ? rig.b.addr : rig.b.addr6, 7);
    rig.pump();
    expect(got, JSON.stringify(rig.b.counters.nonZero())).toEqual(sent);
    expect(longest).toBeGreaterThan(1400);
    expect(longest).toBeLessThanOrEqual(1500 + 14);
    rig.end();
  });

  it('in clear it is not let in', () => {
    const rig = ready();
    rig.ipsecA.spd.flush();
    let got = 0;
    const b = new UdpSocket(rig.b.inet).bind(inner === 4 ? 0 : new Uint8Array(16), 7);
    b.onMessage(() => {
      got++;
    });
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(1), inner === 4 ? rig.b.addr : rig.b.addr6, 7);
    rig.pump();
    expect(got).toBe(0);
    expect(rig.b.counters.get('ipsec.inPolicy')).toBe(1);
    rig.end();
  });
});

describe('RFC 4303 §3.1.1 where ESP goes in an IPv6 packet', () => {
  /** IPv6, hop-by-hop options, destination options, UDP to port 7 with 4 bytes. */
  function packet(rig: IpsecRig, extensions: readonly number[]): Buffer {
    const headers = extensions.map((_, i) => [extensions[i + 1] ?? 17, 0, 1, 4, 0, 0, 0, 0]);
    const udp = Buffer.from([0x13, 0x88, 0, 7, 0, 12, 0, 0, 1, 2, 3, 4]);
    const ext = Buffer.from(headers.flat());
    const ip = Buffer.alloc(IP6);
    ip[0] = 0x60;
    ip.writeUInt16BE(ext.length + udp.length, 4);
    ip[6] = extensions[0] ?? 17;
    ip[7] = 64;
    ip.set(rig.a.addr6, 8);
    ip.set(rig.b.addr6, 24);
    const pseudo = Buffer.concat([ip.subarray(8), Buffer.from([0, 0, 0, udp.length, 0, 0, 0, 17])]);
    const all = Buffer.concat([pseudo, udp]);
    const sum = cksumAdd(new DataView(all.buffer, all.byteOffset), 0, all.length, 0);
    udp.writeUInt16BE(~sum & 0xffff, 6);
    return Buffer.concat([ip, ext, udp]);
  }

  function transmit(rig: IpsecRig, bytes: Uint8Array): number {
    const { pool } = rig.a;
    const m = pool.alloc();
    pool.append(m, bytes.length);
    pool.data.set(bytes, pool.off[m]!);
    const error = ip6Output(rig.a.inet, m);
    rig.pump();
    return error;
  }

  it.each([
    ['hop-by-hop options stay in front, destination options go in', [0, 60], 8, 60],
    ['hop-by-hop options alone', [0], 8, 17],
    ['destination options alone go in', [60], 0, 60],
    ['no extension header', [], 0, 17],
  ] as const)('%s', (_name, extensions, before, next) => {
    const rig = createIpsecRig();
    rig.setkey(sas(6, 'transport') + spd(A6, B6, () => 'ipsec esp/transport//require'));
    const wire: Buffer[] = [];
    rig.a.ifp.onWire = (data, at, len) => {
      const p = Buffer.from(data.slice(at + 14, at + len));
      if (p[0]! >> 4 === 6 && p[6] !== 58) wire.push(p);
      return true;
    };
    let got = 0;
    new UdpSocket(rig.b.inet).bind(new Uint8Array(16), 7).onMessage(() => {
      got++;
    });
    expect(transmit(rig, packet(rig, extensions))).toBe(0);
    const [p] = wire;
    // The field that had named what is in ESP now names ESP.
    expect(before === 0 ? p![6] : p![IP6]).toBe(50);
    expect(refOpen(REF, p!.subarray(IP6 + before))!.nextHeader).toBe(next);
    expect(got, JSON.stringify(rig.b.counters.nonZero())).toBe(1);
    rig.end();
  });

  it('RFC 4301 §5.1.2.2: the header of a tunnel has traffic class and flow label of the inner one', () => {
    const rig = createIpsecRig();
    rig.setkey(
      sas(6, 'tunnel') + spd(A6, B6, (from, to) => `ipsec esp/tunnel/${from}-${to}/require`),
    );
    const wire = tap(rig);
    const inner = packet(rig, []);
    inner.writeUInt32BE(0x6b8abcde, 0); // class 0xb8, label 0xabcde
    expect(transmit(rig, inner)).toBe(0);
    const [p] = wire;
    expect(p!.readUInt32BE(0).toString(16)).toBe('6b8abcde');
    expect(refOpen(REF, p!.subarray(IP6))!.payload[0]! >> 4).toBe(6);
    rig.end();
  });

  it('RFC 4301 §5.1.2.2: or the DSCP that the SA has', () => {
    const rig = createIpsecRig();
    rig.setkey(
      sas(6, 'tunnel').replaceAll('-r 8', '-r 8 -dscp 10') +
        spd(A6, B6, (from, to) => `ipsec esp/tunnel/${from}-${to}/require`),
    );
    const wire = tap(rig);
    const inner = packet(rig, []);
    inner.writeUInt32BE(0x6bb00000, 0); // class 0xbb: DSCP 46, ECN 3
    expect(transmit(rig, inner)).toBe(0);
    expect(((wire[0]!.readUInt32BE(0) >> 20) & 255).toString(16)).toBe('2b'); // DSCP 10, ECN 3
    rig.end();
  });

  it('§3.3.4: a fragment is not for transport mode', () => {
    const rig = createIpsecRig();
    const any = spd(A6, B6, () => 'ipsec esp/transport//require').replaceAll(' udp ', ' any ');
    rig.setkey(sas(6, 'transport') + any);
    const whole = packet(rig, []);
    const fragment = Buffer.concat([
      whole.subarray(0, IP6),
      Buffer.from([17, 0, 0, 1, 0, 0, 0, 9]),
      whole.subarray(IP6, IP6 + 8),
    ]);
    fragment[6] = 44;
    fragment.writeUInt16BE(16, 4);
    expect(transmit(rig, fragment)).not.toBe(0);
    expect(rig.a.counters.get('ipsec.badPacket')).toBe(1);
    rig.end();
  });
});

describe('RFC 4301 §5.1 two tunnels of IPv6, AH round ESP', () => {
  it('find room for all their headers and trailers', () => {
    const rig = createIpsecRig();
    const ah = [
      `add ${A6} ${B6} ah 0x3001 -m tunnel -A hmac-sha2-512 0x${'61'.repeat(64)};`,
      `add ${B6} ${A6} ah 0x3002 -m tunnel -A hmac-sha2-512 0x${'62'.repeat(64)};`,
    ].join('\n');
    const cbc = [
      `add ${A6} ${B6} esp 0x1001 -m tunnel -E aes-cbc 0x${'63'.repeat(32)}
        -A hmac-sha2-512 0x${'64'.repeat(64)};`,
      `add ${B6} ${A6} esp 0x1002 -m tunnel -E aes-cbc 0x${'65'.repeat(32)}
        -A hmac-sha2-512 0x${'66'.repeat(64)};`,
    ].join('\n');
    const both = (s: string, d: string) =>
      `ipsec esp/tunnel/${s}-${d}/require ah/tunnel/${s}-${d}/require`;
    rig.setkey(ah + cbc + spd(A6, B6, both));
    let got = 0;
    new UdpSocket(rig.b.inet).bind(new Uint8Array(16), 7).onMessage((bytes) => {
      got += bytes.length;
    });
    const a = new UdpSocket(rig.a.inet);
    for (const n of [1, 1000, 1200, 1400]) a.sendTo(new Uint8Array(n), rig.b.addr6, 7);
    rig.pump();
    expect(got, JSON.stringify(rig.a.counters.nonZero())).toBe(3601);
    rig.end();
  });
});

describe('RFC 4301 §4.4.1.1 neighbour discovery', () => {
  it('is not encrypted by a policy for all, nor refused: with its neighbour found, ESP can be', () => {
    const rig = createIpsecRig();
    const nd = [133, 134, 135, 136, 137].flatMap((type) =>
      ['out', 'in'].map((w) => `spdadd ::/0 ::/0 icmp6 ${type} -P ${w} none;`),
    );
    const all = ['out', 'in'].map(
      (w) => `spdadd ::/0 ::/0 any -P ${w} ipsec esp/transport//require;`,
    );
    rig.setkey(sas(6, 'transport') + nd.join('') + all.join(''));
    let got = 0;
    new UdpSocket(rig.b.inet).bind(new Uint8Array(16), 7).onMessage(() => {
      got++;
    });
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(1), rig.b.addr6, 7);
    rig.pump();
    expect(got, JSON.stringify(rig.a.counters.nonZero())).toBe(1);
    rig.end();
  });
});

describe('RFC 4301 §4.4.1.1 selectors', () => {
  it('an ICMPv6 type is one: echo requests go by ESP, their replies and all else in clear', () => {
    const rig = createIpsecRig();
    const request = (w: string) =>
      `spdadd ::/0 ::/0 icmp6 128,0 -P ${w} ipsec esp/transport//require;`;
    rig.setkey(sas(6, 'transport') + request('out') + request('in'));
    const esp = tap(rig);
    expect(icmp6Echo(rig.a.inet, rig.b.addr6, 1, 1, new Uint8Array(8))).toBe(0);
    rig.pump();
    expect(esp.length).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect([rig.b.counters.get('esp.out'), rig.a.counters.get('icmp6.echoed')]).toEqual([0, 1]);
    rig.end();
  });
});

describe('a card that does IPv4 only', () => {
  it('says so, and software does it', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    const offered: OffloadSa[] = [];
    card.saInstall = (sa) => {
      offered.push(sa);
      return { ok: false, errno: EOPNOTSUPP, reason: 'IPv4 only' };
    };
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.setkey(sas(6, 'transport') + spd(A6, B6, () => 'ipsec esp/transport//require'));
    expect(offered.map((sa) => [sa.family, Buffer.from(sa.dst)])).toEqual([
      [6, Buffer.from(rig.b.addr6)],
      [6, Buffer.from(rig.a.addr6)],
    ]);
    new UdpSocket(rig.a.inet).sendTo(Uint8Array.of(1), rig.b.addr6, 7);
    rig.pump();
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.ipsecA.reasons.list()[0]!.reason).toBe('algorithmNotSupported');
    expect(rig.ipsecA.sadb.list()[0]!.refusal!.text).toBe('mem2: IPv4 only');
    rig.end();
  });
});
