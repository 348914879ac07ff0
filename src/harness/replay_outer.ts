// SPDX-License-Identifier: BSD-2-Clause
import { cksum } from '../header/cksum.ts';
import { ESP_HDR_LEN } from '../header/esp.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6, etherType } from '../header/ether.ts';
import {
  IP_HDR_LEN,
  IP_MF,
  IP_OFFMASK,
  IP_SUM,
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_UDP,
  ipHdrLen,
  ipLen,
  ipOff,
  ipProto,
  ipVersion,
} from '../header/ip.ts';
import { IP6_HDR_LEN, ip6Nxt, ip6Plen } from '../header/ip6.ts';
import { IP6_WALK_RIGHT, IP6E_NXT, Ip6Chain, ip6NxtOff, ip6Walk } from '../header/ip6_ext.ts';
import { UDP_HDR_LEN, udpDport, udpSport } from '../header/udp.ts';
import { type Mbuf, type MbufPool, NO_MBUF } from '../kern/mbuf.ts';
import { frag6Input } from '../netinet/frag6.ts';
import type { Inet } from '../netinet/inet.ts';
import { ipReass } from '../netinet/ip_reass.ts';
import { finishHeader } from '../netipsec/ip_headers.ts';

const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
/** RFC 3948 §2: the port of IKE, and of ESP beside it. */
const UDP_ENCAP_PORT = 4500;

export interface OuterHandler {
  /** ESP or AH, whole, headersLen bytes behind the IP header that m starts at. Owns m. */
  ipsec(m: Mbuf, headersLen: number, proto: number): void;
  /** Has the file an SA for this packet, whose SPI is spiOff bytes behind its IP header? */
  knows(m: Mbuf, spiOff: number): boolean;
  /** A packet of IP that is broken or cut; proto was to follow. */
  malformed(proto: number): void;
  /** A fragment that waits for others, or that reassembly refused. */
  fragment(): void;
  /** A frame with no IPsec in it. */
  other(): void;
}

/**
 * From frames to the ESP and AH in them: link header and VLAN tags, IP of both versions with its
 * options and extension headers, fragments, UDP encapsulation. What has no IPsec in it is let go.
 */
export class ReplayOuter {
  readonly #pool: MbufPool;
  readonly #inet: Inet;
  readonly #others: Inet;
  readonly #handler: OuterHandler;
  readonly #chain = new Ip6Chain();

  /**
   * inet puts the fragments of ESP and AH together. Those of other protocols wait in `others`: there
   * may be encapsulated ESP in them, or not, and those that never get whole are no loss.
   */
  constructor(inet: Inet, others: Inet, handler: OuterHandler) {
    this.#pool = inet.pool;
    this.#inet = inet;
    this.#others = others;
    this.#handler = handler;
  }

  /** A frame as a card delivers it; `cut`: the capture does not have all of it. Owns m. */
  frame(m: Mbuf, cut: boolean): void {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const end = at + pool.len[m]!;
    let header = at;
    while (header + ETHER_HDR_LEN <= end && isTag(etherType(v, header))) header += 4;
    const ip = header + ETHER_HDR_LEN;
    const type = ip <= end ? etherType(v, header) : 0;
    const isIp = type === ETHERTYPE_IP || type === ETHERTYPE_IPV6;
    if (ip < end && isIp) {
      pool.adj(m, ip - at);
      if (type === ETHERTYPE_IP) this.#ipv4(m);
      else this.#ipv6(m);
      return;
    }
    if (cut || ip > end || isIp) this.#handler.malformed(0);
    else this.#handler.other();
    pool.free(m);
  }

  #ipv4(m: Mbuf): void {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const have = pool.len[m]!;
    if (have < IP_HDR_LEN || ipVersion(v, at) !== 4) {
      this.#malformed(m, 0);
      return;
    }
    const proto = ipProto(v, at);
    const hdrLen = ipHdrLen(v, at);
    const total = ipLen(v, at);
    const fits = hdrLen >= IP_HDR_LEN && hdrLen <= total && total <= have;
    if (!fits || !hasRightSum(v, at, hdrLen)) {
      this.#malformed(m, proto);
      return;
    }
    pool.adj(m, total - have); // padding of the link
    if ((ipOff(v, at) & (IP_MF | IP_OFFMASK)) === 0) {
      this.#upper(m, hdrLen, proto);
      return;
    }
    const whole = ipReass(this.#waitingRoom(proto), m, hdrLen);
    if (whole === NO_MBUF) this.#handler.fragment();
    else this.#upper(whole, ipHdrLen(v, pool.off[whole]!), proto);
  }

