// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { CaptureError, type Frame } from '../../../src/header/capture.ts';
import { captureFrames, readCapture } from '../../../src/header/pcap.ts';
import {
  CaptureWriteError,
  EPB_INBOUND,
  EPB_OUTBOUND,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  PcapngWriter,
} from '../../../src/header/pcapng.ts';

const dir = mkdtempSync(join(tmpdir(), 'capture-'));
afterAll(() => rmSync(dir, { recursive: true }));

function write(name: string, fill: (w: PcapngWriter) => void, flush = true): string {
  const path = join(dir, name);
  const fd = openSync(path, 'w');
  const writer = new PcapngWriter(fd, path);
  fill(writer);
  if (flush) writer.flush();
  closeSync(fd);
  return path;
}

const bytesOf = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i * 3 + n);

/** A pcap file (Wireshark's libpcap format), made here word by word. */
function pcap(little: boolean, magic: number, linkType: number, packets: Uint8Array[]): Uint8Array {
  const total = packets.reduce((n, p) => n + 16 + p.length, 24);
  const file = new Uint8Array(total);
  const v = new DataView(file.buffer);
  v.setUint32(0, magic, little);
  v.setUint16(4, 2, little);
  v.setUint16(6, 4, little);
  v.setUint32(16, 65535, little);
  v.setUint32(20, linkType, little);
  let at = 24;
  for (const [i, p] of packets.entries()) {
    v.setUint32(at, 1000 + i, little);
    v.setUint32(at + 4, 7, little);
    v.setUint32(at + 8, p.length, little);
    v.setUint32(at + 12, p.length + i, little);
    file.set(p, at + 16);
    at += 16 + p.length;
  }
  return file;
}

function fault(file: Uint8Array): { fault: string; offset: number; path: string; frames: Frame[] } {
  const frames: Frame[] = [];
  try {
    for (const f of captureFrames('x.pcap', file)) frames.push(f);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { fault: error.fault, offset: error.offset, path: error.path, frames };
  }
  return { fault: 'none', offset: -1, path: '', frames };
}

describe('pcapng, written and read back', () => {
  test('bytes, times at 4 ns a cycle, link types', () => {
    const path = write('a.pcapng', (w) => {
      const wire = w.addInterface('wire', LINKTYPE_ETHERNET);
      const inner = w.addInterface('inner', LINKTYPE_RAW);
      w.packet(wire, 1, bytesOf(60), 0, 60, EPB_OUTBOUND, 'sent');
      w.packet(inner, 2 ** 40 + 1, bytesOf(33), 3, 30, EPB_INBOUND);
      w.packet(wire, 3, bytesOf(61), 0, 61);
    });
    const frames = [...readCapture(path)];
    expect(frames.map((f) => f.linkType)).toEqual([1, 101, 1]);
    expect(frames.map((f) => f.timeNs)).toEqual([4n, 4n * (2n ** 40n + 1n), 12n]);
    expect(Uint8Array.from(frames[0]!.bytes)).toEqual(bytesOf(60));
    expect(Uint8Array.from(frames[1]!.bytes)).toEqual(bytesOf(33).slice(3));
    expect(frames[2]!.originalLen).toBe(61);
  });

  test('tshark reads it: comment, direction, interface name', ({ skip }) => {
    const path = write('t.pcapng', (w) => {
      const id = w.addInterface('wire0', LINKTYPE_ETHERNET);
      w.packet(id, 250_000_000, bytesOf(60), 0, 60, EPB_OUTBOUND, 'naïve — dropped: no route');
      w.packet(id, 500_000_001, bytesOf(61), 0, 61, EPB_INBOUND);
    });
    const fields = ['frame.time_epoch', 'frame.interface_name', 'frame.packet_flags_direction'];
    let out: string;
    try {
      const wanted = [...fields, 'frame.comment', 'frame.len'].flatMap((f) => ['-e', f]);
      const args = ['-r', path, '-T', 'fields', '-E', 'separator=|', ...wanted];
      out = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') skip('tshark is not installed');
      throw error;
    }
    const [first, second] = out
      .trim()
      .split('\n')
      .map((line) => line.split('|'));
    expect(first).toEqual([
      expect.stringMatching(/^1\.000000000|1970-01-01T00:00:01/),
      'wire0',
      expect.stringMatching(/2|Outbound/),
      'naïve — dropped: no route',
      '60',
    ]);
    expect(second![0]).toMatch(/2\.000000004/);
    expect(second![4]).toBe('61');
  });

  test('what is on the disk at any moment is whole blocks', () => {
    let path = '';
    let fd = -1;
    path = join(dir, 'stream.pcapng');
    fd = openSync(path, 'w');
    const w = new PcapngWriter(fd, path);
    const id = w.addInterface('wire', LINKTYPE_ETHERNET);
    let seen = 0;
    for (let i = 0; i < 3000; i++) {
      w.packet(id, i, bytesOf(200 + (i % 1200)), 0, 200 + (i % 1200));
      if (i % 500 === 0) {
        const file = readFileSync(path);
        if (file.length > 0) seen = [...captureFrames(path, file)].length;
      }
    }
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(3000);
    w.flush();
    expect([...readCapture(path)].length).toBe(3000);
    closeSync(fd);
  });

  test('a full disk is a CaptureWriteError with the path', ({ skip }) => {
    let fd: number;
    try {
      fd = openSync('/dev/full', 'w');
    } catch {
      skip('this system has no /dev/full');
      return;
    }
    const w = new PcapngWriter(fd, '/dev/full');
    w.addInterface('wire', LINKTYPE_ETHERNET);
    expect(() => w.flush()).toThrow(CaptureWriteError);
    expect(() => w.flush()).not.toThrow();
    closeSync(fd);
  });
});

