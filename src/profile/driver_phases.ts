// SPDX-License-Identifier: BSD-2-Clause
import { Nic } from '../dev/nic/if_nic.ts';
import type { Host } from '../host.ts';
import {
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
} from '../netipsec/pact.ts';
import type { Sa } from '../netipsec/sa.ts';
import { BATCH_PACKETS, RING } from './bench_pair.ts';
import type { Columns } from './columns.ts';
import type { FrameStore } from './frame_store.ts';
import type { NullCard } from './null_card.ts';
import { requestOf } from './tag_work.ts';
import { timeNs } from './timer.ts';

const CHUNKS = BATCH_PACKETS / RING;
/** A frame without tags: a length is all that a driver looks at. */
const PLAIN_BYTES = 128;

/**
 * The driver alone, a ring full at a time: each phase is one loop over a ring of packets, and the
 * card's part stands between two of them. Sums are per whole batch, nanoseconds per packet.
 */
export class DriverPhases {
  readonly #host: Host;
  readonly #card: NullCard;
  readonly #timerNs: number;
  readonly #ring = new Int32Array(RING);
  readonly #request: OffloadRequest;
  readonly #offload: boolean;
  #taken = 0;

  constructor(host: Host, card: NullCard, sa: Sa, offload: boolean, timerNs: number) {
    this.#host = host;
    this.#card = card;
    this.#timerNs = timerNs;
    this.#offload = offload;
    this.#request = requestOf(sa, host.nic.index);
  }

  /** Out: frames without a request, and with; and the carrier's part of the latter alone. */
  out(columns: Columns): void {
    columns.add('reclaim', this.#reclaim());
    const plain = this.#transmitAll(false);
    columns.add('plain', plain.transmit);
    columns.add('poll', plain.poll);
    if (!this.#offload) return;
    columns.add('asked', this.#transmitAll(true).transmit);
    columns.add('carrier', this.#takeAndDone());
  }

  /** In: frames that a card decrypted, and the same as if it had not. It fills the ring again, too. */
  in(store: FrameStore, columns: Columns): void {
    columns.add('reclaim', this.#reclaim());
    const decrypted = store.sa.slice();
    store.sa.fill(-1);
    columns.add('plain', this.#receiveAll(store));
    store.sa.set(decrypted);
    if (!this.#offload) return;
    columns.add('decrypted', this.#receiveAll(store));
    columns.add('carrier', this.#report());
  }

  #perPacket(chunk: () => number): number {
    let ns = 0;
    for (let c = 0; c < CHUNKS; c++) ns += chunk();
    return ns / BATCH_PACKETS;
  }

  #time(f: () => void): number {
    return timeNs(this.#timerNs, f);
  }

  #reclaim(): number {
    return this.#perPacket(() => {
      this.#takeRing(false);
      return this.#time(() => this.#freeRing());
    });
  }

  #transmitAll(asked: boolean): { transmit: number; poll: number } {
    const { nic } = this.#host;
    let poll = 0;
    const transmit = this.#perPacket(() => {
      this.#takeRing(asked);
      const ns = this.#time(() => {
        for (let k = 0; k < RING; k++) Nic.prototype.transmit.call(nic, this.#ring[k]!);
        nic.flush();
      });
      this.#card.complete();
      poll += this.#time(() => nic.poll());
      return ns;
    });
    return { transmit, poll: poll / BATCH_PACKETS };
  }

  #takeAndDone(): number {
    const { carrier } = this.#host.ipsec;
    return this.#perPacket(() => {
      this.#takeRing(true);
      const ns = this.#time(() => {
        for (let k = 0; k < RING; k++) {
          const m = this.#ring[k]!;
          const at = carrier.take(m);
          if (at !== NO_REQUEST) carrier.done(m, at);
        }
      });
      this.#freeRing();
      return ns;
    });
  }

  #report(): number {
    const { carrier } = this.#host.ipsec;
    return this.#perPacket(() => {
      this.#takeRing(false);
      const ns = this.#time(() => {
        for (let k = 0; k < RING; k++)
          carrier.report(this.#ring[k]!, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, this.#request);
      });
      this.#freeRing();
      return ns;
    });
  }

  #receiveAll(store: FrameStore): number {
    const { nic } = this.#host;
    const up = nic.input;
    nic.input = (m) => {
      this.#ring[this.#taken++] = m;
    };
    this.#card.delivered = 0;
    const ns = this.#perPacket(() => {
      this.#taken = 0;
      this.#card.receive(store, RING);
      const spent = this.#time(() => nic.poll());
      for (let k = 0; k < this.#taken; k++) this.#host.mbufs.free(this.#ring[k]!);
      return spent;
    });
    nic.input = up;
    return ns;
  }

  #takeRing(asked: boolean): void {
    const { mbufs, ipsec } = this.#host;
    for (let k = 0; k < RING; k++) {
      const m = mbufs.alloc();
      mbufs.len[m] = PLAIN_BYTES;
      this.#ring[k] = m;
      if (asked) ipsec.carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, this.#request);
    }
  }

  #freeRing(): void {
    const { mbufs } = this.#host;
    for (let k = 0; k < RING; k++) mbufs.free(this.#ring[k]!);
  }
}
