// SPDX-License-Identifier: BSD-2-Clause
import { cksumAdd, cksumPseudo6 } from '../header/cksum.ts';
import {
  ICMP6_ECHO_REPLY,
  ICMP6_ECHO_REQUEST,
  ICMP6_HDR_LEN,
  ICMP6_PACKET_TOO_BIG,
  ICMP6_SUM,
  ICMP6_TYPE,
  icmp6Code,
  icmp6IsError,
  icmp6Put,
  icmp6Type,
  icmp6Word,
  ND_NEIGHBOR_ADVERT,
  ND_NEIGHBOR_SOLICIT,
} from '../header/icmp6.ts';
import { IPPROTO_AH, IPPROTO_ESP, IPPROTO_UDP } from '../header/ip.ts';
import {
  type In6Addr,
  IP6_DST,
  IP6_HDR_LEN,
  IP6_MAXPAYLOAD,
  IP6_SRC,
  IPPROTO_ICMPV6,
  in6IsMulticast,
  ip6Class,
  ip6Put,
  ip6Version,
} from '../header/ip6.ts';
import { Ip6Chain, ip6Walk } from '../header/ip6_ext.ts';
import { udpDport, udpSport } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import { EHOSTUNREACH, EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { REFLECT } from '../kern/turn_rules.ts';
import type { Inet } from './inet.ts';
import { ip6FillSource, ip6Output } from './ip6_output.ts';
import { nd6Input } from './nd6.ts';

const ICMP6_RECEIVED = counter('icmp6.received', 'ICMPv6 messages received');
const ICMP6_SHORT = counter('icmp6.short', 'ICMPv6 message shorter than its header');
const ICMP6_BAD_SUM = counter('icmp6.badSum', 'ICMPv6 checksum wrong');
const ICMP6_REFLECTED = counter('icmp6.reflected', 'ICMPv6 echo requests answered');
const ICMP6_ECHOED = counter('icmp6.echoed', 'ICMPv6 echo replies received');
const ICMP6_TOLD = counter('icmp6.told', 'ICMPv6 errors passed to the socket they are about');
const ICMP6_UNMATCHED = counter('icmp6.unmatched', 'ICMPv6 errors about nothing that we have');
const ICMP6_PMTU = counter('icmp6.pathMtu', 'packet too big, obeyed');
const ICMP6_BAD_MTU = counter('icmp6.badMtu', 'packet too big with an MTU below 1280');
const ICMP6_UNKNOWN_TYPE = counter('icmp6.unknownType', 'ICMPv6 type not handled here');
const ICMP6_NO_ANSWER = counter('icmp6.noAnswer', 'no address to answer an echo request from');
const ICMP6_SEND_NO_MBUF = counter('icmp6.sendNoMbuf', 'no mbuf for an ICMPv6 echo request');

/** No counter: the message goes on as the answer. */
const TAKEN = -1;
const HLIM = 64;
const chain = new Ip6Chain();

/** ICMPv6's row in the demux table. Owns m. */
export function icmp6Input(inet: Inet, m: Mbuf, hdrLen: number): void {
  const why = process(inet, m, hdrLen);
  if (why === TAKEN) return;
  inet.counters.n[why]!++;
  inet.pool.free(m);
}

/** TAKEN, or the counter under which the message ends here. */
function process(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool, counters } = inet;
  counters.n[ICMP6_RECEIVED]!++;
  const v = pool.view;
  const ip = pool.off[m]!;
  const at = ip + hdrLen;
  const len = pool.len[m]! - hdrLen;
  if (len < ICMP6_HDR_LEN) return ICMP6_SHORT;
  const sum = cksumAdd(v, at, len, cksumPseudo6(v, ip + IP6_SRC, IPPROTO_ICMPV6, len));
  if (sum !== 0xffff) return ICMP6_BAD_SUM; // RFC 4443 §2.3
  if (inet.ip6.onIcmp !== null) inet.ip6.onIcmp(m, hdrLen);
  const type = icmp6Type(v, at);
  if (type === ICMP6_ECHO_REQUEST) return icmp6Reflect(inet, m, hdrLen);
  if (type === ICMP6_ECHO_REPLY) return ICMP6_ECHOED;
  if (type === ND_NEIGHBOR_SOLICIT || type === ND_NEIGHBOR_ADVERT) {
    return nd6Input(inet, m, hdrLen);
  }
  if (icmp6IsError(type)) return error(inet, m, at);
  // §2.4(b): an informational message of unknown type is silently discarded.
  return ICMP6_UNKNOWN_TYPE;
}

