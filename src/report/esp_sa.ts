// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFamily, ipAddrText } from '../header/ip_addr.ts';

/** What Wireshark must know of an SA. */
export interface EspSaEntry {
  readonly src: IpAddr;
  readonly dst: IpAddr;
  readonly spi: number;
  /** As setkey(8) names them; auth null for an AEAD. */
  readonly cipher: string;
  readonly auth: string | null;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly authKey: Uint8Array;
}

// The names in Wireshark's preference. "AES-GCM [RFC4106]" is another thing, and decrypts nothing.
const CIPHER_NAMES: Readonly<Record<string, string>> = {
  'aes-gcm-16': 'AES-GCM with 16 octet ICV [RFC4106]',
  'aes-gcm-12': 'AES-GCM with 12 octet ICV [RFC4106]',
  'aes-gcm-8': 'AES-GCM with 8 octet ICV [RFC4106]',
  'aes-ctr': 'AES-CTR [RFC3686]',
  'aes-cbc': 'AES-CBC [RFC3602]',
  null: 'NULL',
};

const AUTH_NAMES: Readonly<Record<string, string>> = {
  'hmac-sha1': 'HMAC-SHA-1-96 [RFC2404]',
  'hmac-sha2-256': 'HMAC-SHA-256-128 [RFC4868]',
  'hmac-sha2-384': 'HMAC-SHA-384-192 [RFC4868]',
  'hmac-sha2-512': 'HMAC-SHA-512-256 [RFC4868]',
};

/**
 * One line of Wireshark's `esp_sa` file: put the file into a profile, or give a line to tshark as
 * `-o 'uat:esp_sa:<line>'`. Throws RangeError when Wireshark has no name for the algorithm.
 */
export function espSaLine(sa: EspSaEntry): string {
  const fields = [
    `IPv${ipAddrFamily(sa.dst)}`,
    ipAddrText(sa.src),
    ipAddrText(sa.dst),
    `0x${sa.spi.toString(16).padStart(8, '0')}`,
    nameOf(CIPHER_NAMES, sa.cipher),
    hex(sa.key, sa.salt),
    sa.auth === null ? 'NULL' : nameOf(AUTH_NAMES, sa.auth),
    sa.auth === null ? '' : hex(sa.authKey),
  ];
  return fields.map((f) => `"${f}"`).join(',');
}

/** The whole file. What Wireshark has no name for is left out, and said so. */
export function espSaFile(sas: readonly EspSaEntry[]): string {
  return `# Wireshark: Preferences, Protocols, ESP, ESP SAs. It holds keys.\n${sas.map(espSaEntryLine).join('')}`;
}

/** What an SA adds to the file. */
export function espSaEntryLine(sa: EspSaEntry): string {
  return `${hasName(sa) ? espSaLine(sa) : nameless(sa)}\n`;
}

function hasName(sa: EspSaEntry): boolean {
  return sa.cipher in CIPHER_NAMES && (sa.auth === null || sa.auth in AUTH_NAMES);
}

function nameless(sa: EspSaEntry): string {
  const alg = sa.auth === null ? sa.cipher : `${sa.cipher} with ${sa.auth}`;
  return `# SPI 0x${sa.spi.toString(16).padStart(8, '0')}: Wireshark has no name for ${alg}`;
}

function nameOf(table: Readonly<Record<string, string>>, alg: string): string {
  const name = table[alg];
  if (name === undefined) throw new RangeError(`Wireshark has no name for "${alg}"`);
  return name;
}

function hex(...parts: Uint8Array[]): string {
  const all = parts.map((p) => Buffer.from(p).toString('hex')).join('');
  return all === '' ? '' : `0x${all}`;
}
