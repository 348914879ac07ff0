// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../src/header/ip.ts';
import { ip6Parse } from '../../src/header/ip6.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import type { Sa } from '../../src/netipsec/sa.ts';
import { concat, etherFrame, icmpMessage, ipPacket, u16, u32 } from '../lib/packets.ts';
import { icmp6Message, ip6Packet } from '../lib/packets6.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig } from '../unit/netipsec/ipsec_rig.ts';

/*
 * RFC 4301 §8.2.1 with ESP in UDP. A router that quotes the eight bytes of RFC 792 quotes the UDP header
 * alone: the path is that of all SAs between these ends and ports. One that quotes more tells the SPI.
 */

const SPI = 0x1001;
const YOUNG = 0x2001;
const UDP = 8;
const ENDS = {
  4: { a: '10.0.0.1', b: '10.0.0.2', headerLen: 20, least: 576 },
  6: { a: '2001:db8::1', b: '2001:db8::2', headerLen: 40, least: 1280 },
} as const;

let rig: IpsecRig;
beforeEach(() => {
  rig = createIpsecRig();
});
afterEach(() => rig.end());

/** SAs of two generations, both in UDP, and a transport policy; the young one sends. */
function start(family: 4 | 6, sas = ' esp-udp '): void {
  const { a, b } = ENDS[family];
  const of = (text: string): string => text.replaceAll('10.0.0.1', a).replaceAll('10.0.0.2', b);
  const old = of(GCM_SAS).replaceAll(' esp ', sas);
  const young = old
    .replaceAll('0x100', '0x200')
    .replaceAll('10111213;', '99999999;')
    .replaceAll('30313233;', 'aaaaaaaa;');
  rig.setkey(`${old}${young}
    spdadd ${a} ${b} udp -P out ipsec esp/transport//require;
    spdadd ${a} ${b} udp -P in ipsec esp/transport//require;`);
}

function sa(family: 4 | 6, spi: number): Sa {
  return rig.ipsecA.sadb.find(family === 4 ? rig.b.addr : rig.b.addr6, spi)!;
}

/** A packet of 1300 bytes of data, as it left A. */
function sent(family: 4 | 6): Uint8Array {
  let packet = new Uint8Array(0);
  rig.a.ifp.onWire = (data, at, len) => {
    if (len > 1000) packet = data.slice(at + 14, at + len);
    return true;
  };
  const { addr, addr6 } = rig.b;
  new UdpSocket(rig.a.inet).sendTo(new Uint8Array(1300), family === 4 ? addr : addr6, 7);
  rig.pump();
  rig.a.ifp.onWire = null;
  expect(packet.length).toBeGreaterThan(1300);
  return packet;
}

/** A router says of a packet, whose first bytes it quotes, that only mtu bytes would have passed. */
function tell(family: 4 | 6, mtu: number, quoted: Uint8Array): void {
  const { lladdr } = rig.a.ifp;
  const from = Uint8Array.of(2, 0, 0, 0, 0, 9);
  if (family === 4) {
    const payload = icmpMessage(3, 4, mtu, quoted);
    const packet = ipPacket({ src: ipParse('10.0.0.9'), dst: rig.a.addr, proto: 1, payload });
    rig.a.ifp.inject(etherFrame(lladdr, from, 0x800, packet));
  } else {
    const src = ip6Parse('2001:db8::9');
    const payload = icmp6Message(src, rig.a.addr6, 2, 0, mtu, quoted);
    const packet = ip6Packet({ src, dst: rig.a.addr6, nxt: 58, payload });
    rig.a.ifp.inject(etherFrame(lladdr, from, 0x86dd, packet));
  }
  rig.pump();
}

