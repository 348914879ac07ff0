// SPDX-License-Identifier: BSD-2-Clause
import { TAP_INJECTED, type TapFrame } from '../tap.ts';
import { AhWatch } from './ah_watch.ts';
import { EspOpener } from './esp_open.ts';
import { InnerCheck, NOT_TRAFFIC } from './inner_check.ts';
import { AGAIN, FULL, NonceLedger, REUSED } from './nonce_ledger.ts';
import {
  type Address,
  addressText,
  be16,
  be32,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_VLAN,
  type IpView,
  isNeighborDiscovery,
  newIpView,
  PROTO_AH,
  PROTO_ESP,
  PROTO_IPIP,
  PROTO_IPV6,
  PROTO_NONE,
  PROTO_UDP,
  readIpv4,
  readIpv6,
} from './packet.ts';
import { Reassembly } from './reassembly.ts';
import type { Traffic } from './traffic.ts';
import { UdpEncap } from './udp_encap.ts';
import { type Violation, ViolationLog } from './violation.ts';
import { newWireFigures, type WireFigures } from './wire_figures.ts';
import {
  matchPolicy,
  PORT_UNKNOWN,
  type PolicyRow,
  policyRow,
  type WirePolicy,
} from './wire_policy.ts';
import type { WireSa } from './wire_sa.ts';

export interface WireOracleConfig {
  readonly policies: readonly WirePolicy[];
  readonly sas: readonly WireSa[];
  readonly traffic?: Traffic;
}

const UDP_HDR_BYTES = 8;
const DEPTH_MAX = 4;
const FRAGMENTS_REMEMBERED = 256;

interface WatchedSa {
  readonly opener: EspOpener;
  readonly sequences: NonceLedger;
  /** null: its IVs are no nonces (CBC). */
  readonly ivs: NonceLedger | null;
}

function espName(b: Buffer, at: number): string {
  return `ESP 0x${be32(b, at).toString(16)} seq ${be32(b, at + 4)}`;
}

/**
 * Watches the wire: every frame that a card sent is parsed against policy; what is protected must be
 * ESP, open with a good ICV and carry what the scenario sent; what was sent never crosses in clear;
 * no sequence number of an SA and no IV of a key encrypts twice. Frames that policy bypasses pass.
 * Memory: about 1.5 MiB, and what NonceLedger says for each SA and key.
 */
export class WireOracle {
  readonly figures: WireFigures = newWireFigures();
  /** Hosts may drop pieces of a packet under a name: that the rest is seen is no violation. */
  mayLosePieces = false;
  readonly #rows: PolicyRow[];
  readonly #marker: Buffer | undefined;
  readonly #bySpi = new Map<number, WatchedSa[]>();
  /** By key and salt: two SAs with one key share it. */
  readonly #ivs = new Map<string, NonceLedger>();
  readonly #encap = new UdpEncap();
  readonly #inner: InnerCheck;
  readonly #log = new ViolationLog();
  readonly #outerFragments = new Reassembly();
  readonly #innerFragments = new Reassembly();
  /** First fragments in clear, by source, destination and id: did policy bypass them? */
  readonly #bypassedFragments = new Map<string, boolean>();
  readonly #outer = newIpView();
  readonly #views: IpView[] = [];
  #tap: Uint8Array | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  #frame = 0;
  #cycle = 0;
  readonly #ahs = new AhWatch();
  #finished = false;
  #hasOpenSas = false;

  constructor(config: WireOracleConfig) {
    this.#rows = config.policies.map(policyRow);
    const protects = this.#rows.some((row) => row.protect);
    if (protects && config.traffic !== undefined) {
      this.#marker = Buffer.from(config.traffic.payloads.marker);
    }
    this.#inner = new InnerCheck(config.traffic);
    for (const sa of config.sas) this.addSa(sa);
    for (let depth = 0; depth <= DEPTH_MAX; depth++) this.#views.push(newIpView());
  }

  /** The first violations, whole; `violationCount` counts all. */
  get violations(): readonly Violation[] {
    return this.#log.kept;
  }

  get violationCount(): number {
    return this.#log.count;
  }

