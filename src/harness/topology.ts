// SPDX-License-Identifier: BSD-2-Clause
import { createHash } from 'node:crypto';
import { ipParse } from '../header/ip.ts';

/**
 * The two hosts of the built-in scenarios and the setkey(8) file of each.
 *
 *     host 0                                                host 1
 *     inner 192.168.1.1                                     inner 192.168.2.1
 *     outer 10.0.0.1  02:00:00:00:00:01 ═══ wire ═══ 02:00:00:00:00:02  10.0.0.2
 *
 * Transport mode talks between the outer addresses; tunnel mode between the inner ones. In a gateway
 * world both hosts forward, each has an end host behind it on a link of its own, and the tunnel is
 * for their networks:
 *
 *     end 0  192.168.1.10 ── epair ── 192.168.1.1  host 0 ═══ wire ═══ host 1  … 192.168.2.10  end 1
 */
export const OUTER = ['10.0.0.1', '10.0.0.2'] as const;
export const INNER = ['192.168.1.1', '192.168.2.1'] as const;
export const BEHIND = ['192.168.1.10', '192.168.2.10'] as const;
const NETS = ['192.168.1.0/24', '192.168.2.0/24'] as const;
/** The same in IPv6. */
const OUTER6 = ['2001:db8::1', '2001:db8::2'] as const;
const INNER6 = ['2001:db8:1::1', '2001:db8:2::1'] as const;
const BEHIND6 = ['2001:db8:1::10', '2001:db8:2::10'] as const;
const NETS6 = ['2001:db8:1::/64', '2001:db8:2::/64'] as const;
export const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;

export type Mode = 'tunnel' | 'transport';

/** Of host 0 and of host 1. */
type Pair = readonly [string, string];

/** The addresses of a world. */
export interface Addresses {
  readonly outer: Pair;
  readonly inner: Pair;
  readonly behind: Pair;
  readonly nets: Pair;
}

/** Inner and outer ones may be of either family. */
export function addressesOf(inner: 4 | 6, outer: 4 | 6): Addresses {
  const isInner4 = inner === 4;
  return {
    outer: outer === 4 ? OUTER : OUTER6,
    inner: isInner4 ? INNER : INNER6,
    behind: isInner4 ? BEHIND : BEHIND6,
    nets: isInner4 ? NETS : NETS6,
  };
}

const SHA256 = { auth: 'hmac-sha2-256', authKeyBytes: 32 } as const;

/** Algorithms of `--alg`: setkey(8)'s names and the bytes of keys and salt. */
export const ALGORITHMS = {
  'aes-gcm-128': { setkey: 'aes-gcm-16', keyBytes: 16, saltBytes: 4, mac: null },
  'aes-gcm-192': { setkey: 'aes-gcm-16', keyBytes: 24, saltBytes: 4, mac: null },
  'aes-gcm-256': { setkey: 'aes-gcm-16', keyBytes: 32, saltBytes: 4, mac: null },
  'aes-ccm-128': { setkey: 'aes-ccm-16', keyBytes: 16, saltBytes: 3, mac: null },
  'chacha20-poly1305': { setkey: 'chacha20-poly1305', keyBytes: 32, saltBytes: 4, mac: null },
  'aes-gmac-128': { setkey: 'aes-gmac', keyBytes: 16, saltBytes: 4, mac: null },
  'aes-cbc-128-sha256': { setkey: 'aes-cbc', keyBytes: 16, saltBytes: 0, mac: SHA256 },
  'aes-ctr-128-sha256': { setkey: 'aes-ctr', keyBytes: 16, saltBytes: 4, mac: SHA256 },
  'null-sha256': { setkey: 'null', keyBytes: 0, saltBytes: 0, mac: SHA256 },
} as const;

export type Algorithm = keyof typeof ALGORITHMS;

const SPI_BASE = 0x1000;

/** SPI of the SA that protects what host n sends. */
export function spiOf(host: number): number {
  return SPI_BASE + host + 1;
}

/** Key material of a world: bytes that follow from the seed and a name. For simulation only. */
export function keyMaterial(seed: number, name: string, bytes: number): Uint8Array {
  const hash = createHash('sha512').update(`tagwire ${seed} ${name}`).digest();
  return new Uint8Array(hash.subarray(0, bytes));
}

/** The key that host n authenticates with, where its cipher does not. */
export function macKey(seed: number, host: number, bytes: number): Uint8Array {
  return keyMaterial(seed, `MAC key of host ${host}`, bytes);
}

function hex(key: Uint8Array): string {
  return `0x${Buffer.from(key).toString('hex')}`;
}

/** What a world's policies are about. */
export interface Protected {
  /** Addresses or networks on the side of host 0 and of host 1. */
  readonly ends: Pair;
  readonly proto: 'udp' | 'any';
}

export function protectedIn(mode: Mode, gateways: boolean, addresses: Addresses): Protected {
  if (gateways) return { ends: addresses.nets, proto: 'any' };
  return { ends: mode === 'tunnel' ? addresses.inner : addresses.outer, proto: 'udp' };
}

/** The setkey(8) file of host n: one SA each way, with these words, and the policies that require them. */
export function setkeyFile(
  host: 0 | 1,
  mode: Mode,
  algorithm: Algorithm,
  seed: number,
  { ends, proto }: Protected = protectedIn(mode, false, addressesOf(4, 4)),
  outer: Pair = OUTER,
  words = '',
): string {
  const alg = ALGORITHMS[algorithm];
  const lines: string[] = [];
  for (const from of [0, 1] as const) {
    const to = from === 0 ? 1 : 0;
    const key = keyMaterial(seed, `key of host ${from}`, alg.keyBytes + alg.saltBytes);
    const cipher = key.length === 0 ? alg.setkey : `${alg.setkey} ${hex(key)}`;
    const mac =
      alg.mac === null
        ? ''
        : ` -A ${alg.mac.auth} ${hex(macKey(seed, from, alg.mac.authKeyBytes))}`;
    lines.push(
      `add ${outer[from]} ${outer[to]} esp 0x${spiOf(from).toString(16)} ` +
        `-m ${mode} -r 8 ${words}-E ${cipher}${mac};`,
    );
    const gateways = mode === 'tunnel' ? `${outer[from]}-${outer[to]}` : '';
    lines.push(
      `spdadd ${ends[from]} ${ends[to]} ${proto} -P ${from === host ? 'out' : 'in'} ` +
        `ipsec esp/${mode}/${gateways}/require;`,
    );
  }
  return lines.join('\n') + '\n';
}

/** '10.0.0.1' as a number in host order. Throws TypeError on anything else. */
export function addressOf(text: string): number {
  return ipParse(text);
}
