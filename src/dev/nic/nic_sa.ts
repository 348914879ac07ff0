// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_ESP } from '../../header/ip.ts';
import { EEXIST, ENOSPC, ENXIO, EOPNOTSUPP } from '../../kern/errno.ts';
import type { MbufPool } from '../../kern/mbuf.ts';
import { P_HALF_IN, P_HALF_OUT, type Preempt } from '../../kern/preempt.ts';
import type { TurnRules } from '../../kern/turn_rule.ts';
import { SA_CHECKED, SLOT_RESTS } from '../../kern/turn_rules.ts';
import {
  type OffloadSa,
  type SaCounters,
  type SaInstalled,
  type SaOffload,
  type SaState,
  SEEN_WORDS,
} from '../../netipsec/pact.ts';
import { BusError, type NicBus } from './nic_bus.ts';
import {
  CAPS_PACKET,
  ICV_BYTES,
  MATCH_BUCKETS,
  MATCH_IDX,
  MATCH_SA,
  MATCH_V6,
  MATCH_WAYS,
  matchBucket0,
  matchBucket1,
  NATT_PORT_DEFAULT,
  REG_CAPS,
  REG_NATT_PORT,
  REG_STATUS,
  SA_BYTES_HI,
  SA_BYTES_LO,
  SA_CLEAR,
  SA_COUNT,
  SA_CTRL,
  SA_DST,
  SA_DST1,
  SA_ERRORS,
  SA_ESN,
  SA_GMAC,
  SA_IDX,
  SA_KEY0,
  SA_KEY256,
  SA_PACKET,
  SA_PACKET_WINDOW_MAX,
  SA_PACKETS_HI,
  SA_PACKETS_LO,
  SA_READ,
  SA_REPLAYS,
  SA_RX,
  SA_SALT,
  SA_SEEN0,
  SA_SEQ_HI,
  SA_SEQ_LO,
  SA_SPI,
  SA_TX,
  SA_VALID,
  SA_WINDOW,
  SA_WINDOW_MAX,
  SA_WRITE,
  STATUS_RX_BUSY,
} from './nic_regs.ts';
import { SaSlots, SLOT_GOING, SLOT_LIVE } from './nic_sa_slots.ts';

/** What removal of an SA needs of the rings. */
export interface SaDrain {
  /** Shows all descriptors to the card and takes back those it is done with: how many. */
  reapTx(): number;
  /**
   * Of the queue that the frames of an SPI go to: completions read since attach, and those that lie in
   * host memory unread.
   */
  rxRead(spi: number): number;
  rxPending(spi: number): number;
}

/** RFC 4543. */
const GMAC = 'aes-gmac';
/** Register reads without progress after which a drain is given up; each runs the clock a little. */
const DRAIN_READS = 2000;

/** The card's SA tables: 1024 entries each way, and the match table in front of the receive side. */
export class NicSa implements SaOffload {
  readonly ifIndex: number;
  readonly out: SaSlots = new SaSlots();
  readonly in: SaSlots = new SaSlots();
  /** Descriptors that name a transmit SA and are not completed. */
  readonly outstanding: Uint16Array = new Uint16Array(SA_COUNT);
  /** Set while the interface is attached. */
  up = false;

  readonly #bus: NicBus;
  readonly #drain: SaDrain;
  readonly #rules: TurnRules;
  readonly #preempt: Preempt;
  /** SA of each match slot, -1 = free. */
  readonly #match: Int16Array = new Int16Array(MATCH_BUCKETS * MATCH_WAYS).fill(-1);
  #nattPort = NATT_PORT_DEFAULT;
  /** Receive slots on their way out: free again when rxRead() has reached `until`. */
  #going: { slot: number; until: number }[] = [];

  constructor(ifIndex: number, bus: NicBus, drain: SaDrain, { rules, preempt }: MbufPool) {
    this.#rules = rules;
    this.#preempt = preempt;
    this.ifIndex = ifIndex;
    this.#bus = bus;
    this.#drain = drain;
  }