  /** An SA made later, as a rekey does. Throws RangeError for an algorithm it cannot open. */
  addSa(sa: WireSa): void {
    if (sa.proto === PROTO_AH) {
      this.#ahs.add(sa);
      return;
    }
    const opener = new EspOpener(sa);
    let ivs: NonceLedger | null = null;
    if (opener.counterMode) {
      ivs = this.#ivs.get(opener.keyName) ?? new NonceLedger();
      this.#ivs.set(opener.keyName, ivs);
    }
    if (!opener.encrypts) this.#hasOpenSas = true;
    if (sa.udpPort !== undefined) this.#encap.add(opener.dst, sa.udpPort);
    const others = (this.#bySpi.get(sa.spi) ?? []).filter((w) => w.opener.dst !== opener.dst);
    this.#bySpi.set(sa.spi, [{ opener, sequences: new NonceLedger(), ivs }, ...others]);
  }

  /** One frame of the tap. */
  frame(f: TapFrame): void {
    this.figures.frames++;
    this.#frame = f.number;
    this.#cycle = f.cycle;
    if ((f.flags & TAP_INJECTED) !== 0) {
      this.figures.injected++;
      return;
    }
    if (f.bytes !== this.#tap) {
      this.#tap = f.bytes;
      this.#buffer = Buffer.from(f.bytes.buffer, f.bytes.byteOffset, f.bytes.byteLength);
    }
    this.#sent(this.#buffer.subarray(f.offset, f.offset + f.lenBytes));
    this.figures.compared = this.#inner.compared;
  }

  /** The run is over: what is still in pieces was never seen whole. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    const pieces = this.#outerFragments.pending + this.#innerFragments.pending;
    const abandoned = this.#outerFragments.abandoned + this.#innerFragments.abandoned;
    if (pieces + abandoned > 0 && !this.mayLosePieces) {
      this.#trip('fragments', `${pieces + abandoned} fragmented packets never became whole`);
    }
  }

  #sent(b: Buffer): void {
    const marked = this.#marker !== undefined && b.indexOf(this.#marker) >= 0;
    let at = 12;
    while (at + 4 < b.length && be16(b, at) === ETHERTYPE_VLAN) at += 4;
    const type = b.length < at + 2 ? 0 : be16(b, at);
    if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) {
      if (marked) this.#leak('a payload marker in a frame that is not IP');
      return;
    }
    const v = this.#outer;
    const read = type === ETHERTYPE_IPV4 ? readIpv4 : readIpv6;
    const wrong = read(b, at + 2, b.length, v);
    if (wrong !== '') {
      this.#trip('parse', wrong);
      if (marked) this.#leak('a payload marker in a broken IP packet');
    } else if (v.proto === PROTO_ESP) {
      if (marked && !this.#isOpen(b, v)) this.#leak('a payload marker inside an ESP packet');
      this.#outerEsp(b, v, 0);
    } else if (this.#encap.isEsp(b, v)) {
      if (marked) this.#leak('a payload marker inside an ESP packet in UDP');
      this.#outerEsp(b, v, UDP_HDR_BYTES);
    } else if (this.#encap.isKeepalive(b, v)) {
      return;
    } else if (v.proto === PROTO_AH) {
      this.#ah(b, v);
    } else if (!this.#bypassed(b, v)) {
      const isFirst = v.proto === PROTO_UDP && v.fragmentOffsetBytes === 0;
      const index = isFirst ? this.#inner.indexOf(b, v.payload, v.end, v.src) : NOT_TRAFFIC;
      const what = `${addressText(v.src)} > ${addressText(v.dst)} protocol ${v.proto} in clear`;
      this.#leak(what, index);
    } else if (marked && v.proto !== PROTO_UDP) {
      this.#leak(`a payload marker under protocol ${v.proto}`);
    }
  }

  /** AH hides nothing: what is behind it is plaintext, or ESP. */
  #ah(frame: Buffer, outer: IpView): void {
    let b: Buffer | undefined = frame;
    let v = outer;
    if (v.moreFragments || v.fragmentOffsetBytes !== 0) {
      b = this.#outerFragments.add(frame, v);
      v = this.#outerFragments.view;
    }
    if (b === undefined) return;
    const { inner } = this.#ahs;
    let wrong = this.#ahs.open(b, v);
    if (wrong === '') {
      if (inner.proto !== PROTO_ESP && this.#match(b, inner)?.esp === true) {
        this.#leak(`${addressText(inner.src)} > ${addressText(inner.dst)} under AH alone`);
      }
      wrong = this.#carried(b, inner, this.#ahs.isTunnel ? v : undefined, 0);
    }
    if (wrong !== '') this.#tripped(wrong, '');
  }

  /** ESP of an SA that authenticates alone: policy wants no more. */
  #isOpen(b: Buffer, v: IpView): boolean {
    if (!this.#hasOpenSas || v.end - v.payload < 8) return false;
    if (v.fragmentOffsetBytes > 0) return true; // where its SPI is, was looked at
    return this.#watched(be32(b, v.payload), v.dst)?.opener.encrypts === false;
  }

