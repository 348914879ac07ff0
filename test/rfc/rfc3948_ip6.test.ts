// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/header/pcap.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { isUdpEncapSum, sumUdpEncap } from '../../src/netipsec/natt.ts';
import { sum6 } from '../lib/packets6.ts';
import { refOpen } from '../reference/esp.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig } from '../unit/netipsec/ipsec_rig.ts';

/*
 * ESP in UDP over IPv6. RFC 3948 is written for both families, but for the checksum: RFC 8200 §8.1 wants
 * one, and the tunnels that do without (RFC 6935 §5) have it agreed with their peer, as these are not.
 */

const [A6, B6] = ['2001:db8::1', '2001:db8::2'];
const IP6 = 40;
const UDP = 8;
const ETHER = 14;
const REF = {
  ...{ spi: 0x1001, cipher: 'aes-gcm-16', icvLen: 16 },
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  salt: Uint8Array.of(0x10, 0x11, 0x12, 0x13),
} as const;
const SAS = GCM_SAS.replaceAll('10.0.0.', '2001:db8::').replaceAll(' esp ', ' esp-udp ');
const bothWays = (a: string, b: string, request: (from: string, to: string) => string): string =>
  [
    [a, b],
    [b, a],
  ]
    .flatMap(([s, d]) =>
      ['out', 'in'].map((w) => `spdadd ${s} ${d} udp -P ${w} ipsec ${request(s!, d!)};`),
    )
    .join('\n');
const TRANSPORT = bothWays(A6, B6, () => 'esp/transport//require');
const TUNNEL_6 = bothWays(A6, B6, (s, d) => `esp/tunnel/${s}-${d}/require`);
const TUNNEL_4 = bothWays('10.0.0.1', '10.0.0.2', (s) =>
  s === '10.0.0.1' ? `esp/tunnel/${A6}-${B6}/require` : `esp/tunnel/${B6}-${A6}/require`,
);

/** UDP over IPv6 that went by A's interface. */
function tap(rig: IpsecRig): Buffer[] {
  const packets: Buffer[] = [];
  rig.a.ifp.onWire = (data, at, len) => {
    const p = Buffer.from(data.slice(at + ETHER, at + len));
    if (p[0]! >> 4 === 6 && p[6] === 17) packets.push(p);
    return true;
  };
  return packets;
}

/** Over a packet with a right checksum this is 0 (RFC 1071). */
function sumOver(p: Uint8Array): number {
  return sum6(p.subarray(8, 24), p.subarray(24, 40), 17, p.subarray(IP6));
}

function talk(rig: IpsecRig, family: 4 | 6, port = 7) {
  const got: string[] = [];
  new UdpSocket(rig.b.inet)
    .bind(family === 4 ? 0 : new Uint8Array(16), port)
    .onMessage((bytes) => got.push(Buffer.from(bytes).toString()));
  const send = (text: string): void => {
    const { addr, addr6 } = rig.b;
    new UdpSocket(rig.a.inet).sendTo(Buffer.from(text), family === 4 ? addr : addr6, port);
    rig.pump();
  };
  return { got, send };
}

/** Lets go wrong what A sends: change() has the packet from its IPv6 header on. */
function spoil(rig: IpsecRig, change: (p: Uint8Array) => void): void {
  rig.a.ifp.onWire = (data, at, len) => {
    const p = data.subarray(at + ETHER, at + len);
    if (p[0]! >> 4 === 6 && p[6] === 17) change(p);
    return true;
  };
}

describe.each([
  ['transport', TRANSPORT, 6, 17],
  ['tunnel, v6 in v6', TUNNEL_6, 6, 41],
  ['tunnel, v4 in v6', TUNNEL_4, 4, 4],
] as const)('RFC 3948 §2.1 over IPv6, %s', (_name, spd, inner, next) => {
  it.each([0, 1, 99, 1200])('%i bytes: ESP behind UDP with a checksum, and out of it', (n) => {
    const rig = createIpsecRig();
    rig.setkey(SAS + spd);
    const wire = tap(rig);
    const { got, send } = talk(rig, inner);
    send('x'.repeat(n));
    const [p] = wire;
    expect([p!.readUInt16BE(IP6), p!.readUInt16BE(IP6 + 2)]).toEqual([4500, 4500]);
    expect(p!.readUInt16BE(IP6 + 4)).toBe(p!.length - IP6);
    expect(p!.readUInt16BE(4)).toBe(p!.length - IP6);
    expect(p!.readUInt16BE(IP6 + 6)).not.toBe(0);
    expect(sumOver(p!)).toBe(0);
    expect(refOpen(REF, p!.subarray(IP6 + UDP))!.nextHeader).toBe(next);
    expect(got).toEqual(['x'.repeat(n)]);
    rig.end();
  });
});

