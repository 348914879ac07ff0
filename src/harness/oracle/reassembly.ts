// SPDX-License-Identifier: BSD-2-Clause
import { type IpView, newIpView } from './packet.ts';

const PACKETS_MAX = 16;

interface Partial {
  readonly key: string;
  readonly bytes: Buffer;
  readonly have: Uint8Array;
  /** Payload length, once the last fragment was seen; -1 before. */
  totalBytes: number;
  gotUnits: number;
}

/**
 * Puts fragments together (RFC 791 §3.2, RFC 8200 §4.5), up to 16 packets at a time: about 1.2 MiB at most.
 * Fragments are seen as they leave their sender, so all of them come by, and soon.
 */
export class Reassembly {
  readonly #partials: Partial[] = [];
  readonly view: IpView = newIpView();
  /** Packets given up to make room. */
  abandoned = 0;

  get pending(): number {
    return this.#partials.length;
  }

  /**
   * Takes one fragment. When it completes its packet: that packet's payload, with `view` describing
   * it (offsets into the payload buffer, no header). Otherwise undefined.
   */
  add(b: Uint8Array, v: IpView): Buffer | undefined {
    const key = `${v.src} ${v.dst} ${v.id} ${v.proto}`;
    const partial = this.#find(key);
    const lenBytes = v.end - v.payload;
    if (v.fragmentOffsetBytes + lenBytes > partial.bytes.length) return undefined;
    partial.bytes.set(b.subarray(v.payload, v.end), v.fragmentOffsetBytes);
    const last = Math.ceil((v.fragmentOffsetBytes + lenBytes) / 8);
    for (let unit = v.fragmentOffsetBytes / 8; unit < last; unit++) {
      partial.gotUnits += 1 - partial.have[unit]!;
      partial.have[unit] = 1;
    }
    if (!v.moreFragments) partial.totalBytes = v.fragmentOffsetBytes + lenBytes;
    if (partial.totalBytes < 0 || partial.gotUnits * 8 < partial.totalBytes) return undefined;
    this.#partials.splice(this.#partials.indexOf(partial), 1);
    Object.assign(this.view, v);
    this.view.start = 0;
    this.view.payload = 0;
    this.view.end = partial.totalBytes;
    this.view.fragmentOffsetBytes = 0;
    this.view.moreFragments = false;
    return partial.bytes.subarray(0, partial.totalBytes);
  }

  #find(key: string): Partial {
    const found = this.#partials.find((p) => p.key === key);
    if (found !== undefined) return found;
    if (this.#partials.length === PACKETS_MAX) {
      this.#partials.shift();
      this.abandoned++;
    }
    const bytes = Buffer.alloc(65536);
    const partial = { key, bytes, have: new Uint8Array(8192), totalBytes: -1, gotUnits: 0 };
    this.#partials.push(partial);
    return partial;
  }
}