  /** ESP is skipBytes behind the IP header. */
  #outerEsp(b: Buffer, v: IpView, skipBytes: number): void {
    if (!v.moreFragments && v.fragmentOffsetBytes === 0) {
      this.#wholeEsp(b, v.payload, v.end, v, skipBytes);
      return;
    }
    const whole = this.#outerFragments.add(b, v);
    if (whole === undefined) return;
    this.#wholeEsp(whole, 0, whole.length, this.#outerFragments.view, skipBytes);
  }

  #wholeEsp(b: Buffer, at: number, end: number, v: IpView, skipBytes: number): void {
    if (skipBytes > 0 && !this.#encap.isSummed(b, at, end, v)) {
      this.#trip('checksum', 'ESP in UDP without a right checksum');
    }
    this.#esp(b, at + skipBytes, end, v, 0);
  }

  /** One whole ESP packet, b[at, end), carried by v; `tunnel` is the outer packet of a tunnel round v. */
  #esp(b: Buffer, at: number, end: number, v: IpView, depth: number, tunnel?: IpView): void {
    this.figures.esp++;
    if (end - at < 8) {
      this.#trip('parse', `${end - at} bytes where an ESP header was expected`);
      return;
    }
    const watched = this.#watched(be32(b, at), v.dst);
    if (watched === undefined) {
      this.#trip('sa', `${espName(b, at)} to ${addressText(v.dst)}: no such SA`);
      return;
    }
    const { opener } = watched;
    if (end - at < 8 + opener.ivBytes + 2 + opener.icvBytes) {
      this.#trip('parse', `${espName(b, at)}: ${end - at} bytes are too short`);
      return;
    }
    const text = opener.open(b, at, end);
    if (text === undefined) {
      this.#trip('icv', `${espName(b, at)}: ICV is wrong`);
      return;
    }
    this.figures.decrypted++;
    const repeated = this.#numbers(b, at, end, watched);
    const wrong = this.#text(text, v, opener, depth, tunnel);
    const index = this.#inner.index;
    if (repeated !== '') this.#trip('nonce', repeated, index);
    if (wrong !== '') this.#tripped(wrong, `${espName(b, at)}: `);
  }

  /** 'check:what is wrong' with what was carried. */
  #tripped(wrong: string, where: string): void {
    const colon = wrong.indexOf(':');
    const check = wrong.slice(0, colon);
    if (check === 'payload' || check === 'checksum') this.figures.mismatches++;
    this.#trip(check, where + wrong.slice(colon + 1), this.#inner.index);
  }

  #watched(spi: number, dst: Address): WatchedSa | undefined {
    const sharers = this.#bySpi.get(spi);
    if (sharers === undefined) return undefined;
    for (const watched of sharers) if (watched.opener.dst === dst) return watched;
    return undefined;
  }

  /** The ledgers: '' or what was used twice. */
  #numbers(b: Buffer, at: number, end: number, watched: WatchedSa): string {
    const print = be32(b, end - 4);
    const { opener, sequences, ivs } = watched;
    const seq = sequences.note(opener.seqHi, be32(b, at + 4), print);
    const iv = ivs === null ? seq : ivs.note(be32(b, at + 8), be32(b, at + 12), print);
    if (seq === FULL || iv === FULL) return `${espName(b, at)}: the ledger of numbers is full`;
    if (seq === AGAIN && iv === AGAIN) this.figures.again++;
    if (seq !== REUSED && iv !== REUSED) return '';
    this.figures.duplicates++;
    const what = iv === REUSED ? '(key, IV)' : 'sequence number';
    return `${espName(b, at)}: ${what} encrypted twice`;
  }

  /** ESP's text with its trailer (RFC 4303 §2.4..2.6): '' or 'check:what is wrong'. */
  #text(text: Buffer, outer: IpView, opener: EspOpener, depth: number, tunnel?: IpView): string {
    this.#inner.index = NOT_TRAFFIC;
    const padBytes = text[text.length - 2]!;
    const end = text.length - 2 - padBytes;
    if (end < 0) return `padding:pad length ${padBytes} in a text of ${text.length} bytes`;
    if (text.length % 4 !== 0) return `padding:text of ${text.length} bytes is not in 32-bit words`;
    for (let i = 0; i < padBytes; i++) {
      if (text[end + i] !== i + 1)
        return `padding:byte ${i + 1} of the padding is ${text[end + i]}`;
    }
    const nextHeader = text[text.length - 1]!;
    // RFC 4303 §2.6: a dummy packet, whatever is in it.
    if (nextHeader === PROTO_NONE) return '';
    if (opener.sa.mode === 'transport') {
      const v = Object.assign(this.#views[depth]!, outer);
      v.proto = nextHeader;
      v.payload = 0;
      v.end = end;
      return this.#carried(text, v, tunnel, depth);
    }
    if (nextHeader !== PROTO_IPIP && nextHeader !== PROTO_IPV6) {
      return `next header:${nextHeader} in a tunnel, expected ${PROTO_IPIP} or ${PROTO_IPV6}`;
    }
    const v = this.#views[depth]!;
    const read = nextHeader === PROTO_IPIP ? readIpv4 : readIpv6;
    const wrong = read(text, 0, end, v);
    if (wrong !== '') return `inner:${wrong}`;
    if (v.end !== end && !(opener.sa.tfc === true && v.end < end)) {
      return `inner:total length ${v.end} in ${end} bytes`;
    }
    return this.#carried(text, v, outer, depth);
  }

  /** The packet that ESP carried; `tunnel` is the outer packet of a tunnel. */
  #carried(b: Buffer, v: IpView, tunnel: IpView | undefined, depth: number): string {
    if (v.proto === PROTO_ESP) {
      if (depth === DEPTH_MAX) return 'next header:ESP in ESP, deeper than any policy';
      this.#esp(b, v.payload, v.end, v, depth + 1, tunnel);
      return '';
    }
    const fragment = v.moreFragments || v.fragmentOffsetBytes !== 0;
    const wrong = this.#allowed(b, v, tunnel);
    if (wrong !== '') return wrong;
    if (!fragment) return this.#inner.check(b, v.payload, v.end, v);
    const whole = this.#innerFragments.add(b, v);
    if (whole === undefined) return '';
    return this.#inner.check(whole, 0, whole.length, v);
  }

  /** Does policy want this packet under this transform? */
  #allowed(b: Buffer, v: IpView, tunnel: IpView | undefined): string {
    const row = this.#match(b, v);
    if (row === undefined || !row.protect) {
      return `policy:${addressText(v.src)} > ${addressText(v.dst)} is not to be protected`;
    }
    if (row.tunnel !== (tunnel !== undefined)) {
      return `policy:expected ${row.tunnel ? 'tunnel' : 'transport'} mode`;
    }
    if (tunnel !== undefined && (tunnel.src !== row.tunnelSrc || tunnel.dst !== row.tunnelDst)) {
      return `policy:tunnel ${addressText(tunnel.src)} > ${addressText(tunnel.dst)} is another one`;
    }
    return '';
  }

  /** May this packet go in clear? Later fragments go as their first one did. */
  #bypassed(b: Buffer, v: IpView): boolean {
    if (isNeighborDiscovery(b, v)) return true;
    const fragment = v.moreFragments || v.fragmentOffsetBytes !== 0;
    const key = fragment ? `${v.src} ${v.dst} ${v.id}` : '';
    const known = v.fragmentOffsetBytes === 0 ? undefined : this.#bypassedFragments.get(key);
    if (known !== undefined) return known;
    const row = this.#match(b, v);
    const bypassed = row === undefined || !row.protect;
    if (fragment && v.fragmentOffsetBytes === 0) {
      this.#bypassedFragments.delete(key);
      this.#bypassedFragments.set(key, bypassed);
      if (this.#bypassedFragments.size > FRAGMENTS_REMEMBERED) {
        this.#bypassedFragments.delete(this.#bypassedFragments.keys().next().value!);
      }
    }
    return bypassed;
  }

  #match(b: Buffer, v: IpView): PolicyRow | undefined {
    const ported = v.proto === PROTO_UDP && v.fragmentOffsetBytes === 0 && v.end - v.payload >= 4;
    const srcPort = ported ? be16(b, v.payload) : PORT_UNKNOWN;
    const dstPort = ported ? be16(b, v.payload + 2) : PORT_UNKNOWN;
    return matchPolicy(this.#rows, v.src, v.dst, v.proto, srcPort, dstPort);
  }

  #leak(text: string, packetIndex: number = NOT_TRAFFIC): void {
    this.figures.plaintextLeaks++;
    this.#trip('leak', text, packetIndex);
  }

  #trip(oracle: string, text: string, packetIndex: number = NOT_TRAFFIC): void {
    this.#log.add({ oracle, text, frame: this.#frame, cycle: this.#cycle, packetIndex });
  }
}
