// SPDX-License-Identifier: BSD-2-Clause
/**
 * C2SP/wycheproof testvectors_v1 through the sessions of ESP and AH: the cases whose IV, AAD and tag
 * have the sizes that IPsec prescribes. The others go through `tagwire vectors`.
 */
import { describe, expect, it } from 'vitest';
import { newAhSession } from '../../src/opencrypto/ah_session.ts';
import { authByName, cipherByName } from '../../src/opencrypto/algorithm.ts';
import { newSession } from '../../src/opencrypto/session.ts';
import { vectorJson } from '../lib/vector_file.ts';

interface Wycheproof {
  testGroups: {
    ivSize: number;
    keySize: number;
    tagSize: number;
    tests: {
      tcId: number;
      key: string;
      iv: string;
      aad?: string;
      msg: string;
      ct: string;
      tag: string;
      result: string;
    }[];
  }[];
}

const NONE = new Uint8Array(0);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe.each([
  ['RFC 7634', 'chacha20-poly1305', 'chacha20_poly1305_test.json', 40],
  ['RFC 4106', 'aes-gcm-16', 'aes_gcm_test.json', 4],
])('%s: %s', (_rfc, name, file, atLeast) => {
  it('cases with an AAD of 8 bytes, and of 12 as with ESN', (context) => {
    const alg = cipherByName(name)!;
    let run = 0;
    for (const group of vectorJson<Wycheproof>(file, context).testGroups) {
      if (group.ivSize !== 96 || group.tagSize !== 128) continue;
      for (const t of group.tests) {
        const aad = Buffer.from(t.aad!, 'hex');
        if (aad.length !== 8 && aad.length !== 12) continue;
        const esn = aad.length === 12;
        const seqHi = esn ? aad.readUInt32BE(4) : 0;
        const iv = bytes(t.iv);
        const s = newSession(alg, bytes(t.key), iv.slice(0, 4), null, NONE, esn);
        const textLen = t.msg.length / 2;
        const header = Buffer.concat([aad.subarray(0, 4), aad.subarray(-4), iv.subarray(4)]);
        const packet = Uint8Array.from(Buffer.concat([header, bytes(t.ct), bytes(t.tag)]));
        const opened = packet.slice();
        const isValid = t.result === 'valid';
        expect(s.open(opened, 0, textLen, seqHi), `tcId ${t.tcId}`).toBe(isValid);
        run++;
        if (!isValid) continue;
        expect(opened.slice(16, 16 + textLen), `tcId ${t.tcId}`).toEqual(bytes(t.msg));
        opened.fill(0, 16 + textLen);
        s.seal(opened, 0, textLen, seqHi);
        expect(opened, `tcId ${t.tcId}`).toEqual(packet);
        opened[16 + textLen + (t.tcId % 16)]! ^= 1;
        expect(s.open(opened, 0, textLen, seqHi), `tcId ${t.tcId}`).toBe(false);
      }
    }
    expect(run).toBeGreaterThanOrEqual(atLeast);
  });
});

describe('RFC 4543 §4: GMAC in AH', () => {
  it('every case with an IV of 96 bits: right tags are accepted, wrong ones refused', (context) => {
    const count = { valid: 0, invalid: 0 };
    for (const group of vectorJson<Wycheproof>('aes_gmac_test.json', context).testGroups) {
      if (group.ivSize !== 96) continue;
      const alg = authByName(`aes-${group.keySize}-gmac`)!;
      for (const t of group.tests) {
        const iv = bytes(t.iv);
        const s = newAhSession(alg, bytes(t.key + t.iv.slice(0, 8)), false);
        const text = bytes(t.msg);
        const field = Uint8Array.from(Buffer.concat([iv.subarray(4), bytes(t.tag)]));
        const isValid = t.result === 'valid';
        expect(s.isRight(text, text.length, field, 0, 0), `tcId ${t.tcId}`).toBe(isValid);
        if (isValid) {
          const made = field.slice().fill(0, 8);
          s.seal(text, text.length, made, 0, 0);
          expect(made, `tcId ${t.tcId}`).toEqual(field);
        }
        count[isValid ? 'valid' : 'invalid']++;
      }
    }
    expect(count).toEqual({ valid: 45, invalid: 162 });
  });
});
