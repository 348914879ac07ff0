// SPDX-License-Identifier: BSD-2-Clause
import { IN6ADDR_ANY, type In6Addr, IP6_MAXPAYLOAD, in6Word, in6Words } from '../header/ip6.ts';
import { UDP_HDR_LEN } from '../header/udp.ts';
import { counter } from '../kern/counters.ts';
import { EADDRNOTAVAIL, EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { InPcb } from './in_pcb.ts';
import { In6Pcb } from './in6_pcb.ts';
import type { Inet } from './inet.ts';
import type { IpHow } from './ip_output.ts';
import { udpOutput } from './udp_output.ts';
import { udp6Output } from './udp6_output.ts';

const SOCKET_NO_MBUF = counter('socket.noMbuf', 'no mbuf for the data of a send');

/** bind() or connect() did not work: errno says why. */
export class SocketError extends Error {
  readonly errno: number;

  constructor(message: string, errno: number) {
    super(message);
    this.name = 'SocketError';
    this.errno = errno;
  }
}

/** An IPv4 address as a number in host order, or an IPv6 address as 16 bytes. */
export type SocketAddr = number | In6Addr;

/**
 * A UDP socket for scripts and tests: bytes in, bytes out, each copied once. It speaks the family of
 * the address it is given, and both if it is bound to an address of each.
 */
export class UdpSocket {
  readonly #inet: Inet;
  readonly #pcb: InPcb = new InPcb();
  readonly #pcb6: In6Pcb = new In6Pcb();
  /** Of the destination of a send: no allocation for each. */
  readonly #to6: Uint32Array = new Uint32Array(4);

  /** how.ttl and how.tos are hop limit and traffic class in IPv6; options are IPv4's alone. */
  constructor(inet: Inet, how?: Partial<IpHow>) {
    this.#inet = inet;
    this.#pcb.how = { ...this.#pcb.how, ...how };
    this.#pcb6.how = this.#pcb.how;
  }

  get port(): number {
    return this.#pcb.lport === 0 ? this.#pcb6.lport : this.#pcb.lport;
  }

  /** Port 0 takes a free one; address 0 (IPv4) or :: (IPv6) is any. Throws SocketError. */
  bind(addr: SocketAddr, port: number): this {
    if (typeof addr !== 'number') return this.#bind6(in6Words(addr), port);
    if (addr !== 0 && !this.#inet.addrs.isLocal(addr)) {
      throw new SocketError('bind: the address is none of this host', EADDRNOTAVAIL);
    }
    const errno = this.#inet.pcbs.bind(this.#pcb, addr, port);
    if (errno !== 0) throw new SocketError(`bind: port ${port} is in use`, errno);
    return this;
  }

  #bind6(words: Uint32Array, port: number): this {
    const { addrs, pcbs } = this.#inet.ip6;
    const [w0, w1, w2, w3] = words as unknown as [number, number, number, number];
    if ((w0 | w1 | w2 | w3) !== 0 && !addrs.isLocal(w0, w1, w2, w3)) {
      throw new SocketError('bind: the address is none of this host', EADDRNOTAVAIL);
    }
    const errno = pcbs.bind(this.#pcb6, words, port);
    if (errno !== 0) throw new SocketError(`bind: port ${port} is in use`, errno);
    return this;
  }

  /** Talks with this one end only. Binds to a free port if need be. */
  connect(addr: SocketAddr, port: number): this {
    if (typeof addr !== 'number') {
      if (this.#pcb6.lport === 0) this.bind(IN6ADDR_ANY, 0);
      this.#pcb6.faddr.set(in6Words(addr));
      this.#pcb6.fport = port;
      return this;
    }
    if (this.#pcb.lport === 0) this.bind(0, 0);
    this.#pcb.faddr = addr;
    this.#pcb.fport = port;
    return this;
  }

  /** Called with a copy of each datagram. */
  onMessage(callback: (bytes: Uint8Array, srcAddr: SocketAddr, srcPort: number) => void): this {
    const { pool } = this.#inet;
    this.#pcb.onDatagram = (m, at, len, srcAddr, srcPort) => {
      const bytes = pool.data.slice(at, at + len);
      pool.free(m);
      callback(bytes, srcAddr, srcPort);
    };
    this.#pcb6.onDatagram = (m, at, len, srcAt, srcPort) => {
      const bytes = pool.data.slice(at, at + len);
      const srcAddr = pool.data.slice(srcAt, srcAt + 16);
      pool.free(m);
      callback(bytes, srcAddr, srcPort);
    };
    return this;
  }

  /** Called with each ICMP or ICMPv6 error about what was sent from here; types are the family's. */
  onError(callback: (type: number, code: number, mtu: number) => void): this {
    this.#pcb.onError = callback;
    this.#pcb6.onError = callback;
    return this;
  }

  /** To the connected end. 0 or errno. */
  send(bytes: Uint8Array): number {
    if (this.#pcb6.fport !== 0) return this.#send6(bytes, this.#pcb6.faddr, this.#pcb6.fport);
    if (this.#pcb.fport === 0) throw new Error('send: the socket is not connected');
    return this.sendTo(bytes, this.#pcb.faddr, this.#pcb.fport);
  }

  /** 0 or errno: what the network does to it later, no sender learns here. */
  sendTo(bytes: Uint8Array, addr: SocketAddr, port: number): number {
    if (typeof addr !== 'number') {
      const to = this.#to6;
      for (let i = 0; i < 4; i++) to[i] = in6Word(addr, i);
      return this.#send6(bytes, to, port);
    }
    if (this.#pcb.lport === 0) this.bind(0, 0);
    if (bytes.length > 65507) return EMSGSIZE;
    const m = this.#mbuf(bytes);
    if (m === NO_MBUF) return ENOBUFS;
    const { laddr, lport, how } = this.#pcb;
    return udpOutput(this.#inet, m, laddr, lport, addr, port, how);
  }

  #send6(bytes: Uint8Array, to: Uint32Array, port: number): number {
    if (this.#pcb6.lport === 0) this.bind(IN6ADDR_ANY, 0);
    if (bytes.length > IP6_MAXPAYLOAD - UDP_HDR_LEN) return EMSGSIZE;
    const m = this.#mbuf(bytes);
    if (m === NO_MBUF) return ENOBUFS;
    const { laddr, lport, how } = this.#pcb6;
    return udp6Output(this.#inet, m, laddr, lport, to, port, how);
  }

  /** An mbuf with a copy of the bytes, or NO_MBUF. */
  #mbuf(bytes: Uint8Array): Mbuf {
    const { pool } = this.#inet;
    const m = pool.allocFor(bytes.length);
    if (m === NO_MBUF) {
      this.#inet.counters.n[SOCKET_NO_MBUF]!++;
      return NO_MBUF;
    }
    pool.append(m, bytes.length);
    pool.data.set(bytes, pool.off[m]!);
    return m;
  }

  close(): void {
    this.#inet.pcbs.detach(this.#pcb);
    this.#inet.ip6.pcbs.detach(this.#pcb6);
  }
}
