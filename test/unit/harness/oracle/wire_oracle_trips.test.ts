import { describe, expect, it } from 'vitest';
import type { WirePolicy } from '../../../../src/harness/oracle/wire_policy.ts';
import type { WireSa } from '../../../../src/harness/oracle/wire_sa.ts';
import { TAP_LOST } from '../../../../src/harness/tap.ts';
import { esp, ether, ipv4 } from '../esp_frame.ts';
import {
  datagram,
  INNER,
  innerPacket,
  number,
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
