// SPDX-License-Identifier: BSD-2-Clause
// IP packets as far as a capture of IPsec needs them: headers, fragments, and taking a header out.

export const HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
export const DEST = 60;

/** Where the chain of headers ends: protocol behind it, its place, and where the chain names it. */
export function parseIp(p) {
  if (p[0] >> 4 === 4) {
    const fragment = p.readUInt16BE(6) & 0x3fff;
    const at = 4 * (p[0] & 15);
    return { version: 4, proto: p[9], at, nameAt: 9, src: v4(p, 12), dst: v4(p, 16), fragment };
  }
  let nameAt = 6;
  let at = 40;
  let fragment = 0;
  let fragmentAt = 0;
  while ([HOP, ROUTING, DEST, FRAGMENT].includes(p[nameAt])) {
    const isFragment = p[nameAt] === FRAGMENT;
    if (isFragment) {
      fragment = p.readUInt16BE(at + 2) & 0xfff9;
      fragmentAt = at;
    }
    nameAt = at;
    if (isFragment && fragment > 7)
      return {
        version: 6,
        proto: p[nameAt],
        at: at + 8,
        fragment,
        fragmentAt,
        src: v6(p, 8),
        dst: v6(p, 24),
      };
    at += isFragment ? 8 : 8 * (p[at + 1] + 1);
  }
  return {
    version: 6,
    proto: p[nameAt],
    at,
    nameAt,
    src: v6(p, 8),
    dst: v6(p, 24),
    fragment,
    fragmentAt,
  };
}

const v4 = (p, at) => p.subarray(at, at + 4).join('.');
/** As the ends are written here: at most one run of zeros. */
const v6 = (p, at) => {
  const words = Array.from({ length: 8 }, (_, i) => p.readUInt16BE(at + 2 * i).toString(16));
  return words.join(':').replace(/:0(:0)+:/, '::');
};

/** The packet without the headers from `from` to `to`, named `proto` in front: lengths and sum are set. */
export function without(p, ip, from, to, proto, end = p.length) {
  const out = Buffer.concat([p.subarray(0, from), p.subarray(to, end)]);
  out[ip.nameAt] = proto;
  if (ip.version === 6) out.writeUInt16BE(out.length - 40, 4);
  else {
    out.writeUInt16BE(out.length, 2);
    out.writeUInt16BE(0, 10);
    out.writeUInt16BE(sum(out.subarray(0, 4 * (out[0] & 15))), 10);
  }
  return out;
}

/** RFC 1071. */
export function sum(bytes, start = 0) {
  let s = start;
  for (let i = 0; i < bytes.length; i += 2) s += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
  return ~s & 0xffff;
}

/** Is the checksum of UDP or ICMP in this packet right? null: it has none. */
export function l4ChecksumOk(p) {
  const ip = parseIp(p);
  if (ip.fragment !== 0) return null;
  const isV4 = ip.version === 4;
  const end = isV4 ? p.readUInt16BE(2) : 40 + p.readUInt16BE(4);
  const body = p.subarray(ip.at, end);
  if (ip.proto === 1) return sum(body) === 0;
  if (ip.proto !== 17 && ip.proto !== 58) return null;
  if (ip.proto === 17 && body.readUInt16BE(6) === 0) return null;
  const pseudo = Buffer.concat([
    isV4 ? p.subarray(12, 20) : p.subarray(8, 40),
    Buffer.from([body.length >> 8, body.length & 255, 0, ip.proto]),
  ]);
  return sum(Buffer.concat([pseudo, body])) === 0;
}

/** Datagrams whose fragments come in order, without overlap. */
export class Fragments {
  #parts = new Map();

  /** The whole packet, once this fragment completes it. */
  add(p, ip) {
    const id = ip.version === 4 ? p.readUInt16BE(4) : p.readUInt32BE(ip.fragmentAt + 4);
    const key = `${ip.src} ${ip.dst} ${id}`;
    const isLast = ip.version === 4 ? (ip.fragment & 0x2000) === 0 : (ip.fragment & 1) === 0;
    const parts = this.#parts.get(key) ?? [];
    this.#parts.set(key, [...parts, { p, ip }]);
    if (!isLast) return null;
    this.#parts.delete(key);
    const first = parts[0];
    const body = Buffer.concat([...parts, { p, ip }].map((f) => f.p.subarray(f.ip.at)));
    const head = Buffer.from(
      first.p.subarray(0, first.ip.version === 4 ? first.ip.at : first.ip.fragmentAt),
    );
    const packet = Buffer.concat([head, body]);
    if (ip.version === 4) {
      packet.writeUInt16BE(0, 6);
      packet.writeUInt16BE(packet.length, 2);
      packet.writeUInt16BE(0, 10);
      packet.writeUInt16BE(sum(packet.subarray(0, first.ip.at)), 10);
    } else {
      packet[6] = first.ip.proto; // no other extension header is before a fragment here
      packet.writeUInt16BE(packet.length - 40, 4);
    }
    return packet;
  }
}