  #ipv6(m: Mbuf): void {
    const pool = this.#pool;
    const v = pool.view;
    const at = pool.off[m]!;
    const have = pool.len[m]!;
    if (have < IP6_HDR_LEN || ipVersion(v, at) !== 6) {
      this.#malformed(m, 0);
      return;
    }
    const total = IP6_HDR_LEN + ip6Plen(v, at);
    const chain = this.#chain;
    if (total > have || ip6Walk(v, at, total, chain) !== IP6_WALK_RIGHT) {
      this.#malformed(m, total > have ? ip6Nxt(v, at) : 0);
      return;
    }
    pool.adj(m, total - have);
    if (chain.fragOff === 0) {
      this.#upper(m, chain.off, chain.proto);
      return;
    }
    // Every fragment says what the first header behind it is.
    const next = pool.data[at + chain.fragOff + IP6E_NXT]!;
    const nxtOff = ip6NxtOff(v, at, chain.fragOff);
    const whole = frag6Input(this.#waitingRoom(next), m, nxtOff, chain.fragOff);
    if (whole === NO_MBUF) {
      this.#handler.fragment();
      return;
    }
    const fault = ip6Walk(v, pool.off[whole]!, pool.len[whole]!, chain);
    if (fault !== IP6_WALK_RIGHT || chain.fragOff !== 0) this.#malformed(whole, next);
    else this.#upper(whole, chain.off, chain.proto);
  }

  #waitingRoom(proto: number): Inet {
    return isIpsec(proto) ? this.#inet : this.#others;
  }

  #upper(m: Mbuf, headersLen: number, proto: number): void {
    if (isIpsec(proto)) this.#handler.ipsec(m, headersLen, proto);
    else if (proto === IPPROTO_UDP && this.#isEncapsulated(m, headersLen)) {
      this.#outOfUdp(m, headersLen);
      this.#handler.ipsec(m, headersLen, IPPROTO_ESP);
    } else {
      this.#handler.other();
      this.#pool.free(m);
    }
  }

  /**
   * RFC 3948 §2: beside ESP, port 4500 has keep-alives of one byte, and IKE behind a marker of four
   * zeros. At other ports it is ESP when the file has its SA.
   */
  #isEncapsulated(m: Mbuf, headersLen: number): boolean {
    const pool = this.#pool;
    const v = pool.view;
    const udp = pool.off[m]! + headersLen;
    const spiOff = headersLen + UDP_HDR_LEN;
    if (pool.len[m]! < spiOff + ESP_HDR_LEN) return false;
    if (v.getUint32(udp + UDP_HDR_LEN) === 0) return false;
    const isPort = udpSport(v, udp) === UDP_ENCAP_PORT || udpDport(v, udp) === UDP_ENCAP_PORT;
    return isPort || this.#handler.knows(m, spiOff);
  }

  /** Takes the UDP header away. */
  #outOfUdp(m: Mbuf, headersLen: number): void {
    const pool = this.#pool;
    const at = pool.off[m]!;
    pool.data.copyWithin(at + UDP_HDR_LEN, at, at + headersLen);
    pool.adj(m, UDP_HDR_LEN);
    finishHeader(pool.view, pool.off[m]!, headersLen, pool.len[m]!, IPPROTO_ESP);
  }

  #malformed(m: Mbuf, proto: number): void {
    this.#handler.malformed(proto);
    this.#pool.free(m);
  }
}

/** No sum at all is right too: the capture was made before the sender's card filled it in. */
function hasRightSum(v: DataView, at: number, hdrLen: number): boolean {
  return v.getUint16(at + IP_SUM) === 0 || cksum(v, at, hdrLen) === 0;
}

export function isIpsec(proto: number): boolean {
  return proto === IPPROTO_ESP || proto === IPPROTO_AH;
}

function isTag(etherType: number): boolean {
  return etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_QINQ;
}
