// SPDX-License-Identifier: BSD-2-Clause
import { IP6_HDR_LEN, IP6_PLEN, IPPROTO_FRAGMENT, ip6Plen } from '../header/ip6.ts';
import { IP6F_LEN, Ip6Chain, ip6fPut, ip6Walk } from '../header/ip6_ext.ts';
import { counter } from '../kern/counters.ts';
import { EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { IF_NONE, type Ifnet } from '../net/ifnet.ts';
import { IF_GATE_REFUSED } from './ether_output_frame.ts';
import type { Inet } from './inet.ts';
import { ip6NextHop } from './ip6_output.ts';

const IP6_FRAGMENTED = counter('ip6.fragmented', 'IPv6 packets cut into fragments');
const IP6_FRAGMENTS = counter('ip6.fragments', 'IPv6 fragments made');
const IP6_FRAG_NO_MBUF = counter('ip6.fragNoMbuf', 'no mbuf for an IPv6 fragment');
const IP6_FRAG_NO_ROOM = counter('ip6.fragNoRoom', 'no room for 8 bytes behind the headers');

const NO_ROOM = -2;
const chain = new Ip6Chain();

/**
 * Cuts m, which this host made, to the MTU and sends the fragments (RFC 8200 §4.5): all of them, or
 * none when mbufs run out. Owns m. 0 or errno.
 *
 * Fragments carry no tags: IPsec is through with them, and its card never sees one (IF_NONE).
 */
export function ip6Fragment(inet: Inet, ifp: Ifnet, m: Mbuf, mtu: number, route: number): number {
  const { pool, counters } = inet;
  const refused = inet.ipsec.beforeTransmit(m, IF_NONE, 0);
  if (refused !== 0) {
    counters.n[IF_GATE_REFUSED]!++;
    pool.free(m);
    return refused;
  }
  const first = cut(inet, m, mtu);
  pool.free(m);
  if (first < 0) {
    counters.n[first === NO_MBUF ? IP6_FRAG_NO_MBUF : IP6_FRAG_NO_ROOM]!++;
    return first === NO_MBUF ? ENOBUFS : EMSGSIZE;
  }
  counters.n[IP6_FRAGMENTED]!++;
  let error = 0;
  for (let f = first; f !== NO_MBUF; ) {
    const next = pool.nextPkt[f]!;
    pool.nextPkt[f] = NO_MBUF;
    counters.n[IP6_FRAGMENTS]!++;
    const e = ip6NextHop(inet, ifp, f, route);
    if (error === 0) error = e;
    f = next;
  }
  return error;
}

/** The fragments of m, linked by nextPkt; NO_MBUF or NO_ROOM, and then nothing is left behind. */
function cut(inet: Inet, m: Mbuf, mtu: number): Mbuf {
  const { pool } = inet;
  const v = pool.view;
  const from = pool.off[m]!;
  const total = IP6_HDR_LEN + ip6Plen(v, from);
  // A packet that is a fragment already comes from nobody here.
  if (ip6Walk(v, from, total, chain) !== 0 || chain.fragOff !== 0) return NO_ROOM;
  const { unfragLen, unfragNxtOff } = chain;
  const nxt = v.getUint8(from + unfragNxtOff);
  const room = (mtu - unfragLen - IP6F_LEN) & ~7;
  if (room < 8) return NO_ROOM;
  const ident = inet.ip6.nextIdent();
  const hdrLen = unfragLen + IP6F_LEN;
  let first = NO_MBUF;
  let last = NO_MBUF;
  for (let done = unfragLen; done < total; ) {
    const size = Math.min(room, total - done);
    const f = pool.allocFor(hdrLen + size);
    if (f === NO_MBUF) {
      freeAll(inet, first);
      return NO_MBUF;
    }
    pool.append(f, hdrLen + size);
    const at = pool.off[f]!;
    pool.data.copyWithin(at, from, from + unfragLen);
    v.setUint8(at + unfragNxtOff, IPPROTO_FRAGMENT);
    v.setUint16(at + IP6_PLEN, hdrLen + size - IP6_HDR_LEN);
    ip6fPut(v, at + unfragLen, nxt, done - unfragLen, done + size < total, ident);
    pool.data.copyWithin(at + hdrLen, from + done, from + done + size);
    if (last === NO_MBUF) first = f;
    else pool.nextPkt[last] = f;
    last = f;
    done += size;
  }
  return first;
}

function freeAll(inet: Inet, first: Mbuf): void {
  for (let f = first; f !== NO_MBUF; ) {
    const next = inet.pool.nextPkt[f]!;
    inet.pool.free(f);
    f = next;
  }
}
