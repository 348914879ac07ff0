// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WireOracle } from '../../../../src/harness/oracle/wire_oracle.ts';
import type { WirePolicy } from '../../../../src/harness/oracle/wire_policy.ts';
import type { WireSa } from '../../../../src/harness/oracle/wire_sa.ts';
import { Payloads } from '../../../../src/harness/payload.ts';
import { TAP_INJECTED, TAP_LOST } from '../../../../src/harness/tap.ts';
import { refAhIcv } from '../../../reference/ah.ts';
import { refSeal } from '../../../reference/esp.ts';
import { type EspOptions, esp, ether, ipv4, sum16, udp } from '../esp_frame.ts';

// Keys and addresses are made up here; packets are built with node:crypto in esp_frame.ts.
const OUTER = ['10.0.0.1', '10.0.0.2'] as const;
const INNER = ['192.168.1.1', '192.168.2.1'] as const;
const SA: WireSa = {
  spi: 0x1001,
  dst: OUTER[1],
  mode: 'tunnel',
  alg: 'aes-gcm-16',
  key: Buffer.alloc(16, 7),
  salt: Buffer.from('01020304', 'hex'),
};
const TUNNEL: WirePolicy = {
  src: '192.168.1.0/24',
  dst: '192.168.2.0/24',
  proto: 17,
  mode: 'tunnel',
  tunnelSrc: OUTER[0],
  tunnelDst: OUTER[1],
};
const TRANSPORT: WirePolicy = { src: OUTER[0], dst: OUTER[1], proto: 17, mode: 'transport' };
const SIZE = 100;
const payloads = new Payloads(5, 8900);

function oracle(policies: WirePolicy[] = [TUNNEL], sas: WireSa[] = [SA]): WireOracle {
  return new WireOracle({
    policies,
    sas,
    traffic: { payloads, sizeOf: () => SIZE, dstPort: 9 },
  });
}

let number = 0;

function show(o: WireOracle, frame: Buffer, flags = 0): WireOracle {
  const bytes = Buffer.concat([Buffer.alloc(5), frame, Buffer.alloc(9)]);
  o.frame({
    bytes,
    offset: 5,
    lenBytes: frame.length,
    cycle: 1000 + number,
    arrivalCycle: 0,
    card: 0,
    flags,
    flipBit: 0,
    number: ++number,
  });
  return o;
}

function datagram(index: number, ends: readonly [string, string], data = payload(index)): Buffer {
  return udp(ends[0], ends[1], payloads.sourcePort(index), 9, data);
}

function payload(index: number, size = SIZE): Buffer {
  const out = Buffer.alloc(size);
  payloads.fill(out, 0, size, index);
  return out;
}

/** The frame that carries packet `index`, or a broken relative of it. */
function tunnelFrame(
  index: number,
  options: Partial<EspOptions> = {},
  datagramBytes = datagram(index, INNER),
): Buffer {
  const inner = ipv4({ proto: 17, src: INNER[0], dst: INNER[1] }, datagramBytes);
  const packet = esp({ sa: SA, seq: index + 1, nextHeader: 4, ...options }, inner);
  return ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet));
}

function tripped(o: WireOracle): string[] {
  return o.violations.map((v) => v.oracle);
}

