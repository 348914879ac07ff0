// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_ESP } from '../header/ip.ts';
import type { World } from './world.ts';

/** All that the world's hosts encrypt, as `espSaFile()` writes it for Wireshark. */
export function espSaOf(world: World) {
  return world.hosts
    .flatMap((h) => h.ipsec.sadb.list())
    .filter((sa) => sa.direction === 'out' && sa.proto === IPPROTO_ESP)
    .map((sa) => ({
      src: sa.src,
      dst: sa.dst,
      spi: sa.spi,
      cipher: sa.cipher.name,
      auth: sa.auth?.name ?? null,
      key: sa.key,
      salt: sa.salt,
      authKey: sa.authKey,
    }));
}