describe.each([4, 6] as const)('RFC 4301 §8.2.1, RFC 3948: ESP in UDP over IPv%i', (family) => {
  const { headerLen, least } = ENDS[family];
  const mtu = 1290;
  /** All of UDP's header, and of ESP's. */
  const PORTS = headerLen + UDP;
  const NUMBER = PORTS + 8;
  const pmtus = (): number[] => [sa(family, SPI).pmtu, sa(family, YOUNG).pmtu];

  it('its header is quoted: the path is that of the SAs between these ends and ports', () => {
    start(family);
    const packet = sent(family);
    sa(family, SPI).seq = 3; // it sent too, before
    tell(family, mtu, packet.slice(0, PORTS));
    expect(pmtus()).toEqual([mtu, mtu]);
    expect(rig.a.counters.get('ipsec.pmtuLowered')).toBe(1);
    expect(rig.ipsecA.pmtu.of(sa(family, YOUNG), rig.a.ifp)).toBe(mtu);
  });

  it('not that of an SA that has sent nothing', () => {
    start(family);
    tell(family, mtu, sent(family).slice(0, PORTS));
    expect(pmtus()).toEqual([0, mtu]);
  });

  it('its SPI and number are quoted: the path is that of this SA', () => {
    start(family);
    const packet = sent(family);
    sa(family, SPI).seq = 3;
    tell(family, mtu, packet.slice(0, NUMBER));
    expect(pmtus()).toEqual([0, mtu]);
  });

  it('the packets that follow keep to it', () => {
    start(family);
    const packet = sent(family);
    tell(family, mtu, packet.slice(0, NUMBER));
    const lengths: number[] = [];
    rig.a.ifp.onWire = (_data, _at, len) => lengths.push(len - 14) > 0;
    const socket = new UdpSocket(rig.a.inet, { dontFragment: true });
    const { addr, addr6 } = rig.b;
    const to = family === 4 ? addr : addr6;
    expect(socket.sendTo(new Uint8Array(1300), to, 7)).not.toBe(0);
    // Headers, UDP, ESP 8, IV 8, a UDP header of its own, trailer 2, ICV 16.
    const fits = ((mtu - headerLen - UDP - 32) & ~3) - 2 - UDP;
    expect(socket.sendTo(new Uint8Array(fits + 1), to, 7)).not.toBe(0);
    expect(socket.sendTo(new Uint8Array(fits), to, 7)).toBe(0);
    expect(lengths.filter((n) => n > 100)).toEqual([mtu - ((mtu - headerLen - UDP - 32) & 3)]);
  });

  const ipDst = family === 4 ? 19 : 39;
  const ipSrc = family === 4 ? 15 : 23;
  it.each([
    ['another source port', (p: Uint8Array) => p.set(u16(4501), headerLen), PORTS],
    ['another destination port', (p: Uint8Array) => p.set(u16(4501), headerLen + 2), PORTS],
    ['another destination', (p: Uint8Array) => p.set([9], ipDst), PORTS],
    ['another source', (p: Uint8Array) => p.set([9], ipSrc), PORTS],
    ['an SPI that we send none by', (p: Uint8Array) => p.set(u32(0x7777), PORTS), NUMBER],
    [
      'the SPI of the SA that we receive with',
      (p: Uint8Array) => p.set(u32(0x2002), PORTS),
      NUMBER,
    ],
    ['a number not sent yet', (p: Uint8Array) => p.set(u32(2), PORTS + 4), NUMBER],
    ['number 0', (p: Uint8Array) => p.set(u32(0), PORTS + 4), NUMBER],
    ['IKE, behind its marker (RFC 3948 §2.2)', (p: Uint8Array) => p.set(u32(0), PORTS), NUMBER],
    [
      'a packet no longer than the MTU',
      (p: Uint8Array) => p.set([0, 99], family === 4 ? 2 : 4),
      PORTS,
    ],
  ] as const)('is not believed about %s', (_what, change, quotedLen) => {
    start(family);
    const packet = sent(family);
    change(packet);
    tell(family, mtu, packet.slice(0, quotedLen));
    expect(pmtus()).toEqual([0, 0]);
  });

  it('is not believed when less than the ports is quoted', () => {
    start(family);
    tell(family, mtu, sent(family).slice(0, headerLen + 3));
    expect(pmtus()).toEqual([0, 0]);
  });

  it('is not believed about UDP of an SA whose ESP is not in UDP', () => {
    start(family, ' esp ');
    const bare = sent(family);
    bare[family === 4 ? 9 : 6] = 17;
    const udp = concat(u16(4500), u16(4500), u16(bare.length - headerLen), [0, 0]);
    const quoted = concat(bare.slice(0, headerLen), udp, bare.slice(headerLen, headerLen + 8));
    tell(family, mtu, quoted);
    expect(pmtus()).toEqual([0, 0]);
    expect(rig.a.counters.get('ipsec.pmtuIgnored')).toBe(0);
  });

  it(`no lower than ${least}, however low it says`, () => {
    start(family);
    tell(family, family === 4 ? 68 : 1280, sent(family).slice(0, PORTS));
    expect(pmtus()).toEqual([0, least]);
  });

  it('not at all, if the administrator says so (RFC 4301 §6.1.1)', () => {
    start(family);
    rig.ipsecA.pmtu.isBelieved = false;
    tell(family, mtu, sent(family).slice(0, PORTS));
    expect(pmtus()).toEqual([0, 0]);
    expect(rig.a.counters.get('ipsec.pmtuIgnored')).toBe(1);
  });

  it('IKE at the same port hears of its own packets', () => {
    start(family);
    const { addr, addr6 } = rig.b;
    const told: number[] = [];
    const ike = new UdpSocket(rig.a.inet).bind(family === 4 ? 0 : new Uint8Array(16), 4500);
    ike.connect(family === 4 ? addr : addr6, 4500);
    ike.onError((_type, _code, next) => told.push(next));
    const packet = sent(family);
    packet.set(u32(0), PORTS);
    tell(family, mtu, packet.slice(0, NUMBER));
    expect(told).toEqual([mtu]);
    expect(pmtus()).toEqual([0, 0]);
    ike.close();
  });
});

describe('RFC 792: a fragment that is not the first', () => {
  it('has no ports: what stands in their place is believed of no SA', () => {
    start(4);
    const packet = sent(4);
    packet.set(u16(1), 6);
    tell(4, 1290, packet.slice(0, 36));
    expect(sa(4, YOUNG).pmtu).toBe(0);
    expect(rig.a.counters.get('ipsec.pmtuIgnored')).toBe(0);
  });
});
