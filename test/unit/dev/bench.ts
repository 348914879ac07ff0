// SPDX-License-Identifier: BSD-2-Clause
import { Nic } from '../../../src/dev/nic/if_nic.ts';
import { nicRingBytes } from '../../../src/dev/nic/nic_config.ts';
import { CPL_ESP_SEEN, CPL_SECP } from '../../../src/dev/nic/nic_regs.ts';
import { Counters } from '../../../src/kern/counters.ts';
import { MTagPool } from '../../../src/kern/m_tag.ts';
import { MbufPool } from '../../../src/kern/mbuf.ts';
import { CarrierInPlace } from '../../../src/netipsec/carrier_in_place.ts';
import {
  type OffloadRequest,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
} from '../../../src/netipsec/pact.ts';
import { requestOf } from '../../../src/netipsec/request_fields.ts';
import { espClear, testSa } from '../../../src/validate/frames.ts';
import { NullCard } from './null_card.ts';

export const BATCH = 32;

/** The driver on a card that costs nothing: ESP frames out and in, a batch at a time. */
export class Bench {
  readonly nic: Nic;
  readonly tags = new MTagPool(2048);
  readonly pool: MbufPool;
  readonly counters = new Counters();
  received = 0;
  /** Time in the driver, without making packets and the card's part. */
  spentMs = 0;
  readonly card = new NullCard(16 << 20);
  readonly #carrier: CarrierInPlace;
  readonly request: OffloadRequest;
  readonly frameBytes: number;
  readonly header: Uint32Array;
  readonly #saIdx: number;
  readonly #mbufs = new Int32Array(BATCH);

  constructor(payloadBytes: number) {
    const rings = (nicRingBytes() + 4095) & ~4095;
    const mbufs = {
      baseBytes: rings,
      sizeBytes: (16 << 20) - rings,
      frameBytes: 9018,
      jumboCount: 0,
    };
    this.pool = new MbufPool(this.card.arena, this.tags, mbufs);
    this.#carrier = new CarrierInPlace(this.pool);
    this.nic = new Nic({
      name: 'nic0',
      index: 1,
      lladdr: Uint8Array.of(2, 0, 0, 0, 0, 1),
      mtu: 9000,
      bus: this.card,
      mbufs: this.pool,
      counters: this.counters,
      carrier: this.#carrier,
      finishInSoftware: () => 1,
      ringBaseBytes: 0,
    });
    this.nic.attach();
    const sa = testSa('out', 0x1234);
    const out = this.nic.sa.saInstall(sa);
    const back = this.nic.sa.saInstall({ ...sa, direction: 'in' });
    if (!out.ok || !back.ok || out.cardSa !== back.cardSa) throw new Error('no SA');
    this.#saIdx = out.cardSa;
    const frame = espClear({ to: 0, spi: sa.spi, seq: 1, payloadBytes });
    this.frameBytes = frame.length;
    this.header = new Uint32Array(frame.buffer.slice(0, 60));
    this.request = requestOf({
      spi: sa.spi,
      saHandle: sa.saHandle,
      generation: sa.generation,
      ifIndex: 1,
      espOffset: 20,
      cardSa: this.#saIdx,
    });
    this.nic.input = (m) => {
      this.received++;
      this.pool.free(m);
    };
  }

  /** Hangs `request` on m. */
  hang(m: number): void {
    this.#carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, this.request);
  }

  /** Sends one frame under `request`. 0 or errno. */
  send(): number {
    const m = this.pool.alloc();
    this.pool.len[m] = this.frameBytes;
    this.#carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, this.request);
    return this.nic.transmit(m);
  }

  /** One batch: made, sent, completed, received. */
  batch(): void {
    for (let i = 0; i < BATCH; i++) {
      const m = this.pool.alloc();
      this.pool.len[m] = this.frameBytes;
      this.#carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, this.request);
      this.#mbufs[i] = m;
    }
    const start = performance.now();
    for (let i = 0; i < BATCH; i++) this.nic.transmit(this.#mbufs[i]!);
    this.nic.flush();
    this.spentMs += performance.now() - start;
    const status = CPL_SECP | CPL_ESP_SEEN | (34 << 8);
    this.card.loopBack(status, this.#saIdx, this.frameBytes, this.header);
    const polled = performance.now();
    this.nic.poll();
    this.spentMs += performance.now() - polled;
  }
}
