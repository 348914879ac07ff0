// SPDX-License-Identifier: BSD-2-Clause
import {
  IP_DST,
  IP_OFFMASK,
  IP_SRC,
  IPPROTO_TCP,
  IPPROTO_UDP,
  ipHdrLen,
  ipOff,
  ipProto,
  ipVersion,
} from '../header/ip.ts';
import { IP6_DST, IP6_SRC, IPPROTO_FRAGMENT, IPPROTO_ICMPV6 } from '../header/ip6.ts';
import { IP6_WALK_RIGHT, IP6E_NXT, Ip6Chain, ip6IsExt, ip6Walk } from '../header/ip6_ext.ts';

/** The selectors of one packet (RFC 4301 §4.4.1.1), read once and filled again for the next. */
export interface Flow {
  family: 4 | 6;
  /** Words in host order; an IPv4 address is the first, zeros follow. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  /** PROTO_HIDDEN when the packet does not show it. */
  proto: number;
  /**
   * 0 when the packet has none, PORT_HIDDEN when it has them and does not show them. Of ICMPv6 they
   * are type and code, as in KAME.
   */
  sport: number;
  dport: number;
}

/** RFC 4301 §4.4.1.1, OPAQUE: a later fragment does not carry the ports of its datagram. */
export const PORT_HIDDEN = -1;
/** Nor, sometimes, what protocol it is of. */
export const PROTO_HIDDEN = 0x100;

const chain = new Ip6Chain();

export function newFlow(): Flow {
  const words = () => new Uint32Array(4);
  return { family: 4, src: words(), dst: words(), proto: 0, sport: 0, dport: 0 };
}

/** Fills flow from the IP packet at `at`; lenBytes of it are there. */
export function readFlow(view: DataView, at: number, lenBytes: number, flow: Flow): void {
  if (ipVersion(view, at) === 6) {
    readFlow6(view, at, lenBytes, flow);
    return;
  }
  const headerLen = ipHdrLen(view, at);
  if (flow.family !== 4) {
    flow.family = 4;
    flow.src.fill(0);
    flow.dst.fill(0);
  }
  flow.src[0] = view.getUint32(at + IP_SRC);
  flow.dst[0] = view.getUint32(at + IP_DST);
  const proto = ipProto(view, at);
  const hasPorts = proto === IPPROTO_UDP || proto === IPPROTO_TCP;
  flow.proto = proto;
  if (!hasPorts) setPorts(flow, 0, 0);
  else if ((ipOff(view, at) & IP_OFFMASK) !== 0) setPorts(flow, PORT_HIDDEN, PORT_HIDDEN);
  else readPorts(view, at, headerLen, lenBytes, flow);
}

function readFlow6(view: DataView, at: number, lenBytes: number, flow: Flow): void {
  flow.family = 6;
  readIn6Addr(view, at + IP6_SRC, flow.src);
  readIn6Addr(view, at + IP6_DST, flow.dst);
  if (ip6Walk(view, at, lenBytes, chain) !== IP6_WALK_RIGHT) {
    flow.proto = PROTO_HIDDEN;
    setPorts(flow, PORT_HIDDEN, PORT_HIDDEN);
    return;
  }
  const { off, proto } = chain;
  const isLaterFragment = proto === IPPROTO_FRAGMENT;
  if (isLaterFragment) {
    const nxt = view.getUint8(at + off + IP6E_NXT);
    flow.proto = ip6IsExt(nxt) ? PROTO_HIDDEN : nxt;
  } else {
    flow.proto = proto;
  }
  if (!hasPorts6(flow.proto)) setPorts(flow, 0, 0);
  else if (isLaterFragment) setPorts(flow, PORT_HIDDEN, PORT_HIDDEN);
  else if (proto !== IPPROTO_ICMPV6) readPorts(view, at, off, lenBytes, flow);
  else if (lenBytes < off + 2) setPorts(flow, 0, 0);
  else setPorts(flow, view.getUint8(at + off), view.getUint8(at + off + 1));
}

function hasPorts6(proto: number): boolean {
  return (
    proto === IPPROTO_UDP ||
    proto === IPPROTO_TCP ||
    proto === IPPROTO_ICMPV6 ||
    proto === PROTO_HIDDEN
  );
}

function readPorts(view: DataView, at: number, off: number, lenBytes: number, flow: Flow): void {
  if (lenBytes < off + 4) setPorts(flow, 0, 0);
  else setPorts(flow, view.getUint16(at + off), view.getUint16(at + off + 2));
}

function setPorts(flow: Flow, sport: number, dport: number): void {
  flow.sport = sport;
  flow.dport = dport;
}

/** Reads the IPv6 address at `at` into four words. */
export function readIn6Addr(view: DataView, at: number, words: Uint32Array): void {
  words[0] = view.getUint32(at);
  words[1] = view.getUint32(at + 4);
  words[2] = view.getUint32(at + 8);
  words[3] = view.getUint32(at + 12);
}