describe('pcap', () => {
  test.each([
    ['little-endian, microseconds', true, 0xa1b2c3d4, 7000n],
    ['big-endian, microseconds', false, 0xa1b2c3d4, 7000n],
    ['little-endian, nanoseconds', true, 0xa1b23c4d, 7n],
    ['big-endian, nanoseconds', false, 0xa1b23c4d, 7n],
  ])('%s', (_name, little, magic, ns) => {
    const frames = [...captureFrames('x', pcap(little, magic, 1, [bytesOf(60), bytesOf(61)]))];
    expect(frames.map((f) => Uint8Array.from(f.bytes))).toEqual([bytesOf(60), bytesOf(61)]);
    expect(frames.map((f) => f.timeNs)).toEqual([1000_000_000_000n + ns, 1001_000_000_000n + ns]);
    expect(frames[1]!.originalLen).toBe(62);
  });

  test('cut anywhere, it is truncated at the record that is not whole', () => {
    const file = pcap(true, 0xa1b2c3d4, 1, [bytesOf(60), bytesOf(61)]);
    for (let n = 4; n < file.length; n++) {
      const r = fault(file.subarray(0, n));
      if (n === 24 || n === 100) expect(r.fault).toBe('none');
      else expect(r).toMatchObject({ fault: 'truncated', offset: n < 24 ? 0 : n < 100 ? 24 : 100 });
      expect(r.frames.length).toBe(n < 100 ? 0 : 1);
    }
  });

  test('of Linux 2.x, whose record headers are longer', () => {
    const old = pcap(true, 0xa1b2cd34, 1, []);
    const record = new DataView(new ArrayBuffer(24));
    for (const [i, word] of [1000, 7, 60, 60].entries()) record.setUint32(4 * i, word, true);
    const file = Buffer.concat([old, new Uint8Array(record.buffer), bytesOf(60)]);
    const frames = [...captureFrames('x', new Uint8Array(file))];
    expect(frames.map((f) => Uint8Array.from(f.bytes))).toEqual([bytesOf(60)]);
  });

  test('another link type is named, with the byte that says so', () => {
    expect(fault(pcap(true, 0xa1b2c3d4, 189, []))).toMatchObject({
      fault: 'link-type',
      offset: 20,
      path: 'x.pcap',
    });
  });

  test('what is no capture', () => {
    expect(fault(new TextEncoder().encode('{"a": 1}')).fault).toBe('not-a-capture');
    expect(fault(new Uint8Array(0)).fault).toBe('not-a-capture');
    expect(() => [...readCapture(join(dir, 'absent.pcap'))]).toThrow(/absent\.pcap/);
  });
});

