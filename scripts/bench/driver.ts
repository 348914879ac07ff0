// SPDX-License-Identifier: BSD-2-Clause

import { Nic } from '../../src/dev/nic/if_nic.ts';
import type { SimWorld } from '../../src/dev/nic/nic_bus.ts';
import { nicRingBytes } from '../../src/dev/nic/nic_config.ts';
import { openSim } from '../../src/harness/open_sim.ts';
import { worldConfig } from '../../src/harness/world_options.ts';
import { Counters } from '../../src/kern/counters.ts';
import { MTagPool } from '../../src/kern/m_tag.ts';
import { type Mbuf, MbufPool } from '../../src/kern/mbuf.ts';
import { CarrierInPlace } from '../../src/netipsec/carrier_in_place.ts';
import {
  newOffloadRequest,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  REQ_CARD_SA,
  REQ_DST,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_SA_HANDLE,
  REQ_SPI,
} from '../../src/netipsec/pact.ts';

/**
 * The driver alone: two cards, frames prepared, no stack, no oracle, no tap. Each frame takes what a
 * frame must: an mbuf, one tag, one descriptor, one completion, both ways.
 */
const HOST_BYTES = 32 << 20;
const IN_FLIGHT = 128;
const RING_SPACE = 1 << 17;
const ESP_OFFSET = 34;
const SPI = 0x1001;
const ICV_BYTES = 16;

export interface DriverSlice {
  readonly packets: number;
  readonly seconds: number;
  readonly cycles: number;
  readonly calls: number;
  readonly hostSeconds: number;
}

interface End {
  readonly nic: Nic;
  readonly mbufs: MbufPool;
  readonly tags: MTagPool;
  readonly carrier: CarrierInPlace;
}

/** An IPv4/ESP transport frame of a UDP payload, in clear, with room for the ICV. */
export function prepareFrame(payloadBytes: number): Uint8Array {
  const inner = payloadBytes + 8;
  const pad = (4 - ((inner + 2) % 4)) % 4;
  const text = inner + pad + 2;
  const frame = new Uint8Array(ESP_OFFSET + 16 + text + ICV_BYTES);
  const v = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45], 0);
  v.setUint16(16, frame.length - 14);
  frame.set([64, 50], 22);
  v.setUint32(26, 0x0a000001);
  v.setUint32(30, 0x0a000002);
  v.setUint32(ESP_OFFSET, SPI);
  const at = ESP_OFFSET + 16;
  v.setUint16(at, 2048);
  v.setUint16(at + 2, 5001);
  v.setUint16(at + 4, inner);
  for (let i = 0; i < payloadBytes; i++) frame[at + 8 + i] = i * 7;
  for (let i = 0; i < pad; i++) frame[at + inner + i] = i + 1;
  frame[at + inner + pad] = pad;
  frame[at + inner + pad + 1] = 17;
  return frame;
}

export class DriverBench {
  readonly #sim: SimWorld;
  readonly #ends: readonly End[];
  readonly #frame: Uint8Array;
  readonly #trailer: number;
  readonly #request = newOffloadRequest();
  #seq = 0;
  #received = 0;

  static async open(payloadBytes: number, ffi: 'koffi' | 'ffi-napi'): Promise<DriverBench> {
    const config = worldConfig({ ffi, oracles: false, digest: false });
    const sim = await openSim(config, {
      cardCount: 2,
      seed: 1,
      memLatencyCycles: config.memLatencyCycles,
      memStallPermille: 0,
      regTimeoutCycles: 10_000,
      wireLatencyCycles: config.wireLatencyCycles,
      lossPpm: 0,
      flipPpm: 0,
      reorderPpm: 0,
      reorderCycles: 1,
      arenaBytes: 4096 + 2 * HOST_BYTES,
      hosts: [0, 1].map((i) => ({ baseBytes: 4096 + i * HOST_BYTES, sizeBytes: HOST_BYTES })),
      tapBytes: 0,
    });
    return new DriverBench(sim, payloadBytes);
  }

