// SPDX-License-Identifier: BSD-2-Clause

import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cksum } from '../../src/header/cksum.ts';
import { IFCAP_IPSEC } from '../../src/net/ifnet.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { type RefSa, refOpen, refSeal, refTrailer } from '../reference/esp.ts';
import { FakeCard } from '../unit/netipsec/fake_card.ts';
import {
  createIpsecRig,
  type IpsecRig,
  policies,
  TRANSPORT,
  TUNNEL,
} from '../unit/netipsec/ipsec_rig.ts';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const SALT = Buffer.from('10111213', 'hex');
const REF: RefSa = { spi: 0x1001, cipher: 'aes-gcm-16', key: KEY, salt: SALT, icvLen: 16 };
const SAS = `
add 10.0.0.1 10.0.0.2 esp 0x1001 MODE -r 8 -E aes-gcm-16 0x000102030405060708090a0b0c0d0e0f10111213;
add 10.0.0.2 10.0.0.1 esp 0x1002 MODE -r 8 -E aes-gcm-16 0x202122232425262728292a2b2c2d2e2f30313233;
`;
const sas = (mode: string): string => SAS.replaceAll('MODE', mode);
const ETHER = 14;

/** The IP packets that A puts on the wire for one datagram. */
function sent(rig: IpsecRig, bytes: Uint8Array, how = {}): Buffer[] {
  const wire: Buffer[] = [];
  rig.a.ifp.onWire = (data, at, len) => {
    const frame = Buffer.from(data.slice(at, at + len));
    if (frame.readUInt16BE(12) === 0x0800) wire.push(frame.subarray(ETHER));
    return true;
  };
  const socket = new UdpSocket(rig.a.inet, how).bind(0, 1000);
  socket.sendTo(bytes, rig.b.addr, 7);
  rig.pump();
  socket.close();
  return wire;
}

describe('RFC 4303 §3.1: where ESP goes', () => {
  it('transport: behind the IP header and its options, which stay in clear', () => {
    const rig = createIpsecRig();
    rig.setkey(sas('-m transport') + TRANSPORT);
    const options = Uint8Array.of(148, 4, 0, 0); // router alert
    const [p] = sent(rig, Buffer.from('hello'), { options, ttl: 9, tos: 0x28 });
    expect(p![0]).toBe(0x46);
    expect(p!.subarray(20, 24)).toEqual(Buffer.from(options));
    expect([p![1], p![8], p![9]]).toEqual([0x28, 9, 50]);
    expect(p!.readUInt16BE(2)).toBe(p!.length);
    const inner = refOpen(REF, p!.subarray(24))!;
    expect([inner.nextHeader, inner.seq]).toEqual([17, 1]);
    expect(inner.payload.subarray(8).toString()).toBe('hello');
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });

  it('tunnel: round the whole packet, RFC 4301 §5.1.2.1 outer header', () => {
    const rig = createIpsecRig();
    rig.setkey(sas('-m tunnel') + TUNNEL);
    const [p] = sent(rig, Buffer.from('hello'), { ttl: 9, tos: 0x29, dontFragment: true });
    expect([p![0], p![1], p![8], p![9]]).toEqual([0x45, 0x29, 64, 50]);
    expect(p!.readUInt16BE(6)).toBe(0x4000); // DF is copied
    const inner = refOpen(REF, p!.subarray(20))!;
    expect(inner.nextHeader).toBe(4);
    // Own packets leave with the TTL they were given: no hop was made.
    expect(inner.payload[8]).toBe(9);
    const v = new DataView(inner.payload.buffer, inner.payload.byteOffset);
    expect(cksum(v, 0, 20)).toBe(0);
    expect(v.getUint16(2)).toBe(inner.payload.length);
    rig.end();
  });

  it('numbers from 1 and the IV is the number', () => {
    const rig = createIpsecRig();
    rig.setkey(sas('') + TRANSPORT);
    for (let i = 1; i <= 3; i++) {
      const [p] = sent(rig, Uint8Array.of(i));
      expect(p!.readUInt32BE(24)).toBe(i);
      expect(p!.readBigUInt64BE(28)).toBe(BigInt(i));
    }
    rig.end();
  });
});

