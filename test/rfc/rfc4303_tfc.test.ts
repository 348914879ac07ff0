// SPDX-License-Identifier: BSD-2-Clause
/** Traffic flow confidentiality, opened by test/reference/esp.ts. */
import { describe, expect, it } from 'vitest';
import { IFCAP_IPSEC } from '../../src/net/ifnet.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { parseSetkey } from '../../src/netipsec/setkey.ts';
import { type RefSa, refOpen } from '../reference/esp.ts';
import { FakeCard } from '../unit/netipsec/fake_card.ts';
import { createIpsecRig, type IpsecRig, TRANSPORT, TUNNEL } from '../unit/netipsec/ipsec_rig.ts';

const ETHER = 14;
const IP = 20;
const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const SALT = Buffer.from('10111213', 'hex');
const REF: RefSa = { spi: 0x1001, cipher: 'aes-gcm-16', key: KEY, salt: SALT, icvLen: 16 };

function sas(mode: string, options: string): string {
  const hex = `0x${KEY.toString('hex')}${SALT.toString('hex')}`;
  return `add 10.0.0.1 10.0.0.2 esp 0x1001 -m ${mode} -r 8 ${options} -E aes-gcm-16 ${hex};`;
}

/** The rule for what comes back is none: only A protects. */
const spd = (both: string) => both.split('\n').filter((_, i) => i === 0 || i === 3);

interface Talk {
  readonly rig: IpsecRig;
  readonly wire: Buffer[];
  readonly got: Buffer[];
  send(bytes: Uint8Array, how?: object): number;
}

function talk(mode: 'tunnel' | 'transport', options: string, card = false): Talk {
  const policy = spd(mode === 'tunnel' ? TUNNEL : TRANSPORT).join('\n');
  const rig = createIpsecRig(card ? { offload: true, capabilities: IFCAP_IPSEC } : {});
  if (card) rig.ipsecA.attachOffload(rig.a.ifp, new FakeCard(rig.a, rig.ipsecA.carrier));
  rig.setkey(sas(mode, options) + policy);
  const wire: Buffer[] = [];
  const got: Buffer[] = [];
  rig.a.ifp.onWire = (data, at, len) => {
    const frame = Buffer.from(data.slice(at, at + len));
    if (frame.readUInt16BE(12) === 0x0800) wire.push(frame.subarray(ETHER));
    return true;
  };
  const b = new UdpSocket(rig.b.inet).bind(0, 7);
  b.onMessage((bytes) => void got.push(Buffer.from(bytes)));
  const send = (bytes: Uint8Array, how = {}): number => {
    const a = new UdpSocket(rig.a.inet, how).bind(0, 1000);
    const error = a.sendTo(bytes, rig.b.addr, 7);
    rig.pump();
    a.close();
    return error;
  };
  return { rig, wire, got, send };
}

