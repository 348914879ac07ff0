// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum, newIpView, readIpv4 } from '../../../../src/harness/oracle/packet.ts';
import { ipv4, sum16 } from '../esp_frame.ts';

describe("the oracle's own parser", () => {
  it('sums as RFC 1071 §1 says, at any length and alignment', () => {
    expect(checksum(Buffer.from('0001f203f4f5f6f7', 'hex'), 0, 8)).toBe(0xffff ^ 0xddf2);
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.nat(7), fc.nat(0x3ffff), (data, shift, begin) => {
        const b = Buffer.concat([Buffer.alloc(shift), data]);
        expect(checksum(b, shift, b.length, begin)).toBe(sum16(data, begin));
      }),
    );
    expect(checksum(Buffer.alloc(128, 0xff), 0, 128)).toBe(0);
    expect(checksum(Buffer.alloc(128), 0, 128)).toBe(0xffff);
  });

  it('refuses headers that are cut, of another version, or lie about lengths (RFC 791 §3.1)', () => {
    const good = ipv4({ proto: 17, src: '10.0.0.1', dst: '10.0.0.2' }, Buffer.alloc(8));
    const read = (b: Buffer, limit = b.length) => readIpv4(b, 0, limit, newIpView());
    const broken = (at: number, value: number): Buffer => {
      const b = Buffer.from(good);
      b[at] = value;
      return b;
    };
    expect(read(good)).toBe('');
    expect(read(good, 19)).toContain('19 bytes');
    expect(read(good, 27)).toContain('total length 28 in 27');
    expect(read(broken(0, 0x65))).toContain('version 6');
    expect(read(broken(0, 0x44))).toContain('header length 16');
    expect(read(broken(3, 12))).toContain('total length 12');
    expect(read(broken(8, 1))).toContain('checksum');
  });
});
