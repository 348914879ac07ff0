// SPDX-License-Identifier: BSD-2-Clause
import { ICMP_UNREACH, ICMP_UNREACH_PROTOCOL } from '../header/icmp.ts';
import {
  IP_DF,
  IP_DST,
  IP_HDR_LEN,
  IP_SRC,
  IPPROTO_IPIP,
  ipDst,
  ipOff,
  ipPut,
  ipSrc,
  ipVersion,
} from '../header/ip.ts';
import { IP6_HDR_LEN, IPPROTO_IPV6 } from '../header/ip6.ts';
import { counter } from '../kern/counters.ts';
import { EINVAL, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { GifIf } from '../net/if_gif.ts';
import { icmpError } from './icmp_error.ts';
import type { Inet } from './inet.ts';
import { ecnDecapsulate, trafficClass } from './ip_ecn.ts';
import { ipOutput } from './ip_output.ts';

export const GIF_NO_TUNNEL = counter('gif.noTunnel', 'IP in IP between ends that no tunnel has');
export const GIF_BAD_INNER = counter(
  'gif.badInner',
  'no packet of the protocol named inside the tunnel',
);
const GIF_ECN_DROP = counter('gif.ecnDrop', 'congestion mark on a tunnel of not-ECT packets');
export const GIF_NO_ROOM = counter('gif.noRoom', 'no room in the mbuf for an outer header');

const TUNNEL_TTL = 64;

/** Takes the outer header of hdrLen bytes off; what it named is what is inside. Owns m. */
export function gifDecapsulate(
  { pool, counters }: Inet,
  gif: GifIf,
  m: Mbuf,
  hdrLen: number,
  proto: number,
): void {
  const v = pool.view;
  const outer = pool.off[m]!;
  const is4 = proto === IPPROTO_IPIP;
  const isWhole = pool.len[m]! >= hdrLen + (is4 ? IP_HDR_LEN : IP6_HDR_LEN);
  const isRight = isWhole && ipVersion(v, outer + hdrLen) === (is4 ? 4 : 6);
  if (!isRight || !ecnDecapsulate(v, outer, outer + hdrLen)) {
    counters.n[isRight ? GIF_ECN_DROP : GIF_BAD_INNER]!++;
    pool.free(m);
    return;
  }
  pool.adj(m, hdrLen);
  gif.received(m);
}

interface Tunnel {
  readonly gif: GifIf;
  readonly local: number;
  readonly remote: number;
}

/** The IP-in-IP tunnels of one host over IPv4, after FreeBSD's in_gif.c; IPv4 or IPv6 inside. */
export class InGif {
  readonly #inet: Inet;
  readonly #tunnels: Tunnel[] = [];

  /** Takes protocols 4 and 41 of the host's IPv4. */
  constructor(inet: Inet) {
    this.#inet = inet;
    const input = (_inet: Inet, m: Mbuf, hdrLen: number, proto: number) =>
      this.#input(m, hdrLen, proto);
    inet.protosw.register(IPPROTO_IPIP, input);
    inet.protosw.register(IPPROTO_IPV6, input);
  }

  /** Gives a tunnel its ends, host order. Two tunnels cannot have the same two. */
  add(gif: GifIf, local: number, remote: number): void {
    if (this.#find(local, remote) !== null) throw new RangeError('a tunnel has these ends already');
    this.#tunnels.push({ gif, local, remote });
    gif.encap = (m) => this.#output(m, local, remote);
  }

  remove(gif: GifIf): void {
    const at = this.#tunnels.findIndex((t) => t.gif === gif);
    if (at >= 0) this.#tunnels.splice(at, 1);
    gif.encap = null;
  }

  #find(local: number, remote: number): Tunnel | null {
    for (let i = 0; i < this.#tunnels.length; i++) {
      const t = this.#tunnels[i]!;
      if (t.local === local && t.remote === remote) return t;
    }
    return null;
  }

  /** RFC 2003 §3.1, RFC 4213 §3.5: the outer header. */
  #output(m: Mbuf, local: number, remote: number): number {
    const { pool } = this.#inet;
    const v = pool.view;
    const inner = pool.off[m]!;
    const is4 = ipVersion(v, inner) === 4;
    if (!is4 && ipVersion(v, inner) !== 6) return this.#drop(m, GIF_BAD_INNER, EINVAL);
    // RFC 6040 §4.1, normal mode: ECN is copied; so is the DSCP.
    const tos = trafficClass(v, inner);
    // RFC 2003 §3.1: DF inside means DF outside. RFC 4213 §3.2.1: never with the fixed MTU of IPv6.
    const df = is4 ? ipOff(v, inner) & IP_DF : 0;
    if (!pool.prepend(m, IP_HDR_LEN)) return this.#drop(m, GIF_NO_ROOM, ENOBUFS);
    const at = pool.off[m]!;
    const proto = is4 ? IPPROTO_IPIP : IPPROTO_IPV6;
    ipPut(v, at, IP_HDR_LEN, tos, pool.len[m]!, this.#inet.nextId(), df, TUNNEL_TTL, proto);
    v.setUint32(at + IP_SRC, local);
    v.setUint32(at + IP_DST, remote);
    return ipOutput(this.#inet, m);
  }

  /** A row of the demux table: a whole packet for this host, let in by policy. Owns m. */
  #input(m: Mbuf, hdrLen: number, proto: number): void {
    const { pool } = this.#inet;
    const v = pool.view;
    const outer = pool.off[m]!;
    const tunnel = this.#find(ipDst(v, outer), ipSrc(v, outer));
    if (tunnel === null) {
      icmpError(this.#inet, m, hdrLen, ICMP_UNREACH, ICMP_UNREACH_PROTOCOL, 0); // RFC 4213 §3.6
      this.#drop(m, GIF_NO_TUNNEL, 0);
      return;
    }
    gifDecapsulate(this.#inet, tunnel.gif, m, hdrLen, proto);
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#inet.counters.n[why]!++;
    this.#inet.pool.free(m);
    return errno;
  }
}
