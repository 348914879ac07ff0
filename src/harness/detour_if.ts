// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN } from '../header/ether.ts';
import { IPPROTO_ESP, ipProto, ipVersion } from '../header/ip.ts';
import { IP6_HDR_LEN, IPPROTO_FRAGMENT, ip6Nxt } from '../header/ip6.ts';
import type { Host } from '../host.ts';
import { counter } from '../kern/counters.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { IFF_UP, type Ifnet } from '../net/ifnet.ts';

const DETOUR_FRAMES = counter('detour.frames', 'frames that left by an interface of no world');

/**
 * An interface without IPsec at whose wire somebody listens: it counts what leaves the host there,
 * and how much of that shows its payload.
 */
export class DetourIf implements Ifnet {
  readonly name = 'detour0';
  readonly index: number;
  readonly lladdr = Uint8Array.of(2, 0, 0, 0, 0, 0x0d);
  readonly capabilities = 0;
  mtu = 1500;
  flags = IFF_UP;
  input: (m: Mbuf) => void = () => {};
  encrypted = 0;
  clear = 0;
  readonly #host: Host;
  readonly #marker: Buffer;
  readonly #arena: Buffer;

  /** marker: bytes that are in every payload, and in no ciphertext. */
  constructor(host: Host, marker: Uint8Array) {
    const { data } = host.mbufs;
    this.#marker = Buffer.from(marker);
    this.#arena = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#host = host;
    this.index = host.newIndex();
    host.addInterface(this);
  }

  transmit(m: Mbuf): number {
    const { mbufs } = this.#host;
    const at = mbufs.off[m]! + ETHER_HDR_LEN;
    const end = mbufs.off[m]! + mbufs.len[m]!;
    const v = mbufs.view;
    const proto = ipVersion(v, at) === 4 ? ipProto(v, at) : ip6Nxt(v, at);
    const isEsp = proto === IPPROTO_ESP || isEspFragment(v, at, proto);
    if (!isEsp || this.#arena.subarray(at, end).includes(this.#marker)) this.clear++;
    else this.encrypted++;
    this.#host.counters.n[DETOUR_FRAMES]!++;
    mbufs.free(m);
    return 0;
  }
}

/** Of IPv6, whose fragments say so behind another header. */
function isEspFragment(v: DataView, at: number, proto: number): boolean {
  return proto === IPPROTO_FRAGMENT && v.getUint8(at + IP6_HDR_LEN) === IPPROTO_ESP;
}
