// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import type { Sa } from './sa.ts';

/**
 * How far each key was used by SAs that are deleted. An SA that is added with such a key again goes
 * on from there: its IVs are its sequence numbers, and with one key none may come twice (RFC 4106
 * §3.1). Keys are known by their digest alone.
 */
export class SpentKeys {
  readonly #lastSeq = new Map<string, number>();

  note(sa: Sa): void {
    if (sa.seq > 0) this.#lastSeq.set(digestOf(sa), Math.max(sa.seq, this.lastSeq(sa)));
  }

  /** Highest sequence number used with the SA's key; 0 when it was never used. */
  lastSeq(sa: Sa): number {
    return this.#lastSeq.size === 0 ? 0 : (this.#lastSeq.get(digestOf(sa)) ?? 0);
  }
}

function digestOf(sa: Sa): string {
  const h = createHash('sha256').update(sa.cipher.name);
  return h.update(sa.key).update(sa.salt).update(sa.authKey).digest('hex');
}
