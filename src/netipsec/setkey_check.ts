// SPDX-License-Identifier: BSD-2-Clause
import { ipAddrText } from '../header/ip_addr.ts';
import { covers } from './secpolicy.ts';
import type { SetkeyNote, SetkeyStatement } from './setkey.ts';
import { SetkeyError } from './setkey_error.ts';
import { type Policy, selectorName } from './spd.ts';

/** So many policies of a file are compared with each other. */
const COMPARED = 500;

interface Line<T> {
  readonly line: number;
  readonly what: T;
}

/** What statements of one file say against each other, before any of it is done. */
export class SetkeyChecks {
  readonly #file: string;
  readonly #notes: SetkeyNote[];
  readonly #spis = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  readonly #policies = new Map<string, Line<Policy>>();

  constructor(file: string, notes: SetkeyNote[]) {
    this.#file = file;
    this.#notes = notes;
  }

  /** The next statement. Throws SetkeyError. */
  see(s: SetkeyStatement): void {
    this.#refuseSpi(s);
    this.#noteSharedKey(s);
    this.#seePolicy(s);
  }

  /** Two SAs with the same SPI, protocol and destination. */
  #refuseSpi(s: SetkeyStatement): void {
    const seen = this.#spis;
    if (s.op === 'flush') seen.clear();
    if (s.op === 'delete') seen.delete(`${ipAddrText(s.dst)}/${s.spi}/${s.proto}`);
    if (s.op === 'deleteall') {
      const to = `${ipAddrText(s.dst)}/`;
      for (const id of [...seen.keys()]) if (id.startsWith(to)) seen.delete(id);
    }
    if (s.op !== 'add') return;
    const id = `${ipAddrText(s.sa.dst)}/${s.sa.spi}/${s.sa.proto}`;
    const before = seen.get(id);
    if (before !== undefined) {
      const expected = 'an SPI that this destination does not have yet';
      throw new SetkeyError(this.#file, s.at, expected, `the SPI of line ${before}`);
    }
    seen.set(id, s.at.line);
  }

  /** With AES-GCM the IV is the sequence number: two SAs of one key would use (key, IV) twice. */
  #noteSharedKey(s: SetkeyStatement): void {
    if (s.op !== 'add' || s.sa.auth !== undefined) return;
    const key = Buffer.from(s.sa.key).toString('hex');
    const line = this.#keys.get(key);
    this.#keys.set(key, s.at.line);
    if (line === undefined) return;
    const text = `the key of line ${line}: AES-GCM wants one for each SA (RFC 4106 §3.1)`;
    this.#notes.push({ ...s.at, text });
  }

  /** Two policies for the same packets, or one that no packet reaches. */
  #seePolicy(s: SetkeyStatement): void {
    if (s.op === 'spdflush') this.#policies.clear();
    if (s.op === 'spddelete') this.#policies.delete(selectorName(s.selector));
    if (s.op !== 'spdadd') return;
    const name = selectorName(s.policy);
    const same = this.#policies.get(name);
    if (same !== undefined) {
      const expected = `a policy for other packets than line ${same.line} is about`;
      const found = `"${s.policy.action}" where that says "${same.what.action}"`;
      throw new SetkeyError(this.#file, s.at, expected, found);
    }
    if (this.#policies.size < COMPARED) this.#noteShadow(s.policy, s.at);
    this.#policies.set(name, { line: s.at.line, what: s.policy });
  }

  #noteShadow(policy: Policy, at: { readonly line: number; readonly column: number }): void {
    for (const { line, what } of this.#policies.values()) {
      if (what.action === policy.action || !covers(what, policy)) continue;
      const text = `line ${line} says "${what.action}" to all these packets, and comes first`;
      this.#notes.push({ ...at, text });
      return;
    }
  }
}
