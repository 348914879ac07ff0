// SPDX-License-Identifier: BSD-2-Clause

import { EOPNOTSUPP } from '../../../src/kern/errno.ts';
import type {
  Carrier,
  OffloadSa,
  SaInstalled,
  SaOffload,
  SaState,
} from '../../../src/netipsec/pact.ts';
import { NO_REQUEST, PACKET_TAG_IPSEC_IN_CRYPTO_DONE } from '../../../src/netipsec/pact.ts';
import { fieldsAt, type RequestFields, requestOf } from '../../../src/netipsec/request_fields.ts';
import type { RigHost } from '../../lib/rig.ts';
import { type RefSa, refOpen, refSeal } from '../../reference/esp.ts';

const ETHER = 14;

/** What a card and its driver do with ESP, by the reference code: in, out, tables, refusals. */
export class FakeCard implements SaOffload {
  readonly ifIndex: number;
  readonly installed = new Map<number, OffloadSa>();
  /** Answer to the next saInstall() calls, instead of taking the SA. */
  refuse: { errno: number; reason: string } | null = null;
  encrypted = 0;
  decrypted = 0;
  /** A hook for tests that spoil what the driver says. */
  spoil: ((r: RequestFields) => void) | null = null;
  readonly #host: RigHost;
  readonly #carrier: Carrier;
  #next = 0;

  constructor(host: RigHost, carrier: Carrier) {
    this.#host = host;
    this.#carrier = carrier;
    this.ifIndex = host.ifp.index;
    host.ifp.beforeWire = (m) => this.#transmit(m);
    host.ifp.afterWire = (m) => this.#receive(m);
  }

  saInstall(sa: OffloadSa): SaInstalled {
    if (sa.mode === 'packet') return { ok: false, errno: EOPNOTSUPP, reason: 'crypto only' };
    if (this.refuse !== null) return { ok: false, ...this.refuse };
    // Keys are read during the call only: keep copies.
    const copy = { ...sa, key: sa.key.slice(), salt: sa.salt.slice(), dst: sa.dst.slice() };
    this.installed.set(this.#next, copy);
    return { ok: true, cardSa: this.#next++ };
  }

  saRemove(_direction: 'in' | 'out', cardSa: number): SaState | null {
    if (!this.installed.delete(cardSa)) throw new Error(`no SA ${cardSa} in the card`);
    return null;
  }

  saCounters(direction: 'in' | 'out') {
    const packets = direction === 'out' ? this.encrypted : this.decrypted;
    return { packets, bytes: 0, authFailed: 0, replayed: 0 };
  }

  #transmit(m: number): number {
    const { pool } = this.#host;
    const asked = this.#carrier.take(m);
    if (asked === NO_REQUEST) return 0;
    const r = fieldsAt(this.#carrier, asked);
    const sa = this.installed.get(r.cardSa);
    if (sa === undefined) throw new Error('a request for an SA that the card has not');
    const esp = pool.off[m]! + ETHER + r.espOffset;
    const end = pool.off[m]! + pool.len[m]!;
    const seq = pool.view.getUint32(esp + 4);
    const iv = pool.data.slice(esp + 8, esp + 16);
    const padLen = pool.data[end - 18]!;
    const payload = pool.data.slice(esp + 16, end - 18 - padLen);
    pool.data.set(refSeal(toRef(sa, r.esnHi), seq, iv, payload, pool.data[end - 17]!), esp);
    this.#carrier.done(m, asked);
    this.encrypted++;
    return 0;
  }

  #receive(m: number): void {
    const { pool } = this.#host;
    const at = pool.off[m]! + ETHER;
    const v = pool.view;
    if (v.getUint16(at - 2) !== 0x0800 || v.getUint8(at + 9) !== 50) return;
    if ((v.getUint16(at + 6) & 0x3fff) !== 0) return; // a fragment
    const ihl = (v.getUint8(at) & 15) * 4;
    const esp = at + ihl;
    const end = at + v.getUint16(at + 2);
    for (const [cardSa, sa] of this.installed) {
      if (sa.direction !== 'in' || sa.spi !== v.getUint32(esp)) continue;
      const plain = refOpen(toRef(sa, 0), pool.data.slice(esp, end));
      if (plain === null) return;
      pool.data.set(plain.payload, esp + 16);
      for (let i = 0; i < plain.padLen; i++) pool.data[esp + 16 + plain.payload.length + i] = i + 1;
      pool.data[end - 18] = plain.padLen;
      pool.data[end - 17] = plain.nextHeader;
      const made = requestOf({
        spi: sa.spi,
        saHandle: sa.saHandle,
        generation: sa.generation,
        ifIndex: this.ifIndex,
        espOffset: ihl,
        cardSa,
        dst0: v.getUint32(at + 16),
      });
      const r = fieldsAt({ words: made }, 0);
      this.spoil?.(r);
      const error = this.#carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, requestOf(r));
      if (error !== 0) throw new Error('out of tags');
      this.decrypted++;
      return;
    }
  }
}

function toRef(sa: OffloadSa, esnHi: number): RefSa {
  const esn = sa.esn ? { seqHi: esnHi } : {};
  return { spi: sa.spi, cipher: 'aes-gcm-16', key: sa.key, salt: sa.salt, icvLen: 16, ...esn };
}
