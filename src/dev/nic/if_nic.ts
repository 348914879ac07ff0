// SPDX-License-Identifier: BSD-2-Clause
import { ENETDOWN } from '../../kern/errno.ts';
import type { Mbuf } from '../../kern/mbuf.ts';
import { IFCAP_IPSEC, IFF_PROMISC, IFF_UP, type Ifnet, type Tap } from '../../net/ifnet.ts';
import { BusError, type NicBus } from './nic_bus.ts';
import { NIC_DEFAULTS, type NicConfig, type NicOptions, type OnCompletion } from './nic_config.ts';
import { NIC_DMA_ERRORS, NIC_TX_DOWN } from './nic_counters.ts';
import { flowQueue, spiQueue } from './nic_flow.ts';
import * as R from './nic_regs.ts';
import { Ring, ringBytes } from './nic_ring.ts';
import { NicRx } from './nic_rx.ts';
import { NicSa } from './nic_sa.ts';
import { NicTx } from './nic_tx.ts';

/** How often attach() looks whether the card is out of reset, and the delay before each look. */
const RESET_LOOKS = 64;
const DELAY_WRITES = 200;
const NO_BUDGET = 0x7fffffff;

/**
 * The driver of one card: an interface.
 *
 *     transmit(m) ... transmit(m), flush()     descriptors, then one doorbell
 *     world.run(cycles)                        the card works
 *     poll()                                   completions, frames to input(), new buffers
 *
 * poll() is to be called when the interrupt line is high, and now and then without: a ring that ran
 * out of mbufs is filled only there. It reads host memory, never registers, unless the interrupt
 * line turns out to stand for something else than completions.
 */
export class Nic implements Ifnet {
  readonly name: string;
  readonly index: number;
  readonly lladdr: Uint8Array;
  readonly capabilities: number = IFCAP_IPSEC;
  readonly options: NicOptions;
  readonly sa: NicSa;
  mtu: number;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;

  readonly #bus: NicBus;
  readonly #config: NicConfig;
  readonly #rings: readonly Ring[];
  /** By queue. */
  readonly #tx: NicTx[] = [];
  readonly #rx: NicRx[] = [];
  readonly #queues: number;
  /** Where poll() begins, so that each queue is the first in its turn. */
  #first = 0;
  #flags = 0;
  /** The card runs. IFF_UP says whether the host wants it to: down, it sends nothing more. */
  #attached = false;

  constructor(config: NicConfig) {
    this.name = config.name;
    this.index = config.index;
    this.lladdr = config.lladdr;
    this.mtu = config.mtu;
    this.options = { ...NIC_DEFAULTS, ...config.options };
    this.input = (m) => config.mbufs.free(m);
    this.#bus = config.bus;
    this.#config = config;

    const o = this.options;
    if (!(o.queues >= 1 && o.queues <= R.QUEUES_MAX))
      throw new RangeError(`"queues" expected 1..${R.QUEUES_MAX}, got ${o.queues}`);
    this.#queues = o.queues;
    this.sa = new NicSa(
      config.index,
      config.bus,
      {
        reapTx: () => {
          this.flush();
          let n = 0;
          for (const tx of this.#tx) n += tx.reap();
          return n;
        },
        rxRead: (spi) => this.#rxOf(spi).read,
        rxPending: (spi) => this.#rxOf(spi).pending(),
      },
      config.mbufs,
    );
    let at = config.ringBaseBytes;
    const rings: Ring[] = [];
    const ring = (block: number, log2Size: number, entryBytes: number): Ring => {
      const r = new Ring(config.bus, { block, baseBytes: at, log2Size, entryBytes });
      at += ringBytes(log2Size, entryBytes);
      rings.push(r);
      return r;
    };
    for (let q = 0; q < o.queues; q++) {
      const tx = ring(R.queueBlock(R.RING_TX, q), o.log2Tx, R.TXD_BYTES);
      const rx = ring(R.queueBlock(R.RING_RX, q), o.log2Rx, R.RXD_BYTES);
      const txc = ring(R.queueBlock(R.RING_TXC, q), o.log2Txc, R.CPL_BYTES);
      const rxc = ring(R.queueBlock(R.RING_RXC, q), o.log2Rxc, R.CPL_BYTES);
      this.#tx.push(new NicTx(config, o.maxFrameBytes, tx, txc, this.sa));
      this.#rx.push(new NicRx(config, rx, rxc, this.sa));
    }
    this.#rings = rings;
  }

  #rxOf(spi: number): NicRx {
    return this.#rx[spiQueue(spi, this.#queues)]!;
  }

