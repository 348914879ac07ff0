// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_ESP } from '../header/ip.ts';
import type { IpAddr } from '../header/ip_addr.ts';
import type { Host } from '../host.ts';
import type { Sa } from '../netipsec/sa.ts';

/** Of one SA; keys are copies. */
export interface KeyLogEntry {
  readonly src: IpAddr;
  readonly dst: IpAddr;
  readonly spi: number;
  /** As setkey(8) names them; auth null for an AEAD. */
  readonly cipher: string;
  readonly auth: string | null;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly authKey: Uint8Array;
}

/**
 * The keys of all ESP that hosts have ever been told to send, for who opens a capture of it: also of
 * SAs that were deleted since, whose own keys are scrubbed.
 */
export class KeyLog {
  readonly entries: KeyLogEntry[] = [];
  /** Hears of each one that is new. */
  onEntry: ((entry: KeyLogEntry) => void) | null = null;

  /** Before the host is given its first SA. */
  watch(host: Host): void {
    host.ipsec.sadb.listeners.push((sa) => this.#note(sa));
  }

  #note(sa: Sa): void {
    if (sa.direction !== 'out' || sa.proto !== IPPROTO_ESP) return;
    const { src, dst, spi, cipher, auth, key, salt, authKey } = sa;
    const entry = {
      ...{ src, dst, spi, cipher: cipher.name, auth: auth?.name ?? null },
      ...{ key: key.slice(), salt: salt.slice(), authKey: authKey.slice() },
    };
    if (this.entries.some((e) => isSame(e, entry))) return;
    this.entries.push(entry);
    this.onEntry?.(entry);
  }
}

/** An update that changes no key, or the same SA again. */
function isSame(a: KeyLogEntry, b: KeyLogEntry): boolean {
  return a.spi === b.spi && textOf(a) === textOf(b);
}

function textOf(e: KeyLogEntry): string {
  const secrets = [e.key, e.salt, e.authKey].map((k) => Buffer.from(k).toString('hex'));
  return [e.src, e.dst, e.cipher, e.auth, ...secrets].join(' ');
}
