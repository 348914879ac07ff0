// SPDX-License-Identifier: BSD-2-Clause
import { counter } from '../kern/counters.ts';
import { EADDRNOTAVAIL, EMSGSIZE, ENOBUFS } from '../kern/errno.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import { InPcb } from './in_pcb.ts';
import type { Inet } from './inet.ts';
import type { IpHow } from './ip_output.ts';
import { udpOutput } from './udp_output.ts';

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

/** A UDP socket for scripts and tests: bytes in, bytes out, each copied once. */
export class UdpSocket {
  readonly #inet: Inet;
  readonly #pcb: InPcb = new InPcb();

  constructor(inet: Inet, how?: Partial<IpHow>) {
    this.#inet = inet;
    this.#pcb.how = { ...this.#pcb.how, ...how };
  }

  get port(): number {
    return this.#pcb.lport;
  }

  /** Port 0 takes a free one; address 0 is any. Throws SocketError. */
  bind(addr: number, port: number): this {
    if (addr !== 0 && !this.#inet.addrs.isLocal(addr)) {
      throw new SocketError('bind: the address is none of this host', EADDRNOTAVAIL);
    }
    const errno = this.#inet.pcbs.bind(this.#pcb, addr, port);
    if (errno !== 0) throw new SocketError(`bind: port ${port} is in use`, errno);
    return this;
  }

  /** Talks with this one end only. Binds to a free port if need be. */
  connect(addr: number, port: number): this {
    if (this.#pcb.lport === 0) this.bind(0, 0);
    this.#pcb.faddr = addr;
    this.#pcb.fport = port;
    return this;
  }

  /** Called with a copy of each datagram. */
  onMessage(callback: (bytes: Uint8Array, srcAddr: number, srcPort: number) => void): this {
    const { pool } = this.#inet;
    this.#pcb.onDatagram = (m, at, len, srcAddr, srcPort) => {
      const bytes = pool.data.slice(at, at + len);
      pool.free(m);
      callback(bytes, srcAddr, srcPort);
    };
    return this;
  }

  /** Called with each ICMP error about what was sent from here. */
  onError(callback: (type: number, code: number, mtu: number) => void): this {
    this.#pcb.onError = callback;
    return this;
  }

  /** To the connected end. 0 or errno. */
  send(bytes: Uint8Array): number {
    if (this.#pcb.fport === 0) throw new Error('send: the socket is not connected');
    return this.sendTo(bytes, this.#pcb.faddr, this.#pcb.fport);
  }

  /** 0 or errno: what the network does to it later, no sender learns here. */
  sendTo(bytes: Uint8Array, addr: number, port: number): number {
    const { pool } = this.#inet;
    if (this.#pcb.lport === 0) this.bind(0, 0);
    if (bytes.length > 65507) return EMSGSIZE;
    const m = pool.allocFor(bytes.length);
    if (m === NO_MBUF) {
      this.#inet.counters.n[SOCKET_NO_MBUF]!++;
      return ENOBUFS;
    }
    pool.append(m, bytes.length);
    pool.data.set(bytes, pool.off[m]!);
    const { laddr, lport, how } = this.#pcb;
    return udpOutput(this.#inet, m, laddr, lport, addr, port, how);
  }

  close(): void {
    this.#inet.pcbs.detach(this.#pcb);
  }
}