describe('RFC 8200 §8.1: the checksum of ESP in UDP over IPv6', () => {
  it('is 0xffff where it comes out as zero', () => {
    const p = new Uint8Array(IP6 + UDP + 10);
    for (let i = 8; i < p.length; i++) p[i] = i * 7;
    const v = new DataView(p.buffer);
    v.setUint16(IP6 + 6, 0);
    v.setUint16(p.length - 2, 0);
    v.setUint16(p.length - 2, sumOver(p));
    expect(sumOver(p)).toBe(0);
    sumUdpEncap(v, 0, IP6, UDP + 10);
    expect(v.getUint16(IP6 + 6)).toBe(0xffff);
  });

  it.each(['39-natt-gcm256-tunnel-v6', '54-natt-chacha20-transport-v6'])(
    'is what Linux 6.1 sends: %s',
    (name) => {
      const url = new URL(`../data/linux-esp/${name}.pcap`, import.meta.url);
      const packets = [...readCapture(url.pathname)]
        .map((f) => f.bytes.slice(ETHER))
        .filter((p) => p[0]! >> 4 === 6 && p[6] === 17);
      expect(packets.length).toBeGreaterThan(20);
      for (const p of packets) {
        const v = new DataView(p.buffer, p.byteOffset, p.length);
        const sum = v.getUint16(IP6 + 6);
        const len = v.getUint16(IP6 + 4);
        expect(isUdpEncapSum(v, 0, IP6, len)).toBe(true);
        sumUdpEncap(v, 0, IP6, len);
        expect(v.getUint16(IP6 + 6)).toBe(sum);
      }
    },
  );

  it.each([
    ['none', (p: Uint8Array) => p.fill(0, IP6 + 6, IP6 + 8)],
    ['a wrong one', (p: Uint8Array) => p.fill(p[IP6 + 7]! ^ 1, IP6 + 7, IP6 + 8)],
  ])('%s: the packet is thrown away, and nothing of it is counted as ESP', (_name, change) => {
    const rig = createIpsecRig();
    rig.setkey(SAS + TRANSPORT);
    const { got, send } = talk(rig, 6);
    spoil(rig, change);
    send('hello');
    expect(got).toEqual([]);
    expect(rig.b.counters.get('esp.udpBadSum')).toBe(1);
    expect(rig.b.counters.get('esp.in')).toBe(0);
    rig.end();
  });
});

