// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../src/harness/replay.ts';
import { readCapture } from '../../src/header/pcap.ts';
import { pcap, pcapng, readPcapng } from './capture_file.ts';

/** Captures of Linux, written again as other programs write theirs: what is inside stays the same. */
const LINUX = new URL('../data/linux-esp/', import.meta.url).pathname;
const NAMES = [
  '38-natt-cbc128-sha256-tunnel-v4',
  '41-esn-cbc128-sha256-tunnel-v6',
  '45-fragments-after-gcm128-transport-v4',
  '46-fragments-after-cbc128-sha256-transport-v6',
  '50-bundle-cbc128-sha1-ah-sha1-tunnel-v6',
  '51-tampered-gcm128-transport-v4',
];

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const cooked = (f: Buffer): Buffer =>
  Buffer.concat([hex('0000000100060200000000010000'), f.subarray(12)]);
const cooked2 = (f: Buffer): Buffer =>
  Buffer.concat([f.subarray(12, 14), hex('000000000003000100060200000000010000'), f.subarray(14)]);
const vlan = (f: Buffer, tags = '81000005'): Buffer =>
  Buffer.concat([f.subarray(0, 12), hex(tags), f.subarray(12)]);
const ip = (f: Buffer): Buffer => f.subarray(14);
const isIp = (f: Buffer): boolean => f.readUInt16BE(12) !== 0x0806;
/** In the order of a BSD host; Linux and the BSDs have numbers of their own for IPv6. */
const loop = (f: Buffer): Buffer =>
  Buffer.concat([hex(f[14]! >> 4 === 6 ? '1e000000' : '02000000'), ip(f)]);

const FORMATS: Readonly<Record<string, (frames: Buffer[]) => Buffer>> = {
  'Linux cooked': (fs) => pcap(fs.map(cooked), { linkType: 113 }),
  'Linux cooked v2, nanoseconds': (fs) =>
    pcap(fs.map(cooked2), { linkType: 276, nanoseconds: true }),
  'a VLAN': (fs) => pcap(fs.map((f) => vlan(f))),
  'a VLAN in a VLAN': (fs) => pcap(fs.map((f) => vlan(f, '88a8000581000006'))),
  'raw IP, big endian': (fs) =>
    pcap(fs.filter(isIp).map(ip), { linkType: 101, bigEndian: true, nanoseconds: true }),
  'BSD loopback': (fs) => pcap(fs.filter(isIp).map(loop), { linkType: 0 }),
  'pcapng of three interfaces': (fs) =>
    pcapng(
      [1, 276, 113],
      fs.map((f, i) => ({ on: i % 3, bytes: [f, cooked2(f), cooked(f)][i % 3]! })),
    ),
};

async function run(capture: string, name: string) {
  const out = mkdtempSync(join(tmpdir(), 'tagwire-formats-'));
  const report = await replay({ capture, sa: `${LINUX}${name}.conf`, out, sim: null });
  const packets = readPcapng(readFileSync(join(out, 'decrypted.pcapng')));
  const { frames: _frames, other: _other, artefacts: _artefacts, ...figures } = report;
  return { figures, inner: packets.map((p) => p.bytes.toString('hex')) };
}

describe.each(NAMES)('replay of %s finds the same in', (name) => {
  const frames = [...readCapture(`${LINUX}${name}.pcap`)].map((f) => Buffer.from(f.bytes));
  it.each(Object.keys(FORMATS))('%s', async (format) => {
    const expected = await run(`${LINUX}${name}.pcap`, name);
    expect(expected.inner.length).toBeGreaterThan(7);
    const path = join(mkdtempSync(join(tmpdir(), 'tagwire-formats-')), 'in.pcap');
    writeFileSync(path, FORMATS[format]!(frames));
    expect(await run(path, name)).toEqual(expected);
  });
});
