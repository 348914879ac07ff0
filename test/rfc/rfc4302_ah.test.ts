// SPDX-License-Identifier: BSD-2-Clause
/** AH between two hosts. No RFC prints packets of AH: the ICV is judged by test/reference/ah.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { zeroMutable } from '../../src/netipsec/ah_image.ts';
import { AUTHS, authByName } from '../../src/opencrypto/algorithm.ts';
import { type RefAhSa, refAhIcv, refHeaders } from '../reference/ah.ts';
import { referenceCksum } from '../reference/cksum.ts';
import { createIpsecRig, type IpsecRig, policies } from '../unit/netipsec/ipsec_rig.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const ETHER = 14;
const TRANSPORT = policies(() => 'ah/transport//require');
const TUNNEL = policies((src, dst) => `ah/tunnel/${src}-${dst}/require`);
const NAMES = AUTHS.map((a) => a.name);

const keyOf = (name: string, fill: number) =>
  new Uint8Array(authByName(name)!.keyBytes).map((_, i) => fill + i);
const hex = (b: Uint8Array) => `0x${Buffer.from(b).toString('hex')}`;

function sas(name: string, more = ''): string {
  return `
add ${A} ${B} ah 0x1001 -r 8 ${more} -A ${name} ${hex(keyOf(name, 1))};
add ${B} ${A} ah 0x1002 -r 8 ${more} -A ${name} ${hex(keyOf(name, 101))};
`;
}

function refSa(name: string, seqHi?: number): RefAhSa {
  const { kind, openssl, icvBytes } = authByName(name)!;
  const base = { hash: kind === 'hmac' ? openssl : kind, key: keyOf(name, 1), icvLen: icvBytes };
  return seqHi === undefined ? base : { ...base, seqHi };
}

interface Talk {
  readonly rig: IpsecRig;
  /** IP packets from A to B, as the wire had them. */
  readonly wire: Buffer[];
  /** What B's socket got. */
  readonly got: Buffer[];
  send(bytes: Uint8Array, how?: object): void;
}

/** loses: nothing from A reaches B but by inject(). */
function talk(setkey: string, loses = false): Talk {
  const rig = createIpsecRig();
  rig.setkey(setkey);
  const wire: Buffer[] = [];
  const got: Buffer[] = [];
  rig.a.ifp.onWire = (data, at, len) => {
    const frame = Buffer.from(data.slice(at, at + len));
    if (frame.readUInt16BE(12) !== 0x0800) return true;
    wire.push(frame.subarray(ETHER));
    return !loses;
  };
  const b = new UdpSocket(rig.b.inet).bind(0, 7);
  b.onMessage((bytes) => void got.push(Buffer.from(bytes)));
  const send = (bytes: Uint8Array, how = {}): void => {
    const a = new UdpSocket(rig.a.inet, how).bind(0, 1000);
    expect(a.sendTo(bytes, rig.b.addr, 7)).toBe(0);
    rig.pump();
    a.close();
  };
  return { rig, wire, got, send };
}

/** Puts an IP packet on B's end of the wire. */
function inject(rig: IpsecRig, packet: Uint8Array): void {
  const ether = Buffer.from('020000000002020000000001' + '0800', 'hex');
  rig.b.ifp.inject(Buffer.concat([ether, packet]));
  rig.pump();
}

/** With the IPv4 header checksum that a router would have left. */
function rechecked(packet: Uint8Array): Uint8Array {
  const p = Uint8Array.from(packet);
  const ihl = (p[0]! & 15) * 4;
  p[10] = p[11] = 0;
  const sum = referenceCksum(p.subarray(0, ihl));
  p[10] = sum >> 8;
  p[11] = sum & 255;
  return p;
}