describe('the wire oracle is content with', () => {
  it('a tunnel that carries what was sent', () => {
    const o = oracle();
    for (let i = 0; i < 50; i++) show(o, tunnelFrame(i));
    o.finish();
    expect(o.violations).toEqual([]);
    expect(o.figures).toMatchObject({ frames: 50, esp: 50, decrypted: 50, compared: 50 });
  });

  it('two flows from two sources, and a flow that begins at 0 again', () => {
    const o = oracle([{ ...TUNNEL, src: '192.168.0.0/16' }]);
    let seq = 0;
    const send = (index: number, from: string): void => {
      const data = datagram(index, [from, INNER[1]]);
      const inner = ipv4({ proto: 17, src: from, dst: INNER[1] }, data);
      const packet = esp({ sa: SA, seq: ++seq, nextHeader: 4 }, inner);
      show(o, ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet)));
    };
    for (let i = 0; i < 100_000; i += 20_000) {
      send(i, INNER[0]);
      send(i / 20_000, '192.168.1.2');
    }
    send(0, INNER[0]);
    send(1, INNER[0]);
    expect(o.violations).toEqual([]);
    expect(o.figures.compared).toBe(12);
  });

  it('transport mode, AES-256 and ESN across the turn of the low half', () => {
    const sa: WireSa = { ...SA, mode: 'transport', key: Buffer.alloc(32, 1), esn: true };
    const o = oracle([TRANSPORT], [sa]);
    for (let i = 0; i < 20; i++) {
      const seq = 0xfffffff6 + i;
      const [lo, hi] = [seq % 2 ** 32, Math.floor(seq / 2 ** 32)];
      const options = { sa, seq: lo, esnHi: hi, iv: BigInt(seq), nextHeader: 17 };
      const packet = esp(options, datagram(i, OUTER));
      show(o, ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet)));
    }
    expect(o.violations).toEqual([]);
    expect(o.figures.compared).toBe(20);
  });

  it('an SA of AES-CBC with HMAC-SHA-256 (RFC 3602, RFC 4868)', () => {
    const auth = { alg: 'hmac-sha2-256', key: Buffer.alloc(32, 9) };
    const sa: WireSa = { ...SA, mode: 'transport', alg: 'aes-cbc', auth };
    const iv = Buffer.alloc(16, 3);
    const data = datagram(0, OUTER);
    const padBytes = 15 - ((data.length + 1) % 16);
    const trailer = [...Array.from({ length: padBytes }, (_, i) => i + 1), padBytes, 17];
    const cipher = createCipheriv('aes-128-cbc', sa.key, iv).setAutoPadding(false);
    const text = cipher.update(Buffer.concat([data, Buffer.from(trailer)]));
    const head = Buffer.concat([Buffer.from('0000100100000001', 'hex'), iv, text]);
    const icv = createHmac('sha256', auth.key).update(head).digest().subarray(0, 16);
    const packet = Buffer.concat([head, icv]);
    const frame = ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet));
    const o = show(oracle([TRANSPORT], [sa]), frame);
    expect(o.violations).toEqual([]);
    expect(o.figures.compared).toBe(1);
    frame[60]! ^= 1;
    expect(tripped(show(o, frame))).toEqual(['icv']);
  });

  // Cipher, key, salt, IV, ICV, hash of the HMAC; the packets are made by test/reference/esp.ts.
  it.each([
    ['aes-gcm-12', 16, 4, 8, 12, undefined],
    ['aes-gcm-8', 32, 4, 8, 8, undefined],
    ['aes-ccm-16', 16, 3, 8, 16, undefined],
    ['aes-ccm-8', 32, 3, 8, 8, undefined],
    ['aes-gmac', 24, 4, 8, 16, undefined],
    ['chacha20-poly1305', 32, 4, 8, 16, undefined],
    ['aes-ctr', 16, 4, 8, 12, 'sha1'],
    ['null', 0, 0, 0, 12, 'sha1'],
    ['aes-cbc', 16, 0, 16, 12, 'xcbc'],
  ])('an SA of %s', (alg, keyBytes, saltBytes, ivBytes, icvLen, hash) => {
    const key = Buffer.alloc(keyBytes, 5);
    const salt = Buffer.alloc(saltBytes, 6);
    const isXcbc = hash === 'xcbc';
    const auth = {
      alg: isXcbc ? 'aes-xcbc-mac' : 'hmac-sha1',
      key: Buffer.alloc(isXcbc ? 16 : 20, 9),
    };
    const mac = hash === undefined ? {} : { auth };
    const ref = { spi: SA.spi, cipher: alg, key, salt, icvLen };
    const refMac = hash === undefined ? {} : { hash, authKey: auth.key };
    const sa: WireSa = { spi: SA.spi, dst: OUTER[1], mode: 'transport', alg, key, salt, ...mac };
    const iv = Buffer.alloc(ivBytes, 3);
    const packet = refSeal({ ...ref, ...refMac }, 1, iv, datagram(0, OUTER), 17);
    const frame = ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet));
    const o = show(oracle([TRANSPORT], [sa]), frame);
    expect(o.violations).toEqual([]);
    expect(o.figures.compared).toBe(1);
    frame[frame.length - 20]! ^= 1;
    expect(tripped(show(o, frame))).toEqual(['icv']);
    // Where nothing is to be hidden a marker is no leak; under another SA it is.
    const plain = esp({ sa: SA, seq: 9, nextHeader: 17 }, Buffer.alloc(8));
    const shown = Buffer.concat([plain, datagram(0, OUTER)]);
    show(o, ether(ipv4({ proto: 50, src: OUTER[0], dst: '10.0.0.9' }, shown)));
    expect(tripped(o)).toContain('leak');
  });

  it('AH where policy wants AH alone (RFC 4302), and sees its ICV, its numbers and what lacks ESP', () => {
    const auth = { alg: 'hmac-sha1', key: Buffer.alloc(20, 9) };
    const sa: WireSa = { ...SA, proto: 51, mode: 'transport', alg: 'null', auth };
    const packet = (seq: number) => {
      const data = datagram(seq - 1, OUTER);
      const head = Buffer.from([17, 4, 0, 0, 0, 0, 0x10, 1, 0, 0, 0, seq]);
      const ip = ipv4(
        { proto: 51, src: OUTER[0], dst: OUTER[1] },
        Buffer.concat([head, Buffer.alloc(12), data]),
      );
      ip.set(refAhIcv({ hash: 'sha1', key: auth.key, icvLen: 12 }, ip, 20), 32);
      return ether(ip);
    };
    const o = oracle([{ ...TRANSPORT, esp: false }], [sa]);
    for (const seq of [1, 2, 3]) show(o, packet(seq));
    expect(o.violations).toEqual([]);
    expect(o.figures).toMatchObject({ compared: 3, plaintextLeaks: 0 });
    const wrong = packet(4);
    wrong[wrong.length - 1]! ^= 1;
    expect(tripped(show(oracle([{ ...TRANSPORT, esp: false }], [sa]), wrong))).toEqual(['icv']);
    const other = ether(packet(2).subarray(14));
    other.set([0, 1], 14 + 4); // another identification, the same number
    const ip = other.subarray(14);
    ip.set(refAhIcv({ hash: 'sha1', key: auth.key, icvLen: 12 }, ip, 20), 32);
    ip.writeUInt16BE(0, 10);
    ip.writeUInt16BE(sum16(ip.subarray(0, 20)), 10);
    ip[ip.length - 1]! ^= 1;
    ip.set(refAhIcv({ hash: 'sha1', key: auth.key, icvLen: 12 }, ip, 20), 32);
    expect(tripped(show(o, other))).toEqual(['nonce']);
    expect(tripped(show(oracle([TRANSPORT], [sa]), packet(1)))).toEqual(['leak']);
  });

  it('fragments of an ESP packet, and fragments inside a tunnel', () => {
    const o = oracle();
    const packet = esp({ sa: SA, seq: 1, nextHeader: 4 }, innerPacket(0));
    const outer = { proto: 50, src: OUTER[0], dst: OUTER[1], id: 77 };
    show(o, ether(ipv4({ ...outer, fragment: 0x2000 }, packet.subarray(0, 80))));
    expect(o.figures.esp).toBe(0);
    show(o, ether(ipv4({ ...outer, fragment: 10 }, packet.subarray(80))));
    const data = datagram(1, INNER);
    const inner = { proto: 17, src: INNER[0], dst: INNER[1], id: 78 };
    const pieces = [
      ipv4({ ...inner, fragment: 0x2000 }, data.subarray(0, 64)),
      ipv4({ ...inner, fragment: 8 }, data.subarray(64)),
    ];
    pieces.forEach((piece, i) => {
      const whole = esp({ sa: SA, seq: 2 + i, nextHeader: 4 }, piece);
      show(o, ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, whole)));
    });
    o.finish();
    expect(o.violations).toEqual([]);
    expect(o.figures.compared).toBe(2);
  });

  it('ARP, ICMP that policy bypasses, injected frames, and a frame seen again', () => {
    const o = oracle();
    show(o, ether(Buffer.alloc(46), 0x0806));
    const echo = Buffer.from('0800f7ff00000000', 'hex');
    show(o, ether(ipv4({ proto: 1, src: INNER[0], dst: INNER[1] }, echo)));
    show(o, ether(payload(1)), TAP_INJECTED);
    show(o, tunnelFrame(0));
    show(o, tunnelFrame(0));
    expect(o.violations).toEqual([]);
    expect(o.figures).toMatchObject({ injected: 1, again: 1, duplicates: 0 });
  });

  it('UDP in clear that a bypass policy names, its later fragments too', () => {
    const o = oracle([{ ...TUNNEL, action: 'bypass', dstPort: 53 }, TUNNEL]);
    const data = udp(INNER[0], INNER[1], 4000, 53, payload(0));
    const inner = { proto: 17, src: INNER[0], dst: INNER[1], id: 7 };
    show(o, ether(ipv4({ ...inner, fragment: 0x2000 }, data.subarray(0, 64))));
    show(o, ether(ipv4({ ...inner, fragment: 8 }, data.subarray(64))));
    expect(o.violations).toEqual([]);
    show(o, ether(ipv4({ ...inner, id: 8, fragment: 8 }, data.subarray(64))));
    expect(tripped(o)).toEqual(['leak']);
  });
});

