// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../dev/nic/nic_regs.ts';
import { ModelIrq } from './model_irq.ts';
import type { ModelMemory } from './model_memory.ts';
import type { ModelCard } from './model_port.ts';
import { ModelQueue, ModelRss } from './model_queue.ts';
import type { ModelRing } from './model_ring.ts';
import { ModelRx } from './model_rx.ts';
import { ModelSaTable } from './model_sa.ts';
import { ModelTx } from './model_tx.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** One table entry a cycle, and a little to begin and end. */
const SCRUB_CYCLES = R.SA_COUNT + 16;
/** Cycles from a frame's coming to its going, besides memory latency: the depth of the pipeline. */
const TX_CYCLES = 60;
const RX_CYCLES = 60;

/**
 * The card in TypeScript: what it does, frame by frame, not how. Registers, rings, completions,
 * statistics and bytes are the RTL's; the cycle in which something happens is not.
 */
export class NicModel {
  readonly #card: ModelCard;
  readonly #tx: ModelTx;
  readonly #rx: ModelRx;
  readonly #txSa: ModelSaTable = new ModelSaTable(false);
  readonly #rxSa: ModelSaTable = new ModelSaTable(true);
  readonly #rings: ReadonlyMap<number, ModelRing>;
  readonly #rss: ModelRss;
  readonly #queues: number;
  #scrubUntil = NEVER;