describe.each(NAMES)('RFC 4302 with %s', (name) => {
  it.each([
    ['transport', TRANSPORT, 17],
    ['tunnel', TUNNEL, 4],
  ])('%s: what is sent has the ICV of the reference, and is accepted', (_mode, spd, next) => {
    const t = talk(sas(name) + spd);
    for (const size of [0, 1, 2, 3, 4, 13, 512, 1300]) t.send(new Uint8Array(size).fill(size));
    expect(t.got.map((b) => b.length)).toEqual([0, 1, 2, 3, 4, 13, 512, 1300]);
    const ref = refSa(name);
    t.wire.forEach((p, i) => {
      expect([p[0], p[9], p[20]]).toEqual([0x45, 51, next]);
      expect(p.readUInt16BE(2)).toBe(p.length);
      // §2.2: words of 4, two of them not counted; behind IPv4 a multiple of 4.
      expect((p[21]! + 2) * 4).toBe(12 + ref.icvLen);
      expect(p.readUInt32BE(24)).toBe(0x1001);
      expect(p.readUInt32BE(28)).toBe(i + 1);
      expect(p.subarray(32, 32 + ref.icvLen)).toEqual(refAhIcv(ref, p, 20));
    });
    expect(t.rig.b.counters.get('ah.inOk')).toBe(8);
    t.rig.end();
  });

  it('§3.3.3.1: what changes on the way is no harm, any other bit is', () => {
    const t = talk(sas(name) + TRANSPORT, true);
    t.send(Buffer.from('sixteen bytes !!'), { ttl: 9, tos: 0x28 });
    const [p] = t.wire as [Buffer];
    const altered = (at: number, mask: number): Uint8Array => {
      const q = Uint8Array.from(p);
      q[at]! ^= mask;
      return rechecked(q);
    };
    // Identification, and all from the source address on.
    const immutable = [4, 5, ...Array.from({ length: p.length - 12 }, (_, i) => 12 + i)];
    for (const at of immutable) inject(t.rig, altered(at, 1 << (at & 7)));
    expect(t.rig.b.counters.get('ah.inOk')).toBe(0);
    expect(t.got).toEqual([]);
    const inbound = t.rig.ipsecB.sadb.find(t.rig.b.addr, 0x1001, 51)!;
    for (const [at, mask] of [
      [1, 0xff], // TOS
      [6, 0x40], // DF
      [8, 0x03], // TTL
    ] as const) {
      inbound.replay.top = 0;
      inject(t.rig, altered(at, mask));
    }
    expect(t.got.length).toBe(3);
    t.rig.end();
  });

  it('§2.5.1: an ESN is authenticated in full', () => {
    const t = talk(sas(name, '-esn') + TRANSPORT);
    const out = t.rig.ipsecA.sadb.find(t.rig.b.addr, 0x1001, 51)!;
    const inbound = t.rig.ipsecB.sadb.find(t.rig.b.addr, 0x1001, 51)!;
    out.seq = 0x2_ffff_fffe;
    inbound.replay.top = 0x2_ffff_fff0;
    for (let i = 0; i < 4; i++) t.send(Uint8Array.of(i));
    expect(t.got.length).toBe(4);
    const his = [2, 3, 3, 3];
    t.wire.forEach((p, i) => {
      const icv = refAhIcv(refSa(name, his[i]!), p, 20);
      expect(p.subarray(32, 32 + icv.length), `packet ${i}`).toEqual(icv);
    });
    t.rig.end();
  });
});

