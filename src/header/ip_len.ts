// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from './cksum.ts';
import { IP_LEN, IP_SUM, ipHdrLen, ipVersion } from './ip.ts';
import { IP6_HDR_LEN, IP6_PLEN } from './ip6.ts';

/** Makes the IP packet at `at`, of either version, one of lenBytes: its length, and IPv4's checksum. */
export function ipSetLen(v: DataView, at: number, lenBytes: number): void {
  if (ipVersion(v, at) === 6) {
    v.setUint16(at + IP6_PLEN, lenBytes - IP6_HDR_LEN);
    return;
  }
  v.setUint16(at + IP_LEN, lenBytes);
  v.setUint16(at + IP_SUM, 0);
  v.setUint16(at + IP_SUM, cksum(v, at, ipHdrLen(v, at)));
}