describe('RFC 4303 §2.7: TFC padding', () => {
  it('makes all packets of a tunnel equally long, and the receiver takes it off', () => {
    const t = talk('tunnel', '-tfcpad 1000');
    const sizes = [0, 1, 2, 3, 100, 971, 972];
    for (const size of sizes) expect(t.send(new Uint8Array(size).fill(7))).toBe(0);
    expect(t.got.map((b) => b.length)).toEqual(sizes);
    expect(new Set(t.wire.map((p) => p.length)).size).toBe(1);
    t.wire.forEach((p, i) => {
      const { payload, nextHeader } = refOpen(REF, p.subarray(IP))!;
      expect([nextHeader, payload.length]).toEqual([4, 1000]);
      const innerLen = payload.readUInt16BE(2);
      expect(innerLen).toBe(28 + sizes[i]!);
      expect(payload.subarray(innerLen).every((b) => b === 0)).toBe(true);
    });
    t.rig.end();
  });

  it('leaves longer packets alone', () => {
    const t = talk('tunnel', '-tfcpad 100');
    t.send(new Uint8Array(400));
    expect(refOpen(REF, t.wire[0]!.subarray(IP))!.payload.length).toBe(428);
    t.rig.end();
  });

  it('goes no further than the MTU: no packet is cut or lost by it', () => {
    const t = talk('tunnel', '-tfcpad 9000');
    t.send(new Uint8Array(10), { dontFragment: true });
    expect(t.got.length).toBe(1);
    expect(t.wire.length).toBe(1);
    // The largest text, in words of 4, that an MTU of 1500 has room for.
    expect(t.wire[0]!.length).toBeGreaterThan(1500 - 4);
    expect(t.wire[0]!.length).toBeLessThanOrEqual(1500);
    t.rig.end();
  });

  it('is a card’s to encrypt as all the rest', () => {
    const soft = talk('tunnel', '-tfcpad 700');
    const card = talk('tunnel', '-tfcpad 700', true);
    for (const t of [soft, card]) t.send(Buffer.from('padded'));
    expect(card.wire).toEqual(soft.wire);
    expect(card.rig.ipsecA.reasons.list()).toEqual([]);
    expect(card.got.map(String)).toEqual(['padded']);
    soft.rig.end();
    card.rig.end();
  });

  it.each([
    ['in transport mode, whose packets do not say where they end', sas('transport', '-tfcpad 9')],
    ['in either mode', sas('any', '-tfcpad 9')],
    ['of no byte', sas('tunnel', '-tfcpad 0')],
    [
      'with AH',
      `add 1.1.1.1 2.2.2.2 ah 256 -m tunnel -tfcpad 9 -A hmac-sha1 0x${'00'.repeat(20)};`,
    ],
  ])('%s is refused', (_what, text) => {
    expect(() => parseSetkey(text)).toThrow(/TFC|from 1 to 65535/);
  });
});

describe.each(['tunnel', 'transport'] as const)('RFC 4303 §2.6: dummy packets, %s', (mode) => {
  it('follow every so many packets, as long as these, and the receiver drops and counts them', () => {
    const t = talk(mode, '-dummy 2');
    for (let i = 0; i < 6; i++) t.send(new Uint8Array(200).fill(i));
    const opened = t.wire.map((p) => refOpen(REF, p.subarray(IP))!);
    const real = mode === 'tunnel' ? 4 : 17;
    expect(opened.map((o) => o.nextHeader)).toEqual([
      real,
      real,
      59,
      real,
      real,
      59,
      real,
      real,
      59,
    ]);
    expect(opened.map((o) => o.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(t.wire.map((p) => p.length)).size).toBe(1);
    expect(t.got.length).toBe(6);
    expect(t.rig.a.counters.get('esp.dummyOut')).toBe(3);
    expect(t.rig.b.counters.get('esp.dummy')).toBe(3);
    // Nothing was answered, nothing counts as an error.
    expect(t.rig.b.counters.get('esp.inOk')).toBe(6);
    t.rig.end();
  });

  it('are a card’s to encrypt as all the rest', () => {
    const soft = talk(mode, '-dummy 1');
    const card = talk(mode, '-dummy 1', true);
    for (const t of [soft, card]) for (let i = 0; i < 3; i++) t.send(Uint8Array.of(i));
    expect(card.wire).toEqual(soft.wire);
    expect(card.rig.ipsecA.reasons.list()).toEqual([]);
    expect(card.rig.b.counters.get('esp.dummy')).toBe(3);
    soft.rig.end();
    card.rig.end();
  });

  it('hold nothing of what the buffer held before', () => {
    const t = talk(mode, '-dummy 1');
    for (let i = 0; i < 40; i++) t.send(Buffer.alloc(300, 'secret'));
    const dummies = t.wire
      .map((p) => refOpen(REF, p.subarray(IP))!)
      .filter((o) => o.nextHeader === 59);
    expect(dummies.length).toBe(40);
    for (const { payload } of dummies) expect(payload.every((b) => b === 0)).toBe(true);
    t.rig.end();
  });
});

it('RFC 4303 §2.6 and §2.7 together: a dummy is as long as a padded packet', () => {
  const t = talk('tunnel', '-tfcpad 600 -dummy 3');
  for (let i = 0; i < 6; i++) t.send(new Uint8Array(i * 20));
  expect(t.wire.length).toBe(8);
  expect(new Set(t.wire.map((p) => p.length)).size).toBe(1);
  t.rig.end();
});
