// SPDX-License-Identifier: BSD-2-Clause
import type { NicBus, SimWorld } from '../dev/nic/nic_bus.ts';
import * as R from '../dev/nic/nic_regs.ts';
import { Ring, ringBytes } from '../dev/nic/nic_ring.ts';
import type { OffloadSa } from '../netipsec/pact.ts';

/** A buffer in the arena. */
export interface Piece {
  readonly address: number;
  readonly lenBytes: number;
}

/** What the first descriptor of a frame says besides its buffer. */
export interface TxFields {
  readonly flags?: number;
  readonly saIdx?: number;
  readonly espOffset?: number;
  readonly next?: number;
  readonly esnHi?: number;
  readonly cookie?: number;
  /** With TXD_CSUM: first byte, place of the field, end. */
  readonly csum?: readonly [start: number, at: number, stop: number];
}

export interface Completion {
  readonly cookie: number;
  readonly lenBytes: number;
  readonly saIdx: number;
  /** With its CPL_ bits. */
  readonly status: number;
  readonly esnHi: number;
}

const RINGS = [
  ['tx', R.RING_TX, R.TXD_BYTES],
  ['rx', R.RING_RX, R.RXD_BYTES],
  ['txc', R.RING_TXC, R.CPL_BYTES],
  ['rxc', R.RING_RXC, R.CPL_BYTES],
] as const;

/** The rings of one queue of this project's card without a driver: descriptors as a test wants them. */
export class BareHost {
  readonly bus: NicBus;
  readonly tx: Ring;
  readonly rx: Ring;
  readonly txc: Ring;
  readonly rxc: Ring;

  /** atBytes: 64 KiB of the arena, a multiple of 64. */
  constructor(world: SimWorld, card: number, atBytes: number, log2Size: number, queue = 0) {
    const bus = world.buses[card]!;
    let baseBytes = atBytes;
    const make = ([, block, entryBytes]: (typeof RINGS)[number]): Ring => {
      const ring = { block: R.queueBlock(block, queue), baseBytes, log2Size, entryBytes };
      baseBytes += ringBytes(log2Size, entryBytes);
      return new Ring(bus, ring);
    };
    this.bus = bus;
    [this.tx, this.rx, this.txc, this.rxc] = RINGS.map(make) as [Ring, Ring, Ring, Ring];
  }

  /** Waits for the tables to be zeroed; rings on, and the card is on when this is back. */
  start(ctrl: number): void {
    while ((this.bus.readReg(R.REG_STATUS) & R.STATUS_SCRUB_BUSY) !== 0);
    for (const ring of [this.tx, this.rx, this.txc, this.rxc]) ring.enable();
    this.bus.writeReg(R.REG_CTRL, ctrl);
    this.bus.readReg(R.REG_CTRL); // what was posted has come
  }

  /** Row idx of R.SA_TX or R.SA_RX; received SPIs are found in their first bucket. */
  install(window: number, idx: number, sa: OffloadSa): void {
    const { bus } = this;
    const view = new DataView(Uint8Array.from([...sa.key, ...sa.salt]).buffer);
    for (let at = 0; at < sa.key.length; at += 4)
      bus.writeReg(window + R.SA_KEY0 + at, view.getUint32(at, true));
    bus.writeReg(window + R.SA_SALT, view.getUint32(sa.key.length, true));
    const size = sa.key.length === 32 ? R.SA_KEY256 : 0;
    const packet = sa.mode === 'packet' ? R.SA_PACKET : 0;
    bus.writeReg(window + R.SA_CTRL, R.SA_VALID | size | packet);
    bus.writeReg(window + R.SA_SPI, sa.spi);
    bus.writeReg(window + R.SA_IDX, (R.SA_WRITE + idx) >>> 0);
    if (window !== R.SA_RX) return;
    const dst = new DataView(sa.dst.buffer, sa.dst.byteOffset);
    const isV6 = sa.family === 6;
    bus.writeReg(window + R.SA_DST, dst.getUint32(0));
    for (let w = 1; isV6 && w < 4; w++)
      bus.writeReg(window + R.SA_DST1 + 4 * (w - 1), dst.getUint32(4 * w));
    bus.writeReg(window + R.MATCH_SA, isV6 ? (idx | R.MATCH_V6) >>> 0 : idx);
    // A second way of the bucket: an SPI may have both families.
    const slot = R.matchBucket0(sa.spi) * R.MATCH_WAYS + (isV6 ? 1 : 0);
    bus.writeReg(window + R.MATCH_IDX, (R.SA_WRITE + slot) >>> 0);
  }

  /** One descriptor. */
  post({ address, lenBytes }: Piece, flags: number, fields: TxFields = {}): void {
    const { saIdx = 0, espOffset = 0, next = 0, esnHi = 0, cookie = 0, csum = [0, 0, 0] } = fields;
    const { words } = this.tx;
    const at = this.tx.word(this.tx.tail);
    words[at] = address;
    words[at + 1] = Math.floor(address / 2 ** 32);
    words[at + 2] = lenBytes | (flags << 16);
    words[at + 3] = saIdx | (espOffset << 16) | (next << 24);
    words[at + 4] = esnHi;
    words[at + 5] = cookie;
    words[at + 6] = csum[0] | (csum[1] << 16);
    words[at + 7] = csum[2];
    this.tx.tail = (this.tx.tail + 1) & 0xffff;
  }

  /** The descriptors of a frame, one for each piece. */
  postFrame(pieces: readonly Piece[], fields: TxFields = {}): void {
    pieces.forEach((piece, i) => {
      const more = i < pieces.length - 1 ? R.TXD_MORE : 0;
      if (i === 0) this.post(piece, (fields.flags ?? 0) | more, fields);
      else this.post(piece, R.TXD_CONT | more);
    });
  }

  supply({ address, lenBytes }: Piece, cookie: number): void {
    const { words } = this.rx;
    const at = this.rx.word(this.rx.tail);
    words[at] = address;
    words[at + 1] = Math.floor(address / 2 ** 32);
    words[at + 2] = lenBytes;
    words[at + 3] = cookie;
    this.rx.tail = (this.rx.tail + 1) & 0xffff;
  }

  /** Rings both doorbells; the card has heard them when this is back. */
  flush(): void {
    this.tx.tellTail();
    this.rx.tellTail();
    this.bus.readReg(R.REG_CTRL);
  }

  sent(): Completion[] {
    return take(this.txc);
  }

  received(): Completion[] {
    return take(this.rxc);
  }
}

/** Takes what a completion ring has. */
function take(ring: Ring): Completion[] {
  const found: Completion[] = [];
  for (let n = ring.pending(); n > 0; n--) {
    const at = ring.word(ring.head);
    const [cookie, low, status, high] = ring.words.subarray(at, at + 4) as unknown as number[];
    found.push({
      cookie: cookie!,
      lenBytes: low! & 0xffff,
      saIdx: low! >>> 16,
      status: status!,
      esnHi: high! & R.CPL_ESN_HI_MASK,
    });
    ring.head = (ring.head + 1) & 0xffff;
  }
  ring.tellHead();
  return found;
}
