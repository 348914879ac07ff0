// SPDX-License-Identifier: BSD-2-Clause
/**
 * The Internet checksum as RFC 1071 §1 words it: pairs of bytes form 16-bit integers, an odd last
 * byte is the upper half of one, their 1's complement sum is taken, and its complement is the
 * checksum. One addition at a time, each with its end-around carry.
 */
export function referenceSum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let i = 0; i < bytes.length; i += 2) {
    const high = bytes[i]!;
    const low = i + 1 < bytes.length ? bytes[i + 1]! : 0;
    sum += high * 256 + low;
    if (sum > 0xffff) sum = sum - 0x10000 + 1;
  }
  return sum;
}

export function referenceCksum(bytes: Uint8Array): number {
  return 0xffff - referenceSum(bytes);
}