describe('RFC 4302', () => {
  const SA = sas('hmac-sha1');

  it('§3.4.3: a packet that comes twice is taken once', () => {
    const t = talk(SA + TRANSPORT, true);
    t.send(Buffer.from('once'));
    inject(t.rig, t.wire[0]!);
    inject(t.rig, t.wire[0]!);
    expect(t.got.length).toBe(1);
    expect(t.rig.b.counters.get('ah.replay')).toBe(1);
    t.rig.end();
  });

  it('§3.3.2: a sequence number never cycles', () => {
    const t = talk(SA + TRANSPORT);
    t.rig.ipsecA.sadb.find(t.rig.b.addr, 0x1001, 51)!.seq = 0xffff_ffff;
    const a = new UdpSocket(t.rig.a.inet).bind(0, 1000);
    expect(a.sendTo(Buffer.from('x'), t.rig.b.addr, 7)).not.toBe(0);
    t.rig.pump();
    a.close();
    expect(t.wire).toEqual([]);
    expect(t.rig.a.counters.get('ah.seqExhausted')).toBe(1);
    t.rig.end();
  });

  it('App. A1: options that change are zeros to the ICV, others are not', () => {
    const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0);
    const t = talk(SA + TRANSPORT, true);
    t.send(Buffer.from('options'), { options });
    const [p] = t.wire as [Buffer];
    expect(p.subarray(44, 56)).toEqual(refAhIcv(refSa('hmac-sha1'), p, 32));
    // A router on the way records its address; then one that changes the router alert.
    const recorded = Uint8Array.from(p);
    recorded.set([8, 10, 9, 9, 9], 22);
    inject(t.rig, rechecked(recorded));
    expect(t.got.length).toBe(1);
    const altered = Uint8Array.from(p);
    altered[31]! ^= 1;
    t.rig.ipsecB.sadb.find(t.rig.b.addr, 0x1001, 51)!.replay.top = 0;
    inject(t.rig, rechecked(altered));
    expect(t.got.length).toBe(1);
    t.rig.end();
  });

  it('§2.2: a header padded more than need be, as Linux sends it, is accepted', () => {
    const t = talk(sas('hmac-sha2-256') + TRANSPORT, true);
    t.send(Buffer.from('padded'));
    const [p] = t.wire as [Buffer];
    // 12 + 16 bytes, and 4 more to make it a multiple of 8 behind IPv4 too.
    const padded = Buffer.concat([p.subarray(0, 48), Buffer.alloc(4), p.subarray(48)]);
    padded.writeUInt16BE(padded.length, 2);
    padded[21]! += 1;
    padded.set(refAhIcv(refSa('hmac-sha2-256'), padded, 20), 32);
    inject(t.rig, rechecked(padded));
    expect(t.got.map(String)).toEqual(['padded']);
    t.rig.end();
  });

  it.each([
    ['longer than the packet', 200, 'ah.badLength'],
    ['too short for the ICV', 3, 'ah.badLength'],
    ['shorter than the header', 0, 'ah.badLength'],
  ])('§2.2: a length %s is refused', (_what, words, counter) => {
    const t = talk(SA + TRANSPORT, true);
    t.send(Buffer.from('length'));
    const wrong = Uint8Array.from(t.wire[0]!);
    wrong[21] = words;
    inject(t.rig, wrong);
    expect(t.rig.b.counters.get(counter)).toBe(1);
    t.rig.end();
  });

  it('RFC 4301 App. E: AH goes round ESP, and both are taken off', () => {
    const esp = `
add ${A} ${B} esp 0x2001 -r 8 -E aes-gcm-16 ${hex(new Uint8Array(20).fill(1))};
add ${B} ${A} esp 0x2002 -r 8 -E aes-gcm-16 ${hex(new Uint8Array(20).fill(2))};
`;
    const both = policies(() => 'esp/transport//require ah/transport//require');
    const t = talk(SA + esp + both);
    t.send(Buffer.from('both'));
    expect(t.got.map(String)).toEqual(['both']);
    const [p] = t.wire as [Buffer];
    expect([p[9], p[20]]).toEqual([51, 50]);
    expect(t.rig.b.counters.get('ah.inOk')).toBe(1);
    expect(t.rig.b.counters.get('esp.inOk')).toBe(1);
    t.rig.end();
  });

  it.each([
    [4, A, B],
    [6, '2001:db8::1', '2001:db8::2'],
  ])(
    '§3.3.4: IPv%i fragments are made after AH, and put together before it',
    (family, from, to) => {
      const key = hex(keyOf('hmac-sha1', 1));
      const t = talk(`
add ${from} ${to} ah 0x3001 -r 8 -A hmac-sha1 ${key};
spdadd ${from} ${to} udp -P out ipsec ah/transport//require;
spdadd ${from} ${to} udp -P in ipsec ah/transport//require;`);
      const dst = family === 4 ? t.rig.b.addr : t.rig.b.addr6;
      const a = new UdpSocket(t.rig.a.inet).bind(0, 1000);
      const got: number[] = [];
      const b = new UdpSocket(t.rig.b.inet).bind(dst, 9);
      b.onMessage((bytes) => void got.push(bytes.length));
      for (const size of [1400, 1500, 4000]) {
        expect(a.sendTo(new Uint8Array(size).fill(size), dst, 9)).toBe(0);
        t.rig.pump();
      }
      expect(got).toEqual([1400, 1500, 4000]);
      expect(t.rig.b.counters.get('ah.inOk')).toBe(3);
      if (family === 4) expect(t.wire.length).toBe(1 + 2 + 3);
      t.rig.end();
    },
  );

  it('a packet without the AH that policy asks for does not come in', () => {
    const t = talk(SA + TRANSPORT);
    const plain = talk('');
    plain.send(Buffer.from('bare'));
    inject(t.rig, plain.wire[0]!);
    expect(t.got).toEqual([]);
    expect(t.rig.b.counters.get('ipsec.inPolicy')).toBe(1);
    plain.rig.end();
    t.rig.end();
  });
});

describe('RFC 4302 §3.3.3.1.2 and App. A2: IPv6 headers in front of AH, against the reference', () => {
  const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
  const option = fc.oneof(
    fc.constant(Uint8Array.of(0)),
    fc
      .tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 12 }))
      .map(([type, data]) => Uint8Array.of(type, data.length, ...data)),
  );
  const optionsHeader = fc.array(option, { maxLength: 5 }).map((options) => {
    const all = options.flatMap((o) => [...o]);
    while ((all.length + 2) % 8 !== 0) all.push(0);
    return all;
  });
  /** [number, bytes behind next header and length] */
  const extension = fc.oneof(
    optionsHeader.map((body) => [0, body] as const),
    optionsHeader.map((body) => [60, body] as const),
    bytes(20).map((route) => [43, [4, 0, ...route]] as const), // no segment is left
  );

  it('whatever they are', () => {
    fc.assert(
      fc.property(bytes(40), fc.array(extension, { maxLength: 4 }), (fixed, chain) => {
        const header = Buffer.from(fixed);
        header[0] = 0x60 | (header[0]! & 15);
        const numbers = [...chain.map(([number]) => number), 51];
        header[6] = numbers[0]!;
        const parts = chain.map(([, body], i) =>
          Buffer.of(numbers[i + 1]!, (body.length + 2) / 8 - 1, ...body),
        );
        const headers = Buffer.concat([header, ...parts]);
        const image = Uint8Array.from(headers);
        expect(zeroMutable(image, image.length)).toBe(true);
        expect(Buffer.from(image)).toEqual(refHeaders(headers));
      }),
      { numRuns: 500 },
    );
  });

  it('whatever garbage they are: never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 200 }), (garbage) => {
        for (const version of [0x45, 0x60]) {
          const image = Uint8Array.from(garbage);
          image[0] = version;
          zeroMutable(image, version === 0x45 ? 40 : image.length & ~7);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
