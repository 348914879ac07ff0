// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { authByName, cipherByName } from '../../src/opencrypto/algorithm.ts';
import { newSession } from '../../src/opencrypto/session.ts';
import { vectorJson } from '../lib/vector_file.ts';

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

const NONE = new Uint8Array(0);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('RFC 4106: the packets of draft-mcgrew-gcm-test-01', () => {
  it('seal gives the packet, open gives the text, byte for byte', (context) => {
    const rows = vectorJson<EspPacket[]>('esp_packets.json', context);
    const gcm = rows.filter((r) => r.alg.startsWith('AES-GCM-16-'));
    expect(gcm.length).toBe(16);
    for (const r of gcm) {
      // GMAC and ChaCha20-Poly1305 rows are of other algorithms.
      const seqHi = r.esn ? Number.parseInt(r.seq.slice(0, 8), 16) : 0;
      const alg = cipherByName('aes-gcm-16')!;
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
