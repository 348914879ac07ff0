// SPDX-License-Identifier: BSD-2-Clause
import { cksum, cksumUpdate } from '../header/cksum.ts';
import {
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_HDR_LEN,
  ICMP_SUM,
  ICMP_TYPE,
  ICMP_UNREACH,
  ICMP_UNREACH_NEEDFRAG,
  icmpCode,
  icmpIsError,
  icmpNextMtu,
  icmpPut,
  icmpType,
} from '../header/icmp.ts';
import {
  IP_DST,
  IP_HDR_LEN,
  IP_ID,
  IP_LEN,
  IP_OFF,
  IP_OFFMASK,
  IP_SRC,
  IP_TTL,
  IP_VHL,
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_UDP,
  ipDst,
  ipHdrLen,
  ipOff,
  ipProto,
  ipSrc,
} from '../header/ip.ts';
import { udpDport, udpSport } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import { EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import { M_BCAST, type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { REFLECT } from '../kern/turn_rules.ts';
import type { Inet } from './inet.ts';
import { IP_DEFAULTS, ipOutput, ipSend } from './ip_output.ts';

const ICMP_RECEIVED = counter('icmp.received', 'ICMP messages received');
const ICMP_SHORT = counter('icmp.short', 'ICMP message shorter than its header');
const ICMP_BAD_SUM = counter('icmp.badSum', 'ICMP checksum wrong');
const ICMP_REFLECTED = counter('icmp.reflected', 'echo requests answered');
const ICMP_ECHO_BROADCAST = counter('icmp.echoBroadcast', 'echo request to a broadcast address');
const ICMP_ECHOED = counter('icmp.echoed', 'echo replies received');
const ICMP_TOLD = counter('icmp.told', 'ICMP errors passed to the socket they are about');
const ICMP_UNMATCHED = counter('icmp.unmatched', 'ICMP errors about nothing that we have');
const ICMP_UNKNOWN_TYPE = counter('icmp.unknownType', 'ICMP type not handled here');
const ICMP_SEND_NO_MBUF = counter('icmp.sendNoMbuf', 'no mbuf for an echo request');

/** No counter: the message goes on as the answer. */
const TAKEN = -1;

/** ICMP's row in the demux table. Owns m. */
export function icmpInput(inet: Inet, m: Mbuf, hdrLen: number): void {
  const why = process(inet, m, hdrLen);
  if (why === TAKEN) return;
  inet.counters.n[why]!++;
  inet.pool.free(m);
}

/** TAKEN, or the counter under which the message ends here. */
function process(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool, counters } = inet;
  counters.n[ICMP_RECEIVED]!++;
  const at = pool.off[m]! + hdrLen;
  const len = pool.len[m]! - hdrLen;
  if (len < ICMP_HDR_LEN) return ICMP_SHORT;
  if (cksum(pool.view, at, len) !== 0) return ICMP_BAD_SUM;
  if (inet.onIcmp !== null) inet.onIcmp(m, hdrLen);
  const type = icmpType(pool.view, at);
  if (type === ICMP_ECHO) return icmpReflect(inet, m, hdrLen);
  if (type === ICMP_ECHOREPLY) return ICMP_ECHOED;
  if (icmpIsError(type)) return tell(inet, m, hdrLen) ? ICMP_TOLD : ICMP_UNMATCHED;
  // RFC 1122 §3.2.2: a message of unknown type is silently discarded.
  return ICMP_UNKNOWN_TYPE;
}

/** Turns an echo request into the reply, in the same mbuf, and sends it. Options are left out. */
function icmpReflect(inet: Inet, m: Mbuf, hdrLen: number): number {
  const { pool } = inet;
  const v = pool.view;
  const dst = ipDst(v, pool.off[m]!);
  // RFC 1122 §3.2.2.6: such a request may be discarded.
  if ((pool.flags[m]! & M_BCAST) !== 0 || !inet.addrs.isLocal(dst)) {
    return ICMP_ECHO_BROADCAST;
  }
  // The packet turns round. "Done in" would tell the way out that IPsec was through with it, and the
  // reply would leave in clear; what policy wants for the reply must be found out anew.
  pool.turn(m, REFLECT);
  pool.flags[m] = 0;
  pool.rcvIf[m] = -1;
  const extra = hdrLen - IP_HDR_LEN;
  if (extra > 0) {
    const from = pool.off[m]!;
    pool.data.copyWithin(from + extra, from, from + IP_HDR_LEN);
    pool.adj(m, extra);
  }
  const at = pool.off[m]!;
  v.setUint32(at + IP_DST, ipSrc(v, at));
  v.setUint32(at + IP_SRC, dst);
  v.setUint8(at + IP_VHL, 0x45);
  v.setUint16(at + IP_LEN, pool.len[m]!);
  v.setUint16(at + IP_ID, inet.nextId());
  v.setUint16(at + IP_OFF, 0);
  v.setUint8(at + IP_TTL, IP_DEFAULTS.ttl);
  const icmp = at + IP_HDR_LEN;
  v.setUint8(icmp + ICMP_TYPE, ICMP_ECHOREPLY);
  const sum = cksumUpdate(v.getUint16(icmp + ICMP_SUM), ICMP_ECHO << 8, ICMP_ECHOREPLY << 8);
  v.setUint16(icmp + ICMP_SUM, sum);
  inet.counters.n[ICMP_REFLECTED]!++;
  ipOutput(inet, m);
  return TAKEN;
}

/** Passes an error to the socket whose packet it quotes (RFC 1122 §4.1.3.3). False: to none. */
function tell(inet: Inet, m: Mbuf, hdrLen: number): boolean {
  const { pool } = inet;
  const v = pool.view;
  const icmp = pool.off[m]! + hdrLen;
  const quoted = icmp + ICMP_HDR_LEN;
  const have = pool.off[m]! + pool.len[m]! - quoted;
  if (have < IP_HDR_LEN) return false;
  const quotedHdrLen = ipHdrLen(v, quoted);
  if (quotedHdrLen < IP_HDR_LEN || have < quotedHdrLen + 8) return false;
  // A fragment behind the first has no ports, and no SPI.
  if ((ipOff(v, quoted) & IP_OFFMASK) !== 0) return false;
  const proto = ipProto(v, quoted);
  const isUdp = proto === IPPROTO_UDP;
  if (isUdp || proto === IPPROTO_ESP || proto === IPPROTO_AH) {
    const code = icmpCode(v, icmp);
    if (icmpType(v, icmp) === ICMP_UNREACH && code === ICMP_UNREACH_NEEDFRAG) {
      const mtu = icmpNextMtu(v, icmp);
      if (inet.ipsec.tooBig(4, quoted, have, quotedHdrLen, proto, mtu)) return true;
    }
  }
  if (!isUdp) return false;
  const udp = quoted + quotedHdrLen;
  const pcb = inet.pcbs.lookup(
    ipSrc(v, quoted),
    udpSport(v, udp),
    ipDst(v, quoted),
    udpDport(v, udp),
  );
  if (pcb === null || pcb.onError === null) return false;
  pcb.onError(icmpType(v, icmp), icmpCode(v, icmp), icmpNextMtu(v, icmp));
  return true;
}

/** Sends an echo request with a copy of payload. 0 or errno. */
export function icmpEcho(
  inet: Inet,
  dst: number,
  id: number,
  seq: number,
  payload: Uint8Array,
): number {
  const { pool } = inet;
  const len = ICMP_HDR_LEN + payload.length;
  if (len > 65535 - IP_HDR_LEN) return EMSGSIZE;
  const m = pool.allocFor(len);
  if (m === NO_MBUF) {
    inet.counters.n[ICMP_SEND_NO_MBUF]!++;
    return ENOBUFS;
  }
  pool.append(m, len);
  const at = pool.off[m]!;
  icmpPut(pool.view, at, ICMP_ECHO, 0, (id << 16) | seq);
  pool.data.set(payload, at + ICMP_HDR_LEN);
  pool.view.setUint16(at + ICMP_SUM, cksum(pool.view, at, len));
  return ipSend(inet, m, 0, dst, IPPROTO_ICMP, IP_DEFAULTS);
}
