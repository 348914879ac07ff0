// SPDX-License-Identifier: BSD-2-Clause
/**
 * AH as RFC 4302 tells it, field by field: the readable twin of src/netipsec/xform_ah.ts, with which
 * it shares nothing.
 */
import { createCipheriv, createHmac } from 'node:crypto';
import { refXcbc } from './aes_xcbc.ts';

export interface RefAhSa {
  /** 'sha1', 'sha256', …; 'xcbc' or 'gmac'. */
  readonly hash: string;
  /** With GMAC's salt at its end. */
  readonly key: Uint8Array;
  /** Of the whole ICV field: with GMAC's IV. */
  readonly icvLen: number;
  readonly seqHi?: number;
}

/** RFC 4302 App. A1: the options that are authenticated as they are. */
const IMMUTABLE = new Map([
  [130, 'security'],
  [133, 'extended security'],
  [134, 'commercial security'],
  [148, 'router alert'],
  [149, 'sender directed multi-destination delivery'],
]);

/** The headers in front of AH, in clear, as the ICV is computed over them (§3.3.3.1). */
export function refHeaders(headers: Uint8Array): Buffer {
  return headers[0]! >> 4 === 4 ? headers4(headers) : headers6(headers);
}

function headers4(h: Uint8Array): Buffer {
  const fixed = Buffer.concat([
    Buffer.of(h[0]!, 0), // version and length; TOS
    h.subarray(2, 6), // total length, identification
    Buffer.of(0, 0, 0, h[9]!, 0, 0), // flags and offset, TTL, protocol, checksum
    h.subarray(12, 20), // source and destination
  ]);
  const options: Uint8Array[] = [];
  let rest = h.subarray(20);
  while (rest.length > 0) {
    const [type, len] = rest;
    if (type === 0) {
      options.push(rest);
      break;
    }
    const size = type === 1 ? 1 : len!;
    const option = rest.subarray(0, size);
    options.push(type === 1 || IMMUTABLE.has(type!) ? option : new Uint8Array(size));
    rest = rest.subarray(size);
  }
  return Buffer.concat([fixed, ...options]);
}

function headers6(h: Uint8Array): Buffer {
  const parts = [
    Buffer.of(0x60, 0, 0, 0), // version; traffic class, flow label
    h.subarray(4, 7), // payload length, next header
    Buffer.of(0), // hop limit
    h.subarray(8, 40), // source and destination
  ];
  let next = h[6]!;
  let rest = h.subarray(40);
  while (rest.length > 0) {
    const header = rest.subarray(0, 8 * (rest[1]! + 1));
    const hasOptions = next === 0 || next === 60;
    parts.push(
      header.subarray(0, 2),
      hasOptions ? options6(header.subarray(2)) : header.subarray(2),
    );
    next = header[0]!;
    rest = rest.subarray(header.length);
  }
  return Buffer.concat(parts);
}

/** RFC 8200 §4.2: bit 5 of the type says that the data may change on the way. */
function options6(options: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  let rest = options;
  while (rest.length > 0) {
    const size = rest[0] === 0 ? 1 : 2 + rest[1]!;
    const mayChange = (rest[0]! & 0x20) !== 0;
    parts.push(
      mayChange
        ? Buffer.concat([rest.subarray(0, 2), Buffer.alloc(size - 2)])
        : rest.subarray(0, size),
    );
    rest = rest.subarray(size);
  }
  return Buffer.concat(parts);
}

/** The ICV field that the packet should have, whose AH begins at ahAt. */
export function refAhIcv(sa: RefAhSa, packet: Uint8Array, ahAt: number): Buffer {
  const icvAt = ahAt + 12;
  const text = Buffer.concat([
    refHeaders(packet.subarray(0, ahAt)),
    packet.subarray(ahAt, icvAt),
    Buffer.alloc(sa.icvLen),
    packet.subarray(icvAt + sa.icvLen),
    sa.seqHi === undefined ? Buffer.alloc(0) : u32(sa.seqHi),
  ]);
  if (sa.hash === 'xcbc') return refXcbc(sa.key, text).subarray(0, sa.icvLen);
  if (sa.hash !== 'gmac') {
    return createHmac(sa.hash, sa.key).update(text).digest().subarray(0, sa.icvLen);
  }
  // RFC 4543 §4: nonce = salt, IV; the ICV field begins with the IV.
  const key = sa.key.subarray(0, -4);
  const iv = packet.subarray(icvAt, icvAt + 8);
  const nonce = Buffer.concat([sa.key.subarray(-4), iv]);
  const c = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, nonce).setAAD(text);
  c.final();
  return Buffer.concat([iv, c.getAuthTag()]);
}

function u32(n: number): Buffer {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
}
