// SPDX-License-Identifier: BSD-2-Clause
import { BusError } from '../../dev/nic/nic_bus.ts';
import { NIC_DEFAULTS, type NicConfig } from '../../dev/nic/nic_config.ts';
import type { Handle, Native } from '../../ffi/binding.ts';
import * as D from '../../ffi/driver_abi.ts';
import { type NativeCard, nativeCard } from '../../ffi/sim_world.ts';
import type { OffloadSa } from '../../netipsec/pact.ts';

/** A frame as the driver in C tells of it. */
export interface CFrame {
  offset: number;
  lenBytes: number;
  flags: number;
  status: number;
  cardSa: number;
  espOffset: number;
  esnHi: number;
}

/** The calls into a driver in C, for one card. */
export class CCard {
  /** Of the frame that sent() or received() told of. */
  readonly frame: CFrame = {
    ...{ offset: 0, lenBytes: 0, flags: 0, status: 0, cardSa: 0, espOffset: 0, esnHi: 0 },
  };
  readonly #card: NativeCard;
  readonly #native: Native<typeof D.DRIVER_FUNCTIONS>;
  readonly #name: string;
  readonly #config: Uint8Array;
  readonly #bytes: Uint8Array = new Uint8Array(D.TWD_FRAME_BYTES);
  readonly #view: DataView = new DataView(this.#bytes.buffer);
  /** null: not attached. */
  #handle: Handle | null = null;

  constructor(path: string, config: NicConfig) {
    const card = nativeCard(config.bus);
    if (card === undefined) throw new TypeError(`${path}: a driver in C expected a card of RTL`);
    this.#card = card;
    this.#name = config.name;
    this.#native = card.binding.open(path, D.DRIVER_FUNCTIONS);
    this.#config = packConfig(config, card.card);
  }

