// SPDX-License-Identifier: BSD-2-Clause
// The driver of esp_card, which does ESP. As any driver of a card from elsewhere it takes nothing from
// tagwire but types.
import type { DriverModule, NicConfig, NicDriver } from 'tagwire';
import { type CardSa, EspSas } from './esp_sas.ts';

// Registers, slots: esp_card.sv.
const ID = 0x00;
const CTRL = 0x04;
const STATUS = 0x08;
const ITR = 0x0c;
const TX_BASE = 0x10;
const TX_TAIL = 0x14;
const RX_BASE = 0x20;
const RX_TAIL = 0x24;
const SEEN = 0x30;
const DROPPED = 0x34;
const ID_VALUE = 0x31435345;

const SLOTS = 64;
const SLOT_BYTES = 9728;
const FRAME_AT = 512;
/** Second word of a slot's header, as the card writes it. */
const SLOT_OK = 1;
const SLOT_ICV_BAD = 3;
const SLOT_NO_SA = 4;
/** Third word: seal it; it was opened; ESP for which there was no SA. */
const SEAL = 0x80000000;
const OPENED = 0x80000000;
const ESP_NO_SA = 0x40000000;

// The words of requests and reports: pact.ts.
const REQ_SPI = 0;
const REQ_PROTO = 1;
const REQ_SA_HANDLE = 2;
const REQ_GENERATION = 3;
const REQ_IF_INDEX = 4;
const REQ_ESP = 5;
const REQ_ESN_HI = 6;
const REQ_CARD_SA = 7;
const REQ_DST = 8;
const REQUEST_WORDS = 12;
const IN_CRYPTO_DONE = 3;
const NO_REQUEST = -1;

const ETHER_HDR_LEN = 14;
const ESP_MIN_BYTES = 32;
const ICV_BYTES = 16;
const IPPROTO_ESP = 50;
const IDLE_LOOKS = 5000;
const EINVAL = 22;
const EMSGSIZE = 40;
const ENETDOWN = 50;
const ENOBUFS = 55;
const IFF_UP = 1;
const NO_MBUF = -1;
const NO_SA = 0xffff;
/** Completion codes that listeners know. */
const CODES = [4, 0, 4, 1, 3] as const;

const DEFAULTS = { log2Tx: 10, itrCount: 32, itrIntervalCycles: 2000, maxFrameBytes: 9018 };

/** A frame on its way to a slot. */
interface Waiting {
  readonly m: number;
  /** Third and fourth word of its header. */
  readonly word2: number;
  readonly esnHi: number;
}

class EspNic implements NicDriver {
  readonly name;
  readonly index;
  readonly lladdr;
  readonly capabilities = capabilities;
  readonly sa: EspSas;
  readonly handoverAllocs = 0;
  mtu;
  flags = 0;
  tap = null;
  input: (m: number) => void;
  onCompletion: NicDriver['onCompletion'] = null;

