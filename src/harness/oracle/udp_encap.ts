// SPDX-License-Identifier: BSD-2-Clause
import {
  type Address,
  be16,
  be32,
  checksum,
  type IpView,
  PROTO_UDP,
  pseudoHeader,
} from './packet.ts';

const UDP_HDR_BYTES = 8;
const FRAGMENTS_REMEMBERED = 64;

/** ESP in UDP (RFC 3948), as the oracle sees it on the wire: by the ends and ports of its SAs. */
export class UdpEncap {
  /** `destination port`. */
  readonly #ends = new Set<string>();
  /** Packets whose first fragment was such. */
  readonly #fragments = new Set<string>();

  add(dst: Address, dport: number): void {
    this.#ends.add(`${dst} ${dport}`);
  }

  /** Is b[v.payload, v.end) ESP in UDP, or a fragment of it? */
  isEsp(b: Buffer, v: IpView): boolean {
    if (this.#ends.size === 0 || v.proto !== PROTO_UDP) return false;
    const key = `${v.src} ${v.dst} ${v.id}`;
    if (v.fragmentOffsetBytes > 0) return this.#fragments.has(key);
    if (!this.#isOurs(b, v) || v.end - v.payload < UDP_HDR_BYTES + 8) return false;
    if (be32(b, v.payload + UDP_HDR_BYTES) === 0) return false; // §2.2: IKE
    if (v.moreFragments) this.#remember(key);
    return true;
  }

  /** §2.3 */
  isKeepalive(b: Buffer, v: IpView): boolean {
    const isOne = v.end - v.payload === UDP_HDR_BYTES + 1 && b[v.end - 1] === 0xff;
    return isOne && v.proto === PROTO_UDP && this.#isOurs(b, v);
  }

  /** Has UDP, the whole of b[at, end), the checksum that it needs? RFC 8200 §8.1: over IPv6 it must. */
  isSummed(b: Buffer, at: number, end: number, v: IpView): boolean {
    if (be16(b, at + 6) === 0) return typeof v.src === 'number';
    return checksum(b, at, end, pseudoHeader(v, PROTO_UDP, end - at)) === 0;
  }

  #isOurs(b: Buffer, v: IpView): boolean {
    if (v.end - v.payload < UDP_HDR_BYTES) return false;
    return this.#ends.has(`${v.dst} ${be16(b, v.payload + 2)}`);
  }

  #remember(key: string): void {
    this.#fragments.add(key);
    if (this.#fragments.size <= FRAGMENTS_REMEMBERED) return;
    this.#fragments.delete(this.#fragments.values().next().value!);
  }
}
