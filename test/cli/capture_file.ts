// SPDX-License-Identifier: BSD-2-Clause

/** Captures for tests, byte by byte; nothing of src/header is used. */

export interface PcapOptions {
  readonly linkType?: number;
  readonly nanoseconds?: boolean;
  readonly bigEndian?: boolean;
  /** Bytes kept of each packet. */
  readonly snapLen?: number;
}

/** Packet n has the time 1000 s + n * 10 us. */
export function pcap(packets: readonly Buffer[], options: PcapOptions = {}): Buffer {
  const { linkType = 1, nanoseconds = false, bigEndian = false, snapLen = 262144 } = options;
  const words = (...values: number[]): Buffer => {
    const b = Buffer.alloc(values.length * 4);
    values.forEach((v, i) => {
      if (bigEndian) b.writeUInt32BE(v, i * 4);
      else b.writeUInt32LE(v, i * 4);
    });
    return b;
  };
  const version = bigEndian ? 0x00020004 : 0x00040002;
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const parts = [words(magic, version, 0, 0, snapLen, linkType)];
  packets.forEach((packet, i) => {
    const kept = packet.subarray(0, snapLen);
    const fraction = i * 10 * (nanoseconds ? 1000 : 1);
    parts.push(words(1000, fraction, kept.length, packet.length), kept);
  });
  return Buffer.concat(parts);
}

function block(type: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32LE(type, 0);
  ends.writeUInt32LE(padded.length + 12, 4);
  return Buffer.concat([ends, padded, ends.subarray(4)]);
}

/** pcapng with one interface for each link type; times in microseconds, as in pcap(). */
export function pcapng(
  linkTypes: readonly number[],
  packets: readonly { readonly on: number; readonly bytes: Buffer }[],
): Buffer {
  const section = Buffer.from('4d3c2b1a01000000ffffffffffffffff', 'hex');
  const parts = [block(0x0a0d0d0a, section)];
  for (const linkType of linkTypes) {
    const body = Buffer.alloc(8);
    body.writeUInt16LE(linkType, 0);
    parts.push(block(1, body));
  }
  packets.forEach(({ on, bytes }, i) => {
    const head = Buffer.alloc(20);
    const time = 1_000_000_000n + BigInt(i * 10);
    head.writeUInt32LE(on, 0);
    head.writeUInt32LE(Number(time >> 32n), 4);
    head.writeUInt32LE(Number(time & 0xffff_ffffn), 8);
    head.writeUInt32LE(bytes.length, 12);
    head.writeUInt32LE(bytes.length, 16);
    parts.push(block(6, Buffer.concat([head, bytes])));
  });
  return Buffer.concat(parts);
}

/** Packets of a pcapng file as replay writes it: one interface, times in nanoseconds. */
export function readPcapng(file: Buffer): { timeNs: bigint; bytes: Buffer; linkType: number }[] {
  const packets: { timeNs: bigint; bytes: Buffer; linkType: number }[] = [];
  let linkType = -1;
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) {
    const type = file.readUInt32LE(at);
    if (type === 1) linkType = file.readUInt16LE(at + 8);
    if (type !== 6) continue;
    const timeNs = (BigInt(file.readUInt32LE(at + 12)) << 32n) | BigInt(file.readUInt32LE(at + 16));
    const bytes = file.subarray(at + 28, at + 28 + file.readUInt32LE(at + 20));
    packets.push({ timeNs, bytes, linkType });
  }
  return packets;
}
