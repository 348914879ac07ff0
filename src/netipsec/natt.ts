// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumFold, cksumPseudo, cksumPseudo6 } from '../header/cksum.ts';
import { IPPROTO_TCP, IPPROTO_UDP, ipDst, ipProto, ipSrc, ipVersion } from '../header/ip.ts';
import { IP6_SRC } from '../header/ip6.ts';
import { IP6_WALK_RIGHT, Ip6Chain, ip6Walk } from '../header/ip6_ext.ts';
import { UDP_DPORT, UDP_HDR_LEN, UDP_LEN, UDP_SPORT, UDP_SUM } from '../header/udp.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';

/** RFC 3948 §2.1: where IKE and ESP share a port. */
export const UDP_ENCAP_PORT = 4500;

const TCP_SUM = 16;
const TCP_HDR_LEN = 20;

/** How an SA's ESP travels in UDP: the ports of its packets, as seen by who sends them. */
export interface NattParams {
  readonly sport: number;
  readonly dport: number;
  /**
   * Inbound: when an authentic packet comes from another port, the SAs back to that peer send there
   * from now on. Else it is counted alone: a peer that moves says so by IKE (RFC 4555).
   */
  readonly follow?: boolean;
  /** Outbound: a keep-alive after so many seconds of silence (RFC 3948 §4); none when absent. */
  readonly keepaliveSeconds?: number;
}

export interface Natt {
  sport: number;
  dport: number;
  readonly follow: boolean;
  readonly keepaliveSeconds: number;
  /** When the SA sent last. */
  sentCycle: number;
}

export function newNatt(p: NattParams): Natt {
  const { sport, dport, follow = false, keepaliveSeconds = 0 } = p;
  return { sport, dport, follow, keepaliveSeconds, sentCycle: 0 };
}

/**
 * Writes the UDP header of a packet of lenBytes, with no checksum: RFC 3948 §2.1, "the IPv4 UDP
 * Checksum SHOULD be transmitted as a zero value". For IPv6 see sumUdpEncap().
 */
export function putUdpEncap(v: DataView, at: number, natt: Natt, lenBytes: number): void {
  v.setUint16(at + UDP_SPORT, natt.sport);
  v.setUint16(at + UDP_DPORT, natt.dport);
  v.setUint16(at + UDP_LEN, lenBytes);
  v.setUint16(at + UDP_SUM, 0);
}

/**
 * The checksum of UDP over IPv6, of lenBytes at `udp` in the packet at `ip`. RFC 8200 §8.1: there must
 * be one. A tunnel may agree with its peer to do without (RFC 6935 §5), but here nobody is asked, and
 * a receiver that was not told throws such a packet away.
 */
export function sumUdpEncap(v: DataView, ip: number, udp: number, lenBytes: number): void {
  putSum6(v, ip, udp, UDP_SUM, IPPROTO_UDP, lenBytes);
}

/** Is it right? That of what came over IPv6; none is wrong. */
export function isUdpEncapSum(v: DataView, ip: number, udp: number, lenBytes: number): boolean {
  if (v.getUint16(udp + UDP_SUM) === 0) return false;
  const pseudo = cksumPseudo6(v, ip + IP6_SRC, IPPROTO_UDP, lenBytes);
  return cksumAdd(v, udp, lenBytes, pseudo) === 0xffff;
}

/**
 * RFC 3948 §3.1.2: a NAT changed the addresses that the checksum of what a transport-mode packet
 * held was made with. UDP's over IPv4 is given up (0: none), others are made anew; ESP has vouched
 * for them.
 */
export function mendChecksum(mb: MbufPool, m: Mbuf, headersLen: number): void {
  const { view } = mb;
  const ip = mb.off[m]!;
  if (ipVersion(view, ip) === 6) {
    mendChecksum6(view, ip, mb.len[m]!);
    return;
  }
  const at = ip + headersLen;
  const len = mb.len[m]! - headersLen;
  const proto = ipProto(view, ip);
  if (proto === IPPROTO_UDP && len >= UDP_HDR_LEN) view.setUint16(at + UDP_SUM, 0);
  if (proto !== IPPROTO_TCP || len < TCP_HDR_LEN) return;
  view.setUint16(at + TCP_SUM, 0);
  const pseudo = cksumPseudo(ipSrc(view, ip), ipDst(view, ip), proto, len);
  view.setUint16(at + TCP_SUM, ~cksumFold(cksumAdd(view, at, len, pseudo)) & 0xffff);
}

const chain = new Ip6Chain();

function mendChecksum6(v: DataView, ip: number, lenBytes: number): void {
  if (ip6Walk(v, ip, lenBytes, chain) !== IP6_WALK_RIGHT || chain.fragOff !== 0) return;
  const { proto } = chain;
  const at = ip + chain.off;
  const len = lenBytes - chain.off;
  if (proto === IPPROTO_UDP && len >= UDP_HDR_LEN) putSum6(v, ip, at, UDP_SUM, proto, len);
  if (proto === IPPROTO_TCP && len >= TCP_HDR_LEN) putSum6(v, ip, at, TCP_SUM, proto, len);
}

/** Writes at at + sumOff the checksum of lenBytes of an upper protocol of the IPv6 packet at ip. */
function putSum6(
  v: DataView,
  ip: number,
  at: number,
  sumOff: number,
  proto: number,
  lenBytes: number,
): void {
  v.setUint16(at + sumOff, 0);
  const sum = ~cksumAdd(v, at, lenBytes, cksumPseudo6(v, ip + IP6_SRC, proto, lenBytes)) & 0xffff;
  // RFC 8200 §8.1: a sum of zero is sent as all ones.
  v.setUint16(at + sumOff, sum === 0 && proto === IPPROTO_UDP ? 0xffff : sum);
}
