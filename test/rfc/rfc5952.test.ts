// SPDX-License-Identifier: BSD-2-Clause
// IPv6 addresses as text: RFC 4291 §2.2 (reading) and RFC 5952 (writing). The examples are the RFCs'.
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  in6FromWords,
  in6LinkLocalOf,
  in6MaskWord,
  in6SolicitedNode,
  in6Words,
  ip6Parse,
  ip6Text,
} from '../../src/header/ip6.ts';

const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Addresses with runs of zeros, as people have them. */
const sparse = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((g) => Uint8Array.from(g.flatMap((n) => [n >> 8, n & 255])));

describe('RFC 4291 §2.2: texts of one address', () => {
  test.each([
    ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcdef0123456789abcdef0123456789'],
    ['2001:DB8:0:0:8:800:200C:417A', '20010db80000000000080800200c417a'],
    ['2001:DB8::8:800:200C:417A', '20010db80000000000080800200c417a'],
    ['FF01::101', 'ff010000000000000000000000000101'],
    ['::1', '00000000000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['1::', '00010000000000000000000000000000'],
    ['0:0:0:0:0:0:13.1.68.3', '0000000000000000000000000d014403'],
    ['::FFFF:129.144.52.38', '00000000000000000000ffff81903426'],
  ])('%s', (text, hex) => {
    expect(Buffer.from(ip6Parse(text)).toString('hex')).toBe(hex);
  });

  test.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.256',
    '::01.2.3.4',
    '1.2.3.4::',
    '1.2.3.4',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    ' ::1',
    ':1::',
    '1:',
  ])('"%s" is none', (text) => {
    expect(() => ip6Parse(text)).toThrow(/is no IPv6 address/);
  });

  test('whatever is read as an address, Node reads as one', () => {
    const pieces = fc.constantFrom(':', '::', '0', 'ff', '1234', '12345', '1.2.3.4', 'g', '.');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let read = true;
        try {
          ip6Parse(text);
        } catch {
          read = false;
        }
        expect(read, text).toBe(isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('RFC 5952 §4: the one text', () => {
  test.each([
    ['2001:0db8::0001', '2001:db8::1', '§4.1 leading zeros'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1', '§4.2.1 as short as possible'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', '§4.2.2 no :: for one group'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', '§4.2.3 the longest run'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', '§4.2.3 the first of equal runs'],
    ['2001:DB8::ABCD', '2001:db8::abcd', '§4.3 lower case'],
    ['::ffff:c000:201', '::ffff:192.0.2.1', '§5 IPv4 mapped'],
    ['0:0:0:0:0:0:0:0', '::', 'all zero'],
    ['1:0:0:0:0:0:0:0', '1::', 'zeros at the end'],
  ])('%s is written %s: %s', (from, to) => {
    expect(ip6Text(ip6Parse(from))).toBe(to);
  });

  test('what is written is read back, also from inside other bytes', () => {
    fc.assert(
      fc.property(fc.oneof(address, sparse), fc.nat(9), (a, at) => {
        const bytes = new Uint8Array(32).fill(0xee);
        bytes.set(a, at);
        const text = ip6Text(bytes, at);
        expect(isIPv6(text)).toBe(true);
        expect(ip6Parse(text)).toEqual(a);
      }),
    );
  });
});

describe('words of an address', () => {
  test('words and bytes are the same address', () => {
    fc.assert(
      fc.property(address, (a) => {
        const [w0, w1, w2, w3] = in6Words(a) as unknown as [number, number, number, number];
        expect(in6FromWords(w0, w1, w2, w3)).toEqual(a);
      }),
    );
  });

  test('a mask has as many ones as its prefix is long', () => {
    for (let n = 0; n <= 128; n++) {
      const bits = [0, 1, 2, 3].map((i) => in6MaskWord(n, i).toString(2).padStart(32, '0'));
      expect(bits.join('')).toBe('1'.repeat(n).padEnd(128, '0'));
    }
  });

  test("RFC 4291 §2.7.1: 4037::01:800:200e:8c6c's solicited-node group ends in ff0e:8c6c", () => {
    expect(in6SolicitedNode(in6Words(ip6Parse('4037::01:800:200E:8C6C'))[3]!)).toBe(0xff0e8c6c);
  });

  test('RFC 4291 App. A: 34-56-78-9A-BC-DE becomes 3656:78ff:fe9a:bcde', () => {
    const lladdr = Uint8Array.of(0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde);
    expect(ip6Text(in6LinkLocalOf(lladdr))).toBe('fe80::3656:78ff:fe9a:bcde');
  });
});
