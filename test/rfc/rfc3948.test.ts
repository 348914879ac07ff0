// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { cksum } from '../../src/header/cksum.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { refOpen } from '../reference/esp.ts';
import {
  createIpsecRig,
  GCM_SAS,
  type IpsecRig,
  TRANSPORT,
  TUNNEL,
} from '../unit/netipsec/ipsec_rig.ts';

const IP = 20;
const UDP = 8;
const REF = {
  ...{ spi: 0x1001, cipher: 'aes-gcm-16', icvLen: 16 },
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  salt: Uint8Array.of(0x10, 0x11, 0x12, 0x13),
} as const;
const NATT_SAS = GCM_SAS.replaceAll(' esp ', ' esp-udp ');

/** IPv4 packets that went by A's interface. */
function tap(rig: IpsecRig): Buffer[] {
  const packets: Buffer[] = [];
  rig.a.ifp.onWire = (data, at, len) => {
    if (data[at + 12] === 8 && data[at + 13] === 0) {
      packets.push(Buffer.from(data.slice(at + 14, at + len)));
    }
    return true;
  };
  return packets;
}

function listen(rig: IpsecRig, port: number): Buffer[] {
  const got: Buffer[] = [];
  new UdpSocket(rig.b.inet).bind(0, port).onMessage((bytes) => got.push(Buffer.from(bytes)));
  return got;
}

function send(rig: IpsecRig, text: string, port = 7): void {
  new UdpSocket(rig.a.inet).sendTo(Buffer.from(text), rig.b.addr, port);
  rig.pump();
}

describe.each([
  ['transport', TRANSPORT, 17],
  ['tunnel', TUNNEL, 4],
])('RFC 3948 §2.1 UDP-encapsulated ESP, %s mode', (_mode, spd, next) => {
  it('is ESP behind a UDP header of port 4500 with no checksum, and comes out of it', () => {
    const rig = createIpsecRig();
    rig.setkey(NATT_SAS + spd);
    const wire = tap(rig);
    const got = listen(rig, 7);
    send(rig, 'hello');
    const [p] = wire;
    expect(p![9]).toBe(17);
    expect([p!.readUInt16BE(IP), p!.readUInt16BE(IP + 2)]).toEqual([4500, 4500]);
    expect([p!.readUInt16BE(IP + 4), p!.readUInt16BE(IP + 6)]).toEqual([p!.length - IP, 0]);
    const inside = refOpen(REF, p!.subarray(IP + UDP))!;
    expect(inside.nextHeader).toBe(next);
    expect(got.map(String)).toEqual(['hello']);
    rig.end();
  });
});

