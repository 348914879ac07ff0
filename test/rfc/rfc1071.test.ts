// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cksum, cksumAdd, cksumFold, cksumPseudo, cksumUpdate } from '../../src/header/cksum.ts';
import { referenceCksum, referenceSum } from '../reference/cksum.ts';

const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

describe('Internet checksum (RFC 1071)', () => {
  test('§3, numerical example: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(cksumAdd(viewOf(bytes), 0, 8, 0)).toBe(0xddf2);
    expect(cksum(viewOf(bytes), 0, 8)).toBe(0x220d);
    expect(referenceSum(bytes)).toBe(0xddf2);
  });

  test('§2: equals the one-addition-at-a-time sum at any offset and length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 3000 }),
        fc.nat(7),
        fc.nat(0xffff),
        (bytes, pad, initial) => {
          const all = new Uint8Array(pad + bytes.length + 8).fill(0xa5);
          all.set(bytes, pad);
          const sum = cksumAdd(viewOf(all), pad, bytes.length, initial);
          expect(sum).toBe(referenceSum(bytes, initial));
          expect(cksum(viewOf(all), pad, bytes.length)).toBe(referenceCksum(bytes));
        },
      ),
    );
  });

  test('§2: 65535 bytes of ff, the largest sum there is', () => {
    const bytes = new Uint8Array(65535).fill(0xff);
    expect(cksumAdd(viewOf(bytes), 0, 65535, 0xffff)).toBe(referenceSum(bytes, 0xffff));
  });

  test('§1(3): over data that hold a right checksum, the sum is ffff and cksum() is 0', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 200 }), (bytes) => {
        const v = viewOf(bytes);
        v.setUint16(2, 0);
        v.setUint16(2, cksum(v, 0, bytes.length));
        expect(cksum(v, 0, bytes.length)).toBe(0);
      }),
    );
  });

  test('RFC 768: the pseudo header is source, destination, zero, protocol, length', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.nat(0xffffffff),
        fc.nat(255),
        fc.nat(65535),
        (src, dst, proto, len) => {
          const pseudo = new Uint8Array(12);
          viewOf(pseudo).setUint32(0, src);
          viewOf(pseudo).setUint32(4, dst);
          viewOf(pseudo).setUint8(9, proto);
          viewOf(pseudo).setUint16(10, len);
          expect(cksumPseudo(src, dst, proto, len)).toBe(referenceSum(pseudo));
        },
      ),
    );
  });

  test('cksumFold brings any 31-bit sum to 16 bits with the carries added in', () => {
    expect(cksumFold(0x1_0000)).toBe(1);
    expect(cksumFold(0x7fff_ffff)).toBe(0x7fff);
    expect(cksumFold(0xffff)).toBe(0xffff);
  });
});

describe('incremental update (RFC 1624)', () => {
  test("§4, example: HC = dd2f, m = 5555, m' = 3285 gives 0000", () => {
    expect(cksumUpdate(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  test('§3: equals a new checksum over the changed header', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.nat(8),
        fc.nat(0xffff),
        (header, field, to) => {
          const v = viewOf(header);
          v.setUint16(0, 0x4500); // as in every IPv4 header: not all zero
          const at = field < 4 ? 2 + field * 2 : 12 + (field - 4);
          const even = at & ~1;
          v.setUint16(10, 0);
          v.setUint16(10, cksum(v, 0, 20));
          const updated = cksumUpdate(v.getUint16(10), v.getUint16(even), to);
          v.setUint16(even, to);
          v.setUint16(10, 0);
          expect(updated).toBe(cksum(v, 0, 20));
        },
      ),
    );
  });
});