interface Outer {
  readonly tos?: number;
  readonly dst?: number;
  /** Sent to the link's broadcast address. */
  readonly broadcast?: boolean;
}

/** An IP packet of A with this ESP in it, given to B. */
function receive(rig: IpsecRig, esp: Uint8Array, outer: Outer = {}): void {
  const frame = Buffer.alloc(ETHER + 20 + esp.length);
  Buffer.from([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]).copy(frame);
  if (outer.broadcast === true) frame.fill(0xff, 0, 6);
  const v = new DataView(frame.buffer, frame.byteOffset + ETHER);
  v.setUint16(0, 0x4500 | (outer.tos ?? 0));
  v.setUint16(2, 20 + esp.length);
  v.setUint16(8, (64 << 8) | 50);
  v.setUint32(12, rig.a.addr);
  v.setUint32(16, outer.dst ?? rig.b.addr);
  v.setUint16(10, cksum(v, 0, 20));
  frame.set(esp, ETHER + 20);
  rig.b.ifp.inject(Uint8Array.from(frame));
  rig.pump();
}

/** ESP round a text that is taken as it is: padding, lengths and all. */
function sealText(seq: number, text: Uint8Array): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(REF.spi, 0);
  header.writeUInt32BE(seq, 4);
  header.writeUInt32BE(seq, 12);
  const nonce = Buffer.concat([SALT, header.subarray(8)]);
  const c = createCipheriv('aes-128-gcm', KEY, nonce, { authTagLength: 16 });
  c.setAAD(header.subarray(0, 8));
  return Buffer.concat([header, c.update(text), c.final(), c.getAuthTag()]);
}

const UDP = Uint8Array.of(3, 232, 0, 7, 0, 10, 0, 0, 1, 2);

/** An IP packet of A for UDP port 7 of B, without data. */
function emptyDatagram(rig: IpsecRig, tos = 0): Buffer {
  const packet = Buffer.alloc(28);
  const v = new DataView(packet.buffer, packet.byteOffset);
  v.setUint16(0, 0x4500 | tos);
  v.setUint16(2, 28);
  v.setUint16(8, (64 << 8) | 17);
  v.setUint32(12, rig.a.addr);
  v.setUint32(16, rig.b.addr);
  v.setUint16(10, cksum(v, 0, 20));
  v.setUint16(22, 7);
  v.setUint16(24, 8);
  return packet;
}

describe('RFC 4303 §3.4: what is wrong with a packet has a name', () => {
  const iv = (n: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, n);
  function receiver(mode: string): IpsecRig {
    const rig = createIpsecRig();
    rig.setkey(sas(mode));
    return rig;
  }

  it.each([
    ['esp.noSa', '', refSeal({ ...REF, spi: 0x9999 }, 1, iv(1), UDP, 17)],
    ['esp.runt', '', new Uint8Array(7)],
    ['esp.runt', '', refSeal(REF, 1, iv(1), UDP, 17).subarray(0, 33)],
    ['esp.badLength', '', sealText(1, new Uint8Array(11))],
    ['esp.badIcv', '', refSeal({ ...REF, salt: Uint8Array.of(1, 2, 3, 4) }, 1, iv(1), UDP, 17)],
    ['esp.replay', '', refSeal(REF, 0, iv(0), UDP, 17)],
    ['esp.badPad', '', sealText(1, Uint8Array.of(...UDP, 1, 2, 3, 5, 4, 17).slice(0, 16))],
    ['esp.badPad', '', sealText(1, Uint8Array.of(0, 0, 200, 17))],
    ['esp.dummy', '', refSeal(REF, 1, iv(1), UDP, 59)],
    ['esp.badNextHeader', '-m tunnel', refSeal(REF, 1, iv(1), UDP, 17)],
    ['esp.badInner', '-m tunnel', refSeal(REF, 1, iv(1), UDP, 4)],
    ['esp.badInner', '-m tunnel', refSeal(REF, 1, iv(1), new Uint8Array(12).fill(0x45), 4)],
    ['esp.badInner', '-m tunnel', refSeal(REF, 1, iv(1), new Uint8Array(40).fill(0x65), 4)],
  ])('%s %s', (name, mode, esp) => {
    const rig = receiver(mode);
    receive(rig, esp);
    expect(rig.b.counters.get(name), JSON.stringify(rig.b.counters.nonZero())).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(0);
    rig.end();
  });

  it('a packet that fails its ICV does not move the window (§3.4.3)', () => {
    const rig = receiver('');
    const bad = Buffer.from(refSeal(REF, 500, iv(1), UDP, 17));
    bad[bad.length - 1]! ^= 1;
    receive(rig, bad);
    receive(rig, refSeal(REF, 1, iv(1), UDP, 17));
    receive(rig, refSeal(REF, 1, iv(1), UDP, 17));
    expect(rig.b.counters.get('esp.badIcv')).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.b.counters.get('esp.replay')).toBe(1);
    const sa = rig.ipsecB.sadb.find(rig.b.addr, REF.spi)!;
    expect([sa.authFailed, sa.replayed]).toEqual([1, 1]);
    rig.end();
  });

  it('padding longer than needed is right (§2.4), as long as it counts 1, 2, 3 …', () => {
    const rig = receiver('');
    const pad = Array.from({ length: 240 }, (_, i) => i + 1);
    receive(rig, sealText(1, Uint8Array.of(...UDP, ...pad, 240, 17)));
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });

  it('text behind the inner packet of a tunnel (TFC padding, §2.7) is cut off', () => {
    const rig = receiver('-m tunnel');
    const inner = Buffer.concat([emptyDatagram(rig), Buffer.alloc(40)]);
    let got = -1;
    new UdpSocket(rig.b.inet).bind(0, 7).onMessage((bytes) => {
      got = bytes.length;
    });
    receive(rig, sealText(1, refTrailer(inner, 4, 4)));
    expect(got).toBe(0);
    rig.end();
  });
});