/** Turns an echo request into the reply, in the same mbuf, and sends it, without the extensions. */
function icmp6Reflect(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool } = inet;
  const v = pool.view;
  const via = inet.interfaceAt(pool.rcvIf[m]!) ?? null;
  // The packet turns round. "Done in" would tell the way out that IPsec was through with it, and the
  // reply would leave in clear; what policy wants for the reply must be found out anew.
  pool.turn(m, REFLECT);
  pool.flags[m] = 0;
  pool.rcvIf[m] = -1;
  const extra = hdrLen - IP6_HDR_LEN;
  if (extra > 0) {
    const from = pool.off[m]!;
    pool.data.copyWithin(from + extra, from, from + IP6_HDR_LEN);
    pool.adj(m, extra);
  }
  const at = pool.off[m]!;
  const src = at + IP6_SRC;
  const dst = at + IP6_DST;
  const wasGroup = in6IsMulticast(v.getUint32(dst));
  for (let i = 0; i < 16; i += 4) {
    const word = v.getUint32(src + i);
    v.setUint32(src + i, v.getUint32(dst + i));
    v.setUint32(dst + i, word);
  }
  // §4.2: a request to a group is answered from an address of this host's.
  if (wasGroup && !ip6FillSource(inet, at, via)) return ICMP6_NO_ANSWER;
  const len = pool.len[m]! - IP6_HDR_LEN;
  ip6Put(v, at, ip6Class(v, at), 0, len, IPPROTO_ICMPV6, HLIM);
  const icmp = at + IP6_HDR_LEN;
  v.setUint8(icmp + ICMP6_TYPE, ICMP6_ECHO_REPLY);
  fillSum(v, at, len);
  inet.counters.n[ICMP6_REFLECTED]!++;
  ip6Output(inet, m, via);
  return TAKEN;
}

function fillSum(v: DataView, at: number, len: number): void {
  const icmp = at + IP6_HDR_LEN;
  v.setUint16(icmp + ICMP6_SUM, 0);
  const pseudo = cksumPseudo6(v, at + IP6_SRC, IPPROTO_ICMPV6, len);
  v.setUint16(icmp + ICMP6_SUM, ~cksumAdd(v, icmp, len, pseudo) & 0xffff);
}

/** An error, at `icmp`, about a packet that this host sent, or says it did. */
function error(inet: Inet, m: Mbuf, icmp: number): number {
  const { pool, ip6 } = inet;
  const v = pool.view;
  const quoted = icmp + ICMP6_HDR_LEN;
  const have = pool.off[m]! + pool.len[m]! - quoted;
  if (have < IP6_HDR_LEN || ip6Version(v, quoted) !== 6) return ICMP6_UNMATCHED;
  const s = quoted + IP6_SRC;
  const isOurs = ip6.addrs.isLocal(
    v.getUint32(s),
    v.getUint32(s + 4),
    v.getUint32(s + 8),
    v.getUint32(s + 12),
  );
  if (!isOurs || ip6Walk(v, quoted, have, chain) !== 0) return ICMP6_UNMATCHED;
  const upper = quoted + chain.off;
  const isUdp = chain.proto === IPPROTO_UDP && chain.off + 4 <= have;
  const pcb = isUdp
    ? ip6.pcbs.lookup(v, s, udpSport(v, upper), quoted + IP6_DST, udpDport(v, upper))
    : null;
  const type = icmp6Type(v, icmp);
  const mtu = type === ICMP6_PACKET_TOO_BIG ? icmp6Word(v, icmp) : 0;
  if (mtu !== 0) {
    // RFC 4443 §3.2, RFC 8201 §4. Of UDP only what a socket here may have sent is believed; of ESP,
    // also in UDP, and of AH what IPsec may have (RFC 4301 §8.2.1).
    const { off, proto } = chain;
    const mayBeIpsec = proto === IPPROTO_UDP || proto === IPPROTO_ESP || proto === IPPROTO_AH;
    const isIpsec = mayBeIpsec && inet.ipsec.tooBig(6, quoted, have, off, proto, mtu);
    if (mayBeIpsec && !isIpsec && pcb === null) return ICMP6_UNMATCHED;
    const d = quoted + IP6_DST;
    const w0 = v.getUint32(d);
    const w1 = v.getUint32(d + 4);
    const w2 = v.getUint32(d + 8);
    const w3 = v.getUint32(d + 12);
    if (!ip6.pmtu.learn(w0, w1, w2, w3, mtu)) return ICMP6_BAD_MTU;
    inet.counters.n[ICMP6_PMTU]!++;
  }
  if (pcb === null || pcb.onError === null) return ICMP6_UNMATCHED;
  pcb.onError(type, icmp6Code(v, icmp), mtu);
  return ICMP6_TOLD;
}

/** Sends an echo request with a copy of payload. 0 or errno. */
export function icmp6Echo(
  inet: Inet,
  dst: In6Addr,
  id: number,
  seq: number,
  payload: Uint8Array,
): number {
  const { pool } = inet;
  const len = ICMP6_HDR_LEN + payload.length;
  if (len > IP6_MAXPAYLOAD) return EMSGSIZE;
  const m = pool.allocFor(IP6_HDR_LEN + len);
  if (m === NO_MBUF) {
    inet.counters.n[ICMP6_SEND_NO_MBUF]!++;
    return ENOBUFS;
  }
  pool.append(m, IP6_HDR_LEN + len);
  const v = pool.view;
  const at = pool.off[m]!;
  ip6Put(v, at, 0, 0, len, IPPROTO_ICMPV6, HLIM);
  pool.data.set(dst, at + IP6_DST);
  if (!ip6FillSource(inet, at)) {
    inet.counters.n[ICMP6_NO_ANSWER]!++;
    pool.free(m);
    return EHOSTUNREACH;
  }
  icmp6Put(v, at + IP6_HDR_LEN, ICMP6_ECHO_REQUEST, 0, (id << 16) | seq);
  pool.data.set(payload, at + IP6_HDR_LEN + ICMP6_HDR_LEN);
  fillSum(v, at, len);
  return ip6Output(inet, m);
}
