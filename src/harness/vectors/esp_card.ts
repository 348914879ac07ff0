// SPDX-License-Identifier: BSD-2-Clause
import type { Nic } from '../../dev/nic/if_nic.ts';
import type { SimWorld } from '../../dev/nic/nic_bus.ts';
import { CODE_AUTH_FAIL, CPL_CODE_MASK, CPL_SECP } from '../../dev/nic/nic_regs.ts';
import { Counters } from '../../kern/counters.ts';
import type { Mbuf, MbufPool } from '../../kern/mbuf.ts';
import { CarrierInPlace } from '../../netipsec/carrier_in_place.ts';
import {
  newOffloadRequest,
  type OffloadSa,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  REQ_CARD_SA,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from '../../netipsec/pact.ts';
import { loneNic, lonePool, loneReady, loneRun } from '../lone_card.ts';
import { TapReader } from '../tap.ts';
import { count, difference, newResult, type VectorsResult } from './run_vectors.ts';
import type { EspPacket, VectorCase, VectorFile } from './vector_case.ts';

const ICV_BYTES = 16;
const IP_BYTES = 20;
const ESP_AT = 14 + IP_BYTES;
/** ESP header and IV. */
const TEXT_AT = ESP_AT + 16;
/** Addresses of the frame round each packet: 10.0.0.1 to 10.0.0.2. */
const DST = Uint8Array.of(10, 0, 0, 2);
const IP_HEAD = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 50, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
const ETHER = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];

export interface EspCardResult {
  /** The card encrypts the plaintext; the frame that it sends is compared. */
  readonly transmit: VectorsResult;
  /** The card gets the packet, and decrypts it; with one bit of the ICV flipped it refuses it. */
  readonly receive: VectorsResult;
}

/** Whole ESP packets through a whole card, both ways, under its driver. */
export class EspCard {
  readonly #sim: SimWorld;
  readonly #nic: Nic;
  readonly #pool: MbufPool;
  readonly #carrier: CarrierInPlace;
  readonly #request = newOffloadRequest();
  #generation = 0;
  /** Of the last frame that the card completed, sent, or handed up. */
  #status = 0;
  #completions = 0;
  #received: Uint8Array | null = null;
  #sent: Uint8Array | null = null;

