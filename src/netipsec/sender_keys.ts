// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { opensslName } from '../opencrypto/algorithm.ts';
import type { Sa } from './sa.ts';

/**
 * The keys that SAs send with: which are in use, and how far those of deleted SAs were used. IVs
 * follow from sequence numbers, and with one key none may come twice (RFC 4106 §3.1). So one SA at a
 * time sends with a key, and the next goes on behind the numbers of the last. Keys are known by
 * their digest alone.
 */
export class SenderKeys {
  readonly #inUse = new Set<string>();
  readonly #lastSeq = new Map<string, number>();

  /** The SA begins to send: sa.seq is moved behind what its key was used for. False: in use. */
  take(sa: Sa): boolean {
    const key = digestOf(sa);
    // Without an IV there is none to come twice.
    const hasIv = sa.session.ivBytes > 0 || (sa.ah !== null && sa.ah.ivBytes > 0);
    if (hasIv && this.#inUse.has(key)) return false;
    this.#inUse.add(key);
    sa.seq = Math.max(sa.seq, this.#lastSeq.get(key) ?? 0);
    return true;
  }

  /** The SA sends no more; its key is still there. */
  release(sa: Sa): void {
    const key = digestOf(sa);
    this.#inUse.delete(key);
    if (sa.seq > 0) this.#lastSeq.set(key, Math.max(sa.seq, this.#lastSeq.get(key) ?? 0));
  }
}

// By OpenSSL's name: GCM with an ICV of 8 bytes and with one of 16, and GMAC, are one cipher. Where a
// cipher is, it is its IV that must not come again, whoever authenticates.
function digestOf(sa: Sa): string {
  const h = createHash('sha256');
  if (sa.session.ivBytes > 0) {
    const name = opensslName(sa.cipher, sa.key);
    return h.update(name).update(sa.key).update(sa.salt).digest('hex');
  }
  return h.update(sa.auth!.openssl).update(sa.authKey).digest('hex');
}
