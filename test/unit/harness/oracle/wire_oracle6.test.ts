// SPDX-License-Identifier: BSD-2-Clause
// The wire oracle on IPv6. Packets are built byte by byte in test/lib and with node:crypto.
import { describe, expect, it } from 'vitest';
import { addressText, readAddress } from '../../../../src/harness/oracle/packet.ts';
import { WireOracle } from '../../../../src/harness/oracle/wire_oracle.ts';
import type { WirePolicy } from '../../../../src/harness/oracle/wire_policy.ts';
import type { WireSa } from '../../../../src/harness/oracle/wire_sa.ts';
import { Payloads } from '../../../../src/harness/payload.ts';
import { ip6Parse } from '../../../../src/header/ip6.ts';
import {
  fragmentHeader,
  icmp6Message,
  ip6Packet,
  ndBody,
  optionsHeader,
  udp6Datagram,
} from '../../../lib/packets6.ts';
import { esp, ether, ipv4, udp } from '../esp_frame.ts';

const OUTER = ['2001:db8::1', '2001:db8::2'] as const;
const INNER = ['2001:db8:1::1', '2001:db8:2::1'] as const;
const SIZE = 100;
const payloads = new Payloads(5, 8900);
const SA: WireSa = {
  spi: 0x1001,
  dst: OUTER[1],
  mode: 'tunnel',
  alg: 'aes-gcm-16',
  key: Buffer.alloc(16, 7),
  salt: Buffer.from('01020304', 'hex'),
};
const TUNNEL: WirePolicy = {
  src: '2001:db8:1::/48',
  dst: '2001:db8:2::/48',
  proto: 17,
  mode: 'tunnel',
  tunnelSrc: OUTER[0],
  tunnelDst: OUTER[1],
};

const oracle = (policy: WirePolicy = TUNNEL, sa: WireSa = SA): WireOracle =>
  new WireOracle({
    policies: [policy],
    sas: [sa],
    traffic: { payloads, sizeOf: () => SIZE, dstPort: 9 },
  });

let number = 0;
function show(o: WireOracle, frame: Buffer): WireOracle {
  const bytes = Uint8Array.from(frame);
  const rest = { arrivalCycle: 0, card: 0, flags: 0, flipBit: 0 };
  o.frame({ bytes, offset: 0, lenBytes: bytes.length, cycle: 1, number: ++number, ...rest });
  return o;
}

function payload(index: number): Buffer {
  const out = Buffer.alloc(SIZE);
  payloads.fill(out, 0, SIZE, index);
  return out;
}

const datagram = (index: number, [src, dst]: readonly [string, string]): Uint8Array =>
  udp6Datagram(ip6Parse(src), payloads.sourcePort(index), ip6Parse(dst), 9, payload(index));
const packet = (ends: readonly [string, string], nxt: number, bytes: Uint8Array): Buffer =>
  Buffer.from(ip6Packet({ src: ip6Parse(ends[0]), dst: ip6Parse(ends[1]), nxt, payload: bytes }));
const frame = (p: Uint8Array): Buffer => ether(Buffer.from(p), 0x86dd);
const tripped = (o: WireOracle): string[] => o.violations.map((v) => v.oracle);