  /** sim: a world made with loneConfig(), with a tap. Throws BusError. */
  constructor(sim: SimWorld) {
    this.#sim = sim;
    this.#pool = lonePool(sim.arena);
    this.#carrier = new CarrierInPlace(this.#pool);
    const noSoftware = (): number => {
      throw new Error('the driver gave the packet back to software');
    };
    this.#nic = loneNic(sim, this.#pool, new Counters(), this.#carrier, noSoftware);
    this.#nic.input = (m) => this.#take(m);
    this.#nic.onCompletion = (_ring, _lenBytes, status) => {
      this.#status = status;
      this.#completions++;
    };
  }

  run(file: VectorFile): EspCardResult {
    const result = { transmit: newResult(file.file), receive: newResult(file.file) };
    for (const vector of file.cases) {
      const skip = cannot(vector);
      const failure = skip === '' ? this.#transmit(vector, vector.esp!) : '';
      count(result.transmit, vector, { skip, failure });
      const lost = skip === '' ? this.#receive(vector, vector.esp!) : '';
      count(result.receive, vector, { skip, failure: lost });
    }
    return result;
  }

  /** Takes the card down. */
  close(): void {
    this.#nic.detach();
  }

  #saOf(direction: 'in' | 'out', vector: VectorCase, esp: EspPacket): OffloadSa {
    return {
      mode: 'crypto',
      direction,
      saHandle: 0,
      generation: ++this.#generation,
      spi: esp.spi,
      family: 4,
      dst: DST,
      proto: 50,
      alg: 'aes-gcm-16',
      key: vector.key,
      salt: esp.salt,
      icvLenBytes: ICV_BYTES,
      esn: esp.esn,
      // The packet is about the next, as near as a Number of 64 bits is: so the card knows its half.
      replayPackets: 8192,
      receivedSeq: highOf(vector) * 0x1_0000_0000 + view(esp.packet).getUint32(4) - 1,
      sentSeq: 0,
      seen: new Uint32Array(4),
      udpPort: 0,
    };
  }

  #transmit(vector: VectorCase, esp: EspPacket): string {
    const sa = this.#saOf('out', vector, esp);
    const installed = this.#nic.sa.saInstall(sa);
    if (!installed.ok) return `the card did not take the SA: ${installed.reason}`;
    const wanted = frameOf(esp.packet);
    const m = this.#mbuf(wanted);
    const at = this.#pool.off[m]!;
    this.#pool.data.set(vector.msg, at + TEXT_AT);
    this.#pool.data.fill(0, at + TEXT_AT + vector.msg.length, at + wanted.length);
    const r = this.#request;
    const trailerLen = 2 + vector.msg[vector.msg.length - 2]! + ICV_BYTES;
    r[REQ_SPI] = esp.spi;
    r[REQ_PROTO] = sa.proto | (sa.family << 8);
    r[REQ_SA_HANDLE] = sa.saHandle;
    r[REQ_GENERATION] = sa.generation;
    r[REQ_IF_INDEX] = this.#nic.index;
    r[REQ_ESP] = IP_BYTES | (trailerLen << 16);
    r[REQ_ESN_HI] = highOf(vector);
    r[REQ_CARD_SA] = installed.cardSa;
    r[REQ_DST] = 0x0a000002;
    const error = this.#carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
    if (error !== 0) throw new Error('out of tags');
    this.#completions = 0;
    this.#sent = null;
    const errno = this.#nic.transmit(m);
    if (errno !== 0) return `the driver refused the frame (errno ${errno})`;
    loneRun(this.#sim, this.#nic, () => this.#completions > 0);
    this.#readTap();
    this.#nic.sa.saRemove('out', installed.cardSa);
    if ((this.#status & CPL_CODE_MASK) !== 0) return `transmit completed with ${this.#status}`;
    return this.#sent === null ? 'nothing was sent' : difference('frame', this.#sent, wanted);
  }

  #receive(vector: VectorCase, esp: EspPacket): string {
    const installed = this.#nic.sa.saInstall(this.#saOf('in', vector, esp));
    if (!installed.ok) return `the card did not take the SA: ${installed.reason}`;
    loneReady(this.#sim);
    const wrong = frameOf(esp.packet);
    wrong[wrong.length - 1 - (esp.spi % ICV_BYTES)]! ^= 1 << (esp.spi & 7);
    const refused = this.#inject(wrong);
    const right = this.#inject(frameOf(esp.packet));
    this.#nic.sa.saRemove('in', installed.cardSa);
    if (refused.frame !== null || (refused.status & CPL_CODE_MASK) !== CODE_AUTH_FAIL) {
      return 'a wrong ICV was accepted';
    }
    if (refused.released) return 'plaintext of a wrong ICV reached host memory';
    if (right.frame === null || (right.status & CPL_SECP) === 0) return 'not decrypted';
    const wanted = frameOf(esp.packet);
    wanted.set(vector.msg, TEXT_AT);
    // The ICV's place is the driver's business no longer.
    const end = wanted.length - ICV_BYTES;
    return difference('frame', right.frame.subarray(0, end), wanted.subarray(0, end));
  }

  /** Puts a frame in, and waits for its completion; did any byte of host memory change? */
  #inject(frame: Uint8Array) {
    this.#received = null;
    this.#completions = 0;
    const before = this.#bufferSum();
    this.#sim.inject(0, frame, 0);
    loneRun(this.#sim, this.#nic, () => this.#completions > 0);
    const released = this.#bufferSum() !== before;
    return { frame: this.#received as Uint8Array | null, status: this.#status, released };
  }

  /** A number that changes with any byte of any mbuf. */
  #bufferSum(): number {
    const { data } = this.#pool;
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length >>> 2);
    const from = this.#pool.cluster(0) >>> 2;
    let sum = 0;
    for (let i = from; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]!) | 0;
    return sum;
  }

  #mbuf(frame: Uint8Array): Mbuf {
    const m = this.#pool.alloc();
    this.#pool.append(m, frame.length);
    this.#pool.data.set(frame, this.#pool.off[m]!);
    return m;
  }

  #take(m: Mbuf): void {
    const at = this.#pool.off[m]!;
    this.#received = this.#pool.data.slice(at, at + this.#pool.len[m]!);
    this.#pool.free(m);
  }

  #readTap(): void {
    new TapReader(this.#sim.tap).drain(this.#sim.tapUsed, (f) => {
      this.#sent = f.bytes.slice(f.offset, f.offset + f.lenBytes);
    });
    this.#sim.tapDrained();
  }
}

function cannot(vector: VectorCase): string {
  if (vector.esp === undefined) return 'not an ESP packet';
  if (vector.algorithm !== 'aes-gcm') return `${vector.algorithm}, not done by the card`;
  if (vector.key.length === 24) return 'AES-192, not in RTL';
  return vector.tag.length === ICV_BYTES ? '' : `ICV of ${vector.tag.length} bytes, not 16`;
}

/** High half of the sequence number: with ESN it stands in the middle of the AAD. */
function highOf(vector: VectorCase): number {
  return vector.esp?.esn ? view(vector.aad).getUint32(4) : 0;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function frameOf(packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ESP_AT + packet.length);
  frame.set(ETHER);
  frame.set(IP_HEAD, ETHER.length);
  const v = new DataView(frame.buffer, ETHER.length, IP_BYTES);
  v.setUint16(2, IP_BYTES + packet.length);
  let sum = 0;
  for (let at = 0; at < IP_BYTES; at += 2) sum += v.getUint16(at);
  v.setUint16(10, ~((sum & 0xffff) + (sum >>> 16)));
  frame.set(packet, ESP_AT);
  return frame;
}
