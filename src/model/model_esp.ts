// SPDX-License-Identifier: BSD-2-Clause
import {
  CODE_AUTH_FAIL,
  CODE_BAD_LEN,
  CODE_NO_SA,
  CODE_OK,
  ESP_HEADER_BYTES,
  ESP_IV_BYTES,
  ESP_OFFSET_MIN,
  ICV_BYTES,
} from '../dev/nic/nic_regs.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IP } from '../header/ether.ts';
import { IPPROTO_ESP } from '../header/ip.ts';
import { gcmOpen, gcmSeal } from './gcm.ts';
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
  dst: number;
}

/** Finds ESP in an unfragmented IPv4 frame whose lengths make sense; else false. */
export function findEsp(frame: Uint8Array, place: EspPlace): boolean {
  const ip = ETHER_HDR_LEN;
  if (frame.length < ip + 20) return false;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint16(12) !== ETHERTYPE_IP || frame[ip]! >> 4 !== 4) return false;
  const headerBytes = (frame[ip]! & 15) * 4;
  const totalBytes = view.getUint16(ip + 2);
  if (frame[ip + 9] !== IPPROTO_ESP || (view.getUint16(ip + 6) & 0x3fff) !== 0) return false;
  if (headerBytes < 20 || totalBytes > frame.length - ip) return false;
  if (totalBytes < headerBytes + TEXT_AT + 4 + ICV_BYTES) return false;
  place.espOffset = ip + headerBytes;
  place.textBytes = totalBytes - headerBytes - TEXT_AT - ICV_BYTES;
  place.spi = view.getUint32(place.espOffset);
  place.dst = view.getUint32(ip + 16);
  return true;
}

/** What a transmit descriptor asks for. */
export interface TxCrypto {
  espOffset: number;
  esn: boolean;
  esnHi: number;
}

/** Why the card refuses an offloaded frame of lenBytes (without ICV), or CODE_OK. */
export function checkTx(
  lenBytes: number,
  maxFrameBytes: number,
  d: TxCrypto,
  sa: ModelSa | null,
): number {
  if (d.espOffset < ESP_OFFSET_MIN || lenBytes < d.espOffset + TEXT_AT + 4) return CODE_BAD_LEN;
  if ((lenBytes - d.espOffset - TEXT_AT) % 4 !== 0) return CODE_BAD_LEN;
  if (lenBytes + ICV_BYTES > maxFrameBytes) return CODE_BAD_LEN;
  return sa === null || sa.esn !== d.esn ? CODE_NO_SA : CODE_OK;
}

/** Encrypts a frame in place; its last 16 bytes become the ICV. RFC 4106 §§3-5. */
export function sealEsp(frame: Uint8Array, d: TxCrypto, sa: ModelSa): void {
  const esp = d.espOffset;
  const end = frame.length - ICV_BYTES;
  const text = frame.subarray(esp + TEXT_AT, end);
  gcmSeal(sa.key, nonce(frame, esp, sa), aad(frame, esp, d), text, frame.subarray(end));
}

/** Decrypts a received frame in place: a completion code, CODE_OK when it did. */
export function openEsp(frame: Uint8Array, place: EspPlace, sa: ModelSa): number {
  if (place.textBytes % 4 !== 0) return CODE_BAD_LEN;
  const at = place.espOffset + TEXT_AT;
  const end = at + place.textBytes;
  const text = frame.subarray(at, end);
  const icv = frame.subarray(end, end + ICV_BYTES);
  const head = frame.subarray(place.espOffset, place.espOffset + ESP_HEADER_BYTES);
  const good = gcmOpen(sa.key, nonce(frame, place.espOffset, sa), head, text, icv);
  return good ? CODE_OK : CODE_AUTH_FAIL;
}

/** RFC 4106 §4: salt, then the IV of the packet. */
function nonce(frame: Uint8Array, esp: number, sa: ModelSa): Uint8Array {
  const n = new Uint8Array(12);
  n.set(sa.salt);
  n.set(frame.subarray(esp + ESP_HEADER_BYTES, esp + TEXT_AT), 4);
  return n;
}

/** RFC 4106 §5: SPI and sequence number; with ESN its high half between them. */
function aad(frame: Uint8Array, esp: number, d: TxCrypto): Uint8Array {
  if (!d.esn) return frame.subarray(esp, esp + ESP_HEADER_BYTES);
  const a = new Uint8Array(12);
  a.set(frame.subarray(esp, esp + 4));
  new DataView(a.buffer).setUint32(4, d.esnHi);
  a.set(frame.subarray(esp + 4, esp + 8), 8);
  return a;
}
