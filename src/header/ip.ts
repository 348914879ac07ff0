// SPDX-License-Identifier: BSD-2-Clause
/**
 * IPv4 header (RFC 791 §3.1). Addresses are u32 numbers in host order.
 *
 *      0               8               16                             31
 *     +-------+-------+---------------+-------------------------------+
 *     |ver 4  | ihl   | tos           | total length                  |
 *     +-------+-------+---------------+-----+-------------------------+
 *     | identification                |0DM  | fragment offset (8 B)   |
 *     +---------------+---------------+-----+-------------------------+
 *     | ttl           | protocol      | header checksum               |
 *     +---------------+---------------+-------------------------------+
 *     | source                                                        |
 *     | destination                                                   |
 *     | options, padded to 32 bits …                                  |
 */
export const IP_VHL = 0;
export const IP_TOS = 1;
export const IP_LEN = 2;
export const IP_ID = 4;
export const IP_OFF = 6;
export const IP_TTL = 8;
export const IP_P = 9;
export const IP_SUM = 10;
export const IP_SRC = 12;
export const IP_DST = 16;
export const IP_HDR_LEN = 20;
export const IP_MAX_HDR_LEN = 60;
export const IP_MAXPACKET = 65535;

/** Bits of the field at IP_OFF. */
export const IP_DF = 0x4000;
export const IP_MF = 0x2000;
export const IP_OFFMASK = 0x1fff;

export const IPPROTO_ICMP = 1;
/** IPv4 in IP (RFC 2003). */
export const IPPROTO_IPIP = 4;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;

/** Options (RFC 791 §3.1). The top bit of a type says: copied into every fragment. */
export const IPOPT_COPIED = 0x80;
export const IPOPT_EOL = 0;
export const IPOPT_NOP = 1;
export const IPOPT_RR = 7;
export const IPOPT_TS = 68;
export const IPOPT_LSRR = 131;
export const IPOPT_SSRR = 137;

export const INADDR_BROADCAST = 0xffffffff;

export function ipVersion(v: DataView, at: number): number {
  return v.getUint8(at) >> 4;
}

/** Header length, bytes. */
export function ipHdrLen(v: DataView, at: number): number {
  return (v.getUint8(at) & 15) << 2;
}

export function ipTos(v: DataView, at: number): number {
  return v.getUint8(at + IP_TOS);
}

/** Total length, bytes. */
export function ipLen(v: DataView, at: number): number {
  return v.getUint16(at + IP_LEN);
}

export function ipId(v: DataView, at: number): number {
  return v.getUint16(at + IP_ID);
}

/** Flags and fragment offset as they stand: IP_DF, IP_MF, IP_OFFMASK. */
export function ipOff(v: DataView, at: number): number {
  return v.getUint16(at + IP_OFF);
}

export function ipTtl(v: DataView, at: number): number {
  return v.getUint8(at + IP_TTL);
}

export function ipProto(v: DataView, at: number): number {
  return v.getUint8(at + IP_P);
}

export function ipSum(v: DataView, at: number): number {
  return v.getUint16(at + IP_SUM);
}

export function ipSrc(v: DataView, at: number): number {
  return v.getUint32(at + IP_SRC);
}

export function ipDst(v: DataView, at: number): number {
  return v.getUint32(at + IP_DST);
}

/** Writes a header of hdrLen bytes but for source, destination, options; the checksum is 0. */
export function ipPut(
  v: DataView,
  at: number,
  hdrLen: number,
  tos: number,
  len: number,
  id: number,
  off: number,
  ttl: number,
  proto: number,
): void {
  v.setUint32(at, ((0x40 | (hdrLen >> 2)) << 24) | (tos << 16) | len);
  v.setUint32(at + IP_ID, (id << 16) | off);
  v.setUint32(at + IP_TTL, (ttl << 24) | (proto << 16));
}

/** 224.0.0.0/4 */
export function inMulticast(addr: number): boolean {
  return addr >>> 28 === 14;
}

/** 127.0.0.0/8 */
export function inLoopback(addr: number): boolean {
  return addr >>> 24 === 127;
}

/** '10.0.0.1' and back. Throws TypeError on anything else. */
export function ipParse(text: string): number {
  const m = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  let addr = 0;
  for (let i = 1; m !== null && i <= 4; i++) {
    const byte = Number(m[i]);
    if (byte > 255) break;
    addr = addr * 256 + byte;
    if (i === 4) return addr;
  }
  throw new TypeError(`"${text}" is no IPv4 address such as 10.0.0.1`);
}

export function ipText(addr: number): string {
  return `${addr >>> 24}.${(addr >>> 16) & 255}.${(addr >>> 8) & 255}.${addr & 255}`;
}
