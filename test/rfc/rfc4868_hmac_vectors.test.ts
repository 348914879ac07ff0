// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { authByName, cipherByName } from '../../src/opencrypto/algorithm.ts';
import { newSession } from '../../src/opencrypto/session.ts';
import { vectorJson } from '../lib/vector_file.ts';

interface Wycheproof {
  testGroups: {
    keySize: number;
    tagSize: number;
    tests: { tcId: number; key: string; msg: string; tag: string; result: string }[];
  }[];
}

const ESP_HEADER = 8;
const NONE = new Uint8Array(0);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Source: C2SP/wycheproof testvectors_v1, rows whose key has the length that ESP prescribes. */
describe.each([
  ['RFC 2404', 'hmac-sha1', 'hmac_sha1_test.json'],
  ['RFC 4868', 'hmac-sha2-256', 'hmac_sha256_test.json'],
])('%s: %s cut to its ICV', (_rfc, name, file) => {
  it('accepts each valid tag and refuses each that differs within the ICV', (context) => {
    const auth = authByName(name)!;
    const icv = auth.icvBytes;
    let valid = 0;
    let refused = 0;
    for (const group of vectorJson<Wycheproof>(file, context).testGroups) {
      if (group.keySize !== auth.keyBytes * 8 || group.tagSize < icv * 8) continue;
      for (const t of group.tests) {
        const msg = bytes(t.msg);
        // Shorter than the ESP header that the session authenticates: not a packet.
        if (msg.length < ESP_HEADER) continue;
        const textLen = msg.length - ESP_HEADER;
        const s = newSession(cipherByName('null')!, NONE, NONE, auth, bytes(t.key), false);
        const packet = new Uint8Array(msg.length + icv);
        packet.set(msg);
        s.seal(packet, 0, textLen, 0);
        const right = Buffer.from(packet.slice(msg.length)).toString('hex');
        const asked = t.tag.slice(0, icv * 2);
        packet.set(bytes(asked), msg.length);
        // An "invalid" tag may still begin with the right ICV.
        const expected = t.result === 'valid' || asked === right;
        if (t.result === 'valid') expect(asked, `tcId ${t.tcId}`).toBe(right);
        expect(s.open(packet, 0, textLen, 0), `tcId ${t.tcId}`).toBe(expected);
        if (expected) valid++;
        else refused++;
      }
    }
    expect(valid).toBeGreaterThan(20);
    expect(refused).toBeGreaterThanOrEqual(20);
  });
});
