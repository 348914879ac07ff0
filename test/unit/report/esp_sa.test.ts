// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Ipsec } from '../../../src/netipsec/ipsec.ts';
import { applySetkey, parseSetkey } from '../../../src/netipsec/setkey.ts';
import { type EspSaEntry, espSaFile, espSaLine } from '../../../src/report/esp_sa.ts';
import { createRig } from '../../lib/rig.ts';

const DIR = new URL('../../data/linux-esp/', import.meta.url);

const CAPTURES = [
  '01-gcm128-transport-v4',
  '02-gcm256-tunnel-v4',
  '04-cbc128-sha256-transport-v4',
  '11-gcm256-tunnel-v6',
  '13-gcm256-icv8-tunnel-v6-in-v4',
  '14-gcm128-icv12-transport-v4',
  '15-cbc256-sha512-tunnel-v4',
  '17-cbc256-sha384-tunnel-v6',
  '19-ctr128-sha1-transport-v4',
  '28-null-sha256-transport-v4',
];

/** The SAs of a setkey(8) file, as Wireshark must know them. */
function entries(conf: string): EspSaEntry[] {
  const ipsec = new Ipsec({ inet: createRig().a.inet, offload: false });
  applySetkey(ipsec, parseSetkey(readFileSync(new URL(conf, DIR), 'utf8'), conf));
  return ipsec.sadb
    .list()
    .map((sa) => ({ ...sa, cipher: sa.cipher.name, auth: sa.auth?.name ?? null }));
}

describe('esp_sa file', () => {
  it('has eight quoted fields a line', () => {
    expect(espSaFile(entries('01-gcm128-transport-v4.conf')).split('\n')[1]).toBe(
      '"IPv4","10.9.0.1","10.9.0.2","0xadec4e98","AES-GCM with 16 octet ICV [RFC4106]",' +
        '"0xb35a6f0ad1765fe404d3de8441996ef3a82e1063","NULL",""',
    );
  });

  it('refuses what Wireshark has no name for', () => {
    const [sa] = entries('01-gcm128-transport-v4.conf');
    expect(() => espSaLine({ ...sa!, cipher: 'rot13' })).toThrow(RangeError);
  });

  it('leaves out, and says so, what Wireshark has no name for', () => {
    const [sa, other] = entries('01-gcm128-transport-v4.conf');
    const file = espSaFile([{ ...sa!, cipher: 'chacha20-poly1305' }, other!]);
    expect(file).toContain('# SPI 0xadec4e98: Wireshark has no name for chacha20-poly1305\n');
    expect(file).toContain(`${espSaLine(other!)}\n`);
    expect(file).not.toContain('b35a6f0ad1765fe4');
  });

  for (const name of CAPTURES) {
    it(`lets tshark decrypt ${name}, with a good ICV on every packet`, (context) => {
      const lines = entries(`${name}.conf`).flatMap((e) => ['-o', `uat:esp_sa:${espSaLine(e)}`]);
      const args = [
        ...['-o', 'esp.enable_encryption_decode:TRUE'],
        ...['-o', 'esp.enable_authentication_check:TRUE', ...lines],
        ...['-r', new URL(`${name}.pcap`, DIR).pathname, '-Y', 'esp', '-T', 'fields'],
        ...['-e', 'esp.icv_good', '-e', 'esp.protocol'],
      ];
      const run = spawnSync('tshark', args, { encoding: 'utf8', timeout: 50_000 });
      if (run.error !== undefined) context.skip(`tshark does not run: ${run.error.message}`);
      const rows = run.stdout.trim().split('\n');
      expect(rows.length).toBeGreaterThan(20);
      for (const row of rows) expect(row).toMatch(/^(1|True)\t/);
    });
  }
});
