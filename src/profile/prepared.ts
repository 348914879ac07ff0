// SPDX-License-Identifier: BSD-2-Clause
import { IP_DST, IP_HDR_LEN, IP_SRC, IPPROTO_UDP, ipPut } from '../header/ip.ts';
import { UDP_HDR_LEN, udpPut } from '../header/udp.ts';
import type { Host } from '../host.ts';
import { type BenchPair, FIRST_PORT, INNER_RX, INNER_TX, SOURCE_PORT } from './bench_pair.ts';

const HEADER_BYTES = IP_HDR_LEN + UDP_HDR_LEN;

/**
 * UDP packets at their IP header, as ip_output() and ip_input() meet them: what a loop over one
 * stage goes round, again and again. put() gives one back the shape it had.
 */
export class Prepared {
  readonly count: number;
  readonly mbuf: Int32Array;
  readonly #host: Host;
  readonly #off: Int32Array;
  readonly #len: number;
  /** Header bytes of each, one after the other. */
  #headers: Uint8Array | null = null;

  /** software: what a loop does encrypts them in place, so put() writes their headers again. */
  constructor(host: Host, pair: BenchPair, software: boolean) {
    const { sas, sizeBytes } = pair.workload;
    const { mbufs } = host;
    // A power of two, so that it divides a batch; every SA has its turn.
    this.count = Math.max(64, 1 << Math.ceil(Math.log2(sas)));
    this.#host = host;
    this.#len = sizeBytes + UDP_HDR_LEN + IP_HDR_LEN;
    this.mbuf = Int32Array.from({ length: this.count }, () => mbufs.alloc());
    this.#off = new Int32Array(this.count);
    for (let k = 0; k < this.count; k++) {
      const m = this.mbuf[k]!;
      mbufs.append(m, this.#len);
      const at = mbufs.off[m]!;
      this.#off[k] = at;
      const v = mbufs.view;
      ipPut(v, at, IP_HDR_LEN, 0, this.#len, k, 0, 64, IPPROTO_UDP);
      v.setUint32(at + IP_SRC, INNER_TX);
      v.setUint32(at + IP_DST, INNER_RX);
      const port = FIRST_PORT + (k % sas);
      udpPut(v, at + IP_HDR_LEN, SOURCE_PORT, port, this.#len - IP_HDR_LEN);
    }
    if (software) this.#headers = this.#copyHeaders();
  }

  /** Packet k as it was at first, whatever was put round it. */
  put(k: number): number {
    const m = this.mbuf[k]!;
    const { mbufs } = this.#host;
    mbufs.off[m] = this.#off[k]!;
    mbufs.len[m] = this.#len;
    if (this.#headers !== null) {
      const at = this.#off[k]!;
      for (let i = 0; i < HEADER_BYTES; i++) {
        mbufs.data[at + i] = this.#headers[k * HEADER_BYTES + i]!;
      }
    }
    return m;
  }

  #copyHeaders(): Uint8Array {
    const { data } = this.#host.mbufs;
    const headers = new Uint8Array(this.count * HEADER_BYTES);
    for (const [k, at] of this.#off.entries()) {
      headers.set(data.subarray(at, at + HEADER_BYTES), k * HEADER_BYTES);
    }
    return headers;
  }

  /** Gives packet k another source port: another flow. */
  setSourcePort(k: number, port: number): void {
    this.#host.mbufs.view.setUint16(this.#off[k]! + IP_HDR_LEN, port);
  }

  free(): void {
    for (const m of this.mbuf) this.#host.mbufs.free(m);
  }
}
