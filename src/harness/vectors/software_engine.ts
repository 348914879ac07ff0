// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { Message, VectorEngine } from './engine.ts';
import type { VectorCase } from './vector_case.ts';

const AEADS = ['aes-gcm', 'aes-gmac', 'chacha20-poly1305'];
/** OpenSSL's limit for GCM (GCM_IV_MAX_SIZE). */
const IV_MAX_BYTES = 128;
/** NIST SP 800-38D §5.2.1.2. */
const TAG_BYTES = [4, 8, 12, 13, 14, 15, 16];

/** The same cases by node:crypto, to compare the engine with, and for what it does not do. */
export class SoftwareEngine implements VectorEngine {
  readonly name = 'software';

  cannot(vector: VectorCase): string {
    const { algorithm, iv, tag, result } = vector;
    if (algorithm.startsWith('hmac-')) return '';
    if (algorithm === 'aes-cbc') return '';
    if (!AEADS.includes(algorithm)) return `algorithm ${algorithm}`;
    if (result !== 'valid') return '';
    if (iv.length > IV_MAX_BYTES) return `IV of ${iv.length * 8} bits, more than OpenSSL takes`;
    return TAG_BYTES.includes(tag.length) ? '' : `tag of ${tag.length * 8} bits`;
  }

  run(messages: readonly Message[]): void {
    for (const m of messages) {
      if (m.algorithm.startsWith('hmac-')) runHmac(m);
      else if (m.algorithm === 'aes-cbc') runCbc(m);
      else runAead(m);
    }
  }

  close(): void {}
}

function runAead(m: Message): void {
  const chacha = m.algorithm === 'chacha20-poly1305';
  const name = (chacha ? m.algorithm : `aes-${m.key.length * 8}-gcm`) as 'aes-128-gcm';
  const options = { authTagLength: m.tag.length };
  if (m.decrypt) {
    try {
      const decipher = createDecipheriv(name, m.key, m.iv, options).setAAD(m.aad);
      decipher.setAuthTag(m.tag);
      const text = decipher.update(m.text);
      decipher.final();
      m.out.set(text);
    } catch {
      m.refused = true; // a wrong tag, or an IV that the algorithm does not have
    }
    return;
  }
  const cipher = createCipheriv(name, m.key, m.iv, options).setAAD(m.aad);
  m.out.set(cipher.update(m.text));
  cipher.final();
  m.tag.set(cipher.getAuthTag());
}

function runCbc(m: Message): void {
  const name = `aes-${m.key.length * 8}-cbc`;
  const cipher = m.decrypt
    ? createDecipheriv(name, m.key, m.iv)
    : createCipheriv(name, m.key, m.iv);
  m.out.set(cipher.setAutoPadding(false).update(m.text));
}

function runHmac(m: Message): void {
  const hash = m.algorithm.slice('hmac-'.length);
  const mac = createHmac(hash, m.key).update(m.text).digest().subarray(0, m.tag.length);
  if (!m.decrypt) m.tag.set(mac);
  else m.refused = mac.length !== m.tag.length || !timingSafeEqual(mac, m.tag);
}
