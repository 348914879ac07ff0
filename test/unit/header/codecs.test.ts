// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ah from '../../../src/header/ah.ts';
import * as arp from '../../../src/header/arp.ts';
import * as esp from '../../../src/header/esp.ts';
import * as ether from '../../../src/header/ether.ts';
import * as icmp from '../../../src/header/icmp.ts';
import * as ip from '../../../src/header/ip.ts';
import * as udp from '../../../src/header/udp.ts';

const u8 = fc.nat(255);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
/** Headers are written at any offset, into bytes that held something else. */
const at = fc.nat(9);
const room = (): { b: Uint8Array; v: DataView } => {
  const b = new Uint8Array(96).fill(0xee);
  return { b, v: new DataView(b.buffer) };
};
const untouched = (b: Uint8Array, from: number, len: number): void => {
  expect(b.subarray(0, from).every((x) => x === 0xee)).toBe(true);
  expect(b.subarray(from + len).every((x) => x === 0xee)).toBe(true);
};

describe('what is written is read back, and nothing beside it is touched', () => {
  test('Ethernet', () => {
    fc.assert(
      fc.property(at, mac, mac, u16, (o, dst, src, type) => {
        const { b, v } = room();
        ether.etherPut(b, o, dst, 0, src, type);
        expect(ether.etherType(v, o)).toBe(type);
        expect(ether.etherSame(b, o + ether.ETHER_DST, dst, 0)).toBe(true);
        expect(ether.etherSame(b, o + ether.ETHER_SRC, src, 0)).toBe(true);
        expect(ether.etherIsGroup(b, o)).toBe((dst[0]! & 1) === 1);
        untouched(b, o, ether.ETHER_HDR_LEN);
        expect(
          ether.etherParse(
            Buffer.from(dst)
              .toString('hex')
              .replace(/..(?=.)/g, '$&:'),
          ),
        ).toEqual(dst);
      }),
    );
  });

  test('ARP (RFC 826)', () => {
    fc.assert(
      fc.property(at, u16, u32, u32, mac, mac, (o, op, spa, tpa, sha, tha) => {
        const { b, v } = room();
        arp.arpPut(v, o, op, spa, tpa);
        ether.etherCopy(b, o + arp.ARP_SHA, sha, 0);
        ether.etherCopy(b, o + arp.ARP_THA, tha, 0);
        expect([arp.arpOp(v, o), arp.arpSpa(v, o), arp.arpTpa(v, o)]).toEqual([op, spa, tpa]);
        expect(arp.arpIsIpv4OverEthernet(v, o)).toBe(true);
        expect(b.slice(o + 8, o + 14)).toEqual(sha);
        expect(b.slice(o + 18, o + 24)).toEqual(tha);
        untouched(b, o, arp.ARP_LEN);
      }),
    );
  });

  test('IPv4 (RFC 791)', () => {
    const words = fc.integer({ min: 5, max: 15 });
    fc.assert(
      fc.property(at, words, u8, u16, u16, u16, u8, u8, (o, w, tos, len, id, off, ttl, proto) => {
        const { b, v } = room();
        ip.ipPut(v, o, w * 4, tos, len, id, off, ttl, proto);
        expect(ip.ipVersion(v, o)).toBe(4);
        expect(ip.ipHdrLen(v, o)).toBe(w * 4);
        expect([ip.ipTos(v, o), ip.ipLen(v, o), ip.ipId(v, o)]).toEqual([tos, len, id]);
        expect([ip.ipOff(v, o), ip.ipTtl(v, o), ip.ipProto(v, o)]).toEqual([off, ttl, proto]);
        expect(ip.ipSum(v, o)).toBe(0);
        untouched(b, o, 12);
      }),
    );
    fc.assert(
      fc.property(at, u32, u32, (o, src, dst) => {
        const { v } = room();
        v.setUint32(o + ip.IP_SRC, src);
        v.setUint32(o + ip.IP_DST, dst);
        expect([ip.ipSrc(v, o), ip.ipDst(v, o)]).toEqual([src, dst]);
        expect(ip.ipParse(ip.ipText(src))).toBe(src);
      }),
    );
  });

  test('ICMP (RFC 792)', () => {
    fc.assert(
      fc.property(at, u8, u8, u16, u16, (o, type, code, id, seq) => {
        const { b, v } = room();
        icmp.icmpPut(v, o, type, code, (id << 16) | seq);
        expect([icmp.icmpType(v, o), icmp.icmpCode(v, o)]).toEqual([type, code]);
        expect([icmp.icmpId(v, o), icmp.icmpSeq(v, o)]).toEqual([id, seq]);
        expect(icmp.icmpNextMtu(v, o)).toBe(seq);
        expect(v.getUint16(o + icmp.ICMP_SUM)).toBe(0);
        untouched(b, o, icmp.ICMP_HDR_LEN);
      }),
    );
  });

  test('UDP (RFC 768)', () => {
    fc.assert(
      fc.property(at, u16, u16, u16, (o, sport, dport, len) => {
        const { b, v } = room();
        udp.udpPut(v, o, sport, dport, len);
        expect([udp.udpSport(v, o), udp.udpDport(v, o)]).toEqual([sport, dport]);
        expect([udp.udpLen(v, o), udp.udpSum(v, o)]).toEqual([len, 0]);
        untouched(b, o, udp.UDP_HDR_LEN);
      }),
    );
  });

  test('ESP (RFC 4303 §2)', () => {
    const v = new DataView(Uint8Array.of(0xff, 0x80, 0, 1, 0xfe, 0, 0, 2).buffer);
    expect(esp.espSpi(v, 0)).toBe(0xff800001);
    expect(esp.espSeq(v, 0)).toBe(0xfe000002);
  });
});

test('AH (RFC 4302 §2)', () => {
  fc.assert(
    fc.property(at, u8, fc.integer({ min: 3, max: 257 }), u32, u32, (o, next, words, spi, seq) => {
      const { b, v } = room();
      ah.ahPut(v, o, next, words * 4, spi, seq);
      expect([b[o], b[o + 1], v.getUint16(o + 2)]).toEqual([next, words - 2, 0]);
      expect([v.getUint32(o + 4), ah.ahSeq(v, o), ah.ahLen(v, o)]).toEqual([spi, seq, words * 4]);
      untouched(b, o, ah.AH_HDR_LEN);
    }),
  );
});

describe('addresses as text', () => {
  test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', ' 1.2.3.4', '1.2.3.x', '1..2.3', '0x1.2.3.4'])(
    '"%s" is no IPv4 address',
    (text) => expect(() => ip.ipParse(text)).toThrow(TypeError),
  );
  test.each(['', '02:00:00:00:00', '02:00:00:00:00:0g', '2:0:0:0:0:1', '02-00-00-00-00-01'])(
    '"%s" is no Ethernet address',
    (text) => expect(() => ether.etherParse(text)).toThrow(TypeError),
  );
  test('the highest IPv4 address is a positive number', () => {
    expect(ip.ipParse('255.255.255.255')).toBe(0xffffffff);
  });
});

test('ICMP errors are 3, 4, 5, 11 and 12, and nothing else (RFC 1122 §3.2.2)', () => {
  const errors = Array.from({ length: 256 }, (_, t) => t).filter((t) => icmp.icmpIsError(t));
  expect(errors).toEqual([3, 4, 5, 11, 12]);
});
