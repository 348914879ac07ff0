// SPDX-License-Identifier: BSD-2-Clause
import { espSaFile } from '../report/esp_sa.ts';
import type { World } from './world.ts';

/** Wireshark's esp_sa file for everything that the world's hosts encrypt. */
export function espSaOf(world: World): string {
  const sas = world.hosts.flatMap((h) => h.ipsec.sadb.list());
  return espSaFile(
    sas
      .filter((sa) => sa.direction === 'out')
      .map((sa) => ({
        src: sa.src,
        dst: sa.dst,
        spi: sa.spi,
        cipher: sa.cipher.name,
        auth: sa.auth?.name ?? null,
        key: sa.key,
        salt: sa.salt,
        authKey: sa.authKey,
      })),
  );
}