describe('RFC 3948', () => {
  it('ports of the SA are those of its packets', () => {
    const rig = createIpsecRig();
    const ports = NATT_SAS.replace('10.0.0.1 10.0.0.2', '10.0.0.1[1234] 10.0.0.2[5678]');
    rig.setkey(ports + TRANSPORT);
    const wire = tap(rig);
    const got = listen(rig, 7);
    send(rig, 'hello');
    expect([wire[0]!.readUInt16BE(IP), wire[0]!.readUInt16BE(IP + 2)]).toEqual([1234, 5678]);
    expect(got.length).toBe(1);
    rig.end();
  });

  it("FreeBSD's -natt says the same", () => {
    const rig = createIpsecRig();
    const natt = '-r 8 -natt 10.0.0.1[4500] 10.0.0.2[4500]';
    rig.setkey(GCM_SAS.replaceAll('-r 8', natt) + TRANSPORT);
    const wire = tap(rig);
    send(rig, 'hello');
    expect(wire[0]!.readUInt16BE(IP + 2)).toBe(4500);
    rig.end();
  });

  it('§2.2: what begins with the non-ESP marker is IKE, and a socket gets it as it is', () => {
    const rig = createIpsecRig();
    const bypass = ['out', 'in'].map((d) => `spdadd 0.0.0.0/0 0.0.0.0/0[4500] udp -P ${d} none;`);
    rig.setkey(NATT_SAS + bypass.join('') + TRANSPORT);
    const got = listen(rig, 4500);
    send(rig, '\0\0\0\0IKE', 4500);
    expect(got.map(String)).toEqual(['\0\0\0\0IKE']);
    rig.end();
  });

  it('§2.3, §4: keep-alives are sent after silence, at the time, and thrown away', () => {
    const rig = createIpsecRig();
    rig.setkey(NATT_SAS + TRANSPORT);
    const { sadb } = rig.ipsecA;
    const old = sadb.find(rig.b.addr, 0x1001)!;
    const key = Buffer.concat([old.key, old.salt]);
    const p = { src: rig.a.addr, dst: rig.b.addr, spi: 0x1001, cipher: 'aes-gcm-16', key };
    sadb.update({ ...p, natt: { sport: 4500, dport: 4500, keepaliveSeconds: 20 } });
    const wire = tap(rig);
    send(rig, 'hello');
    const at = (seconds: number): number => {
      rig.clock.cycle = secondsToCycles(seconds);
      rig.ipsecA.timers();
      rig.pump();
      return rig.a.counters.get('esp.keepaliveOut');
    };
    expect([at(19.9), at(20), at(21), at(39.9), at(40)]).toEqual([0, 1, 1, 1, 2]);
    expect(rig.b.counters.get('esp.keepaliveIn')).toBe(2);
    const keepalive = wire.at(-1)!;
    expect(keepalive.subarray(IP).toString('hex')).toBe('119411940009' + '0000' + 'ff');
    expect(rig.b.counters.get('ip.refusedByPolicy')).toBe(0);
    rig.end();
  });

  /** A NAT that gives A's packets another source port. */
  function natPort(rig: IpsecRig, port: number): void {
    rig.a.ifp.onWire = (data, at) => {
      if (data[at + 23] === 17) data.set([port >> 8, port & 255], at + 14 + IP);
      return true;
    };
  }

  it('a peer at another port is counted, and answered where it was', () => {
    const rig = createIpsecRig();
    rig.setkey(NATT_SAS + TRANSPORT);
    natPort(rig, 40_000);
    const got = listen(rig, 7);
    send(rig, 'hello');
    expect(got.length).toBe(1);
    expect(rig.b.counters.get('esp.peerMoved')).toBe(1);
    expect(rig.ipsecB.sadb.find(rig.a.addr, 0x1002)!.natt!.dport).toBe(4500);
    rig.end();
  });

  it('and where it is now, when the SA is to follow: for authentic packets alone', () => {
    const rig = createIpsecRig();
    rig.setkey(NATT_SAS + TRANSPORT);
    const { sadb } = rig.ipsecB;
    const old = sadb.find(rig.b.addr, 0x1001)!;
    const key = Buffer.concat([old.key, old.salt]);
    const p = { src: rig.a.addr, dst: rig.b.addr, spi: 0x1001, cipher: 'aes-gcm-16', key };
    sadb.update({ ...p, natt: { sport: 4500, dport: 4500, follow: true } });
    const back = sadb.find(rig.a.addr, 0x1002)!;
    rig.a.ifp.onWire = (data, at, len) => {
      if (data[at + 23] === 17) data.set([0x9c, 0x40], at + 14 + IP);
      if (data[at + 23] === 17) data[at + len - 1]! ^= 1;
      return true;
    };
    send(rig, 'forged');
    expect(back.natt!.dport).toBe(4500);
    natPort(rig, 40_000);
    send(rig, 'hello');
    expect(back.natt!.dport).toBe(40_000);
    rig.end();
  });

  it('§3.1.2: transport mode behind a NAT of addresses, the checksum inside is mended', () => {
    const rig = createIpsecRig();
    const inside = NATT_SAS + TRANSPORT;
    rig.setkeyOf('a', inside);
    rig.setkeyOf('b', inside.replaceAll('10.0.0.1 10.0.0.2', '10.0.0.9 10.0.0.2'));
    rig.a.ifp.onWire = (data, at) => {
      if (data[at + 23] !== 17) return true;
      const v = new DataView(data.buffer, data.byteOffset);
      v.setUint32(at + 14 + 12, 0x0a000009);
      v.setUint16(at + 14 + 10, 0);
      v.setUint16(at + 14 + 10, cksum(v, at + 14, IP));
      return true;
    };
    const got = listen(rig, 7);
    send(rig, 'hello');
    expect(got.map(String), JSON.stringify(rig.b.counters.nonZero())).toEqual(['hello']);
    rig.end();
  });

  it('bare ESP of an SA whose ESP is in UDP is refused', () => {
    const rig = createIpsecRig();
    rig.setkeyOf('a', GCM_SAS + TRANSPORT);
    rig.setkeyOf('b', NATT_SAS + TRANSPORT);
    const got = listen(rig, 7);
    send(rig, 'hello');
    expect(got.length).toBe(0);
    expect(rig.b.counters.get('esp.encapMisfit')).toBe(1);
    rig.end();
  });
});
