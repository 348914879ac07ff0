// SPDX-License-Identifier: BSD-2-Clause
import { ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR } from '../header/icmp6.ts';
import { IPPROTO_IPIP, ipVersion } from '../header/ip.ts';
import {
  type In6Addr,
  IP6_DST,
  IP6_HDR_LEN,
  IP6_SRC,
  IPPROTO_IPV6,
  in6Put,
  in6Words,
  ip6Put,
} from '../header/ip6.ts';
import { EINVAL, ENOBUFS } from '../kern/errno.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { GifIf } from '../net/if_gif.ts';
import { icmp6Error } from './icmp6_error.ts';
import { GIF_BAD_INNER, GIF_NO_ROOM, GIF_NO_TUNNEL, gifDecapsulate } from './in_gif.ts';
import type { Inet } from './inet.ts';
import { trafficClass } from './ip_ecn.ts';
import { ip6Output } from './ip6_output.ts';

/** RFC 2473 §6.3: that of the tunnel, whatever the inner packet has. */
const TUNNEL_HLIM = 64;

interface Tunnel {
  readonly gif: GifIf;
  readonly local: Uint32Array;
  readonly remote: Uint32Array;
}

/** The IP-in-IP tunnels of one host over IPv6 (RFC 2473), after in6_gif.c; IPv4 or IPv6 inside. */
export class In6Gif {
  readonly #inet: Inet;
  readonly #tunnels: Tunnel[] = [];

  /** Takes protocols 4 and 41 of the host's IPv6. */
  constructor(inet: Inet) {
    this.#inet = inet;
    const input = (_inet: Inet, m: Mbuf, hdrLen: number, proto: number) =>
      this.#input(m, hdrLen, proto);
    inet.ip6.protosw.register(IPPROTO_IPIP, input);
    inet.ip6.protosw.register(IPPROTO_IPV6, input);
  }

  /** Gives a tunnel its ends. Two tunnels cannot have the same two. */
  add(gif: GifIf, localAddr: In6Addr, remoteAddr: In6Addr): void {
    const tunnel = { gif, local: in6Words(localAddr), remote: in6Words(remoteAddr) };
    const isTaken = (t: Tunnel) => isSame(t.local, tunnel.local) && isSame(t.remote, tunnel.remote);
    if (this.#tunnels.some(isTaken)) throw new RangeError('a tunnel has these ends already');
    this.#tunnels.push(tunnel);
    gif.encap = (m) => this.#output(m, tunnel);
  }

  remove(gif: GifIf): void {
    const at = this.#tunnels.findIndex((t) => t.gif === gif);
    if (at >= 0) this.#tunnels.splice(at, 1);
    gif.encap = null;
  }

  /** RFC 2473 §6: the outer header; what does not fit the path is cut by us, §7. */
  #output(m: Mbuf, { local, remote }: Tunnel): number {
    const { pool } = this.#inet;
    const v = pool.view;
    const version = ipVersion(v, pool.off[m]!);
    if (version !== 4 && version !== 6) return this.#drop(m, GIF_BAD_INNER, EINVAL);
    // RFC 6040 §4.1, normal mode: ECN is copied; so is the DSCP.
    const tclass = trafficClass(v, pool.off[m]!);
    const innerLen = pool.len[m]!;
    if (!pool.prepend(m, IP6_HDR_LEN)) return this.#drop(m, GIF_NO_ROOM, ENOBUFS);
    const at = pool.off[m]!;
    ip6Put(v, at, tclass, 0, innerLen, version === 4 ? IPPROTO_IPIP : IPPROTO_IPV6, TUNNEL_HLIM);
    in6Put(v, at + IP6_SRC, local[0]!, local[1]!, local[2]!, local[3]!);
    in6Put(v, at + IP6_DST, remote[0]!, remote[1]!, remote[2]!, remote[3]!);
    return ip6Output(this.#inet, m);
  }

  /** A row of the demux table: a whole packet for this host, let in by policy. Owns m. */
  #input(m: Mbuf, hdrLen: number, proto: number): void {
    const { pool } = this.#inet;
    const at = pool.off[m]!;
    for (let i = 0; i < this.#tunnels.length; i++) {
      const { gif, local, remote } = this.#tunnels[i]!;
      if (!isAt(pool.view, at + IP6_DST, local) || !isAt(pool.view, at + IP6_SRC, remote)) continue;
      gifDecapsulate(this.#inet, gif, m, hdrLen, proto);
      return;
    }
    icmp6Error(this.#inet, m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, 0);
    this.#drop(m, GIF_NO_TUNNEL, 0);
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#inet.counters.n[why]!++;
    this.#inet.pool.free(m);
    return errno;
  }
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.every((w, i) => w === b[i]);
}

function isAt(v: DataView, at: number, words: Uint32Array): boolean {
  for (let i = 0; i < 4; i++) if (v.getUint32(at + 4 * i) !== words[i]) return false;
  return true;
}