  get flags(): number {
    return this.#flags;
  }

  set flags(flags: number) {
    const changed = this.#flags ^ flags;
    this.#flags = flags;
    if (this.#attached && (changed & IFF_PROMISC) !== 0) this.#writeCtrl();
  }

  /** Tags allocated between a request and its descriptor. */
  get handoverAllocs(): number {
    return this.#tx.reduce((n, tx) => n + tx.handoverAllocs, 0);
  }

  /** Descriptors and buffers in the card's hands. */
  get txOutstanding(): number {
    return this.#tx.reduce((n, tx) => n + tx.outstanding, 0);
  }
  get rxOutstanding(): number {
    return this.#rx.reduce((n, rx) => n + rx.outstanding, 0);
  }

  /** Listens to every completion, for digests and tests. */
  get onCompletion(): OnCompletion | null {
    return this.#tx[0]!.onCompletion;
  }

  set onCompletion(listener: OnCompletion | null) {
    for (const tx of this.#tx) tx.onCompletion = listener;
    for (const rx of this.#rx) rx.onCompletion = listener;
  }

  /**
   * Resets the card and brings it up. Throws BusError when the card does not answer, is none of ours,
   * or does not come out of reset.
   */
  attach(): void {
    if (this.#attached) throw new Error(`${this.name} is attached already`);
    try {
      this.#reset();
    } catch (e) {
      if (!(e instanceof BusError)) throw e;
      throw new BusError(e.kind, `${this.name} does not attach: ${e.message}`, e.cycle);
    }
    const bus = this.#bus;
    const a = this.lladdr;
    const o = this.options;
    bus.writeReg(R.REG_MAC_LO, (a[0]! | (a[1]! << 8) | (a[2]! << 16) | (a[3]! << 24)) >>> 0);
    bus.writeReg(R.REG_MAC_HI, a[4]! | (a[5]! << 8));
    bus.writeReg(R.REG_MAX_FRAME, o.maxFrameBytes);
    bus.writeReg(R.REG_ITR, ((o.itrCount << 16) | o.itrIntervalCycles) >>> 0);
    for (const ring of this.#rings) ring.enable();
    this.#spread();
    this.sa.up = true;
    this.#attached = true;
    this.#flags |= IFF_UP;
    for (const rx of this.#rx) rx.read = 0;
    bus.writeReg(R.REG_EICR, R.IRQ_ERR | R.IRQ_SCRUB_DONE);
    let causes = R.IRQ_ERR;
    for (let q = 0; q < this.#queues; q++) causes |= R.irqTxc(q) | R.irqRxc(q);
    bus.writeReg(R.REG_EIMS, causes);
    this.#writeCtrl();
    for (const rx of this.#rx) {
      rx.refill();
      rx.flush();
    }
  }

  /** The card's indirection table: hash by hash to one queue after the other. */
  #spread(): void {
    if (this.#queues === 1) return;
    for (let i = 0; i < R.RSS_ENTRIES; i += 4) {
      let word = 0;
      for (let k = 3; k >= 0; k--) word = (word << 8) | ((i + k) % this.#queues);
      this.#bus.writeReg(R.RSS + i, word);
    }
  }

  #reset(): void {
    const bus = this.#bus;
    const id = bus.readReg(R.REG_ID);
    if (id !== R.ID_VALUE)
      throw new BusError('bus', `ID register reads 0x${id.toString(16)}: not a tagwire card`, 0);
    const queues = this.#queues === 1 ? 1 : bus.readReg(R.REG_QUEUES);
    if (queues < this.#queues)
      throw new BusError('bus', `the card has ${queues} queues, not ${this.#queues}`, 0);
    bus.writeReg(R.REG_CTRL, R.CTRL_RESET);
    for (let n = 0; n < RESET_LOOKS; n++) {
      this.#delay();
      const busy = (bus.readReg(R.REG_CTRL) & R.CTRL_RESET) !== 0;
      if (!busy && (bus.readReg(R.REG_STATUS) & R.STATUS_SCRUB_BUSY) === 0) return;
    }
    throw new BusError('timeout', 'the card does not come out of reset', 0);
  }

  /** Writes that change nothing let cycles pass, as port 0x80 does on a PC, and cost no call. */
  #delay(): void {
    for (let n = 0; n < DELAY_WRITES; n++) this.#bus.writeReg(R.REG_EIMS, 0);
  }

  #writeCtrl(): void {
    const promisc = (this.#flags & IFF_PROMISC) !== 0 ? R.CTRL_PROMISC : 0;
    const ipsec = R.CTRL_IPSEC_TX_EN | R.CTRL_IPSEC_RX_EN;
    this.#bus.writeReg(R.REG_CTRL, R.CTRL_TX_EN | R.CTRL_RX_EN | ipsec | promisc);
  }

  /**
   * Stops and resets the card, which scrubs its keys, and frees every mbuf it had: also when it does
   * not answer (then BusError is thrown after that).
   */
  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.#flags &= ~IFF_UP;
    this.sa.up = false;
    try {
      this.#reset();
    } finally {
      for (const tx of this.#tx) tx.discard();
      for (const rx of this.#rx) rx.discard();
      this.sa.forgetAll();
    }
  }

  /** Takes a whole frame; the doorbell rings in flush(). 0 or errno, and m is gone either way. */
  transmit(m: Mbuf): number {
    if (this.#attached && (this.#flags & IFF_UP) !== 0)
      return this.#tx[this.#queueOf(m)]!.transmit(m);
    this.#config.counters.n[NIC_TX_DOWN]!++;
    this.#config.mbufs.free(m);
    return ENETDOWN;
  }

  #queueOf(m: Mbuf): number {
    if (this.#queues === 1) return 0;
    const pool = this.#config.mbufs;
    return flowQueue(pool.view, pool.off[m]!, pool.len[m]!, this.#queues);
  }

  /** Shows the frames transmitted since the last flush() to the card. */
  flush(): void {
    for (const tx of this.#tx) tx.flush();
  }

  /**
   * Takes what the card has completed: frees what was sent, hands at most `budget` received frames
   * to input(), refills the receive ring. Returns the number of completions.
   */
  poll(budget: number = NO_BUDGET): number {
    if (!this.#attached) return 0;
    let n = 0;
    for (const tx of this.#tx) n += tx.reap();
    let left = budget;
    for (let i = 0; i < this.#queues; i++) {
      const rx = this.#rx[(this.#first + i) % this.#queues]!;
      const received = rx.poll(left, this.input);
      left -= received;
      n += received;
      rx.refill();
      rx.flush();
    }
    this.#first = (this.#first + 1) % this.#queues;
    this.flush();
    return n;
  }

  /** Interrupt handler: poll(), and when there was nothing to take, what else the card wants. */
  intr(budget: number = NO_BUDGET): number {
    const n = this.poll(budget);
    if (n === 0 && this.#attached) this.#serviceCause();
    return n;
  }

  /** An interrupt without completions: reads why, and acknowledges it. */
  #serviceCause(): void {
    const cause = this.#bus.readReg(R.REG_EICR);
    if ((cause & R.IRQ_ERR) !== 0) this.#config.counters.n[NIC_DMA_ERRORS]!++;
    const sticky = cause & (R.IRQ_ERR | R.IRQ_SCRUB_DONE | R.IRQ_SW);
    if (sticky !== 0) this.#bus.writeReg(R.REG_EICR, sticky);
    // The read ran the clock: only now is it sure that completions are missing, not late.
    for (let q = 0; q < this.#queues; q++) {
      if ((cause & R.irqTxc(q)) !== 0) this.#tx[q]!.skipLost();
      if ((cause & R.irqRxc(q)) !== 0) this.#rx[q]!.skipLost();
    }
  }

  /**
   * Transmit watchdog: have descriptors been outstanding for limitCycles without one completion? To
   * be asked now and then; it knows only what earlier calls have seen.
   */
  stalled(nowCycles: number, limitCycles: number): boolean {
    for (const tx of this.#tx) if (tx.stalled(nowCycles, limitCycles)) return true;
    return false;
  }

  /** The card's statistics, by name: one register read each. */
  stats(): Record<R.StatName, number> {
    const out = {} as Record<R.StatName, number>;
    R.STAT_NAMES.forEach((name, i) => {
      out[name] = this.#bus.readReg(R.STATS + 4 * i);
    });
    return out;
  }
}
