// SPDX-License-Identifier: BSD-2-Clause
import { ESP_HDR_LEN } from '../header/esp.ts';
import { IPPROTO_ESP } from '../header/ip.ts';
import { UDP_HDR_LEN, udpDport, udpLen, udpSport } from '../header/udp.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import type { Inet } from '../netinet/inet.ts';
import { finishHeader } from './ip_headers.ts';
import { ESP_KEEPALIVE_IN, ESP_RUNT, ESP_UDP_BAD_SUM } from './ipsec_counters.ts';
import type { IpsecInput } from './ipsec_input.ts';
import { isUdpEncapSum } from './natt.ts';
import { type Carrier, NO_REQUEST } from './pact.ts';
import type { Sadb } from './sadb.ts';

/** RFC 3948 §2.3. */
const KEEPALIVE = 0xff;
/** RFC 3948 §2.2: what IKE's messages begin with where ESP has its SPI. */
const NON_ESP_MARKER = 0;

/** The way in of ESP in UDP (RFC 3948): at ports that inbound SAs name. */
export class UdpDecap {
  readonly #inet: Inet;
  readonly #sadb: Sadb;
  readonly #carrier: Carrier;
  readonly #input: IpsecInput;

  constructor(inet: Inet, sadb: Sadb, carrier: Carrier, input: IpsecInput) {
    this.#inet = inet;
    this.#sadb = sadb;
    this.#carrier = carrier;
    this.#input = input;
  }

  /** IpsecMethods.udpInput. */
  udpInput(m: Mbuf, family: 4 | 6, headersLen: number): boolean {
    if (this.#sadb.nattPorts.size === 0) return false;
    const { pool } = this.#inet;
    const { view } = pool;
    const udp = pool.off[m]! + headersLen;
    if (pool.len[m]! < headersLen + UDP_HDR_LEN) return false;
    if (!this.#sadb.nattPorts.has(udpDport(view, udp))) return false;
    const len = udpLen(view, udp);
    if (len < UDP_HDR_LEN || len > pool.len[m]! - headersLen) return false;
    // RFC 3948 §2.1: over IPv4 it is not looked at. What a card decrypted is no longer what was summed.
    if (family === 6 && this.#carrier.read(m) === NO_REQUEST) {
      if (!isUdpEncapSum(view, pool.off[m]!, udp, len)) return this.#drop(m, ESP_UDP_BAD_SUM);
    }
    const data = udp + UDP_HDR_LEN;
    const dataLen = len - UDP_HDR_LEN;
    if (dataLen === 1 && pool.data[data] === KEEPALIVE) return this.#drop(m, ESP_KEEPALIVE_IN);
    if (dataLen >= 4 && view.getUint32(data) === NON_ESP_MARKER) return false;
    if (dataLen < ESP_HDR_LEN) return this.#drop(m, ESP_RUNT);
    const sport = udpSport(view, udp);
    const excess = pool.len[m]! - headersLen - len;
    if (excess > 0) pool.adj(m, -excess);
    // The IP header moves up to ESP.
    const at = pool.off[m]!;
    pool.data.copyWithin(at + UDP_HDR_LEN, at, at + headersLen);
    pool.adj(m, UDP_HDR_LEN);
    finishHeader(view, pool.off[m]!, headersLen, pool.len[m]!, IPPROTO_ESP);
    this.#input.input(m, headersLen, IPPROTO_ESP, sport);
    return true;
  }

  #drop(m: Mbuf, counterIndex: number): boolean {
    this.#inet.counters.n[counterIndex]!++;
    this.#inet.pool.free(m);
    return true;
  }
}