  readonly #config: NicConfig;
  readonly #options;
  readonly #words: Uint32Array;
  readonly #view: DataView;
  readonly #tx: number;
  readonly #rx: number;
  readonly #queue: Waiting[] = [];
  readonly #report = new Uint32Array(REQUEST_WORDS);
  /** SA of each transmit slot, -1: none. */
  readonly #slotSa = new Int32Array(SLOTS).fill(-1);
  readonly #stats = {
    ...{ txFrames: 0, rxFrames: 0, txIpsec: 0, rxIpsecOk: 0, rxIcvBad: 0, rxNoSa: 0 },
    ...{ txDrop: 0, dmaErrors: 0 },
  };
  /** Free-running, slot = index % SLOTS. */
  #txHead = 0;
  #txTail = 0;
  #txTold = 0;
  #rxHead = 0;
  #rxTold = 0;
  #read = 0;
  #seen = 0;
  #attached = false;
  #movedCycle = 0;
  #movedHead = -1;

  constructor(config: NicConfig) {
    this.name = config.name;
    this.index = config.index;
    this.lladdr = config.lladdr;
    this.mtu = config.mtu;
    this.input = (m) => config.mbufs.free(m);
    this.#config = config;
    this.#options = { ...DEFAULTS, ...config.options };
    const { arena } = config.bus;
    this.#words = new Uint32Array(arena.buffer, arena.byteOffset, arena.byteLength >>> 2);
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);
    this.#tx = (config.ringBaseBytes + 511) & ~511;
    this.#rx = this.#tx + SLOTS * SLOT_BYTES;
    this.sa = new EspSas(config, {
      pump: () => this.#pump(),
      framesRead: () => this.#read,
      framesUnread: () => this.#unread(),
    });
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
    this.#txHead = this.#txTail = this.#txTold = this.#rxHead = this.#seen = this.#read = 0;
    this.#slotSa.fill(-1);
    const { itrCount, itrIntervalCycles } = this.#options;
    bus.writeReg(ITR, ((Math.max(1, itrCount) << 16) | itrIntervalCycles) >>> 0);
    bus.writeReg(TX_BASE, this.#tx);
    bus.writeReg(RX_BASE, this.#rx);
    bus.writeReg(CTRL, 1);
    bus.writeReg(RX_TAIL, SLOTS);
    this.#rxTold = SLOTS;
    this.#attached = true;
    this.sa.up = true;
    this.flags |= IFF_UP;
  }

  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.flags &= ~IFF_UP;
    try {
      this.#stop();
    } finally {
      for (let n = this.#used; n > 0; n--) this.#count('txDiscarded');
      for (const { m } of this.#queue.splice(0)) {
        this.#count('txDiscarded');
        this.#config.mbufs.free(m);
      }
      this.#txHead = this.#txTail;
      this.sa.forgetAll();
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
    return Object.assign(new Error(`${this.name}: ${message}`), {
      name: 'BusError',
      kind,
      cycle: 0,
    });
  }

  transmit(m: number): number {
    const { mbufs, carrier } = this.#config;
    const lenBytes = mbufs.len[m]!;
    if (!this.#attached || (this.flags & IFF_UP) === 0) return this.#drop(m, 'txDown', ENETDOWN);
    if (this.txOutstanding >= 1 << this.#options.log2Tx)
      return this.#drop(m, 'txRingFull', ENOBUFS);
    if (lenBytes > this.#options.maxFrameBytes) return this.#drop(m, 'txTooBig', EMSGSIZE);
    if (lenBytes < ETHER_HDR_LEN) return this.#drop(m, 'txTooShort', EINVAL);
    const r = carrier.take(m);
    if (r === NO_REQUEST) this.#queue.push({ m, word2: 0, esnHi: 0 });
    else {
      const errno = this.#offload(m, r, lenBytes);
      if (errno !== 0) return errno;
    }
    this.#fill();
    return 0;
  }

  /** A frame under a request: sealed by the card when it fits, else by software, never in clear. */
  #offload(m: number, r: number, lenBytes: number): number {
    const { carrier, finishInSoftware, index } = this.#config;
    const w = carrier.words.subarray(r, r + REQUEST_WORDS);
    const link = this.#linkBytes(m);
    const esp = link + (w[REQ_ESP]! & 0xffff);
    const cardSa = w[REQ_CARD_SA]! | 0;
    const entry = this.sa.out.slots[cardSa] ?? null;
    const isMeant = (s: CardSa): boolean =>
      !s.going &&
      s.sa.saHandle === (w[REQ_SA_HANDLE]! | 0) &&
      s.sa.generation === w[REQ_GENERATION];
    const isHere = (w[REQ_IF_INDEX]! | 0) === index && lenBytes >= esp + ESP_MIN_BYTES;
    if (entry === null || !isMeant(entry) || !isHere) {
      const errno = finishInSoftware(m, link);
      if (errno !== 0) return this.#drop(m, 'txOffloadMisfit', errno);
      this.#count('txFinishedInSoftware');
      this.#queue.push({ m, word2: 0, esnHi: 0 });
      return 0;
    }
    const esnHi = w[REQ_ESN_HI]!;
    carrier.done(m, r);
    entry.until++;
    this.#count('txOffloaded');
    this.#queue.push({ m, word2: (SEAL | (cardSa << 16) | esp) >>> 0, esnHi });
    return 0;
  }

  /** Bytes in front of IP: a VLAN tag has four. */
  #linkBytes(m: number): number {
    return this.#view.getUint16(this.#config.mbufs.off[m]! + 12) === 0x8100 ? 18 : 14;
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
      const { m, word2, esnHi } = this.#queue.shift()!;
      const lenBytes = mbufs.len[m]!;
      const slot = this.#txTail % SLOTS;
      const at = this.#tx + slot * SLOT_BYTES;
      const from = mbufs.off[m]!;
      mbufs.data.copyWithin(at + FRAME_AT, from, from + lenBytes);
      this.#words.set([lenBytes, 0, word2, esnHi], at >>> 2);
      this.#slotSa[slot] = word2 === 0 ? -1 : (word2 >>> 16) & 63;
      this.#txTail = (this.#txTail + 1) & 0xffff;
      mbufs.free(m);
    }
  }

  flush(): void {
    if (this.#txTail === this.#txTold) return;
    this.#txTold = this.#txTail;
    this.#config.bus.writeReg(TX_TAIL, this.#txTail);
  }

  #pump(): number {
    const sent = this.#reap();
    this.#fill();
    this.flush();
    return sent;
  }

  poll(budget = 0x7fffffff): number {
    if (!this.#attached) return 0;
    const { bus } = this.#config;
    const sent = this.#reap();
    const received = this.#receive(budget);
    // What input() called may have taken the card down.
    if (!this.#attached) return sent + received;
    const rxTail = (this.#rxHead + SLOTS) & 0xffff;
    if (rxTail !== this.#rxTold) {
      this.#rxTold = rxTail;
      bus.writeReg(RX_TAIL, rxTail);
    }
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
      const slot = this.#txHead % SLOTS;
      const w = (this.#tx + slot * SLOT_BYTES) >>> 2;
      const status = this.#words[w + 1]!;
      if (status === 0) break;
      const lenBytes = this.#words[w]! & 0xffff;
      this.#txHead = (this.#txHead + 1) & 0xffff;
      const cardSa = this.#slotSa[slot]!;
      this.onCompletion?.(0, lenBytes, CODES[status] ?? 4, cardSa < 0 ? NO_SA : cardSa);
      if (status === SLOT_OK) this.#stats.txFrames++;
      else this.#txFailed(status);
      if (cardSa < 0) continue;
      const entry = this.sa.out.slots[cardSa]!;
      if (status === SLOT_OK) {
        this.#stats.txIpsec++;
        entry.packets++;
        entry.bytes += lenBytes;
      }
      this.sa.txDone(cardSa);
    }
    return n;
  }

  #txFailed(status: number): void {
    this.#stats.txDrop++;
    if (status !== SLOT_NO_SA) this.#stats.dmaErrors++;
    this.#count(status === SLOT_NO_SA ? 'txNoSa' : 'txDmaErr');
  }

  #unread(): number {
    let n = 0;
    while (n < SLOTS && this.#words[(this.#rxSlot(this.#rxHead + n) + 4) >>> 2] !== 0) n++;
    return n;
  }

  #rxSlot(index: number): number {
    return this.#rx + (index % SLOTS) * SLOT_BYTES;
  }

  #receive(budget: number): number {
    const { mbufs } = this.#config;
    let n = 0;
    for (; n < budget && this.#attached; n++) {
      const at = this.#rxSlot(this.#rxHead);
      const w = at >>> 2;
      const status = this.#words[w + 1]!;
      if (status === 0) break;
      // Without an mbuf for it the frame stays where it is, and the card runs out of slots.
      const m = mbufs.alloc();
      if (m === NO_MBUF) {
        this.#count('rxNoMbuf');
        break;
      }
      const [lenBytes, word2, esnHi] = [
        this.#words[w]! & 0xffff,
        this.#words[w + 2]!,
        this.#words[w + 3]!,
      ];
      this.#words[w + 1] = 0;
      this.#rxHead = (this.#rxHead + 1) & 0xffff;
      this.#read++;
      const cardSa = (word2 & OPENED) !== 0 ? (word2 >>> 16) & 63 : NO_SA;
      this.onCompletion?.(1, lenBytes, CODES[status] ?? 4, cardSa);
      const why = this.#take(m, at + FRAME_AT, lenBytes, status, word2, esnHi);
      if (why === '') this.input(m);
      else {
        this.#count(why);
        mbufs.free(m);
      }
    }
    return n;
  }

  /** Copies the frame into m, with a report when the card opened it; why it goes no further, or ''. */
  #take(
    m: number,
    from: number,
    lenBytes: number,
    status: number,
    word2: number,
    esnHi: number,
  ): string {
    const { mbufs, index } = this.#config;
    const stats = this.#stats;
    if (status === SLOT_ICV_BAD) {
      stats.rxIcvBad++;
      const entry = this.sa.in.slots[(word2 >>> 16) & 63];
      if (entry && !entry.going) entry.authFailed++;
      return 'rxAuthFail';
    }
    if (status !== SLOT_OK) {
      stats.dmaErrors++;
      return 'rxDmaErr';
    }
    stats.rxFrames++;
    if ((word2 & ESP_NO_SA) !== 0) stats.rxNoSa++;
    if (lenBytes < ETHER_HDR_LEN) return 'rxErr';
    if (!mbufs.append(m, lenBytes)) return 'rxTooBig';
    mbufs.data.copyWithin(mbufs.off[m]!, from, from + lenBytes);
    mbufs.rcvIf[m] = index;
    return (word2 & OPENED) === 0 ? '' : this.#tag(m, lenBytes, word2, esnHi);
  }

  /** Plaintext now: without its report, or under another SA than the one meant, it goes no further. */
  #tag(m: number, lenBytes: number, word2: number, esnHi: number): string {
    const { mbufs, carrier, index } = this.#config;
    const [cardSa, esp] = [(word2 >>> 16) & 63, word2 & 0x7f];
    this.#stats.rxIpsecOk++;
    const entry = this.sa.in.slots[cardSa];
    const off = mbufs.off[m]!;
    if (!entry || entry.going || entry.sa.spi !== this.#view.getUint32(off + esp))
      return 'rxSaGone';
    const ip = off + this.#linkBytes(m);
    const isV6 = entry.sa.family === 6;
    const ipLenBytes = this.#view.getUint16(ip + (isV6 ? 4 : 2)) + (isV6 ? 40 : 0);
    const padLen = mbufs.data[ip + ipLenBytes - ICV_BYTES - 2]!;
    const r = this.#report;
    r[REQ_SPI] = entry.sa.spi;
    r[REQ_PROTO] = IPPROTO_ESP | (entry.sa.family << 8);
    r[REQ_SA_HANDLE] = entry.sa.saHandle;
    r[REQ_GENERATION] = entry.sa.generation;
    r[REQ_IF_INDEX] = index;
    r[REQ_ESP] = (esp - (ip - off)) | ((padLen + 2 + ICV_BYTES) << 16);
    r[REQ_ESN_HI] = esnHi;
    r[REQ_CARD_SA] = cardSa;
    r.set(entry.dst, REQ_DST);
    if (carrier.report(m, IN_CRYPTO_DONE, r) !== 0) return 'rxNoTag';
    entry.packets++;
    entry.bytes += lenBytes;
    this.#count('rxOffloaded');
    return '';
  }

  stalled(nowCycles: number, limitCycles: number): boolean {
    if (this.txOutstanding === 0 || this.#txHead !== this.#movedHead) {
      this.#movedHead = this.#txHead;
      this.#movedCycle = nowCycles;
      return false;
    }
    return nowCycles - this.#movedCycle >= limitCycles;
  }

  stats(): Record<string, number> {
    return { ...this.#stats, rxOverflow: this.#config.bus.readReg(DROPPED) };
  }
}

/** IFCAP_IPSEC: it does ESP. */
export const capabilities: DriverModule['capabilities'] = 1;

export const createNic: DriverModule['createNic'] = (config) => new EspNic(config);

export const ringBytes: DriverModule['ringBytes'] = () => 2 * SLOTS * SLOT_BYTES + 512;
