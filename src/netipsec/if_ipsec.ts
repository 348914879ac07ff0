// SPDX-License-Identifier: BSD-2-Clause

import { IPPROTO_ESP } from '../header/ip.ts';
import type { IpAddr } from '../header/ip_addr.ts';
import { counter } from '../kern/counters.ts';
import { EHOSTUNREACH, EINPROGRESS, ENETDOWN } from '../kern/errno.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import { IPSEC_IF_ONCE } from '../kern/turn_rules_if.ts';
import { IFF_UP, type Ifnet, type Tap } from '../net/ifnet.ts';
import type { Inet } from '../netinet/inet.ts';
import type { Ipsec } from './ipsec.ts';
import type { Sa } from './sa.ts';
import { answers, compile, type Secpolicy, type SpRequest } from './secpolicy.ts';

const IF_IPSEC_SENT = counter('ifIpsec.sent', 'packets routed into an IPsec interface');
const IF_IPSEC_RECEIVED = counter('ifIpsec.received', 'packets that came by an IPsec interface');
const IF_IPSEC_DOWN = counter('ifIpsec.down', 'the IPsec interface is down');
const IF_IPSEC_LOOP = counter(
  'ifIpsec.loop',
  'packet that this IPsec interface has protected already',
);

/** FreeBSD's IPSEC_MTU. */
const IPSEC_MTU = 1400;

export interface IpsecIfConfig {
  readonly name: string;
  readonly index: number;
  readonly inet: Inet;
  readonly ipsec: Ipsec;
  /** Its SAs are those with this id, which no other policy should ask for: 1 … 65535. */
  readonly reqid: number;
  /** Ends of the tunnel. */
  readonly src: IpAddr;
  readonly dst: IpAddr;
}

/**
 * if_ipsec(4), route-based IPsec: an interface whose packets go through an ESP tunnel. What is
 * routed here is protected, whatever the SPD says; routes choose, not selectors. It has a pair of
 * policies of its own: going out, everything by an SA of its reqid; coming in, that SA is what says
 * that a packet came by this interface.
 */
export class IpsecIf implements Ifnet {
  readonly name: string;
  readonly index: number;
  readonly capabilities = 0;
  readonly lladdr = null;
  flags: number = IFF_UP;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  readonly #ipsec: Ipsec;
  readonly #pool: MbufPool;
  readonly #n: Float64Array;
  readonly #out: Secpolicy;
  readonly #in: SpRequest;
  readonly #reqid: number;
  #mtu = IPSEC_MTU;
  #isAsked = false;
  /** A packet is on its way out by this very call: fragments of it would carry no tag. */
  #isBusy = false;

  constructor(config: IpsecIfConfig) {
    const { src, dst, inet, ipsec, reqid } = config;
    if (!(reqid >= 1 && reqid <= 0xffff))
      throw new RangeError(`"reqid" expected 1..65535, got ${reqid}`);
    this.name = config.name;
    this.index = config.index;
    this.#ipsec = ipsec;
    this.#pool = inet.pool;
    this.#n = inet.counters.n;
    this.#reqid = reqid;
    this.#out = tunnelPolicy('out', src, dst, reqid);
    this.#in = tunnelPolicy('in', dst, src, reqid).requests[0]!;
    this.input = (m) => inet.pool.free(m);
    ipsec.addInterface(reqid, this);
  }

  /** What fits once ESP is round it, and no more than was set: routers may have said something. */
  get mtu(): number {
    // A route of the tunnel into itself would ask for ever.
    if (this.#isAsked) return this.#mtu;
    this.#isAsked = true;
    const fits = this.#ipsec.mtuOf(this.#out);
    this.#isAsked = false;
    return fits === 0 ? this.#mtu : Math.min(this.#mtu, fits);
  }

  set mtu(bytes: number) {
    this.#mtu = bytes;
  }

  transmit(m: Mbuf): number {
    if ((this.flags & IFF_UP) === 0) return this.#drop(m, IF_IPSEC_DOWN, ENETDOWN);
    // A route of the tunnel's own packets leads into the tunnel again.
    const once = this.#pool.rules.on[IPSEC_IF_ONCE] === 1;
    if (this.#isBusy || (once && this.#ipsec.hasApplied(m, this.#out))) {
      return this.#drop(m, IF_IPSEC_LOOP, EHOSTUNREACH);
    }
    this.#n[IF_IPSEC_SENT]!++;
    this.#isBusy = true;
    const error = this.#ipsec.process(m, this.#out);
    this.#isBusy = false;
    return error === EINPROGRESS ? 0 : error;
  }

  /** Is a packet that came through this SA one that came by this interface? */
  isFor(sa: Sa): boolean {
    return answers(sa, this.#in, this.#in);
  }

  /** A packet out of the tunnel, at its IP header, with the tags that say how it came. Owns m. */
  received(m: Mbuf): void {
    if ((this.flags & IFF_UP) === 0) {
      this.#drop(m, IF_IPSEC_DOWN, 0);
      return;
    }
    this.#n[IF_IPSEC_RECEIVED]!++;
    this.#pool.rcvIf[m] = this.index;
    this.input(m);
  }

  /** Gives up its policies: what comes through its SAs is any tunnel's from then on. */
  close(): void {
    this.flags &= ~IFF_UP;
    this.#ipsec.removeInterface(this.#reqid);
  }

  #drop(m: Mbuf, why: number, errno: number): number {
    this.#n[why]!++;
    this.#pool.free(m);
    return errno;
  }
}

function tunnelPolicy(direction: 'in' | 'out', src: IpAddr, dst: IpAddr, reqid: number): Secpolicy {
  return compile({
    direction,
    // Never looked up, so never compared: the interface is the selector.
    ...{ src: 0, srcPrefixLen: 0, dst: 0, dstPrefixLen: 0, proto: 0, sport: 0, dport: 0 },
    action: 'ipsec',
    requests: [{ proto: IPPROTO_ESP, mode: 'tunnel', src, dst, level: 'unique', reqid }],
  });
}
