// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import {
  IP_HDR_LEN,
  IP_LEN,
  IP_MF,
  IP_OFF,
  IP_OFFMASK,
  IP_SUM,
  IP_VHL,
  IPOPT_COPIED,
  IPOPT_EOL,
  IPOPT_NOP,
  ipHdrLen,
  ipLen,
  ipOff,
} from '../header/ip.ts';
import { counter } from '../kern/counters.ts';
import { EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { FRAGMENT } from '../kern/turn_rules.ts';
import { IF_NONE, type Ifnet } from '../net/ifnet.ts';
import { etherOutput } from './ether_output.ts';
import { IF_GATE_REFUSED } from './ether_output_frame.ts';
import type { Inet } from './inet.ts';

const IP_FRAGMENTED = counter('ip.fragmented', 'packets cut into fragments');
const IP_FRAGMENTS = counter('ip.fragments', 'fragments made');
const IP_FRAG_NO_MBUF = counter('ip.fragNoMbuf', 'no mbuf for a fragment');
const IP_FRAG_NO_ROOM = counter('ip.fragNoRoom', 'MTU has no room for 8 bytes behind the header');

/**
 * Cuts m to the interface's MTU and sends the fragments (RFC 791 §3.2, "Fragmentation"): all of
 * them, or none when mbufs run out. Owns m. 0 or errno.
 *
 * Fragments carry no tags: IPsec is through with them, and its card never sees one (IF_NONE).
 */
export function ipFragment(inet: Inet, ifp: Ifnet, m: Mbuf, nextHop: number): number {
  const { pool, counters } = inet;
  const rule = pool.rules.on[FRAGMENT];
  const refused = rule === 1 ? inet.ipsec.beforeTransmit(m, IF_NONE, 0) : 0;
  if (refused !== 0) {
    counters.n[IF_GATE_REFUSED]!++;
    pool.free(m);
    return refused;
  }
  const first = ipCut(inet, m, ifp.mtu);
  if (first < 0) {
    const full = first === NO_MBUF;
    counters.n[full ? IP_FRAG_NO_MBUF : IP_FRAG_NO_ROOM]!++;
    pool.free(m);
    return full ? ENOBUFS : EMSGSIZE;
  }
  counters.n[IP_FRAGMENTED]!++;
  pool.free(m);
  let error = 0;
  for (let f = first; f !== NO_MBUF; ) {
    const next = pool.nextPkt[f]!;
    pool.nextPkt[f] = NO_MBUF;
    counters.n[IP_FRAGMENTS]!++;
    const e = etherOutput(inet, ifp, f, nextHop);
    if (error === 0) error = e;
    f = next;
  }
  return error;
}

const NO_ROOM = -2;

/**
 * The fragments of m, no longer than mtu, linked by nextPkt; NO_MBUF or a number below it (the MTU
 * is too small), and then nothing is left behind. m stays the caller's.
 */
export function ipCut(inet: Inet, m: Mbuf, mtu: number): Mbuf {
  const { pool } = inet;
  const v = pool.view;
  const from = pool.off[m]!;
  const hdrLen = ipHdrLen(v, from);
  const total = ipLen(v, from);
  const offField = ipOff(v, from);
  let first = NO_MBUF;
  let last = NO_MBUF;
  for (let done = hdrLen; done < total; ) {
    const hl = last === NO_MBUF ? hdrLen : IP_HDR_LEN + copiedOptionsLen(pool, from, hdrLen);
    const room = (mtu - hl) & ~7;
    if (room < 8) return freeAll(pool, first, NO_ROOM);
    const size = Math.min(room, total - done);
    const f = pool.allocFor(hl + size);
    if (f === NO_MBUF) return freeAll(pool, first, NO_MBUF);
    const at = pool.off[f]!;
    pool.append(f, hl + size);
    if (last === NO_MBUF) {
      pool.data.copyWithin(at, from, from + hdrLen);
      first = f;
    } else {
      pool.data.copyWithin(at, from, from + IP_HDR_LEN);
      putCopiedOptions(pool, at, from, hdrLen);
      pool.nextPkt[last] = f;
    }
    pool.data.copyWithin(at + hl, from + done, from + done + size);
    const more = done + size < total ? IP_MF : offField & IP_MF;
    const off = ((offField & IP_OFFMASK) + ((done - hdrLen) >> 3)) | more;
    v.setUint8(at + IP_VHL, 0x40 | (hl >> 2));
    v.setUint16(at + IP_LEN, hl + size);
    v.setUint16(at + IP_OFF, off);
    v.setUint16(at + IP_SUM, 0);
    v.setUint16(at + IP_SUM, cksum(v, at, hl));
    last = f;
    done += size;
  }
  return first;
}

function freeAll(pool: MbufPool, first: Mbuf, result: number): number {
  for (let f = first; f !== NO_MBUF; ) {
    const next = pool.nextPkt[f]!;
    pool.free(f);
    f = next;
  }
  return result;
}

/** Bytes of the options that every fragment repeats, padded to 32 bits. */
function copiedOptionsLen(pool: MbufPool, from: number, hdrLen: number): number {
  return putCopiedOptions(pool, -1, from, hdrLen);
}

/**
 * Writes behind the 20 bytes at `to` those options of the header at `from` whose copied bit is set,
 * and pads them; returns their bytes. Only counts with to = -1. The options were checked.
 */
function putCopiedOptions(pool: MbufPool, to: number, from: number, hdrLen: number): number {
  const { data } = pool;
  let n = 0;
  for (let i = IP_HDR_LEN; i < hdrLen; ) {
    const type = data[from + i]!;
    if (type === IPOPT_EOL) break;
    // No length in the type's own byte, nor beyond the header: then it is cut off here.
    const len = type === IPOPT_NOP ? 1 : Math.min(Math.max(data[from + i + 1]!, 2), hdrLen - i);
    if ((type & IPOPT_COPIED) !== 0) {
      if (to >= 0) data.copyWithin(to + IP_HDR_LEN + n, from + i, from + i + len);
      n += len;
    }
    i += len;
  }
  for (; (n & 3) !== 0; n++) if (to >= 0) data[to + IP_HDR_LEN + n] = IPOPT_EOL;
  return n;
}
