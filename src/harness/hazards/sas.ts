// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../../host.ts';
import type { Sa } from '../../netipsec/sa.ts';
import type { SaLifetime } from '../../netipsec/sa_lifetime.ts';
import { addressOf, keyMaterial, OUTER } from '../topology.ts';

/** The SA that host 0 sends with, or that host 1 receives with. */
export function flowSa(host: Host): Sa {
  const [from, to] = OUTER.map(addressOf);
  return host.ipsec.sadb.list().find((sa) => sa.src === from && sa.dst === to)!;
}

/** An SA from host 0 to 1 with this SPI; secret is key and salt. */
export function addFlowSa(
  host: Host,
  spi: number,
  secret: Uint8Array,
  lifetime: SaLifetime = {},
): Sa {
  return host.ipsec.sadb.add({
    ...{ src: addressOf(OUTER[0]), dst: addressOf(OUTER[1]), spi, mode: 'transport' },
    ...{ cipher: 'aes-gcm-16', key: secret, replayPackets: 32, lifetime },
  });
}

/** Key and salt of an SA. */
export function secretOf(sa: Sa): Uint8Array {
  return Uint8Array.of(...sa.key, ...sa.salt);
}

/** SAs with nobody, until one direction of the card has no slot left. */
export function fillCard(host: Host, direction: 'in' | 'out'): Sa[] {
  const own = host.inet.addrs.addr(0);
  return Array.from({ length: host.nic.sa[direction].freeCount }, (_, i) => {
    const far = 0x0a010000 + i;
    const [src, dst] = direction === 'out' ? [own, far] : [far, own];
    return host.ipsec.sadb.add({
      ...{ src, dst, spi: 0x10000 + i, mode: 'transport' },
      ...{ cipher: 'aes-gcm-16', key: keyMaterial(1, `filler ${i}`, 20) },
    });
  });
}