describe('the end of a tunnel', () => {
  const CE = 3;
  const ECT0 = 2;

  it('drops what was marked on the way and knows no ECN (RFC 6040 §4.2)', () => {
    const rig = createIpsecRig();
    rig.setkey(sas('-m tunnel'));
    receive(rig, sealText(1, refTrailer(emptyDatagram(rig), 4, 4)), { tos: CE });
    expect(rig.b.counters.get('esp.ecnDrop')).toBe(1);
    receive(rig, sealText(2, refTrailer(emptyDatagram(rig, ECT0), 4, 4)), { tos: CE });
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.b.counters.get('ip.badSum')).toBe(0);
    rig.end();
  });

  it('forgets how the outer packet was addressed on the link', () => {
    const rig = createIpsecRig();
    const dst = 0x0a0000ff;
    rig.setkey(sas('-m tunnel').replace('10.0.0.1 10.0.0.2', '10.0.0.1 10.0.0.255'));
    receive(rig, sealText(1, refTrailer(emptyDatagram(rig), 4, 4)), { dst, broadcast: true });
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.b.counters.get('ip.linkBroadcast')).toBe(0);
    rig.end();
  });
});

describe('RFC 4303 App. A: extended sequence numbers, in software', () => {
  const ESN = sas('-esn');

  it('crosses 2^32 with no packet lost, late ones included', () => {
    const rig = createIpsecRig();
    rig.setkey(ESN + TRANSPORT);
    rig.ipsecA.sadb.find(rig.b.addr, REF.spi)!.seq = 2 ** 32 * 6 - 40;
    rig.ipsecB.sadb.find(rig.b.addr, REF.spi)!.replay.update(2 ** 32 * 6 - 40);
    const held: Uint8Array[] = [];
    let n = 0;
    rig.a.ifp.onWire = (data, at, len) => {
      if (data[at + 12] !== 8 || data[at + 13] !== 0 || n++ % 5 !== 0) return true;
      held.push(data.slice(at, at + len));
      return false;
    };
    const socket = new UdpSocket(rig.a.inet);
    for (let i = 0; i < 80; i++) {
      socket.sendTo(Uint8Array.of(i), rig.b.addr, 9);
      rig.pump();
      if (held.length > 3) rig.b.ifp.inject(held.shift()!);
    }
    for (const frame of held) rig.b.ifp.inject(frame);
    rig.pump();
    expect(rig.b.counters.get('esp.inOk'), JSON.stringify(rig.b.counters.nonZero())).toBe(80);
    rig.end();
  });

  it('a card is given the high half, and gives the bytes of software', () => {
    const wires = [false, true].map((offload) => {
      const rig = createIpsecRig({ offload, capabilities: IFCAP_IPSEC });
      const card = new FakeCard(rig.a, rig.ipsecA.carrier);
      rig.ipsecA.attachOffload(rig.a.ifp, card);
      rig.setkey(ESN + TRANSPORT);
      const start = 2 ** 32 * 5 - 3;
      rig.ipsecA.sadb.find(rig.b.addr, REF.spi)!.seq = start;
      rig.ipsecB.sadb.find(rig.b.addr, REF.spi)!.replay.update(start);
      const wire = Array.from({ length: 6 }, (_, i) => sent(rig, Uint8Array.of(i))[0]);
      expect(card.encrypted).toBe(offload ? 6 : 0);
      expect(rig.b.counters.get('esp.inOk')).toBe(6);
      rig.end();
      return wire;
    });
    expect(wires[0]).toEqual(wires[1]);
  });

  it('authenticates the high half: another one is a wrong ICV', () => {
    const rig = createIpsecRig();
    rig.setkey(ESN);
    const iv = Uint8Array.of(0, 0, 0, 9, 0, 0, 0, 1);
    receive(rig, refSeal({ ...REF, seqHi: 9 }, 1, iv, UDP, 17));
    receive(rig, refSeal({ ...REF, seqHi: 0 }, 1, iv, UDP, 17));
    expect(rig.b.counters.get('esp.badIcv')).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });
});

