// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumFold, cksumPseudo } from '../header/cksum.ts';
import { IPPROTO_TCP, IPPROTO_UDP, ipDst, ipProto, ipSrc } from '../header/ip.ts';
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

/** RFC 3948 §2.1: writes a UDP header of lenBytes in all; "the checksum SHOULD be … zero". */
export function putUdpEncap(v: DataView, at: number, natt: Natt, lenBytes: number): void {
  v.setUint16(at + UDP_SPORT, natt.sport);
  v.setUint16(at + UDP_DPORT, natt.dport);
  v.setUint16(at + UDP_LEN, lenBytes);
  v.setUint16(at + UDP_SUM, 0);
}

/**
 * RFC 3948 §3.1.2: a NAT changed the addresses that the checksum of what a transport-mode packet
 * held was made with. UDP's is given up (0: none), TCP's is made anew; ESP has vouched for both.
 */
export function mendChecksum(mb: MbufPool, m: Mbuf, headersLen: number): void {
  const { view } = mb;
  const ip = mb.off[m]!;
  const at = ip + headersLen;
  const len = mb.len[m]! - headersLen;
  const proto = ipProto(view, ip);
  if (proto === IPPROTO_UDP && len >= UDP_HDR_LEN) view.setUint16(at + UDP_SUM, 0);
  if (proto !== IPPROTO_TCP || len < TCP_HDR_LEN) return;
  view.setUint16(at + TCP_SUM, 0);
  const pseudo = cksumPseudo(ipSrc(view, ip), ipDst(view, ip), proto, len);
  view.setUint16(at + TCP_SUM, ~cksumFold(cksumAdd(view, at, len, pseudo)) & 0xffff);
}