describe('the wire oracle on IPv6 is content with', () => {
  it('IPv6 in an IPv6 tunnel', () => {
    const o = oracle();
    for (let i = 0; i < 5; i++) {
      const inner = packet(INNER, 17, datagram(i, INNER));
      show(o, frame(packet(OUTER, 50, esp({ sa: SA, seq: i + 1, nextHeader: 41 }, inner))));
    }
    o.finish();
    expect(o.violations).toEqual([]);
    expect(o.figures).toMatchObject({ esp: 5, decrypted: 5, compared: 5 });
  });

  it('IPv4 in an IPv6 tunnel, and IPv6 in an IPv4 one', () => {
    const v4 = ['192.168.1.1', '192.168.2.1'] as const;
    const inner4 = ipv4(
      { proto: 17, src: v4[0], dst: v4[1] },
      udp(v4[0], v4[1], payloads.sourcePort(0), 9, payload(0)),
    );
    const o = oracle({ ...TUNNEL, src: v4[0], dst: v4[1] });
    show(o, frame(packet(OUTER, 50, esp({ sa: SA, seq: 1, nextHeader: 4 }, inner4))));
    const sa = { ...SA, dst: '10.0.0.2' };
    const o4 = oracle({ ...TUNNEL, tunnelSrc: '10.0.0.1', tunnelDst: '10.0.0.2' }, sa);
    const inner6 = packet(INNER, 17, datagram(0, INNER));
    const carried = esp({ sa, seq: 1, nextHeader: 41 }, inner6);
    show(o4, ether(ipv4({ proto: 50, src: '10.0.0.1', dst: '10.0.0.2' }, carried)));
    expect([o.violations, o4.violations]).toEqual([[], []]);
    expect([o.figures.compared, o4.figures.compared]).toEqual([1, 1]);
  });

  it('transport mode behind extension headers, in fragments', () => {
    const sa: WireSa = { ...SA, mode: 'transport' };
    const o = oracle({ src: OUTER[0], dst: OUTER[1], proto: 17, mode: 'transport' }, sa);
    const carried = esp({ sa, seq: 1, nextHeader: 17 }, Buffer.from(datagram(0, OUTER)));
    for (const [from, to] of [
      [64, carried.length],
      [0, 64],
    ] as const) {
      const header = fragmentHeader(50, from, to < carried.length, 7);
      const body = Buffer.concat([
        optionsHeader(44, new Uint8Array(0)),
        header,
        carried.subarray(from, to),
      ]);
      show(o, frame(packet(OUTER, 0, body)));
    }
    o.finish();
    expect(o.violations).toEqual([]);
    expect(o.figures.compared).toBe(1);
  });

  it('neighbour discovery in clear, whatever policy says', () => {
    const all: WirePolicy = { src: '::/0', dst: '::/0', mode: 'transport' };
    const [src, dst] = OUTER.map((a) => ip6Parse(a)) as [Uint8Array, Uint8Array];
    const nd = icmp6Message(src, dst, 135, 0, 0, ndBody(dst, 1, new Uint8Array(6)));
    const send = (hlim: number): WireOracle =>
      show(oracle(all), frame(ip6Packet({ src, dst, nxt: 58, hlim, payload: nd })));
    expect(tripped(send(255))).toEqual([]);
    expect(tripped(send(64))).toEqual(['leak']);
  });
});

describe('the wire oracle on IPv6 trips on', () => {
  it('what policy protects in clear', () => {
    const o = show(oracle(), frame(packet(INNER, 17, datagram(3, INNER))));
    expect(tripped(o)).toEqual(['leak']);
    expect(o.violations[0]!.packetIndex).toBe(3);
  });

  it('a marker under another protocol, or in a broken packet', () => {
    const whole = packet(INNER, 17, datagram(3, INNER));
    expect(tripped(show(oracle(), frame(packet(['::5', '::6'], 99, payload(1)))))).toEqual([
      'leak',
    ]);
    expect(tripped(show(oracle(), frame(whole.subarray(0, 80))))).toEqual(['parse', 'leak']);
  });

  it('a UDP checksum of zero, which IPv6 forbids', () => {
    const bytes = Buffer.from(datagram(0, INNER));
    bytes.writeUInt16BE(0, 6);
    const inner = packet(INNER, 17, bytes);
    const o = show(
      oracle(),
      frame(packet(OUTER, 50, esp({ sa: SA, seq: 1, nextHeader: 41 }, inner))),
    );
    expect(tripped(o)).toEqual(['checksum']);
  });

  it('a packet of a network that policy is not about, in ESP; in clear it passes', () => {
    const other = ['2001:db8:7::1', INNER[1]] as const;
    const inner = packet(other, 17, datagram(0, other));
    const carried = esp({ sa: SA, seq: 1, nextHeader: 41 }, inner);
    expect(tripped(show(oracle(), frame(packet(OUTER, 50, carried))))).toEqual(['policy']);
    const bytes = udp6Datagram(ip6Parse(other[0]), 5, ip6Parse(other[1]), 6, new Uint8Array(8));
    expect(tripped(show(oracle(), frame(packet(other, 17, bytes))))).toEqual([]);
  });

  it('an SA that goes to another address', () => {
    const inner = packet(INNER, 17, datagram(0, INNER));
    const carried = esp({ sa: SA, seq: 1, nextHeader: 41 }, inner);
    expect(tripped(show(oracle(), frame(packet([OUTER[0], '2001:db8::3'], 50, carried))))).toEqual([
      'sa',
    ]);
  });

  it('a tunnel with other ends than policy says', () => {
    const inner = packet(INNER, 17, datagram(0, INNER));
    const carried = esp({ sa: SA, seq: 1, nextHeader: 41 }, inner);
    const o = show(oracle(), frame(packet(['2001:db8::9', OUTER[1]], 50, carried)));
    expect(tripped(o)).toEqual(['policy']);
  });
});

describe("the oracle's own addresses", () => {
  it.each([
    ['::', 0n],
    ['::1', 1n],
    ['2001:db8::5:0', 0x20010db8000000000000000000050000n],
    ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
  ])('%s', (text, value) => {
    expect(readAddress(text)).toBe(value);
    expect(readAddress(addressText(value))).toBe(value);
  });

  it.each(['1:2', '1::2::3', '12345::', '1:2:3:4:5:6:7:8:9', '::g'])('"%s" is none', (text) => {
    expect(() => readAddress(text)).toThrow(/an IPv6 address was expected/);
  });
});
