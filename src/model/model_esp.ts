// SPDX-License-Identifier: BSD-2-Clause
import {
  CODE_AUTH_FAIL,
  CODE_BAD_LEN,
  CODE_KEY_ERR,
  CODE_NO_SA,
  CODE_OK,
  ESP_HEADER_BYTES,
  ESP_IV_BYTES,
  ESP_OFFSET_MIN,
  ICV_BYTES,
} from '../dev/nic/nic_regs.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6, etherHeaderLen } from '../header/ether.ts';
import { IPPROTO_ESP, IPPROTO_UDP } from '../header/ip.ts';
import { IP6_HDR_LEN } from '../header/ip6.ts';
import { UDP_DPORT, UDP_HDR_LEN, UDP_LEN } from '../header/udp.ts';
import { gcmOpen, gcmOpenUnchecked, gcmSeal } from './gcm.ts';
import { builtBytes } from './model_packet.ts';
import type { ModelSa } from './model_sa.ts';

/** ESP header and IV: where the cipher text begins, from the ESP header. */
const TEXT_AT = ESP_HEADER_BYTES + ESP_IV_BYTES;

/** Where ESP is in a received frame. */
export interface EspPlace {
  /** Bytes from the frame's start to the ESP header. */
  espOffset: number;
  /** Cipher text, without IV and ICV. */
  textBytes: number;
  spi: number;
  isV6: boolean;
  /** Words of the destination address; IPv4 in the first. */
  readonly dst: Uint32Array;
}

/**
 * Finds ESP in an unfragmented frame whose lengths make sense; else false. IPv4, or IPv6 without
 * extension headers; one VLAN tag or none; ESP itself, or in UDP to nattPort.
 */
export function findEsp(frame: Uint8Array, nattPort: number, place: EspPlace): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < ETHER_HDR_LEN + 24) return false;
  const ip = etherHeaderLen(view, 0);
  const type = view.getUint16(ip - 2);
  const version = frame[ip]! >> 4;
  place.isV6 = type === ETHERTYPE_IPV6 && version === 6;
  if (place.isV6) return findEsp6(frame, view, ip, nattPort, place);
  if (type !== ETHERTYPE_IP || version !== 4) return false;
  const headerBytes = (frame[ip]! & 15) * 4;
  if (headerBytes < 20 || (view.getUint16(ip + 6) & 0x3fff) !== 0) return false;
  place.dst.fill(0);
  place.dst[0] = view.getUint32(ip + 16);
  const totalBytes = view.getUint16(ip + 2);
  return findBehind(frame, view, [ip, headerBytes, totalBytes, frame[ip + 9]!], nattPort, place);
}

function findEsp6(
  frame: Uint8Array,
  view: DataView,
  ip: number,
  nattPort: number,
  place: EspPlace,
): boolean {
  if (frame.length < ip + IP6_HDR_LEN) return false;
  for (let i = 0; i < 4; i++) place.dst[i] = view.getUint32(ip + 24 + 4 * i);
  // The card's adder has 16 bits.
  const totalBytes = (view.getUint16(ip + 4) + IP6_HDR_LEN) & 0xffff;
  const proto = frame[ip + 6]!;
  return findBehind(frame, view, [ip, IP6_HDR_LEN, totalBytes, proto], nattPort, place);
}

/** Behind an IP header at `ip`: ESP, or UDP and ESP. */
function findBehind(
  frame: Uint8Array,
  view: DataView,
  [ip, headerBytes, totalBytes, proto]: readonly [number, number, number, number],
  nattPort: number,
  place: EspPlace,
): boolean {
  if (proto !== IPPROTO_ESP && proto !== IPPROTO_UDP) return false;
  const udp = proto === IPPROTO_UDP ? UDP_HDR_LEN : 0;
  const overhead = headerBytes + udp + TEXT_AT + ICV_BYTES;
  if (ip + totalBytes > frame.length || totalBytes < overhead + 4) return false;
  place.espOffset = ip + headerBytes + udp;
  place.textBytes = totalBytes - overhead;
  place.spi = view.getUint32(place.espOffset);
  if (udp === 0) return true;
  const at = ip + headerBytes;
  // RFC 3948 §2.2: an SPI of 0 marks IKE.
  if (view.getUint16(at + UDP_DPORT) !== nattPort || nattPort === 0 || place.spi === 0)
    return false;
  return view.getUint16(at + UDP_LEN) === totalBytes - headerBytes;
}