describe('RFC 3948 over IPv6', () => {
  it.each([
    ['esp-udp', SAS.replace(`${A6} ${B6}`, `${A6}[1234] ${B6}[5678]`)],
    [
      '-natt',
      SAS.replaceAll('esp-udp', 'esp').replace('-r 8', `-r 8 -natt ${A6}[1234] ${B6}[5678]`),
    ],
  ])('%s: ports of the SA are those of its packets', (_name, sas) => {
    const rig = createIpsecRig();
    rig.setkey(sas + TRANSPORT);
    const wire = tap(rig);
    const { got, send } = talk(rig, 6);
    send('hello');
    expect([wire[0]!.readUInt16BE(IP6), wire[0]!.readUInt16BE(IP6 + 2)]).toEqual([1234, 5678]);
    expect(got).toEqual(['hello']);
    rig.end();
  });

  it('§2.2: what begins with the non-ESP marker is IKE, and a socket gets it as it is', () => {
    const rig = createIpsecRig();
    const bypass = ['out', 'in'].map((d) => `spdadd ::/0 ::/0[4500] udp -P ${d} none;`);
    rig.setkey(SAS + bypass.join('') + TRANSPORT);
    const { got, send } = talk(rig, 6, 4500);
    send('\0\0\0\0IKE');
    expect(got).toEqual(['\0\0\0\0IKE']);
    rig.end();
  });

  it('§2.3, §4: keep-alives are sent after silence, with a checksum, and thrown away', () => {
    const rig = createIpsecRig();
    rig.setkey(SAS + TRANSPORT);
    const { sadb } = rig.ipsecA;
    const old = sadb.find(rig.b.addr6, 0x1001)!;
    const key = Buffer.concat([old.key, old.salt]);
    const p = { src: rig.a.addr6, dst: rig.b.addr6, spi: 0x1001, cipher: 'aes-gcm-16', key };
    sadb.update({ ...p, natt: { sport: 4500, dport: 4500, keepaliveSeconds: 20 } });
    const wire = tap(rig);
    talk(rig, 6).send('hello');
    const at = (seconds: number): number => {
      rig.clock.cycle = secondsToCycles(seconds);
      rig.ipsecA.timers();
      rig.pump();
      return rig.a.counters.get('esp.keepaliveOut');
    };
    expect([at(19.9), at(20), at(21), at(40)]).toEqual([0, 1, 1, 2]);
    expect(rig.b.counters.get('esp.keepaliveIn')).toBe(2);
    const keepalive = wire.at(-1)!;
    expect(keepalive.length).toBe(IP6 + UDP + 1);
    expect([keepalive.readUInt16BE(IP6), keepalive.at(-1)]).toEqual([4500, 0xff]);
    expect(sumOver(keepalive)).toBe(0);
    rig.end();
  });

  it('a peer at another port is followed when the SA is to follow', () => {
    const rig = createIpsecRig();
    rig.setkey(SAS + TRANSPORT);
    const { sadb } = rig.ipsecB;
    const old = sadb.find(rig.b.addr6, 0x1001)!;
    const key = Buffer.concat([old.key, old.salt]);
    const p = { src: rig.a.addr6, dst: rig.b.addr6, spi: 0x1001, cipher: 'aes-gcm-16', key };
    sadb.update({ ...p, natt: { sport: 4500, dport: 4500, follow: true } });
    const { got, send } = talk(rig, 6);
    // A NAT: another port, and the checksum of it (RFC 1624).
    spoil(rig, (p) => {
      const v = new DataView(p.buffer, p.byteOffset, p.length);
      v.setUint16(IP6, 40_000);
      v.setUint16(IP6 + 6, 0);
      v.setUint16(IP6 + 6, sumOver(p));
    });
    send('hello');
    expect(got).toEqual(['hello']);
    expect(rig.b.counters.get('esp.peerMoved')).toBe(1);
    expect(sadb.find(rig.a.addr6, 0x1002)!.natt!.dport).toBe(40_000);
    rig.end();
  });

  it('§3.1.2: transport mode behind a NAT of addresses, the checksum inside is made anew', () => {
    const rig = createIpsecRig();
    rig.setkeyOf('a', SAS + TRANSPORT);
    rig.setkeyOf('b', (SAS + TRANSPORT).replaceAll(`${A6} ${B6}`, `2001:db8::9 ${B6}`));
    spoil(rig, (p) => {
      p[23] = 9;
      const v = new DataView(p.buffer, p.byteOffset, p.length);
      v.setUint16(IP6 + 6, 0);
      v.setUint16(IP6 + 6, sumOver(p));
    });
    const { got, send } = talk(rig, 6);
    send('hello');
    expect(got, JSON.stringify(rig.b.counters.nonZero())).toEqual(['hello']);
    expect(rig.b.counters.get('udp6.badSum')).toBe(0);
    rig.end();
  });

  it('bare ESP of an SA whose ESP is in UDP is refused', () => {
    const rig = createIpsecRig();
    rig.setkeyOf('a', SAS.replaceAll('esp-udp', 'esp') + TRANSPORT);
    rig.setkeyOf('b', SAS + TRANSPORT);
    const { got, send } = talk(rig, 6);
    send('hello');
    expect(got).toEqual([]);
    expect(rig.b.counters.get('esp.encapMisfit')).toBe(1);
    rig.end();
  });
});
