// SPDX-License-Identifier: BSD-2-Clause
// The driver of my_card. It takes nothing from tagwire but types: all that it works with comes in its
// config, so it may lie anywhere.
import type { CardSas, DriverModule, NicConfig, NicDriver } from 'tagwire';

// Registers, slots: my_card.sv.
const ID = 0x00;
const CTRL = 0x04;
const STATUS = 0x08;
const TX_BASE = 0x10;
const TX_TAIL = 0x14;
const RX_BASE = 0x20;
const RX_TAIL = 0x24;
const SEEN = 0x30;
const DROPPED = 0x34;
const ID_VALUE = 0x4d594331;

const SLOTS = 64;
const SLOT_BYTES = 9728;
const FRAME_AT = 512;
const FRAME_MAX = 9216;
/** Second word of a slot's header, as the card writes it. */
const SLOT_OK = 1;

const ETHER_HDR_LEN = 14;
/** Frames that wait for a slot. */
const QUEUE_MAX = 512;
const IDLE_LOOKS = 1000;
const EMSGSIZE = 40;
const EOPNOTSUPP = 45;
const ENETDOWN = 50;
const ENOBUFS = 55;
const IFF_UP = 1;
/** Of Carrier.take(): no crypto is asked for. */
const NO_REQUEST = -1;
const NO_MBUF = -1;
const NO_SA = 0xffff;
/** Completion codes that listeners know: good, and an error of DMA. */
const CODE_OK = 0;
const CODE_DMA_ERR = 4;

type Completion = (ring: 0 | 1, lenBytes: number, status: number, saIdx: number) => void;

/** A card that does no ESP: it is never asked, since it does not claim IFCAP_IPSEC. */
function noSas(ifIndex: number): CardSas {
  return {
    ifIndex,
    out: { freeCount: 0 },
    in: { freeCount: 0 },
    saInstall: () => ({ ok: false, errno: EOPNOTSUPP, reason: 'this card does no ESP' }),
    saRemove: () => null,
    saCounters: () => ({ packets: 0, bytes: 0, authFailed: 0, replayed: 0 }),
  };
}

class MyNic implements NicDriver {
  readonly name;
  readonly index;
  readonly lladdr;
  readonly capabilities = capabilities;
  readonly sa;
  readonly handoverAllocs = 0;
  mtu;
  flags = 0;
  tap = null;
  input: (m: number) => void;
  onCompletion: Completion | null = null;

  readonly #config: NicConfig;
  readonly #words: Uint32Array;
  readonly #tx: number;
  readonly #rx: number;
  readonly #queue: number[] = [];
  /** Free-running, slot = index % SLOTS. */
  #txHead = 0;
  #txTail = 0;
  #txTold = 0;
  #rxHead = 0;
  #seen = 0;
  #attached = false;
  #movedCycle = 0;
  #movedHead = -1;

  constructor(config: NicConfig) {
    this.name = config.name;
    this.index = config.index;
    this.lladdr = config.lladdr;
    this.mtu = config.mtu;
    this.sa = noSas(config.index);
    this.input = (m) => config.mbufs.free(m);
    this.#config = config;
    const { arena } = config.bus;
    this.#words = new Uint32Array(arena.buffer, arena.byteOffset, arena.byteLength >>> 2);
    this.#tx = (config.ringBaseBytes + 511) & ~511;
    this.#rx = this.#tx + SLOTS * SLOT_BYTES;
  }

  get txOutstanding(): number {
    return this.#queue.length + this.#used;
  }

  get rxOutstanding(): number {
    return this.#attached ? SLOTS : 0;
  }

  get #used(): number {
    return (this.#txTail - this.#txHead) & 0xffff;
  }

