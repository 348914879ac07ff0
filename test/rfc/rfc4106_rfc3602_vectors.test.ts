// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { authByName, cipherByName } from '../../src/opencrypto/algorithm.ts';
import { newSession } from '../../src/opencrypto/session.ts';
import { ipPacket } from '../lib/packets.ts';
import { vectorJson } from '../lib/vector_file.ts';
import { createIpsecRig } from '../unit/netipsec/ipsec_rig.ts';

/** One row of esp_packets.json; fields are hex. */
interface EspPacket {
  name: string;
  alg: string;
  key: string;
  salt: string;
  seq: string;
  esn: boolean;
  packet: string;
  pt: string;
  ct: string;
}

const NAME = 'chacha20-poly1305';
const NONE = new Uint8Array(0);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Names of esp_packets.json, the rows that are meant, and how many there are. */
describe.each([
  ['RFC 4106: the packets of draft-mcgrew-gcm-test-01', 'aes-gcm-16', /^AES-GCM-16-/, 16],
  [
    'RFC 4543: the packet of draft-mcgrew-gcm-test-01',
    'aes-gmac',
    /^ENCR_NULL_AUTH_AES_GMAC-128$/,
    1,
  ],
  ['RFC 7634: the packet of App. A', 'chacha20-poly1305', /^CHACHA20-POLY1305$/, 1],
])('%s', (_title, name, rowName, count) => {
  it('seal gives the packet, open gives the text, byte for byte', (context) => {
    const all = vectorJson<EspPacket[]>('esp_packets.json', context);
    const rows = all.filter((r) => rowName.test(r.alg));
    expect(rows.length).toBe(count);
    for (const r of rows) {
      const seqHi = r.esn ? Number.parseInt(r.seq.slice(0, 8), 16) : 0;
      const alg = cipherByName(name)!;
      const s = newSession(alg, bytes(r.key), bytes(r.salt), null, NONE, r.esn);
      const packet = bytes(r.packet);
      const textLen = r.pt.length / 2;
      const work = packet.slice();
      expect(s.open(work, 0, textLen, seqHi), r.name).toBe(true);
      expect(Buffer.from(work.slice(16, 16 + textLen)).toString('hex'), r.name).toBe(r.pt);
      work.fill(0, 16 + textLen);
      s.seal(work, 0, textLen, seqHi);
      expect(work, r.name).toEqual(packet);
      if (r.esn) expect(s.open(packet.slice(), 0, textLen, seqHi ^ 1), r.name).toBe(false);
    }
  });
});

it('RFC 7634 App. A: a host takes the packet, and inside is the ICMP echo that the text shows', (context) => {
  const all = vectorJson<EspPacket[]>('esp_packets.json', context);
  const r = all.find((row) => row.alg === 'CHACHA20-POLY1305')!;
  const rig = createIpsecRig();
  const key = `0x${r.key}${r.salt}`;
  rig.setkey(
    `add 10.0.0.1 10.0.0.2 esp 0x${r.packet.slice(0, 8)} -m tunnel -r 8 -E ${NAME} ${key};`,
  );
  const inside: string[] = [];
  rig.b.inet.forward = (inet, m) => {
    const { data, off, len } = inet.pool;
    inside.push(Buffer.from(data.subarray(off[m]!, off[m]! + len[m]!)).toString('hex'));
    inet.pool.free(m);
  };
  const outer = { src: rig.a.addr, dst: rig.b.addr, proto: 50, payload: bytes(r.packet) };
  const ether = bytes('0200000000020200000000010800');
  rig.b.ifp.inject(Buffer.concat([ether, ipPacket(outer)]));
  rig.pump();
  // 84 bytes of IPv4; what follows is padding, pad length and next header.
  expect(inside).toEqual([r.pt.slice(0, 2 * 84)]);
  rig.end();
});

describe('RFC 4106', () => {
  it('open refuses every packet with one bit flipped, and leaves it as it was', (context) => {
    const rows = vectorJson<EspPacket[]>('esp_packets.json', context);
    const r = rows.find((x) => x.name.endsWith('#2'))!;
    const alg = cipherByName('aes-gcm-16')!;
    const s = newSession(alg, bytes(r.key), bytes(r.salt), null, NONE, false);
    const packet = bytes(r.packet);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const work = packet.slice();
      work[bit >> 3]! ^= 1 << (bit & 7);
      const before = work.slice();
      expect(s.open(work, 0, r.pt.length / 2, 0), `bit ${bit}`).toBe(false);
      expect(work).toEqual(before);
    }
  });
});

describe('RFC 3602 §4: cases 5 to 8', () => {
  it('AES-CBC gives the ciphertext and, opened again, the text', (context) => {
    const rows = vectorJson<EspPacket[]>('esp_packets.json', context);
    const cbc = rows.filter((r) => r.alg === 'AES-CBC-128');
    expect(cbc.length).toBe(4);
    for (const r of cbc) {
      // The RFC's packets carry no ICV: the session's own goes behind them.
      const auth = authByName('hmac-sha1')!;
      const authKey = new Uint8Array(auth.keyBytes);
      const s = newSession(cipherByName('aes-cbc')!, bytes(r.key), NONE, auth, authKey, false);
      const packet = bytes(r.packet);
      const textLen = r.pt.length / 2;
      const work = new Uint8Array(packet.length + auth.icvBytes);
      work.set(packet.slice(0, 24));
      work.set(bytes(r.pt), 24);
      s.seal(work, 0, textLen, 0);
      expect(work.slice(0, packet.length), r.name).toEqual(packet);
      expect(s.open(work, 0, textLen, 0), r.name).toBe(true);
      expect(Buffer.from(work.slice(24, 24 + textLen)).toString('hex'), r.name).toBe(r.pt);
    }
  });
});
