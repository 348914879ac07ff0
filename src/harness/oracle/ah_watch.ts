// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import { MAC_ICV_BYTES, macOf } from './mac.ts';
import { NonceLedger, REUSED } from './nonce_ledger.ts';
import {
  type Address,
  addressText,
  be32,
  type IpView,
  newIpView,
  PROTO_IPIP,
  PROTO_IPV6,
  readAddress,
  readIpv4,
  readIpv6,
} from './packet.ts';
import type { WireSa } from './wire_sa.ts';

const AH_BYTES = 12;
const GMAC_SALT_BYTES = 4;
const GMAC_IV_BYTES = 8;

interface WatchedAh {
  readonly sa: WireSa;
  readonly dst: Address;
  readonly sequences: NonceLedger;
  /** High half of the last sequence number. */
  seqHi: number;
}

/** The SAs of AH (RFC 4302): their ICVs, sequence numbers, and what is behind them. */
export class AhWatch {
  /** What the last AH carried: of a tunnel its packet, else the packet without AH. */
  readonly inner: IpView = newIpView();
  isTunnel = false;
  readonly #sas: WatchedAh[] = [];

  /** Throws RangeError for an algorithm it does not know. */
  add(sa: WireSa): void {
    const alg = sa.auth?.alg ?? 'none';
    if (MAC_ICV_BYTES[alg] === undefined && !/^aes-\d+-gmac$/.test(alg)) {
      throw new RangeError(`"${alg}": not an algorithm of AH that the oracle can check`);
    }
    const dst = readAddress(sa.dst);
    const others = this.#sas.filter((w) => w.dst !== dst || w.sa.spi !== sa.spi);
    const one = { sa, dst, sequences: new NonceLedger(), seqHi: sa.seqHi ?? 0 };
    this.#sas.splice(0, this.#sas.length, ...others, one);
  }

  /** AH of the whole packet v; its ICV is judged where b has the headers too. Fills `inner`. '' or 'check:what is wrong'. */
  open(b: Buffer, v: IpView): string {
    const at = v.payload;
    if (v.end - at < AH_BYTES) return `parse:${v.end - at} bytes where AH was expected`;
    const spi = be32(b, at + 4);
    const name = `AH 0x${spi.toString(16)} seq ${be32(b, at + 8)}`;
    const watched = this.#sas.find((w) => w.sa.spi === spi && w.dst === v.dst);
    if (watched === undefined) return `sa:${name} to ${addressText(v.dst)}: no such SA`;
    const lenBytes = (b[at + 1]! + 2) * 4;
    const isAligned = typeof v.dst === 'number' || lenBytes % 8 === 0;
    if (!isAligned || at + lenBytes > v.end) return `parse:${name}: length ${lenBytes}`;
    if (this.#isForged(b, v, watched)) return `icv:${name}: ICV is wrong`;
    const print = be32(b, v.end - 4);
    if (watched.sequences.note(watched.seqHi, be32(b, at + 8), print) === REUSED) {
      return `nonce:${name}: sequence number used twice`;
    }
    return this.#inside(b, v, watched.sa.mode === 'tunnel', at + lenBytes);
  }

  #inside(b: Buffer, v: IpView, isTunnel: boolean, payload: number): string {
    const next = b[v.payload]!;
    this.isTunnel = isTunnel;
    if (!isTunnel) {
      Object.assign(this.inner, v, { proto: next, payload });
      return '';
    }
    if (next !== PROTO_IPIP && next !== PROTO_IPV6) return `next header:${next} in a tunnel of AH`;
    const read = next === PROTO_IPIP ? readIpv4 : readIpv6;
    const wrong = read(b, payload, v.end, this.inner);
    return wrong === '' ? '' : `inner:${wrong}`;
  }

  #isForged(b: Buffer, v: IpView, watched: WatchedAh): boolean {
    const { alg, key } = watched.sa.auth!;
    const icvAt = v.payload + AH_BYTES;
    const icvBytes = MAC_ICV_BYTES[alg] ?? GMAC_IV_BYTES + 16;
    const image = asSent(b.subarray(v.start, v.end), v.payload - v.start);
    if (image === undefined) return false;
    image.fill(0, icvAt - v.start, icvAt - v.start + icvBytes);
    const icv = b.subarray(icvAt, icvAt + icvBytes);
    if (watched.sa.esn !== true) return !fieldOf(alg, key, image, icv).equals(icv);
    for (const hi of [watched.seqHi, watched.seqHi + 1]) {
      const high = Buffer.alloc(4);
      high.writeUInt32BE(hi);
      if (!fieldOf(alg, key, Buffer.concat([image, high]), icv).equals(icv)) continue;
      watched.seqHi = hi;
      return false;
    }
    return true;
  }
}

/**
 * A copy with zeros for what may change on the way (RFC 4302 §3.3.3.1). None of a packet put together
 * from fragments, nor with options or extension headers: those are for test/reference/ah.ts to judge.
 */
function asSent(packet: Buffer, headerBytes: number): Buffer | undefined {
  const image = Buffer.from(packet);
  const mutable = image[0]! >> 4 === 4 ? [1, 6, 7, 8, 10, 11] : [1, 2, 3, 7];
  if (headerBytes !== (image[0]! >> 4 === 4 ? 20 : 40)) return undefined;
  for (const at of mutable) image[at] = 0;
  if (image[0]! >> 4 === 6) image[0] = 0x60;
  return image;
}

/** The whole ICV field that belongs to the text; that of GMAC begins with the IV (RFC 4543 §4). */
function fieldOf(alg: string, key: Uint8Array, text: Buffer, field: Buffer): Buffer {
  if (MAC_ICV_BYTES[alg] !== undefined) return macOf(alg, key, text);
  const iv = field.subarray(0, GMAC_IV_BYTES);
  const nonce = Buffer.concat([key.subarray(-GMAC_SALT_BYTES), iv]);
  const name = alg.replace('gmac', 'gcm') as 'aes-128-gcm';
  const c = createCipheriv(name, key.subarray(0, -GMAC_SALT_BYTES), nonce).setAAD(text);
  c.final();
  return Buffer.concat([iv, c.getAuthTag()]);
}