  private constructor(sim: SimWorld, payloadBytes: number) {
    this.#sim = sim;
    this.#frame = prepareFrame(payloadBytes);
    this.#trailer = this.#frame.length - ESP_OFFSET - 16 - payloadBytes - 8;
    this.#ends = [0, 1].map((i) => makeEnd(sim, i));
    const receiver = this.#ends[1]!;
    receiver.nic.input = (m: Mbuf) => {
      receiver.mbufs.free(m);
      this.#received++;
    };
    for (const end of this.#ends) end.nic.attach();
    this.#install(0, 'out');
    this.#install(1, 'in');
  }

  /** Sends `packets` and waits until all are received. */
  run(packets: number): DriverSlice {
    const sim = this.#sim;
    const before = sim.totals();
    const from = this.#ends[0]!;
    const until = this.#received + packets;
    let sent = 0;
    const t0 = performance.now();
    while (this.#received < until) {
      while (sent < packets && from.nic.txOutstanding < IN_FLIGHT) {
        this.#send(from);
        sent++;
      }
      from.nic.flush();
      sim.run(1_000_000);
      for (let i = 0; i < 2; i++) if (sim.irq(i)) this.#ends[i]!.nic.poll();
    }
    const seconds = (performance.now() - t0) / 1000;
    const after = sim.totals();
    return {
      packets,
      seconds,
      cycles: after.cycles - before.cycles,
      calls: after.calls - before.calls,
      hostSeconds: seconds - (after.runNs - before.runNs) / 1e9,
    };
  }

  close(): void {
    this.#sim.close();
  }

  #send(end: End): void {
    const { mbufs, carrier, nic } = end;
    const m = mbufs.alloc();
    const at = mbufs.off[m]!;
    mbufs.append(m, this.#frame.length);
    mbufs.data.set(this.#frame, at);
    const seq = ++this.#seq;
    mbufs.view.setUint32(at + ESP_OFFSET + 4, seq);
    mbufs.view.setUint32(at + ESP_OFFSET + 12, seq);
    const error = carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, this.#request);
    if (error !== 0 || nic.transmit(m) !== 0) throw new Error('the driver refused a frame');
  }

  #install(i: number, direction: 'in' | 'out'): void {
    const answer = this.#ends[i]!.nic.sa.saInstall({
      mode: 'crypto',
      direction,
      saHandle: 1,
      generation: 1,
      spi: SPI,
      family: 4,
      dst: Uint8Array.of(10, 0, 0, 2),
      proto: 50,
      alg: 'aes-gcm-16',
      key: new Uint8Array(16).fill(0x42),
      salt: Uint8Array.of(1, 2, 3, 4),
      icvLenBytes: ICV_BYTES,
      esn: false,
      replayPackets: 0,
      receivedSeq: 0,
      sentSeq: 0,
      seen: new Uint32Array(4),
      udpPort: 0,
    });
    if (!answer.ok) throw new Error(answer.reason);
    if (direction === 'in') return;
    const r = this.#request;
    r[REQ_SPI] = SPI;
    r[REQ_SA_HANDLE] = 1;
    r[REQ_GENERATION] = 1;
    r[REQ_IF_INDEX] = 1;
    r[REQ_ESP] = (ESP_OFFSET - 14) | (this.#trailer << 16);
    r[REQ_CARD_SA] = answer.cardSa;
    r[REQ_DST] = 0x0a000002;
  }
}

function makeEnd(sim: SimWorld, i: number): End {
  const base = 4096 + i * HOST_BYTES;
  const tags = new MTagPool(8192);
  const mbufs = new MbufPool(sim.arena, tags, {
    baseBytes: base + RING_SPACE,
    sizeBytes: HOST_BYTES - RING_SPACE,
    frameBytes: 9014,
    jumboCount: 0,
  });
  const carrier = new CarrierInPlace(mbufs);
  if (nicRingBytes() > RING_SPACE) throw new Error('RING_SPACE is too small');
  const nic = new Nic({
    name: 'nic0',
    index: 1,
    lladdr: Uint8Array.of(2, 0, 0, 0, 0, i + 1),
    mtu: 9000,
    bus: sim.buses[i]!,
    mbufs,
    counters: new Counters(),
    carrier,
    finishInSoftware: () => 1,
    ringBaseBytes: base,
  });
  return { nic, mbufs, tags, carrier };
}
