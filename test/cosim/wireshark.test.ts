// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tagwire, temporaryDir } from '../lib/cli.ts';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** Rows of `-T fields` for every ESP packet of the capture, decrypted with the esp_sa file. */
function dissect(dir: string, fields: string[]): string[][] {
  const sas = readFileSync(join(dir, 'esp_sa'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('"'));
  const preferences = [
    'esp.enable_encryption_decode:TRUE',
    'esp.enable_authentication_check:TRUE',
    ...sas.map((line) => `uat:esp_sa:${line}`),
  ];
  const r = spawnSync(
    'tshark',
    [
      ...preferences.flatMap((p) => ['-o', p]),
      ...['-r', join(dir, 'wire.pcapng'), '-Y', 'esp', '-T', 'fields'],
      ...fields.flatMap((f) => ['-e', f]),
    ],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  expect(r.status, r.stderr).toBe(0);
  return r.stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
}

// Wireshark is not ours: what it decrypts is ESP as everybody understands it (RFC 4303, RFC 4106).
describe.skipIf(!hasTshark)('Wireshark decrypts the capture (skipped without tshark)', () => {
  it.each([
    ['tunnel', 'aes-gcm-128'],
    ['transport', 'aes-gcm-256'],
  ])('%s, %s: a good ICV on every ESP packet, UDP inside', (mode, alg) => {
    const dir = temporaryDir('wireshark');
    const r = tagwire([
      'run',
      mode,
      '--alg',
      alg,
      '--packets',
      '60',
      '--size',
      'imix',
      '--out',
      dir,
    ]);
    expect(r.status, r.stderr).toBe(0);
    const rows = dissect(dir, ['esp.icv_good', 'udp.dstport', 'udp.checksum.status']);
    expect(rows).toHaveLength(60);
    for (const row of rows) expect(row.slice(0, 2)).toEqual(['1', '5001']);
  });
});
