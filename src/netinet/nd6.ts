// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo6 } from '../header/cksum.ts';
import { ETHERTYPE_IPV6, etherCopy, etherIsGroup } from '../header/ether.ts';
import {
  ICMP6_DST_UNREACH,
  ICMP6_DST_UNREACH_ADDR,
  ICMP6_SUM,
  icmp6Code,
  icmp6Put,
  icmp6Type,
  icmp6Word,
  ND_LEN,
  ND_NA_FLAG_OVERRIDE,
  ND_NA_FLAG_ROUTER,
  ND_NA_FLAG_SOLICITED,
  ND_NEIGHBOR_ADVERT,
  ND_NEIGHBOR_SOLICIT,
  ND_OPT_LINKADDR_LEN,
  ND_OPT_SOURCE_LINKADDR,
  ND_OPT_TARGET_LINKADDR,
  ND_TARGET,
  ndOption,
} from '../header/icmp6.ts';
import {
  IP6_DST,
  IP6_HDR_LEN,
  IP6_SRC,
  IPPROTO_ICMPV6,
  in6IsAny,
  in6IsMulticast,
  in6Put,
  in6SolicitedNode,
  ip6Hlim,
  ip6Put,
} from '../header/ip6.ts';
import { counter } from '../kern/counters.ts';
import { ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import { etherOutputFrame, gatedTransmit } from './ether_output_frame.ts';
import { icmp6Error } from './icmp6_error.ts';
import type { Inet } from './inet.ts';
import {
  ND_GIVE_UP,
  ND_SOLICIT_GROUP,
  ND_SOLICIT_NEIGHBOR,
  ND_STATIC,
  type Nd6Table,
} from './nd6_table.ts';

const ND6_RECEIVED = counter('nd6.received', 'neighbour messages received and used');
const ND6_SOLICITS = counter('nd6.solicits', 'neighbour solicitations sent');
const ND6_ADVERTS = counter('nd6.adverts', 'neighbour advertisements sent');
const ND6_NO_MBUF = counter('nd6.noMbuf', 'no mbuf for a neighbour message');
const ND6_BAD = counter('nd6.bad', 'neighbour message malformed, or from beyond the link');
const ND6_NOT_FOR_US = counter('nd6.notForUs', 'neighbour message that concerns other hosts');
const ND6_DUPLICATE_ADDRESS = counter('nd6.duplicateAddress', 'another host uses our address');
const ND6_UNASKED = counter('nd6.unasked', 'advertisement that nobody here waits for');
const ND6_FULL = counter('nd6.full', 'no room in the neighbour cache');
const ND6_QUEUE_FULL = counter('nd6.queueFull', 'too many packets wait for one neighbour');
const ND6_TIMED_OUT = counter('nd6.timedOut', 'packets whose neighbour did not answer');

const ND_HLIM = 255;
const multicast = new Uint8Array([0x33, 0x33, 0, 0, 0, 0]);
/** ff02::1 and ff02::1:ffXX:XXXX without its last word, as words. */
const LINK_GROUP = 0xff020000;
const ALL_NODES = 1;
const SOLICITED = 1;

/** RFC 2464 §7: the Ethernet address of a group is 33:33 and the group's last word. */
function groupAddress(w3: number): Uint8Array {
  multicast[2] = w3 >>> 24;
  multicast[3] = w3 >>> 16;
  multicast[4] = w3 >>> 8;
  multicast[5] = w3;
  return multicast;
}

/**
 * Sends an IPv6 packet to a next hop, given as words, by ifp: finds the link address, frames, passes
 * the gate. An interface without link addresses takes the bare packet. Owns m. 0 (sent, or waiting
 * for the neighbour) or errno.
 */
export function nd6Output(
  inet: Inet,
  ifp: Ifnet,
  m: Mbuf,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  if (ifp.lladdr === null) return gatedTransmit(inet, ifp, m, 0);
  if (in6IsMulticast(w0)) {
    return etherOutputFrame(inet, ifp, m, groupAddress(w3), 0, ETHERTYPE_IPV6);
  }
  const { nd } = inet.ip6;
  const e = nd.find(ifp.index, w0, w1, w2, w3);
  if (e >= 0 && nd.use(e)) {
    return etherOutputFrame(inet, ifp, m, nd.lladdr, e * 6, ETHERTYPE_IPV6);
  }
  return resolve(inet, ifp, m, nd.make(ifp.index, w0, w1, w2, w3));
}

/** m, which starts at its IPv6 header, waits for entry e (-1: there is none), which is asked for. */
function resolve(inet: Inet, ifp: Ifnet, m: Mbuf, e: number): number {
  const { pool } = inet;
  const { nd } = inet.ip6;
  if (e < 0 || !nd.hold(pool, e, m)) {
    inet.counters.n[e < 0 ? ND6_FULL : ND6_QUEUE_FULL]!++;
    pool.free(m);
    return ENOBUFS;
  }
  ask(inet, ifp, nd, e);
  return 0;
}

/** Sends the solicitation that is due for e, or gives e up. */
function ask(inet: Inet, ifp: Ifnet, nd: Nd6Table, e: number): void {
  const due = nd.due(e);
  if (due === ND_SOLICIT_GROUP || due === ND_SOLICIT_NEIGHBOR) {
    solicit(inet, ifp, nd, e, due === ND_SOLICIT_GROUP);
  } else if (due === ND_GIVE_UP) {
    nd.forget(e);
    giveUp(inet, nd, e);
  }
}

/** RFC 4861 §7.2.2: the senders of what waited are told that the address is unreachable. */
function giveUp(inet: Inet, nd: Nd6Table, e: number): void {
  const { pool, counters } = inet;
  for (let m = nd.release(pool, e); m !== NO_MBUF; m = nd.release(pool, e)) {
    counters.n[ND6_TIMED_OUT]!++;
    icmp6Error(inet, m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, 0);
    pool.free(m);
  }
}

/** Asks again where an answer is due, probes neighbours that may be gone, drops what waited. */
export function nd6Timer(inet: Inet): void {
  const { nd } = inet.ip6;
  for (let e = nd.next(0); e >= 0; e = nd.next(e + 1)) {
    const ifp = inet.interfaceAt(nd.ifIndex(e));
    if (ifp !== undefined) ask(inet, ifp, nd, e);
  }
}

/**
 * An mbuf with a neighbour message and its link address option, which are this interface's; the
 * checksum and the addresses of the IPv6 header are yet to come. NO_MBUF: there is none.
 */
function makeMessage(inet: Inet, ifp: Ifnet, type: number, flags: number, option: number): Mbuf {
  const { pool } = inet;
  const m = pool.alloc();
  if (m === NO_MBUF) {
    inet.counters.n[ND6_NO_MBUF]!++;
    return NO_MBUF;
  }
  const plen = ND_LEN + ND_OPT_LINKADDR_LEN;
  pool.append(m, IP6_HDR_LEN + plen);
  const at = pool.off[m]!;
  const nd = at + IP6_HDR_LEN;
  ip6Put(pool.view, at, 0, 0, plen, IPPROTO_ICMPV6, ND_HLIM);
  icmp6Put(pool.view, nd, type, 0, flags);
  pool.data[nd + ND_LEN] = option;
  pool.data[nd + ND_LEN + 1] = 1;
  etherCopy(pool.data, nd + ND_LEN + 2, ifp.lladdr!, 0);
  return m;
}

/** Fills in the checksum and sends the message; neighbour discovery passes by policy. 0 or errno. */
function sendMessage(inet: Inet, ifp: Ifnet, m: Mbuf, dst: Uint8Array, dstAt: number): number {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const len = ND_LEN + ND_OPT_LINKADDR_LEN;
  const pseudo = cksumPseudo6(v, at + IP6_SRC, IPPROTO_ICMPV6, len);
  const nd = at + IP6_HDR_LEN;
  v.setUint16(nd + ICMP6_SUM, ~cksumAdd(v, nd, len, pseudo) & 0xffff);
  return etherOutputFrame(inet, ifp, m, dst, dstAt, ETHERTYPE_IPV6);
}

/** A solicitation for e: to its group while its address is not known, else to itself (§7.2.2). */
function solicit(inet: Inet, ifp: Ifnet, nd: Nd6Table, e: number, toGroup: boolean): void {
  const { pool, counters } = inet;
  const { addrs } = inet.ip6;
  const w0 = nd.word(e, 0);
  const w1 = nd.word(e, 1);
  const w2 = nd.word(e, 2);
  const w3 = nd.word(e, 3);
  const src = addrs.sourceFor(ifp, w0, w1, w2, w3);
  if (src < 0) return;
  const m = makeMessage(inet, ifp, ND_NEIGHBOR_SOLICIT, 0, ND_OPT_SOURCE_LINKADDR);
  if (m === NO_MBUF) return;
  const v = pool.view;
  const at = pool.off[m]!;
  const group = in6SolicitedNode(w3);
  putAddress(inet, at + IP6_SRC, src);
  if (toGroup) in6Put(v, at + IP6_DST, LINK_GROUP, 0, SOLICITED, group);
  else in6Put(v, at + IP6_DST, w0, w1, w2, w3);
  in6Put(v, at + IP6_HDR_LEN + ND_TARGET, w0, w1, w2, w3);
  counters.n[ND6_SOLICITS]!++;
  if (toGroup) sendMessage(inet, ifp, m, groupAddress(group), 0);
  else sendMessage(inet, ifp, m, nd.lladdr, e * 6);
}

/** Writes the host's address number i. */
function putAddress(inet: Inet, at: number, i: number): void {
  const { addrs } = inet.ip6;
  const v = inet.pool.view;
  in6Put(v, at, addrs.word(i, 0), addrs.word(i, 1), addrs.word(i, 2), addrs.word(i, 3));
}

/** Tells the link that address number i is at ifp's Ethernet address (§7.2.6). 0 or errno. */
export function nd6Announce(inet: Inet, ifp: Ifnet, i: number): number {
  return advertise(inet, ifp, i, -1, 0);
}

/**
 * An advertisement of address number i: to the sender of a solicitation at toAt, or with toAt < 0 to
 * all nodes, unasked. solicited: ND_NA_FLAG_SOLICITED or 0. 0 or errno.
 */
function advertise(inet: Inet, ifp: Ifnet, i: number, toAt: number, solicited: number): number {
  const { pool, counters } = inet;
  const router = inet.ip6.forward === null ? 0 : ND_NA_FLAG_ROUTER;
  const flags = router | solicited | ND_NA_FLAG_OVERRIDE;
  const m = makeMessage(inet, ifp, ND_NEIGHBOR_ADVERT, flags, ND_OPT_TARGET_LINKADDR);
  if (m === NO_MBUF) return ENOBUFS;
  const v = pool.view;
  const at = pool.off[m]!;
  putAddress(inet, at + IP6_SRC, i);
  putAddress(inet, at + IP6_HDR_LEN + ND_TARGET, i);
  counters.n[ND6_ADVERTS]!++;
  if (toAt < 0) {
    in6Put(v, at + IP6_DST, LINK_GROUP, 0, 0, ALL_NODES);
    return sendMessage(inet, ifp, m, groupAddress(ALL_NODES), 0);
  }
  pool.data.copyWithin(at + IP6_DST, toAt, toAt + 16);
  const { nd } = inet.ip6;
  const w0 = v.getUint32(toAt);
  const w1 = v.getUint32(toAt + 4);
  const w2 = v.getUint32(toAt + 8);
  const w3 = v.getUint32(toAt + 12);
  const e = nd.find(ifp.index, w0, w1, w2, w3);
  if (e >= 0 && nd.use(e)) return sendMessage(inet, ifp, m, nd.lladdr, e * 6);
  // Asked by one whose address the host does not know: it is asked in turn, and the answer waits.
  const pseudo = cksumPseudo6(v, at + IP6_SRC, IPPROTO_ICMPV6, ND_LEN + ND_OPT_LINKADDR_LEN);
  const body = at + IP6_HDR_LEN;
  const sum = cksumAdd(v, body, ND_LEN + ND_OPT_LINKADDR_LEN, pseudo);
  v.setUint16(body + ICMP6_SUM, ~sum & 0xffff);
  return resolve(inet, ifp, m, nd.make(ifp.index, w0, w1, w2, w3));
}

/**
 * A solicitation or advertisement; m starts at its IPv6 header, the message at hdrLen has a right
 * checksum. Returns the counter under which it ends; m stays the caller's.
 */
export function nd6Input(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  const nd = at + hdrLen;
  const len = pool.len[m]! - hdrLen;
  const ifp = inet.interfaceAt(pool.rcvIf[m]!);
  if (ifp === undefined || ifp.lladdr === null) return ND6_BAD;
  // §7.1.1, §7.1.2: a router in between would have made the hop limit smaller.
  if (ip6Hlim(v, at) !== ND_HLIM || icmp6Code(v, nd) !== 0 || len < ND_LEN) return ND6_BAD;
  if (in6IsMulticast(v.getUint32(nd + ND_TARGET))) return ND6_BAD;
  if (icmp6Type(v, nd) === ND_NEIGHBOR_SOLICIT) return solicited(inet, ifp, at, nd, len);
  return advertised(inet, ifp, at, nd, len);
}

/** §7.2.3 */
function solicited(inet: Inet, ifp: Ifnet, at: number, nd: number, len: number): number {
  const { pool, ip6 } = inet;
  const v = pool.view;
  const option = linkAddress(inet, nd, len, ND_OPT_SOURCE_LINKADDR);
  if (option < 0) return ND6_BAD;
  const s0 = v.getUint32(at + IP6_SRC);
  const s1 = v.getUint32(at + IP6_SRC + 4);
  const s2 = v.getUint32(at + IP6_SRC + 8);
  const s3 = v.getUint32(at + IP6_SRC + 12);
  const fromNobody = in6IsAny(s0, s1, s2, s3);
  const dstIsGroup = in6IsMulticast(v.getUint32(at + IP6_DST));
  // §7.1.1: who has no address yet asks the group, and has no link address to tell.
  if (fromNobody && (!dstIsGroup || option !== 0)) return ND6_BAD;
  if (!fromNobody && ip6.addrs.isLocal(s0, s1, s2, s3)) return ND6_DUPLICATE_ADDRESS;
  const t = nd + ND_TARGET;
  const target = ip6.addrs.find(
    v.getUint32(t),
    v.getUint32(t + 4),
    v.getUint32(t + 8),
    v.getUint32(t + 12),
  );
  if (target < 0 || ip6.addrs.ifp(target).index !== ifp.index) return ND6_NOT_FOR_US;
  if (fromNobody) {
    advertise(inet, ifp, target, -1, 0);
    return ND6_RECEIVED;
  }
  if (option !== 0) {
    const e = ip6.nd.make(ifp.index, s0, s1, s2, s3);
    if (e >= 0) {
      ip6.nd.heard(e, pool.data, nd + option + 2);
      flush(inet, ifp, e);
    }
  }
  advertise(inet, ifp, target, at + IP6_SRC, ND_NA_FLAG_SOLICITED);
  return ND6_RECEIVED;
}

/** §7.2.5 */
function advertised(inet: Inet, ifp: Ifnet, at: number, nd: number, len: number): number {
  const { pool, ip6 } = inet;
  const v = pool.view;
  const option = linkAddress(inet, nd, len, ND_OPT_TARGET_LINKADDR);
  if (option < 0) return ND6_BAD;
  const flags = icmp6Word(v, nd);
  const isSolicited = (flags & ND_NA_FLAG_SOLICITED) !== 0;
  // §7.1.2
  if (isSolicited && in6IsMulticast(v.getUint32(at + IP6_DST))) return ND6_BAD;
  const t = nd + ND_TARGET;
  const w0 = v.getUint32(t);
  const w1 = v.getUint32(t + 4);
  const w2 = v.getUint32(t + 8);
  const w3 = v.getUint32(t + 12);
  if (ip6.addrs.isLocal(w0, w1, w2, w3)) return ND6_DUPLICATE_ADDRESS;
  const e = ip6.nd.find(ifp.index, w0, w1, w2, w3);
  // An advertisement makes no entry: there is nobody to send to (§7.2.5).
  if (e < 0 || ip6.nd.state(e) === ND_STATIC) return ND6_UNASKED;
  const isOverride = (flags & ND_NA_FLAG_OVERRIDE) !== 0;
  const lladdrAt = option === 0 ? -1 : nd + option + 2;
  if (ip6.nd.advertised(e, pool.data, lladdrAt, isSolicited, isOverride)) flush(inet, ifp, e);
  return ND6_RECEIVED;
}

/** Bytes to the link address option, 0: none, -1: malformed, or naming a group. */
function linkAddress(inet: Inet, nd: number, len: number, type: number): number {
  const option = ndOption(inet.pool.view, nd, ND_LEN, len, type);
  return option > 0 && etherIsGroup(inet.pool.data, nd + option + 2) ? -1 : option;
}

/** Sends what waited for e. Its last gate comes only now: an SA may be gone since. */
function flush(inet: Inet, ifp: Ifnet, e: number): void {
  const { pool } = inet;
  const { nd } = inet.ip6;
  for (let m = nd.release(pool, e); m !== NO_MBUF; m = nd.release(pool, e)) {
    etherOutputFrame(inet, ifp, m, nd.lladdr, e * 6, ETHERTYPE_IPV6);
  }
}
