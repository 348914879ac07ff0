// SPDX-License-Identifier: BSD-2-Clause
import {
  IP_OFFMASK,
  IPPROTO_TCP,
  IPPROTO_UDP,
  ipDst,
  ipHdrLen,
  ipOff,
  ipProto,
  ipSrc,
} from '../header/ip.ts';

/** The selectors of one packet (RFC 4301 §4.4.1.1), read once and filled again for the next. */
export interface Flow {
  /** Addresses: IPv4 in host order. */
  src: number;
  dst: number;
  proto: number;
  /** 0 when the packet has none, PORT_HIDDEN when it has them and does not show them. */
  sport: number;
  dport: number;
}

/** RFC 4301 §4.4.1.1, OPAQUE: a later fragment does not carry the ports of its datagram. */
export const PORT_HIDDEN = -1;

export function newFlow(): Flow {
  return { src: 0, dst: 0, proto: 0, sport: 0, dport: 0 };
}

/** Fills flow from the IPv4 packet at `at`; lenBytes of it are there. */
export function readFlow(view: DataView, at: number, lenBytes: number, flow: Flow): void {
  const headerLen = ipHdrLen(view, at);
  flow.proto = ipProto(view, at);
  flow.src = ipSrc(view, at);
  flow.dst = ipDst(view, at);
  flow.sport = 0;
  flow.dport = 0;
  const hasPorts = flow.proto === IPPROTO_UDP || flow.proto === IPPROTO_TCP;
  const isLaterFragment = (ipOff(view, at) & IP_OFFMASK) !== 0;
  if (hasPorts && isLaterFragment) {
    flow.sport = PORT_HIDDEN;
    flow.dport = PORT_HIDDEN;
    return;
  }
  if (!hasPorts || lenBytes < headerLen + 4) return;
  flow.sport = view.getUint16(at + headerLen);
  flow.dport = view.getUint16(at + headerLen + 2);
}
