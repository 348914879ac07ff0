// SPDX-License-Identifier: BSD-2-Clause
import type { EndHost } from '../end_host.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IPV6, etherType } from '../header/ether.ts';
import type { Host } from '../host.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { OFFLOAD_REASONS } from '../netipsec/offload_reason.ts';
import { NO_REQUEST, REQ_GENERATION, REQ_SA_HANDLE, REQ_SPI } from '../netipsec/pact.ts';

/** Bytes from the IP header on that a card leaves as they are: to SPI, sequence number and IV. */
const SAME_BYTES_4 = 36;
const SAME_BYTES_6 = 56;
/** Of frames that were posted and never seen: a card that drops them must not fill the memory. */
const KEPT = 8192;

/** What the tags of a packet say: 'SPI 0x1001, SA 0 generation 1, OUT_DONE'; 'no IPsec tag' without. */
export function tagText({ ipsec: { carrier } }: EndHost, m: Mbuf): string {
  const { words } = carrier;
  const said = (at: number, name: string): string | null =>
    at === NO_REQUEST ? null : `${saText(words, at)}, ${name}`;
  return (
    said(carrier.read(m), 'IN_CRYPTO_DONE') ??
    said(carrier.accepted(m, 0), 'IN_DONE') ??
    said(carrier.take(m), 'OUT_CRYPTO_NEEDED') ??
    said(carrier.applied(m, 0), 'OUT_DONE') ??
    'no IPsec tag'
  );
}

function saText(words: Uint32Array, at: number): string {
  const spi = `0x${words[at + REQ_SPI]!.toString(16)}`;
  return `SPI ${spi}, SA ${words[at + REQ_SA_HANDLE]! | 0} generation ${words[at + REQ_GENERATION]}`;
}

/**
 * Remembers what was decided about each frame that a host posts to its card, until the frame is seen
 * on the wire: 'SPI …: offloaded', 'SPI …: software, saTableFull', or 'bypass'.
 */
export class PacketNotes {
  readonly #notes: Map<string, string[]>[] = [];
  #size = 0;

  /** Watches the card of host `n`: hosts in the order of their cards. */
  watch(host: Host): void {
    const notes = new Map<string, string[]>();
    this.#notes.push(notes);
    const { nic, mbufs } = host;
    const why = new ReasonWatch(host);
    const transmit = nic.transmit.bind(nic);
    nic.transmit = (m) => {
      const key = keyOf(mbufs.data, mbufs.off[m]!);
      const text = noteOf(host, m, why);
      const error = transmit(m);
      if (error === 0 && this.#size < KEPT) {
        const queue = notes.get(key);
        if (queue === undefined) notes.set(key, [text]);
        else queue.push(text);
        this.#size++;
      }
      return error;
    };
  }

  /** The note of a frame that card `card` sent, bytes[at …]; '' when there is none. */
  take(card: number, bytes: Uint8Array, at: number): string {
    const notes = this.#notes[card]!;
    const key = keyOf(bytes, at);
    const queue = notes.get(key);
    if (queue === undefined) return '';
    this.#size--;
    if (queue.length === 1) notes.delete(key);
    return queue.shift()!;
  }
}

function noteOf(host: Host, m: Mbuf, why: ReasonWatch): string {
  const { carrier } = host.ipsec;
  const asked = carrier.take(m);
  if (asked !== NO_REQUEST) return `${saText(carrier.words, asked)}, OUT_CRYPTO_NEEDED: offloaded`;
  const reason = why.latest();
  const done = carrier.applied(m, 0);
  if (done !== NO_REQUEST) return `${saText(carrier.words, done)}, OUT_DONE: software, ${reason}`;
  // Fragments of ESP carry no tag.
  return host.mbufs.data[host.mbufs.off[m]! + ETHER_HDR_LEN + 9] === 50
    ? `a piece of ESP: software, ${reason}`
    : 'bypass';
}

/** Why software had the last ESP packet: the reason whose count has moved. */
class ReasonWatch {
  readonly #host: Host;
  readonly #seen = new Float64Array(OFFLOAD_REASONS.length);
  #latest = 'no reason counted';

  constructor(host: Host) {
    this.#host = host;
  }

  latest(): string {
    const { tx } = this.#host.ipsec.reasons;
    for (let i = 0; i < tx.length; i++) {
      if (tx[i]! > this.#seen[i]!) this.#latest = OFFLOAD_REASONS[i]!;
      this.#seen[i] = tx[i]!;
    }
    return this.#latest;
  }
}

function keyOf(bytes: Uint8Array, at: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, ETHER_HDR_LEN);
  const isV6 = etherType(view, 0) === ETHERTYPE_IPV6;
  const from = at + ETHER_HDR_LEN;
  const to = from + (isV6 ? SAME_BYTES_6 : SAME_BYTES_4);
  return Buffer.from(bytes.subarray(from, to)).toString('latin1');
}