  saInstall(sa: OffloadSa): SaInstalled {
    if (!this.up) return refuse(ENXIO, 'the interface is not attached');
    const why = this.#rules.on[SA_CHECKED] === 1 ? unsupported(sa) : null;
    if (why !== null) return refuse(EOPNOTSUPP, why);
    if (sa.mode === 'packet' && (this.#bus.readReg(REG_CAPS) & CAPS_PACKET) === 0)
      return refuse(
        EOPNOTSUPP,
        'the card does crypto only: headers, numbers and window are the host’s',
      );
    return sa.direction === 'out' ? this.#installOut(sa) : this.#installIn(sa);
  }

  #installOut(sa: OffloadSa): SaInstalled {
    const i = this.out.take(sa);
    if (i < 0) return refuse(ENOSPC, `all ${SA_COUNT} outbound SAs of the card are in use`);
    this.#writeEntry(SA_TX, sa);
    if (sa.mode === 'packet') {
      this.#bus.writeReg(SA_TX + SA_SPI, sa.spi);
      this.#writeSeq(SA_TX, sa.sentSeq);
    }
    this.#bus.writeReg(SA_TX + SA_IDX, (i | SA_WRITE) >>> 0);
    return { ok: true, cardSa: i };
  }

  /** SA first, match entry last: a packet never meets half an SA. */
  #installIn(sa: OffloadSa): SaInstalled {
    if (this.in.find(sa) >= 0) return refuse(EEXIST, `SPI ${sa.spi} is in the card already`);
    this.#releaseGone();
    if (this.in.freeCount === 0)
      return refuse(ENOSPC, `all ${SA_COUNT} inbound SAs of the card are in use`);
    const otherPort = sa.udpPort === 0 ? 0 : this.in.otherUdpPort(sa.udpPort);
    if (otherPort !== 0)
      return refuse(EOPNOTSUPP, `the card looks for ESP in UDP at port ${otherPort} alone`);
    const match = this.#freeMatch(sa.spi);
    if (match < 0) return refuse(ENOSPC, `both match buckets of SPI ${sa.spi} are full`);
    const i = this.in.take(sa);
    const bus = this.#bus;
    if (sa.udpPort !== 0 && sa.udpPort !== this.#nattPort) {
      this.#nattPort = sa.udpPort;
      bus.writeReg(REG_NATT_PORT, sa.udpPort);
    }
    this.#writeEntry(SA_RX, sa);
    if (sa.esn || sa.mode === 'packet') this.#writeReceived(sa);
    bus.writeReg(SA_RX + SA_IDX, (i | SA_WRITE) >>> 0);
    if (this.#preempt.hook !== null) this.#preempt.hook(P_HALF_IN);
    bus.writeReg(SA_RX + SA_SPI, sa.spi);
    bus.writeReg(SA_RX + SA_DST, this.in.dst[4 * i]!);
    if (sa.family === 6)
      for (let w = 1; w < 4; w++)
        bus.writeReg(SA_RX + SA_DST1 + 4 * (w - 1), this.in.dst[4 * i + w]!);
    bus.writeReg(SA_RX + MATCH_SA, sa.family === 6 ? (i | MATCH_V6) >>> 0 : i);
    bus.writeReg(SA_RX + MATCH_IDX, (match | SA_WRITE) >>> 0);
    this.#match[match] = i;
    this.in.match[i] = match;
    return { ok: true, cardSa: i };
  }

  /** Data registers of a window. The commit that follows zeroes key and salt again. */
  #writeEntry(window: number, sa: OffloadSa): void {
    const is256 = sa.key.length === 32;
    const gmac = sa.alg === GMAC ? SA_GMAC : 0;
    const packet = sa.mode === 'packet' ? SA_PACKET : 0;
    const flags = SA_VALID | (is256 ? SA_KEY256 : 0) | (sa.esn ? SA_ESN : 0) | gmac | packet;
    this.#bus.writeReg(window + SA_CTRL, flags);
    this.#bus.writeReg(window + SA_SALT, word(sa.salt, 0));
    for (let at = 0; at < sa.key.length; at += 4)
      this.#bus.writeReg(window + SA_KEY0 + at, word(sa.key, at));
  }

