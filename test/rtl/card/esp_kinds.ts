// SPDX-License-Identifier: BSD-2-Clause
import type { CardHost, Sa } from './card_host.ts';
import { buckets, type EspShape, randomSa } from './esp_frames.ts';

export const V4 = 0xc0a80107;
export const V6 = [0x20010db8, 0, 0x12345678, 0x9abcdef0] as const;
type Around = Omit<EspShape, 'textBytes' | 'spi'>;
/** Every kind of packet round ESP that the card knows. */
export const AROUND: readonly (readonly [string, Around])[] = [
  ['IPv4', { dst: V4 }],
  ['IPv6', { dst: V6 }],
  ['IPv4 behind a VLAN tag', { dst: V4, vlan: true }],
  ['IPv6 behind a VLAN tag', { dst: V6, vlan: true }],
  ['IPv4 with 3 option words behind a VLAN tag', { dst: V4, vlan: true, ihlWords: 8 }],
  ['UDP in IPv4 (RFC 3948)', { dst: V4, udpPort: 4500 }],
  ['UDP in IPv4 with 10 option words', { dst: V4, udpPort: 4500, ihlWords: 15 }],
  ['UDP in IPv6', { dst: V6, udpPort: 4500 }],
  ['UDP in IPv4 behind a VLAN tag', { dst: V4, udpPort: 4500, vlan: true }],
  ['UDP in IPv6 behind a VLAN tag', { dst: V6, udpPort: 4500, vlan: true }],
];
/** The half of the sequence numbers that receivers have seen. */
export const ESN_HI = 0x0badcafe;

/** AES-GCM and AES-GMAC, keys of both sizes, with and without ESN; all know a number from before. */
export const allKinds = (next: () => number): Sa[] =>
  [false, true].flatMap((gmac) =>
    [false, true].flatMap((esn) =>
      ([16, 32] as const).map((keyBytes) => {
        const sa = { ...randomSa(keyBytes, next, esn), gmac };
        return esn ? { ...sa, window: 64, top: (BigInt(ESN_HI) << 32n) | 0x80000000n } : sa;
      }),
    ),
  );

export const inMatch = (host: CardHost, spi: number, dst: EspShape['dst'], idx: number): void =>
  host.match(buckets(spi)[idx & 1]! * 4 + (idx & 3), spi, dst, idx);