describe('fragments', () => {
  it.each([
    ['transport', 'ESP is round the whole datagram', '-m transport', TRANSPORT, 1],
    ['tunnel', 'each fragment has its own ESP (RFC 4303 §3.3.4)', '-m tunnel', TUNNEL, 7],
  ])('%s: %s', (_n, _what, mode, spd, esp) => {
    const rig = createIpsecRig();
    rig.setkey(sas(mode) + spd);
    const big = Uint8Array.from({ length: 9000 }, (_, i) => i * 7);
    let got: Uint8Array = new Uint8Array(0);
    new UdpSocket(rig.b.inet).bind(0, 7).onMessage((bytes) => {
      got = bytes;
    });
    expect(sent(rig, big).length).toBeGreaterThan(6);
    expect(got).toEqual(big);
    expect(rig.a.counters.get('esp.out')).toBe(esp);
    rig.end();
  });
});

describe('bundles: two transforms of one policy', () => {
  /** Tunnel SAs with SPIs and salts of their own. */
  const OUTER_SALT = Buffer.from('40414243', 'hex');
  const OUTER_SAS = sas('-m tunnel')
    .replaceAll('0x100', '0x200')
    .replace('10111213;', '40414243;')
    .replace('30313233;', '50515253;');

  it('are applied in order, one tag each, and taken off again', () => {
    const rig = createIpsecRig();
    const request = (s: string, d: string) => `esp/transport//require esp/tunnel/${s}-${d}/require`;
    rig.setkey(sas('-m transport') + OUTER_SAS + policies(request));
    let got = 0;
    new UdpSocket(rig.b.inet).bind(0, 7).onMessage(() => {
      got++;
    });
    const [p] = sent(rig, Buffer.from('hello'));
    const first = refOpen({ ...REF, spi: 0x2001, salt: OUTER_SALT }, p!.subarray(20))!;
    expect(first.nextHeader).toBe(4);
    const second = refOpen(REF, first.payload.subarray(20))!;
    expect(second.nextHeader).toBe(17);
    expect(got).toBe(1);
    expect(rig.a.pool.tags.allocs).toBe(2);
    expect(rig.b.pool.tags.allocs).toBe(2);
    rig.end();
  });

  it('a card does the outermost, software the other, and says why', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    const request = (s: string, d: string) => `esp/transport//require esp/tunnel/${s}-${d}/require`;
    rig.setkey(sas('-m transport') + OUTER_SAS + policies(request));
    sent(rig, Buffer.from('hello'));
    expect(card.encrypted).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(2);
    const reasons = rig.ipsecA.reasons.list().filter((r) => r.direction === 'tx');
    expect(reasons).toEqual([{ direction: 'tx', reason: 'innerTransform', count: 1 }]);
    expect(rig.a.counters.get('ipsec.lateSoftware')).toBe(0);
    rig.end();
  });
});