/** RFC 4303 §A2.2: the high half of a number, from the highest number seen and the window. */
export function guessHigh(seqLo: number, window: number, topHi: number, topLo: number): number {
  const bottom = (topLo - window + 1) >>> 0;
  if (topLo + 1 >= window) return (seqLo >= bottom ? topHi : topHi + 1) >>> 0;
  return (seqLo >= bottom ? topHi - 1 : topHi) >>> 0;
}

/** What a transmit descriptor asks for. */
export interface TxCrypto {
  espOffset: number;
  esn: boolean;
  esnHi: number;
  /** Packet offload: ESP header and trailer are to be made; what the trailer says. */
  packet: boolean;
  next: number;
}

/** Why the card refuses an offloaded frame of lenBytes in memory, or CODE_OK. */
export function checkTx(
  lenBytes: number,
  maxFrameBytes: number,
  d: TxCrypto,
  sa: ModelSa | null,
): number {
  if (d.espOffset < ESP_OFFSET_MIN) return CODE_BAD_LEN;
  if (d.packet && lenBytes < d.espOffset) return CODE_BAD_LEN;
  const builtLen = d.packet ? builtBytes(lenBytes, d.espOffset) : lenBytes;
  if (builtLen < d.espOffset + TEXT_AT + 4) return CODE_BAD_LEN;
  if ((builtLen - d.espOffset - TEXT_AT) % 4 !== 0) return CODE_BAD_LEN;
  if (builtLen + ICV_BYTES > maxFrameBytes) return CODE_BAD_LEN;
  if (sa?.damaged) return CODE_KEY_ERR;
  const isKnown = sa !== null && sa.esn === d.esn && sa.packet === d.packet;
  return isKnown ? CODE_OK : CODE_NO_SA;
}

/** Encrypts a frame in place; its last 16 bytes become the ICV. RFC 4106 §§3-5, RFC 4543 §3. */
export function sealEsp(frame: Uint8Array, d: TxCrypto, sa: ModelSa): void {
  const esp = d.espOffset;
  const end = frame.length - ICV_BYTES;
  const [aad, text] = parts(frame, esp, end, sa, d.esnHi);
  gcmSeal(sa.key, nonce(frame, esp, sa), aad, text, frame.subarray(end));
}

/** Decrypts a received frame in place: a completion code, CODE_OK when it did. */
export function openEsp(frame: Uint8Array, place: EspPlace, sa: ModelSa, esnHi: number): number {
  const end = place.espOffset + TEXT_AT + place.textBytes;
  const icv = frame.subarray(end, end + ICV_BYTES);
  const [aad, text] = parts(frame, place.espOffset, end, sa, esnHi);
  const good = gcmOpen(sa.key, nonce(frame, place.espOffset, sa), aad, text, icv);
  return good ? CODE_OK : CODE_AUTH_FAIL;
}

/** What a card that only flags a bad ICV writes to memory: the text as it came out. */
export function openUnchecked(frame: Uint8Array, place: EspPlace, sa: ModelSa): void {
  if (sa.gmac) return;
  const at = place.espOffset + TEXT_AT;
  const text = frame.subarray(at, at + place.textBytes);
  gcmOpenUnchecked(sa.key, nonce(frame, place.espOffset, sa), text);
}

/** RFC 4106 §4: salt, then the IV of the packet. */
function nonce(frame: Uint8Array, esp: number, sa: ModelSa): Uint8Array {
  const n = new Uint8Array(12);
  n.set(sa.salt);
  n.set(frame.subarray(esp + ESP_HEADER_BYTES, esp + TEXT_AT), 4);
  return n;
}

/**
 * What is authenticated alone, and what is encrypted too. RFC 4106 §5: SPI and sequence number, with
 * ESN its high half between them. RFC 4543 §3.3: then IV and text, and nothing is encrypted.
 */
function parts(
  frame: Uint8Array,
  esp: number,
  end: number,
  sa: ModelSa,
  esnHi: number,
): [Uint8Array, Uint8Array] {
  const from = esp + TEXT_AT;
  const headEnd = sa.gmac ? end : esp + ESP_HEADER_BYTES;
  const text = sa.gmac ? frame.subarray(end, end) : frame.subarray(from, end);
  if (!sa.esn) return [frame.subarray(esp, headEnd), text];
  const aad = new Uint8Array(headEnd - esp + 4);
  aad.set(frame.subarray(esp, esp + 4));
  new DataView(aad.buffer).setUint32(4, esnHi);
  aad.set(frame.subarray(esp + 4, headEnd), 8);
  return [aad, text];
}
