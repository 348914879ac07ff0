// SPDX-License-Identifier: BSD-2-Clause

import { espSeq, espSpi } from '../header/esp.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6, etherType } from '../header/ether.ts';
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_UDP,
  ipDst,
  ipHdrLen,
  ipId,
  ipLen,
  ipOff,
  ipProto,
  ipSrc,
  ipText,
  ipTtl,
} from '../header/ip.ts';
import { ip6Hlim, ip6Nxt, ip6Plen, ip6Text } from '../header/ip6.ts';

const IP6_HDR_LEN = 40;
const SHOWN_BYTES = 128;

/** An Ethernet frame for people: a line for each header, then its first bytes in hex. */
export function packetText(frame: Uint8Array): string[] {
  const v = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return [...headers(v, frame), ...hexLines(frame.subarray(0, SHOWN_BYTES), frame.length)];
}

function headers(v: DataView, frame: Uint8Array): string[] {
  if (frame.length < ETHER_HDR_LEN) return [`a frame of ${frame.length} bytes, too short`];
  const type = etherType(v, 0);
  const ether =
    `Ethernet ${mac(frame, 6)} > ${mac(frame, 0)}, type ${hex(type, 4)}, ` +
    `${frame.length} bytes`;
  const at = ETHER_HDR_LEN;
  if (type === ETHERTYPE_IP && frame.length >= at + 20) return [ether, ...ip4(v, at)];
  if (type === ETHERTYPE_IPV6 && frame.length >= at + IP6_HDR_LEN) return [ether, ...ip6(v, at)];
  return [ether];
}

function ip4(v: DataView, at: number): string[] {
  const proto = ipProto(v, at);
  const off = ipOff(v, at);
  const piece = (off & 0x3fff) === 0 ? '' : `, piece at ${(off & 0x1fff) * 8}`;
  const line =
    `IPv4 ${ipText(ipSrc(v, at))} > ${ipText(ipDst(v, at))}, protocol ${proto}, ` +
    `length ${ipLen(v, at)}, id ${ipId(v, at)}, TTL ${ipTtl(v, at)}${piece}`;
  return (off & 0x1fff) === 0 ? [line, ...payload(v, at + ipHdrLen(v, at), proto)] : [line];
}

function ip6(v: DataView, at: number): string[] {
  const proto = ip6Nxt(v, at);
  const bytes = (from: number) => new Uint8Array(v.buffer, v.byteOffset + from, 16);
  const line =
    `IPv6 ${ip6Text(bytes(at + 8))} > ${ip6Text(bytes(at + 24))}, next header ${proto}, ` +
    `length ${ip6Plen(v, at)}, hop limit ${ip6Hlim(v, at)}`;
  return [line, ...payload(v, at + IP6_HDR_LEN, proto)];
}

function payload(v: DataView, at: number, proto: number): string[] {
  const room = v.byteLength - at;
  if (proto === IPPROTO_ESP && room >= 16) {
    const iv = v
      .getBigUint64(at + 8)
      .toString(16)
      .padStart(16, '0');
    return [`ESP SPI ${hex(espSpi(v, at), 8)}, sequence ${espSeq(v, at)}, IV 0x${iv}`];
  }
  if (proto === IPPROTO_AH && room >= 12) {
    return [`AH SPI ${hex(v.getUint32(at + 4), 8)}, sequence ${v.getUint32(at + 8)}`];
  }
  if (proto === IPPROTO_UDP && room >= 8) {
    const [sport, dport, length] = [0, 2, 4].map((n) => v.getUint16(at + n));
    return [`UDP ${sport} > ${dport}, length ${length}`];
  }
  if (proto === IPPROTO_ICMP && room >= 2) {
    return [`ICMP type ${v.getUint8(at)}, code ${v.getUint8(at + 1)}`];
  }
  return [];
}

function mac(b: Uint8Array, at: number): string {
  return Array.from(b.subarray(at, at + 6), (n) => n.toString(16).padStart(2, '0')).join(':');
}

function hex(n: number, digits: number): string {
  return `0x${n.toString(16).padStart(digits, '0')}`;
}

function hexLines(bytes: Uint8Array, lenBytes: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16), (n) => n.toString(16).padStart(2, '0'));
    lines.push(`${at.toString(16).padStart(4, '0')}  ${row.join(' ')}`);
  }
  if (lenBytes > bytes.length) lines.push(`      … ${lenBytes - bytes.length} bytes more`);
  return lines;
}
