// SPDX-License-Identifier: BSD-2-Clause
import {
  type Address,
  be16,
  checksum,
  type IpView,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_UDP,
  pseudoHeader,
} from './packet.ts';
import type { Traffic } from './traffic.ts';

export const NOT_TRAFFIC = -1;

/** Checks what an ESP packet carried: checksums, and the scenario's payload byte for byte. */
export class InnerCheck {
  readonly #traffic: Traffic | undefined;
  readonly #expected: Buffer;
  /** The packet expected next from a source address. */
  readonly #next = new Map<Address, number>();
  /** Of the last check: the scenario's packet number, or NOT_TRAFFIC. */
  index = NOT_TRAFFIC;
  /** Payloads compared. */
  compared = 0;

  constructor(traffic: Traffic | undefined) {
    this.#traffic = traffic;
    this.#expected = Buffer.alloc(traffic?.payloads.maxBytes ?? 0);
  }

  /**
   * The transport part b[at, end) of the packet v. '' or what is wrong, with the name of the check
   * before a colon.
   */
  check(b: Buffer, at: number, end: number, v: IpView): string {
    this.index = NOT_TRAFFIC;
    if (v.proto === PROTO_ICMP || v.proto === PROTO_ICMPV6) {
      const sum = v.proto === PROTO_ICMP ? 0 : pseudoHeader(v, PROTO_ICMPV6, end - at);
      return checksum(b, at, end, sum) === 0 ? '' : 'checksum:ICMP checksum is wrong';
    }
    return v.proto === PROTO_UDP ? this.#udp(b, at, end, v) : '';
  }

  /** Which of the scenario's packets this UDP packet is, by its ports; NOT_TRAFFIC: none. */
  indexOf(b: Buffer, at: number, end: number, src: Address): number {
    const traffic = this.#traffic;
    if (traffic === undefined || end - at < 4) return NOT_TRAFFIC;
    const dstPort = be16(b, at + 2);
    if ((traffic.dstPort ?? dstPort) !== dstPort) return NOT_TRAFFIC;
    return traffic.payloads.indexOf(be16(b, at), this.#next.get(src) ?? 0);
  }

  #udp(b: Buffer, at: number, end: number, v: IpView): string {
    const lenBytes = end - at;
    if (lenBytes < 8 || be16(b, at + 4) !== lenBytes) {
      return `length:UDP length ${lenBytes < 6 ? 'missing' : be16(b, at + 4)} in ${lenBytes} bytes`;
    }
    this.index = this.indexOf(b, at, end, v.src);
    const sum = pseudoHeader(v, PROTO_UDP, lenBytes);
    // RFC 768: the sender made none. RFC 8200 §8.1: over IPv6 it must.
    const unsummed = be16(b, at + 6) === 0 && typeof v.src === 'number';
    if (!unsummed && checksum(b, at, end, sum) !== 0) return 'checksum:UDP checksum is wrong';
    if (this.index === NOT_TRAFFIC) return '';
    const wrong = this.#payload(b, at + 8, lenBytes - 8, this.#traffic!);
    this.#next.set(v.src, this.index + 1);
    return wrong;
  }

  #payload(b: Buffer, at: number, sizeBytes: number, traffic: Traffic): string {
    this.compared++;
    if (isPacket(traffic, this.index, b, at, sizeBytes)) return '';
    // A second flow may have begun at 0 again.
    const again = traffic.payloads.indexOf(be16(b, at - 8), 0);
    if (isPacket(traffic, again, b, at, sizeBytes)) {
      this.index = again;
      return '';
    }
    return this.#difference(b, at, sizeBytes, traffic);
  }

  #difference(b: Buffer, at: number, sizeBytes: number, traffic: Traffic): string {
    const wanted = traffic.sizeOf?.(this.index) ?? sizeBytes;
    if (wanted !== sizeBytes) return `payload:${sizeBytes} bytes of payload, ${wanted} were sent`;
    const { payloads } = traffic;
    if (sizeBytes > payloads.maxBytes) return `payload:${sizeBytes} bytes, more than any sent`;
    payloads.fill(this.#expected, 0, sizeBytes, this.index);
    let i = 0;
    while (b[at + i] === this.#expected[i]) i++;
    const [got, want] = [b[at + i]!, this.#expected[i]!].map((x) =>
      x.toString(16).padStart(2, '0'),
    );
    return `payload:byte ${i} of ${sizeBytes} is 0x${got}, 0x${want} was sent`;
  }
}

function isPacket(
  traffic: Traffic,
  index: number,
  b: Buffer,
  at: number,
  sizeBytes: number,
): boolean {
  const wanted = traffic.sizeOf === undefined ? sizeBytes : traffic.sizeOf(index);
  return wanted === sizeBytes && traffic.payloads.matches(b, at, sizeBytes, index);
}
