// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { WireSa } from '../../../../src/harness/oracle/wire_sa.ts';
import { TAP_INJECTED } from '../../../../src/harness/tap.ts';
import { refAhIcv } from '../../../reference/ah.ts';
import { refSeal } from '../../../reference/esp.ts';
import { esp, ether, ipv4, sum16, udp } from '../esp_frame.ts';
import {
  datagram,
  INNER,
  innerPacket,
  OUTER,
  oracle,
  payload,
  SA,
  show,
  TRANSPORT,
  TUNNEL,
  tripped,
  tunnelFrame,
} from './wire_oracle_rig.ts';

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
