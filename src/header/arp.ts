// SPDX-License-Identifier: BSD-2-Clause
/**
 * ARP for IPv4 over Ethernet (RFC 826).
 *
 *      0       2       4   5   6       8           14      18          24      28
 *     +-------+-------+---+---+-------+-----------+-------+-----------+-------+
 *     | hrd 1 |pro 800|hln|pln| op    | sha       | spa   | tha       | tpa   |
 *     +-------+-------+---+---+-------+-----------+-------+-----------+-------+
 */
export const ARP_HRD = 0;
export const ARP_PRO = 2;
export const ARP_HLN = 4;
export const ARP_PLN = 5;
export const ARP_OP = 6;
export const ARP_SHA = 8;
export const ARP_SPA = 14;
export const ARP_THA = 18;
export const ARP_TPA = 24;
export const ARP_LEN = 28;

export const ARPHRD_ETHER = 1;
export const ARPOP_REQUEST = 1;
export const ARPOP_REPLY = 2;

export function arpOp(v: DataView, at: number): number {
  return v.getUint16(at + ARP_OP);
}

/** Sender's protocol address. */
export function arpSpa(v: DataView, at: number): number {
  return v.getUint32(at + ARP_SPA);
}

/** Target's protocol address. */
export function arpTpa(v: DataView, at: number): number {
  return v.getUint32(at + ARP_TPA);
}

/** Is it ARP for IPv4 over Ethernet, as far as the fixed fields say? */
export function arpIsIpv4OverEthernet(v: DataView, at: number): boolean {
  return (
    v.getUint16(at + ARP_HRD) === ARPHRD_ETHER &&
    v.getUint16(at + ARP_PRO) === 0x0800 &&
    v.getUint8(at + ARP_HLN) === 6 &&
    v.getUint8(at + ARP_PLN) === 4
  );
}

/** Writes all fields but the two hardware addresses. */
export function arpPut(v: DataView, at: number, op: number, spa: number, tpa: number): void {
  v.setUint16(at + ARP_HRD, ARPHRD_ETHER);
  v.setUint16(at + ARP_PRO, 0x0800);
  v.setUint8(at + ARP_HLN, 6);
  v.setUint8(at + ARP_PLN, 4);
  v.setUint16(at + ARP_OP, op);
  v.setUint32(at + ARP_SPA, spa);
  v.setUint32(at + ARP_TPA, tpa);
}