  /**
   * memLatencyCycles: of one read of host memory; a frame takes two, descriptor and data. queues: 1, or
   * QUEUES_MAX.
   */
  constructor(
    memory: ModelMemory,
    memLatencyCycles: number,
    send: (frame: Uint8Array, now: number) => void,
    queues = 1,
  ) {
    const list = (): ModelQueue[] => Array.from({ length: queues }, () => new ModelQueue());
    const tx = list();
    const rx = list();
    this.#queues = queues;
    this.#rss = new ModelRss(rx);
    this.#card = {
      memory,
      irq: new ModelIrq([
        ...tx.map(({ done }, q) => [done, R.irqTxc(q)] as const),
        ...rx.map(({ done }, q) => [done, R.irqRxc(q)] as const),
      ]),
      stats: Object.fromEntries(R.STAT_NAMES.map((n) => [n, 0])) as Record<R.StatName, number>,
      ctrl: 0,
      maxFrameBytes: R.MAX_FRAME_DEFAULT,
      nattPort: R.NATT_PORT_DEFAULT,
      mac: new Uint8Array(6),
      dmaErrorSeen: false,
      send,
    };
    this.#tx = new ModelTx(this.#card, tx, this.#txSa, TX_CYCLES + 2 * memLatencyCycles);
    const rxCycles = RX_CYCLES + memLatencyCycles;
    this.#rx = new ModelRx(this.#card, rx[0]!, this.#rss, this.#rxSa, rxCycles);
    const rings = new Map<number, ModelRing>();
    for (let q = 0; q < queues; q++) {
      rings.set(R.queueBlock(R.RING_TX, q), tx[q]!.ring);
      rings.set(R.queueBlock(R.RING_RX, q), rx[q]!.ring);
      rings.set(R.queueBlock(R.RING_TXC, q), tx[q]!.done);
      rings.set(R.queueBlock(R.RING_RXC, q), rx[q]!.done);
    }
    this.#rings = rings;
  }

  /** Cycle of the next thing that happens by itself, or Infinity. */
  get nextAt(): number {
    return Math.min(this.#tx.nextAt, this.#rx.nextAt, this.#scrubUntil);
  }

  /** Does what is due at `now`. */
  step(now: number): void {
    if (this.#tx.nextAt <= now) this.#tx.step(now);
    if (this.#rx.nextAt <= now) this.#rx.step(now);
    if (this.#scrubUntil <= now) {
      this.#scrubUntil = NEVER;
      this.#card.irq.raise(R.IRQ_SCRUB_DONE);
    }
  }

  /** The last beat of a frame came from the wire; the model keeps the bytes. */
  receive(frame: Uint8Array, now: number): void {
    this.#rx.receive(frame, now);
  }

  /** Host memory answers again. */
  kick(now: number): void {
    this.#tx.kick(now);
    this.#rx.kick(now);
  }

  irq(now: number): boolean {
    return this.#card.irq.level(now);
  }

  /** Cycle at which the interrupt line rises if nothing else happens, or Infinity. */
  irqAt(): number {
    return this.#card.irq.dueAt();
  }

  /** Register write. False: there is no such register (SLVERR). */
  write(offset: number, value: number, now: number): boolean {
    if (!this.#isKnown(offset)) return false;
    const ring = this.#rings.get(offset & ~63);
    if (ring !== undefined) this.#writeRing(ring, offset & 63, value, now);
    else if (offset >= R.RSS) this.#rss.write(offset - R.RSS, value);
    else if (offset >= R.STATS) return true;
    else if (offset >= R.SA_RX) this.#rxSa.write(offset - R.SA_RX, value);
    else if (offset >= R.SA_TX) this.#txSa.write(offset - R.SA_TX, value);
    else this.#writeGlobal(offset, value, now);
    return true;
  }

  #writeRing(ring: ModelRing, offset: number, value: number, now: number): void {
    const was = ring.head;
    if (!ring.write(offset, value)) this.#card.irq.raise(R.IRQ_ERR);
    if (ring.isCompletion && ring.head !== was) this.#card.irq.ringMoved(ring, true, now);
    this.kick(now);
  }

  #writeGlobal(offset: number, value: number, now: number): void {
    const card = this.#card;
    switch (offset) {
      case R.REG_CTRL:
        card.ctrl = value & 255;
        if ((value & R.CTRL_RESET) !== 0) this.#reset(now);
        else this.kick(now);
        break;
      case R.REG_MAC_LO:
        for (let i = 0; i < 4; i++) card.mac[i] = value >>> (8 * i);
        break;
      case R.REG_MAC_HI:
        card.mac[4] = value;
        card.mac[5] = value >>> 8;
        break;
      case R.REG_MAX_FRAME:
        card.maxFrameBytes = Math.min(value, R.MAX_FRAME_LIMIT);
        break;
      case R.REG_NATT_PORT:
        card.nattPort = value & 0xffff;
        break;
      case R.REG_EICR:
        card.irq.clear(value);
        break;
      case R.REG_EIMS:
        card.irq.setMask(value);
        break;
      case R.REG_EIMC:
        card.irq.mask &= ~value;
        break;
      case R.REG_EICS:
        card.irq.raise(value);
        break;
      case R.REG_ITR:
        card.irq.itr = value;
    }
  }

  /** Register read; undefined when there is no such register (SLVERR). */
  read(offset: number): number | undefined {
    if (!this.#isKnown(offset)) return undefined;
    const ring = this.#rings.get(offset & ~63);
    if (ring !== undefined) return ring.read(offset & 63);
    if (offset >= R.RSS) return this.#rss.read(offset - R.RSS);
    if (offset >= R.STATS) return this.#card.stats[R.STAT_NAMES[(offset - R.STATS) >> 2]!] >>> 0;
    if (offset >= R.SA_RX) return this.#rxSa.read(offset - R.SA_RX);
    if (offset >= R.SA_TX) return this.#txSa.read(offset - R.SA_TX);
    return this.#readGlobal(offset) >>> 0;
  }

  #readGlobal(offset: number): number {
    const card = this.#card;
    const mac = card.mac;
    switch (offset) {
      case R.REG_ID:
        return R.ID_VALUE;
      case R.REG_VERSION:
        return R.VERSION_VALUE;
      case R.REG_CTRL:
        return card.ctrl;
      case R.REG_STATUS:
        return this.#status();
      case R.REG_MAC_LO:
        return mac[0]! | (mac[1]! << 8) | (mac[2]! << 16) | (mac[3]! << 24);
      case R.REG_MAC_HI:
        return mac[4]! | (mac[5]! << 8);
      case R.REG_MAX_FRAME:
        return card.maxFrameBytes;
      case R.REG_CAPS:
        return R.CAPS_VALUE;
      case R.REG_NATT_PORT:
        return card.nattPort;
      case R.REG_QUEUES:
        return this.#queues;
      case R.REG_EICR:
        return card.irq.cause;
      case R.REG_EIMS:
        return card.irq.mask;
      case R.REG_ITR:
        return card.irq.itr;
      default:
        return 0;
    }
  }

  #status(): number {
    return (
      (this.#tx.isBusy ? R.STATUS_TX_BUSY : 0) |
      (this.#rx.isBusy ? R.STATUS_RX_BUSY : 0) |
      (this.#scrubUntil !== NEVER ? R.STATUS_SCRUB_BUSY : 0) |
      (this.#card.dmaErrorSeen ? R.STATUS_DMA_ERR : 0)
    );
  }

  #isKnown(offset: number): boolean {
    if ((offset & 3) !== 0) return false;
    if (offset <= R.REG_QUEUES) return true;
    if (offset >= R.RSS && offset < R.RSS + R.RSS_ENTRIES) return this.#queues > 1;
    if (offset >= R.REG_EICR && offset <= R.REG_ITR) return true;
    if (this.#rings.has(offset & ~63)) return (offset & 63) <= R.RING_TAIL;
    if (offset >= R.STATS) return offset < R.STATS + 4 * R.STAT_NAMES.length;
    if (offset >= R.SA_RX) return this.#rxSa.has(offset - R.SA_RX);
    return offset >= R.SA_TX && this.#txSa.has(offset - R.SA_TX);
  }

  #reset(now: number): void {
    const card = this.#card;
    card.ctrl = 0;
    card.maxFrameBytes = R.MAX_FRAME_DEFAULT;
    card.nattPort = R.NATT_PORT_DEFAULT;
    card.mac.fill(0);
    card.dmaErrorSeen = false;
    card.irq.reset();
    for (const name of R.STAT_NAMES) card.stats[name] = 0;
    this.#tx.reset();
    this.#rx.reset();
    this.#rss.reset();
    for (const ring of this.#rings.values()) {
      ring.write(R.RING_BASE_LO, 0);
      ring.write(R.RING_BASE_HI, 0);
      ring.write(R.RING_LOG2_SIZE, R.RING_LOG2_MIN);
      ring.enabled = false;
      ring.head = 0;
      ring.tail = 0;
    }
    this.#txSa.scrub();
    this.#rxSa.scrub();
    this.#scrubUntil = now + SCRUB_CYCLES;
  }
}
