// SPDX-License-Identifier: BSD-2-Clause
import { NIC_DEFAULTS, type NicConfig, type OnCompletion } from '../../dev/nic/nic_config.ts';
import type { NicDriver } from '../../dev/nic/nic_driver.ts';
import * as R from '../../dev/nic/nic_regs.ts';
import {
  TWD_ESP_NO_SA,
  TWD_ICV_BAD,
  TWD_OK,
  TWD_OPENED,
  TWD_SA_GONE,
  TWD_SEAL,
} from '../../ffi/driver_abi.ts';
import { ETHER_HDR_LEN, etherHeaderLen } from '../../header/ether.ts';
import { IPPROTO_ESP } from '../../header/ip.ts';
import { EINVAL, EMSGSIZE, ENETDOWN, ENOBUFS } from '../../kern/errno.ts';
import { type Mbuf, NO_MBUF } from '../../kern/mbuf.ts';
import { IFF_UP, type Tap } from '../../net/ifnet.ts';
import {
  NO_REQUEST,
  newOffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
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
import { CCard, type CFrame } from './c_card.ts';
import { CSas } from './c_sas.ts';

const NO_SA = -1;
const ICV_BYTES = 16;
const ESP_TRAILER_BYTES = 2;
/** ESP header, IV and ICV. */
const ESP_MIN_BYTES = 32;

interface Waiting {
  readonly m: Mbuf;
  readonly cardSa: number;
  readonly esp: number;
  readonly esnHi: number;
}

/** What a driver in C says of itself. */
export interface CDriver {
  readonly path: string;
  readonly capabilities: number;
  readonly saCount: number;
}

/** An interface whose card is driven in C: mbufs, tags and the pact are done here. */
export class CNic implements NicDriver {
  readonly name: string;
  readonly index: number;
  readonly lladdr: Uint8Array;
  readonly capabilities: number;
  readonly sa: CSas;
  readonly handoverAllocs = 0;
  mtu: number;
  flags = 0;
  tap: Tap | null = null;
  input: (m: Mbuf) => void;
  onCompletion: OnCompletion | null = null;

  readonly #config: NicConfig;
  readonly #options;
  readonly #card: CCard;
  /** Frames that the driver had no room for yet. */
  readonly #queue: Waiting[] = [];
  readonly #report = newOffloadRequest();
  readonly #stats = {
    ...{ txFrames: 0, rxFrames: 0, txIpsec: 0, rxIpsecOk: 0, rxIcvBad: 0, rxNoSa: 0 },
    ...{ txDrop: 0, dmaErrors: 0 },
  };
  #outstanding = 0;
  #read = 0;
  #sent = 0;
  #isAttached = false;
  #movedCycle = 0;
  #movedSent = -1;

  constructor(driver: CDriver, config: NicConfig) {
    this.name = config.name;
    this.index = config.index;
    this.lladdr = config.lladdr;
    this.mtu = config.mtu;
    this.capabilities = driver.capabilities;
    this.input = (m) => config.mbufs.free(m);
    this.#config = config;
    this.#options = { ...NIC_DEFAULTS, ...config.options };
    this.#card = new CCard(driver.path, config);
    const rings = { pump: () => this.#pump(), framesRead: () => this.#read };
    this.sa = new CSas(config.index, driver.saCount, this.#card, rings);
  }

  get txOutstanding(): number {
    return this.#queue.length + this.#outstanding;
  }

  /** The driver's own buffers: no mbuf is in the card's hands. */
  get rxOutstanding(): number {
    return 0;
  }

  #count(name: string): void {
    const { counters } = this.#config;
    counters.n[counters.indexOf(`nic.${name}`)]!++;
  }

  attach(): void {
    this.#card.attach();
    this.#read = 0;
    this.#isAttached = true;
    this.sa.up = true;
    this.flags |= IFF_UP;
  }

  detach(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.flags &= ~IFF_UP;
    try {
      this.#card.detach();
    } finally {
      for (; this.#outstanding > 0; this.#outstanding--) this.#count('txDiscarded');
      for (const { m } of this.#queue.splice(0)) this.#drop(m, 'txDiscarded', 0);
      this.sa.forgetAll();
    }
  }

  transmit(m: Mbuf): number {
    const { mbufs, carrier } = this.#config;
    const { log2Tx, maxFrameBytes } = this.#options;
    const lenBytes = mbufs.len[m]!;
    if (!this.#isAttached || (this.flags & IFF_UP) === 0) return this.#drop(m, 'txDown', ENETDOWN);
    if (this.txOutstanding >= 1 << log2Tx) return this.#drop(m, 'txRingFull', ENOBUFS);
    if (lenBytes > maxFrameBytes) return this.#drop(m, 'txTooBig', EMSGSIZE);
    if (lenBytes < ETHER_HDR_LEN) return this.#drop(m, 'txTooShort', EINVAL);
    const r = carrier.take(m);
    const errno = r === NO_REQUEST ? this.#plain(m) : this.#offload(m, r, lenBytes);
    if (errno === 0) this.#fill();
    return errno;
  }

  #plain(m: Mbuf): number {
    this.#queue.push({ m, cardSa: NO_SA, esp: 0, esnHi: 0 });
    return 0;
  }

  /** Under a request: sealed by the card when that is meant, else by software; never in clear. */
  #offload(m: Mbuf, r: number, lenBytes: number): number {
    const { mbufs, carrier, finishInSoftware } = this.#config;
    const { words } = carrier;
    const link = etherHeaderLen(mbufs.view, mbufs.off[m]!);
    const esp = link + (words[r + REQ_ESP]! & 0xffff);
    const cardSa = words[r + REQ_CARD_SA]! | 0;
    if (!this.#fits(words, r, cardSa) || lenBytes < esp + ESP_MIN_BYTES) {
      const errno = finishInSoftware(m, link);
      if (errno !== 0) return this.#drop(m, 'txOffloadMisfit', errno);
      this.#count('txFinishedInSoftware');
      return this.#plain(m);
    }
    const esnHi = words[r + REQ_ESN_HI]!;
    carrier.done(m, r);
    this.sa.out.at[cardSa]!.until++;
    this.#count('txOffloaded');
    this.#queue.push({ m, cardSa, esp, esnHi });
    return 0;
  }

  /** Is the request for this card, and its SA still the one that was meant? */
  #fits(words: Uint32Array, r: number, cardSa: number): boolean {
    const entry = this.sa.out.at[cardSa] ?? null;
    return (
      entry !== null &&
      !entry.isGoing &&
      entry.sa.saHandle === (words[r + REQ_SA_HANDLE]! | 0) &&
      entry.sa.generation === words[r + REQ_GENERATION] &&
      (words[r + REQ_IF_INDEX]! | 0) === this.index
    );
  }

  #drop(m: Mbuf, why: string, errno: number): number {
    this.#count(why);
    this.#config.mbufs.free(m);
    return errno;
  }

  /** To the driver, which copies them, what waits for room. */
  #fill(): void {
    const { mbufs } = this.#config;
    while (this.#queue.length > 0) {
      const { m, cardSa, esp, esnHi } = this.#queue[0]!;
      const flags = cardSa === NO_SA ? 0 : TWD_SEAL;
      const [off, len] = [mbufs.off[m]!, mbufs.len[m]!];
      if (!this.#card.transmit(off, len, flags, Math.max(0, cardSa), esp, esnHi)) return;
      this.#queue.shift();
      this.#outstanding++;
      mbufs.free(m);
    }
  }

  flush(): void {
    if (this.#isAttached) this.#card.flush();
  }

  #pump(): number {
    const sent = this.#reap();
    this.#fill();
    this.flush();
    return sent;
  }

  poll(budget = Number.POSITIVE_INFINITY): number {
    if (!this.#isAttached) return 0;
    const received = this.#receive(budget);
    // What input() called may have taken the card down.
    return this.#isAttached ? received + this.#pump() : received;
  }

  intr(budget?: number): number {
    return this.poll(budget);
  }

  #reap(): number {
    const { frame } = this.#card;
    const stats = this.#stats;
    let n = 0;
    for (; this.#card.sent(); n++) {
      const isSealed = frame.flags === TWD_SEAL;
      this.#outstanding--;
      this.#sent++;
      this.#completed(0, frame, isSealed);
      if (frame.status === TWD_OK) stats.txFrames++;
      else {
        stats.txDrop++;
        if (frame.status !== TWD_SA_GONE) stats.dmaErrors++;
        this.#count(frame.status === TWD_SA_GONE ? 'txNoSa' : 'txDmaErr');
      }
      if (!isSealed) continue;
      if (frame.status === TWD_OK) {
        stats.txIpsec++;
        const entry = this.sa.out.at[frame.cardSa]!;
        entry.packets++;
        entry.bytes += frame.lenBytes;
      }
      this.sa.txDone(frame.cardSa);
    }
    return n;
  }

  #completed(ring: 0 | 1, { lenBytes, status, cardSa }: CFrame, hasSa: boolean): void {
    const codes = {
      [TWD_OK]: R.CODE_OK,
      [TWD_ICV_BAD]: R.CODE_AUTH_FAIL,
      [TWD_SA_GONE]: R.CODE_NO_SA,
    };
    const code = codes[status as keyof typeof codes] ?? R.CODE_DMA_ERR;
    this.onCompletion?.(ring, lenBytes, code, hasSa ? cardSa : R.NO_SA_IDX);
  }

  #receive(budget: number): number {
    const { mbufs } = this.#config;
    let n = 0;
    for (; n < budget && this.#isAttached && this.#card.received(); n++) {
      // Without an mbuf for it the frame stays where it is, and the card runs out of room.
      const m = mbufs.alloc();
      if (m === NO_MBUF) {
        this.#count('rxNoMbuf');
        break;
      }
      const { frame } = this.#card;
      this.#completed(1, frame, (frame.flags & TWD_OPENED) !== 0);
      const why = this.#take(m, frame);
      this.#card.release();
      this.#read++;
      if (why === '') this.input(m);
      else this.#drop(m, why, 0);
    }
    return n;
  }

  /** Copies a frame into m, with a report when it was opened; why it goes no further, or ''. */
  #take(m: Mbuf, frame: CFrame): string {
    const { mbufs } = this.#config;
    const stats = this.#stats;
    if (frame.status === TWD_ICV_BAD) {
      stats.rxIcvBad++;
      const entry = this.sa.in.at[frame.cardSa];
      if (entry && !entry.isGoing) entry.authFailed++;
      return 'rxAuthFail';
    }
    if (frame.status !== TWD_OK) {
      stats.dmaErrors++;
      return 'rxDmaErr';
    }
    stats.rxFrames++;
    if ((frame.flags & TWD_ESP_NO_SA) !== 0) stats.rxNoSa++;
    if (frame.lenBytes < ETHER_HDR_LEN) return 'rxErr';
    if (!mbufs.append(m, frame.lenBytes)) return 'rxTooBig';
    mbufs.data.copyWithin(mbufs.off[m]!, frame.offset, frame.offset + frame.lenBytes);
    mbufs.rcvIf[m] = this.index;
    return (frame.flags & TWD_OPENED) === 0 ? '' : this.#tag(m, frame);
  }

  /** Plaintext now: without its report, or under another SA than the one meant, it goes no further. */
  #tag(m: Mbuf, { cardSa, espOffset, esnHi, lenBytes }: CFrame): string {
    const { mbufs, carrier } = this.#config;
    const { view } = mbufs;
    this.#stats.rxIpsecOk++;
    const entry = this.sa.in.at[cardSa];
    const off = mbufs.off[m]!;
    if (!entry || entry.isGoing || entry.sa.spi !== view.getUint32(off + espOffset))
      return 'rxSaGone';
    const link = etherHeaderLen(view, off);
    const isV6 = entry.sa.family === 6;
    const ipLenBytes = view.getUint16(off + link + (isV6 ? 4 : 2)) + (isV6 ? 40 : 0);
    const padLen = mbufs.data[off + link + ipLenBytes - ICV_BYTES - ESP_TRAILER_BYTES]!;
    const r = this.#report;
    r[REQ_SPI] = entry.sa.spi;
    r[REQ_PROTO] = IPPROTO_ESP | (entry.sa.family << 8);
    r[REQ_SA_HANDLE] = entry.sa.saHandle;
    r[REQ_GENERATION] = entry.sa.generation;
    r[REQ_IF_INDEX] = this.index;
    r[REQ_ESP] = (espOffset - link) | ((padLen + ESP_TRAILER_BYTES + ICV_BYTES) << 16);
    r[REQ_ESN_HI] = esnHi;
    r[REQ_CARD_SA] = cardSa;
    r.set(entry.dst, REQ_DST);
    if (carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, r) !== 0) return 'rxNoTag';
    entry.packets++;
    entry.bytes += lenBytes;
    this.#count('rxOffloaded');
    return '';
  }

  stalled(nowCycles: number, limitCycles: number): boolean {
    if (this.txOutstanding === 0 || this.#sent !== this.#movedSent) {
      this.#movedSent = this.#sent;
      this.#movedCycle = nowCycles;
      return false;
    }
    return nowCycles - this.#movedCycle >= limitCycles;
  }

  stats(): Record<string, number> {
    return { ...this.#stats, rxOverflow: this.#isAttached ? this.#card.overflows() : 0 };
  }
}