  /** Where the card begins to guess high halves (RFC 4303 §A2), and its window: it goes on by itself. */
  #writeReceived(sa: OffloadSa): void {
    const bus = this.#bus;
    bus.writeReg(SA_RX + SA_WINDOW, Math.min(sa.replayPackets, SA_WINDOW_MAX));
    this.#writeSeq(SA_RX, sa.receivedSeq);
    if (sa.mode !== 'packet') return;
    for (let w = 0; w < SEEN_WORDS; w++) bus.writeReg(SA_RX + SA_SEEN0 + 4 * w, sa.seen[w]!);
  }

  #writeSeq(window: number, seq: number): void {
    this.#bus.writeReg(window + SA_SEQ_LO, seq >>> 0);
    this.#bus.writeReg(window + SA_SEQ_HI, Math.floor(seq / 0x1_0000_0000));
  }

  /** A free way in the emptier of the SPI's two buckets, or -1. */
  #freeMatch(spi: number): number {
    const a = this.#freeWay(matchBucket0(spi));
    const b = this.#freeWay(matchBucket1(spi));
    return (a & 7) >= (b & 7) ? a >> 3 : b >> 3;
  }

  /** Some free slot of a bucket << 3, plus how many are free; -8 (slot -1, none free) when full. */
  #freeWay(bucket: number): number {
    let slot = -1;
    let free = 0;
    for (let s = bucket * MATCH_WAYS + MATCH_WAYS - 1; s >= bucket * MATCH_WAYS; s--) {
      if (this.#match[s] !== -1) continue;
      slot = s;
      free++;
    }
    return slot * 8 + free;
  }

  saRemove(direction: 'in' | 'out', cardSa: number): SaState | null {
    // A card that was stopped was reset: it holds no SA.
    if (!this.up) return null;
    const slots = direction === 'out' ? this.out : this.in;
    if (slots.state[cardSa] !== SLOT_LIVE)
      throw new RangeError(`"cardSa" ${cardSa} (${direction}) is not installed`);
    slots.state[cardSa] = SLOT_GOING;
    return direction === 'out' ? this.#removeOut(cardSa) : this.#removeIn(cardSa);
  }

  /**
   * Waits until no descriptor names the SA, then clears it. When the card gets stuck the SA is cleared
   * all the same (its frames then end in an error, never in clear), the slot is not used again
   * before its last descriptor comes back, and a BusError says so.
   */
  #removeOut(i: number): SaState | null {
    for (let idle = 0; idle < DRAIN_READS; idle++) {
      if (this.#drain.reapTx() > 0) idle = 0;
      if (this.outstanding[i] === 0) break;
      this.#bus.readReg(REG_STATUS);
    }
    // RFC 4106 §3.1: a number that may still be given cannot be handed back.
    const isQuiet = this.outstanding[i] === 0 && this.out.packet[i] === 1;
    const state = isQuiet ? this.#readState(SA_TX, i) : null;
    this.#bus.writeReg(SA_TX + SA_IDX, (i | SA_CLEAR) >>> 0);
    if (this.outstanding[i] === 0) {
      this.out.release(i);
      return state;
    }
    const n = this.outstanding[i];
    throw new BusError('timeout', `SA ${i}: ${n} descriptors do not come back from the card`, 0);
  }

  /**
   * Match entry first, then the SA. Frames that the card has matched before may still come: what
   * they complete is dropped, and the slot rests until the last of them was read. Under packet offload
   * they may still move the window: it is read when the receive side is empty, or it is lost.
   */
  #removeIn(i: number): SaState | null {
    const match = this.in.match[i]!;
    this.#bus.writeReg(SA_RX + MATCH_IDX, (match | SA_CLEAR) >>> 0);
    if (this.#preempt.hook !== null) this.#preempt.hook(P_HALF_OUT);
    const state = this.in.packet[i] === 1 ? this.#readQuiet(i) : null;
    this.#bus.writeReg(SA_RX + SA_IDX, (i | SA_CLEAR) >>> 0);
    this.#match[match] = -1;
    this.in.match[i] = -1;
    if (this.#rules.on[SLOT_RESTS] === 0) {
      this.in.release(i);
      return state;
    }
    this.#going.push({ slot: i, until: Number.POSITIVE_INFINITY });
    for (let n = 0; n < DRAIN_READS && !this.#noteQuiet(); n++);
    this.#releaseGone();
    return state;
  }

  /** The window of a receive SA that is matched no more; null: frames are still in the card. */
  #readQuiet(i: number): SaState | null {
    for (let n = 0; n < DRAIN_READS; n++)
      if ((this.#bus.readReg(REG_STATUS) & STATUS_RX_BUSY) === 0) return this.#readState(SA_RX, i);
    return null;
  }

  /** Where the card's numbers of an SA are; null: it does not say. */
  #readState(window: number, i: number): SaState | null {
    try {
      return this.#stateOf(window, i);
    } catch (e) {
      if (!(e instanceof BusError)) throw e;
      return null;
    }
  }

  #stateOf(window: number, i: number): SaState {
    this.#ask(window, i);
    const bus = this.#bus;
    const lo = bus.readReg(window + SA_SEQ_LO);
    const seq = lo + bus.readReg(window + SA_SEQ_HI) * 0x1_0000_0000;
    const seen = new Uint32Array(SEEN_WORDS);
    if (window === SA_RX)
      for (let w = 0; w < SEEN_WORDS; w++) seen[w] = bus.readReg(window + SA_SEEN0 + 4 * w);
    return { seq, seen };
  }

  /** Takes an SA's state into the registers of its window. Runs the clock until the card answers. */
  #ask(window: number, i: number): void {
    const bus = this.#bus;
    bus.writeReg(window + SA_IDX, (i | SA_READ) >>> 0);
    for (let n = 0; bus.readReg(window + SA_IDX) !== 0; n++)
      if (n === DRAIN_READS) throw new BusError('timeout', `SA ${i}: the card is busy`, 0);
  }

  /** When the receive side is empty, all that it will ever complete under a gone SA is in memory. */
  #noteQuiet(): boolean {
    if ((this.#bus.readReg(REG_STATUS) & STATUS_RX_BUSY) !== 0) return false;
    for (const g of this.#going) {
      const spi = this.in.spi[g.slot]!;
      g.until = Math.min(g.until, this.#drain.rxRead(spi) + this.#drain.rxPending(spi));
    }
    return true;
  }

  #releaseGone(): void {
    if (this.#going.length === 0) return;
    if (this.#going.some((g) => g.until === Number.POSITIVE_INFINITY)) this.#noteQuiet();
    const isOver = (g: { slot: number; until: number }): boolean =>
      g.until <= this.#drain.rxRead(this.in.spi[g.slot]!);
    for (const g of this.#going) if (isOver(g)) this.in.release(g.slot);
    this.#going = this.#going.filter((g) => !isOver(g));
  }

  /** Transmit side: a descriptor that names SA i came back. */
  txDone(i: number): void {
    const left = this.outstanding[i]! - 1;
    this.outstanding[i] = left;
    if (left === 0 && this.out.state[i] === SLOT_GOING) this.out.release(i);
  }

  /**
   * What the card itself has counted for an SA, all of one moment; its own name for it as saInstall()
   * gave it. Runs the clock until the card answers. Throws BusError.
   */
  cardCounters(direction: 'in' | 'out', cardSa: number): SaCounters {
    const window = direction === 'out' ? SA_TX : SA_RX;
    const bus = this.#bus;
    this.#ask(window, cardSa);
    const long = (lo: number, hi: number): number =>
      bus.readReg(window + lo) + bus.readReg(window + hi) * 0x1_0000_0000;
    return {
      packets: long(SA_PACKETS_LO, SA_PACKETS_HI),
      bytes: long(SA_BYTES_LO, SA_BYTES_HI),
      authFailed: bus.readReg(window + SA_ERRORS),
      replayed: window === SA_RX ? bus.readReg(window + SA_REPLAYS) : 0,
    };
  }

  saCounters(direction: 'in' | 'out', cardSa: number): SaCounters {
    return (direction === 'out' ? this.out : this.in).counters(cardSa);
  }

  /** The card was reset: it knows no SA any more. */
  forgetAll(): void {
    this.out.releaseAll();
    this.in.releaseAll();
    this.outstanding.fill(0);
    this.#match.fill(-1);
    this.#going = [];
    this.#nattPort = NATT_PORT_DEFAULT;
  }
}

function refuse(errno: number, reason: string): SaInstalled {
  return { ok: false, errno, reason };
}

/** Why the card cannot do an SA, or null. */
function unsupported(sa: OffloadSa): string | null {
  if (sa.proto !== IPPROTO_ESP) return `protocol ${sa.proto} is not ESP`;
  if (sa.alg !== 'aes-gcm-16' && sa.alg !== GMAC) return `the card does not do ${sa.alg}`;
  if (sa.key.length !== 16 && sa.key.length !== 32)
    return `the card does not do keys of ${8 * sa.key.length} bits`;
  if (sa.icvLenBytes !== ICV_BYTES || sa.salt.length !== 4)
    return `the card does not do an ICV of ${sa.icvLenBytes} bytes`;
  if (sa.mode === 'packet' && sa.udpPort !== 0)
    return 'the card does not take ESP in UDP off a host';
  if (sa.mode === 'packet' && sa.direction === 'in' && sa.replayPackets > SA_PACKET_WINDOW_MAX)
    return `the card keeps no replay window of more than ${SA_PACKET_WINDOW_MAX} packets`;
  // RFC 8200 §8.1: over IPv6 UDP needs a checksum. Of what comes in the ICV says more.
  if (sa.udpPort !== 0 && sa.family === 6 && sa.direction === 'out')
    return 'the card makes no checksum of UDP over IPv6';
  return null;
}

/** Four bytes as a little-endian register value. */
function word(b: Uint8Array, at: number): number {
  return (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0;
}