  #count(name: string): void {
    const { counters } = this.#config;
    counters.n[counters.indexOf(`nic.${name}`)]!++;
  }

  attach(): void {
    const { bus } = this.#config;
    const id = bus.readReg(ID);
    if (id !== ID_VALUE) throw this.#failed('bus', `ID register reads 0x${id.toString(16)}`);
    this.#stop();
    for (let slot = 0; slot < 2 * SLOTS; slot++) {
      this.#words[(this.#tx + slot * SLOT_BYTES + 4) >>> 2] = 0;
    }
    this.#txHead = this.#txTail = this.#txTold = this.#rxHead = this.#seen = 0;
    bus.writeReg(TX_BASE, this.#tx);
    bus.writeReg(RX_BASE, this.#rx);
    bus.writeReg(CTRL, 1);
    bus.writeReg(RX_TAIL, SLOTS);
    this.#attached = true;
    this.flags |= IFF_UP;
  }

  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.flags &= ~IFF_UP;
    try {
      this.#stop();
    } finally {
      for (const m of this.#queue.splice(0)) {
        this.#count('txDiscarded');
        this.#config.mbufs.free(m);
      }
      this.#txHead = this.#txTail;
    }
  }

  /** The card finishes the frame that it is at. */
  #stop(): void {
    const { bus } = this.#config;
    bus.writeReg(CTRL, 0);
    for (let n = 0; n < IDLE_LOOKS; n++) if (bus.readReg(STATUS) === 0) return;
    throw this.#failed('timeout', 'the card does not come to rest');
  }

  #failed(kind: string, message: string): Error {
    return Object.assign(new Error(`${this.name}: ${message}`), { name: 'BusError', kind, cycle: 0 });
  }

  transmit(m: number): number {
    const { mbufs, carrier, finishInSoftware } = this.#config;
    const lenBytes = mbufs.len[m]!;
    if (!this.#attached || (this.flags & IFF_UP) === 0) return this.#drop(m, 'txDown', ENETDOWN);
    if (lenBytes > FRAME_MAX) return this.#drop(m, 'txTooBig', EMSGSIZE);
    if (this.#queue.length === QUEUE_MAX) return this.#drop(m, 'txRingFull', ENOBUFS);
    // A request that was meant for another interface: nothing leaves in clear.
    if (carrier.take(m) !== NO_REQUEST) {
      const errno = finishInSoftware(m, ETHER_HDR_LEN);
      if (errno !== 0) return this.#drop(m, 'txOffloadMisfit', errno);
      this.#count('txFinishedInSoftware');
    }
    this.#queue.push(m);
    this.#fill();
    return 0;
  }

  #drop(m: number, why: string, errno: number): number {
    this.#count(why);
    this.#config.mbufs.free(m);
    return errno;
  }

  /** Copies what waits into slots that are free. */
  #fill(): void {
    const { mbufs } = this.#config;
    while (this.#queue.length > 0 && this.#used < SLOTS) {
      const m = this.#queue.shift()!;
      const lenBytes = mbufs.len[m]!;
      const at = this.#tx + (this.#txTail % SLOTS) * SLOT_BYTES;
      const from = mbufs.off[m]!;
      mbufs.data.copyWithin(at + FRAME_AT, from, from + lenBytes);
      this.#words[at >>> 2] = lenBytes;
      this.#words[(at >>> 2) + 1] = 0;
      this.#txTail = (this.#txTail + 1) & 0xffff;
      mbufs.free(m);
    }
  }

  flush(): void {
    if (this.#txTail === this.#txTold) return;
    this.#txTold = this.#txTail;
    this.#config.bus.writeReg(TX_TAIL, this.#txTail);
  }

  poll(budget = 0x7fffffff): number {
    if (!this.#attached) return 0;
    const { bus } = this.#config;
    const sent = this.#reap();
    const received = this.#receive(budget);
    if (received > 0) bus.writeReg(RX_TAIL, (this.#rxHead + SLOTS) & 0xffff);
    const seen = ((this.#rxHead << 16) | this.#txHead) >>> 0;
    if (seen !== this.#seen) {
      this.#seen = seen;
      bus.writeReg(SEEN, seen);
    }
    this.#fill();
    this.flush();
    return sent + received;
  }

  intr(budget?: number): number {
    return this.poll(budget);
  }

  #reap(): number {
    let n = 0;
    for (; this.#used > 0; n++) {
      const w = (this.#tx + (this.#txHead % SLOTS) * SLOT_BYTES) >>> 2;
      const status = this.#words[w + 1]!;
      if (status === 0) break;
      this.#txHead = (this.#txHead + 1) & 0xffff;
      if (status !== SLOT_OK) this.#count('txDmaErr');
      const code = status === SLOT_OK ? CODE_OK : CODE_DMA_ERR;
      this.onCompletion?.(0, this.#words[w]! & 0xffff, code, NO_SA);
    }
    return n;
  }

  #receive(budget: number): number {
    let n = 0;
    for (; n < budget; n++) {
      const at = this.#rx + (this.#rxHead % SLOTS) * SLOT_BYTES;
      const status = this.#words[(at >>> 2) + 1]!;
      if (status === 0) break;
      const lenBytes = this.#words[at >>> 2]! & 0xffff;
      this.#words[(at >>> 2) + 1] = 0;
      this.#rxHead = (this.#rxHead + 1) & 0xffff;
      const code = status === SLOT_OK ? CODE_OK : CODE_DMA_ERR;
      this.onCompletion?.(1, lenBytes, code, NO_SA);
      this.#up(at + FRAME_AT, lenBytes, status);
    }
    return n;
  }

  #up(at: number, lenBytes: number, status: number): void {
    const { mbufs, index } = this.#config;
    if (status !== SLOT_OK) return this.#count('rxDmaErr');
    if (lenBytes < ETHER_HDR_LEN) return this.#count('rxErr');
    const m = mbufs.alloc();
    if (m === NO_MBUF) return this.#count('rxNoMbuf');
    if (!mbufs.append(m, lenBytes)) {
      mbufs.free(m);
      return this.#count('rxTooBig');
    }
    mbufs.data.copyWithin(mbufs.off[m]!, at, at + lenBytes);
    mbufs.rcvIf[m] = index;
    this.input(m);
  }

  stalled(nowCycles: number, limitCycles: number): boolean {
    if (this.#used === 0 || this.#txHead !== this.#movedHead) {
      this.#movedHead = this.#txHead;
      this.#movedCycle = nowCycles;
      return false;
    }
    return nowCycles - this.#movedCycle >= limitCycles;
  }

  stats(): Record<string, number> {
    return { rxOverflow: this.#config.bus.readReg(DROPPED) };
  }
}

/** IFCAP_IPSEC (1) once the card does ESP. */
export const capabilities: DriverModule['capabilities'] = 0;

export const createNic: DriverModule['createNic'] = (config) => new MyNic(config);

export const ringBytes: DriverModule['ringBytes'] = () => 2 * SLOTS * SLOT_BYTES + 512;