  /** Throws BusError when the card does not answer or is another one. */
  attach(): void {
    const { binding, library, world, shared, arena } = this.#card;
    const d = this.#native.twd_create(this.#config, library, world, shared, arena);
    if (binding.isNull(d)) throw this.#failed('the driver cannot be made');
    this.#handle = d;
    try {
      if (this.#asked(this.#native.twd_attach(d)) !== 0) throw this.#failed('it is another card');
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Throws BusError when the card does not come to rest; the driver is gone all the same. */
  detach(): void {
    try {
      const code = this.#asked(this.#native.twd_detach(this.#open()));
      if (code !== 0) throw this.#failed('the card does not come to rest');
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#native.twd_destroy(this.#open());
    this.#handle = null;
  }

  /** false: there is no room now. */
  transmit(
    offset: number,
    lenBytes: number,
    flags: number,
    sa: number,
    esp: number,
    esnHi: number,
  ) {
    const v = this.#view;
    const u32 = (at: number, value: number): void => v.setUint32(at, value, true);
    v.setBigUint64(D.TWD_FRAME.offset, BigInt(offset), true);
    u32(D.TWD_FRAME.len_bytes, lenBytes);
    u32(D.TWD_FRAME.flags, flags);
    u32(D.TWD_FRAME.card_sa, sa);
    u32(D.TWD_FRAME.esp_offset, esp);
    u32(D.TWD_FRAME.esn_hi, esnHi);
    return this.#native.twd_transmit(this.#open(), this.#bytes) !== 0;
  }

  flush(): void {
    this.#asked(this.#native.twd_flush(this.#open()));
  }

  /** Is there a frame that was sent? Then it is in `frame`. */
  sent(): boolean {
    return this.#told(this.#native.twd_sent(this.#open(), this.#bytes));
  }

  /** Is there one that came? Then it is in `frame`, until release(). */
  received(): boolean {
    return this.#told(this.#native.twd_received(this.#open(), this.#bytes));
  }

  #told(is: number): boolean {
    if (is === 0) return false;
    const [v, f] = [this.#view, this.frame];
    f.offset = Number(v.getBigUint64(D.TWD_FRAME.offset, true));
    f.lenBytes = v.getUint32(D.TWD_FRAME.len_bytes, true);
    f.flags = v.getUint32(D.TWD_FRAME.flags, true);
    f.status = v.getUint32(D.TWD_FRAME.status, true);
    f.cardSa = v.getUint32(D.TWD_FRAME.card_sa, true);
    f.espOffset = v.getUint32(D.TWD_FRAME.esp_offset, true);
    f.esnHi = v.getUint32(D.TWD_FRAME.esn_hi, true);
    return true;
  }

  release(): void {
    this.#native.twd_release(this.#open());
  }

  unread(): number {
    return this.#native.twd_unread(this.#open());
  }

  /** Runs the clock. Throws BusError. */
  isReceiving(): boolean {
    return this.#asked(this.#native.twd_rx_busy(this.#open())) !== 0;
  }

  /** Runs the clock. Throws BusError. */
  overflows(): number {
    return this.#asked(this.#native.twd_overflows(this.#open()));
  }

  putSa(cardSa: number, sa: OffloadSa): void {
    const packed = packSa(cardSa, sa);
    this.#asked(this.#native.twd_sa_put(this.#open(), packed));
    packed.fill(0);
  }

  clearSa(direction: 'in' | 'out', cardSa: number): void {
    this.#asked(this.#native.twd_sa_clear(this.#open(), direction === 'in' ? 1 : 0, cardSa));
  }

  #open(): Handle {
    if (this.#handle === null) throw this.#failed('the interface is not attached');
    return this.#handle;
  }

  /** What a call answered, when it is no TW_ERR_. */
  #asked(code: number): number {
    return code < 0 ? this.#card.fail(code) : code;
  }

  #failed(text: string): BusError {
    return new BusError('bus', `${this.#name}: ${text}`, 0);
  }
}

function packConfig({ lladdr, ringBaseBytes, options }: NicConfig, card: number): Uint8Array {
  const o = { ...NIC_DEFAULTS, ...options };
  const bytes = new Uint8Array(D.TWD_CONFIG_BYTES);
  const v = new DataView(bytes.buffer);
  const u32 = (at: number, value: number): void => v.setUint32(at, value, true);
  u32(D.TWD_CONFIG.struct_bytes, D.TWD_CONFIG_BYTES);
  u32(D.TWD_CONFIG.abi_version, D.TWD_ABI_VERSION);
  u32(D.TWD_CONFIG.card, card);
  u32(D.TWD_CONFIG.log2_tx, o.log2Tx);
  u32(D.TWD_CONFIG.itr_count, o.itrCount);
  u32(D.TWD_CONFIG.itr_interval_cycles, o.itrIntervalCycles);
  u32(D.TWD_CONFIG.max_frame_bytes, o.maxFrameBytes);
  v.setBigUint64(D.TWD_CONFIG.ring_base, BigInt(ringBaseBytes), true);
  bytes.set(lladdr, D.TWD_CONFIG.mac);
  return bytes;
}

function packSa(cardSa: number, sa: OffloadSa): Uint8Array {
  const bytes = new Uint8Array(D.TWD_SA_BYTES);
  const v = new DataView(bytes.buffer);
  const flag = (is: boolean, bit: number): number => (is ? bit : 0);
  const u32 = (at: number, value: number): void => v.setUint32(at, value, true);
  u32(D.TWD_SA.card_sa, cardSa);
  u32(
    D.TWD_SA.flags,
    flag(sa.key.length === 32, D.TWD_SA_KEY256) |
      flag(sa.esn, D.TWD_SA_ESN) |
      flag(sa.alg === 'aes-gmac', D.TWD_SA_GMAC) |
      flag(sa.family === 6, D.TWD_SA_V6) |
      flag(sa.direction === 'in', D.TWD_SA_IN),
  );
  u32(D.TWD_SA.spi, sa.spi);
  u32(D.TWD_SA.window, Math.min(sa.replayPackets, 0xffff));
  v.setBigUint64(D.TWD_SA.received_seq, BigInt(sa.receivedSeq), true);
  u32(D.TWD_SA.udp_port, sa.udpPort);
  bytes.set(sa.salt, D.TWD_SA.salt);
  bytes.set(sa.dst, D.TWD_SA.dst);
  bytes.set(sa.key, D.TWD_SA.key);
  return bytes;
}