describe('pcapng from elsewhere', () => {
  const path = write('b.pcapng', (w) => {
    const id = w.addInterface('wire', LINKTYPE_ETHERNET);
    for (const n of [60, 61, 62, 1500]) w.packet(id, n, bytesOf(n), 0, n, EPB_INBOUND, 'c');
  });
  const file = new Uint8Array(readFileSync(path));

  test('cut anywhere, it is truncated at the block that is not whole', () => {
    const ends = new Set<number>();
    for (let at = 0; at < file.length; ) {
      at += new DataView(file.buffer).getUint32(at + 4, true);
      ends.add(at);
    }
    for (let n = 4; n < file.length; n++) {
      const r = fault(file.subarray(0, n));
      expect(r.fault, `cut at ${n}`).toBe(ends.has(n) ? 'none' : 'truncated');
    }
  });

  test('packet blocks as they were before enhanced ones', () => {
    const old = file.slice();
    const v = new DataView(old.buffer);
    for (let at = 0; at < old.length; at += v.getUint32(at + 4, true)) {
      if (v.getUint32(at, true) !== 6) continue;
      v.setUint32(at, 2, true);
      v.setUint16(at + 10, 3, true); // packets lost before this one
    }
    const lengths = [...captureFrames('x', old)].map((f) => f.bytes.length);
    expect(lengths).toEqual([60, 61, 62, 1500]);
  });

  test('any bytes behind the magic give frames or a CaptureError, and end', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), fc.nat(3), (at, value, more) => {
        const broken = file.slice();
        for (let i = 0; i <= more; i++) broken[(at + i * 7) % file.length] = value;
        fault(broken);
      }),
      { numRuns: 500 },
    );
  });

  test('big-endian sections, simple packet blocks, binary time resolution', () => {
    const words: number[] = [];
    const block = (type: number, body: number[]): void => {
      const len = 12 + body.length * 4;
      words.push(type, len, ...body, len);
    };
    block(0x0a0d0d0a, [0x1a2b3c4d, 0x0001_0000, 0xffffffff, 0xffffffff]);
    // link type 101, snaplen 4, if_tsresol 0x8a: 2^-10 s
    block(1, [101 << 16, 4, (9 << 16) | 1, 0x8a00_0000, 0]);
    block(6, [0, 0, 2048, 4, 9, 0x01020304]);
    block(3, [9, 0x05060708]);
    block(0x0bad, [1, 2, 3]);
    const big = new Uint8Array(words.length * 4);
    for (const [i, w] of words.entries()) new DataView(big.buffer).setUint32(i * 4, w);
    const frames = [...captureFrames('big', big)];
    expect(frames.map((f) => [...f.bytes])).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(frames[0]).toMatchObject({ linkType: 101, timeNs: 2_000_000_000n, originalLen: 9 });
    expect(frames[1]!.originalLen).toBe(9);
  });

  test('a packet of an interface that was never described is malformed', () => {
    const broken = file.slice();
    const v = new DataView(broken.buffer);
    let at = 0;
    while (v.getUint32(at, true) !== 6) at += v.getUint32(at + 4, true);
    v.setUint32(at + 8, 5, true);
    expect(fault(broken)).toMatchObject({ fault: 'malformed', offset: at + 8 });
  });
});

test('a capture by tcpdump on Linux reads, when it is at hand', ({ skip }) => {
  const base = new URL('../../../../shared/data/linux-esp/', import.meta.url);
  let names: string[];
  try {
    const listing = execFileSync('ls', [base.pathname], { encoding: 'utf8', stdio: 'pipe' });
    names = listing.split('\n').filter((n) => n.endsWith('.pcap'));
  } catch {
    skip('the captures from Linux are not beside the repository');
    return;
  }
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const frames = [...readCapture(join(base.pathname, name))];
    expect(frames.length).toBeGreaterThan(0);
  }
});