function innerPacket(index: number): Buffer {
  return ipv4({ proto: 17, src: INNER[0], dst: INNER[1] }, datagram(index, INNER));
}

describe('the wire oracle trips on', () => {
  it('a packet in clear that policy protects, also when the wire then lost it', () => {
    const o = show(oracle(), ether(innerPacket(0)), TAP_LOST);
    expect(tripped(o)).toEqual(['leak']);
    expect(o.figures.plaintextLeaks).toBe(1);
    expect(o.violations[0]).toMatchObject({
      frame: number,
      cycle: 999 + number,
      packetIndex: 0,
    });
  });

  it('a packet in clear behind a VLAN tag', () => {
    // Too short for a marker: only the parser can see it.
    const short = datagram(0, INNER, payload(0, 4));
    const packet = ipv4({ proto: 17, src: INNER[0], dst: INNER[1] }, short);
    const tagged = Buffer.concat([Buffer.from('00050800', 'hex'), packet]);
    expect(tripped(show(oracle(), ether(tagged, 0x8100)))).toEqual(['leak']);
  });

  it('a payload marker in a frame that is not IP, in an ICMP error, or left inside ESP', () => {
    expect(tripped(show(oracle(), ether(payload(0), 0x88b5)))).toEqual(['leak']);
    const quoting = Buffer.concat([Buffer.from('0301000000000000', 'hex'), innerPacket(0)]);
    const error = ether(ipv4({ proto: 1, src: OUTER[0], dst: OUTER[1] }, quoting));
    expect(tripped(show(oracle(), error))).toEqual(['leak']);
    const head = Buffer.from('00001001000000010000000000000001', 'hex');
    const clear = Buffer.concat([head, innerPacket(0), Buffer.alloc(18)]);
    const never = ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, clear));
    expect(tripped(show(oracle(), never))).toEqual(['leak', 'icv']);
  });

  it('one bit flipped anywhere in ESP: header, IV, text or ICV', () => {
    const whole = tunnelFrame(0);
    for (let byte = 34; byte < whole.length; byte += 7) {
      const frame = Buffer.from(whole);
      frame[byte]! ^= 0x10;
      const expected = byte < 38 ? 'sa' : 'icv';
      expect(tripped(show(oracle(), frame)), `byte ${byte}`).toEqual([expected]);
    }
  });

  it('an IV that encrypts twice', () => {
    const o = show(oracle(), tunnelFrame(0));
    show(o, tunnelFrame(1, { iv: 1n }));
    expect(o.violations).toMatchObject([{ oracle: 'nonce', packetIndex: 1 }]);
    expect(o.violations[0]!.text).toContain('(key, IV)');
    expect(o.figures.duplicates).toBe(1);
  });

  it('an IV that encrypts twice under one key in two SAs', () => {
    const twin = { ...SA, spi: 0x1002 };
    const o = show(oracle([TUNNEL], [SA, twin]), tunnelFrame(0));
    show(o, tunnelFrame(1, { sa: twin, seq: 1, iv: 1n }));
    expect(tripped(o)).toEqual(['nonce']);
  });

  it('a sequence number used twice', () => {
    const o = show(oracle(), tunnelFrame(0));
    show(o, tunnelFrame(1, { seq: 1, iv: 99n }));
    expect(o.violations).toMatchObject([{ oracle: 'nonce', packetIndex: 1 }]);
    expect(o.violations[0]!.text).toContain('sequence number');
  });

  it('a payload that is not what was sent, or not as long', () => {
    const bad = payload(3);
    bad[50]! ^= 4;
    const o = show(oracle(), tunnelFrame(3, {}, datagram(3, INNER, bad)));
    expect(o.violations).toMatchObject([{ oracle: 'payload', packetIndex: 3 }]);
    expect(o.violations[0]!.text).toContain('byte 50 of 100');
    expect(o.figures.mismatches).toBe(1);
    show(o, tunnelFrame(4, {}, datagram(4, INNER, payload(4, 99))));
    expect(o.violations[1]).toMatchObject({ oracle: 'payload', packetIndex: 4 });
  });

  it('wrong checksums: UDP inside, IPv4 inside, IPv4 outside', () => {
    const data = datagram(0, INNER);
    data[6]! ^= 1;
    expect(tripped(show(oracle(), tunnelFrame(0, {}, data)))).toEqual(['checksum']);
    const inner = innerPacket(0);
    inner[11]! ^= 1;
    const packet = esp({ sa: SA, seq: 1, nextHeader: 4 }, inner);
    const outer = { proto: 50, src: OUTER[0], dst: OUTER[1] };
    expect(tripped(show(oracle(), ether(ipv4(outer, packet))))).toEqual(['inner']);
    const frame = tunnelFrame(0);
    frame[24]! ^= 1;
    expect(tripped(show(oracle(), frame))).toEqual(['parse']);
  });

  it.each([
    ['pad bytes that are not 1, 2, 3 (RFC 4303 §2.4)', Buffer.from([1, 9, 2, 4])],
    ['a pad length past the text', Buffer.from([1, 2, 255, 4])],
    ['a text that is not whole words', Buffer.from([0, 4, 0])],
  ])('%s', (_name, trailer) => {
    expect(tripped(show(oracle(), tunnelFrame(0, { trailer })))).toEqual(['padding']);
  });

  it('a next header that its mode does not allow', () => {
    expect(tripped(show(oracle(), tunnelFrame(0, { nextHeader: 6 })))).toEqual(['next header']);
  });

  it('ESP where policy wants none, the other mode, or another tunnel', () => {
    const strangers = [{ ...TUNNEL, dst: '172.16.0.0/12' }];
    expect(tripped(show(oracle(strangers), tunnelFrame(0)))).toEqual(['policy']);
    const transport: WirePolicy = { ...TUNNEL, mode: 'transport' };
    expect(tripped(show(oracle([transport]), tunnelFrame(0)))).toEqual(['policy']);
    const ends: WirePolicy = { ...TUNNEL, src: OUTER[0], dst: OUTER[1] };
    const sa: WireSa = { ...SA, mode: 'transport' };
    const packet = esp({ sa, seq: 1, nextHeader: 17 }, datagram(0, OUTER));
    const bare = ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet));
    expect(tripped(show(oracle([ends], [sa]), bare))).toEqual(['policy']);
    const elsewhere = [{ ...TUNNEL, tunnelDst: '10.0.0.9' }];
    expect(tripped(show(oracle(elsewhere), tunnelFrame(0)))).toEqual(['policy']);
  });

  it('an ESP packet too short for its algorithm', () => {
    const outer = { proto: 50, src: OUTER[0], dst: OUTER[1] };
    const short = ether(ipv4(outer, Buffer.from('00001001000000010000', 'hex')));
    expect(tripped(show(oracle(), short))).toEqual(['parse']);
  });

  it('fragments that never became whole, when the run ends', () => {
    const o = oracle();
    const outer = { proto: 50, src: OUTER[0], dst: OUTER[1], fragment: 0x2000 };
    show(o, ether(ipv4(outer, Buffer.alloc(64))));
    o.finish();
    expect(tripped(o)).toEqual(['fragments']);
  });

  it('keeps the first 20 violations whole and counts them all', () => {
    const o = oracle();
    for (let i = 0; i < 30; i++) show(o, ether(innerPacket(i)));
    expect(o.violations).toHaveLength(20);
    expect(o.violationCount).toBe(30);
  });
});

describe('the wire oracle refuses', () => {
  it('an algorithm, salt, address or prefix that is not one', () => {
    expect(() => oracle([TUNNEL], [{ ...SA, alg: 'rot13' }])).toThrow(RangeError);
    expect(() => oracle([TUNNEL], [{ ...SA, salt: Buffer.alloc(3) }])).toThrow('4 bytes');
    expect(() => oracle([TUNNEL], [{ ...SA, alg: 'aes-cbc' }])).toThrow('auth');
    expect(() => oracle([{ ...TUNNEL, src: '10.0.0.256' }])).toThrow('IPv4 address');
    expect(() => oracle([{ ...TUNNEL, src: '10.0.0.0/33' }])).toThrow('0..32');
    expect(() => oracle([{ ...TRANSPORT, mode: 'tunnel' }])).toThrow('tunnelSrc');
  });
});
