// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, type TestContext } from 'vitest';
import { CAVP_DECRYPT, ESP_PACKET, WYCHEPROOF } from '../unit/harness/vectors/samples.ts';
import { tagwire } from './tagwire.ts';

/** C2SP/wycheproof, NIST CAVP and ESP packets as published, where the machine has them. */
const PUBLISHED = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));
const CAVP = [
  'gcmEncryptExtIV128.rsp',
  'gcmEncryptExtIV256.rsp',
  'gcmDecrypt128.rsp',
  'gcmDecrypt256.rsp',
];

function needPublished({ skip }: TestContext): void {
  skip(!existsSync(PUBLISHED), 'the published vectors are not beside the repository');
}

interface Result {
  readonly file: string;
  readonly total: number;
  readonly run: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly id: string; readonly reason: string }[];
  readonly skips: readonly { readonly id: string; readonly reason: string }[];
  readonly card?: { readonly transmit: Result; readonly receive: Result };
}

async function vectors(files: readonly string[], ...options: string[]) {
  const { code, stdout, stderr } = await tagwire('vectors', ...files, '--json', ...options);
  return { code, stderr, files: JSON.parse(stdout).files as readonly Result[] };
}

function sample(name: string, content: unknown): string {
  const path = join(mkdtempSync(join(tmpdir(), 'tagwire-vectors-')), name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** [passed, skipped] of each file; all else must be 0. */
function outcome(files: readonly Result[]): number[][] {
  return files.map((f) => {
    expect(f.failures, f.file).toEqual([]);
    expect(f.run + f.skipped, f.file).toBe(f.total);
    expect(f.skips, f.file).toHaveLength(f.skipped);
    for (const skip of f.skips) expect(skip.reason, f.file).not.toBe('');
    return [f.passed, f.skipped];
  });
}

function reasons(f: Result): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of f.skips) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

describe('tagwire vectors in RTL', () => {
  it('passes small files of each kind', async () => {
    const files = [
      sample('wycheproof.json', WYCHEPROOF),
      sample('cavp.rsp', CAVP_DECRYPT),
      sample('esp.json', [ESP_PACKET]),
    ];
    const r = await vectors(files);
    expect(r.code, r.stderr).toBe(0);
    expect(outcome(r.files)).toEqual([
      [2, 0],
      [2, 0],
      [1, 0],
    ]);
    const { transmit, receive } = r.files[2]!.card!;
    expect(outcome([transmit, receive])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('passes Wycheproof and CAVP', async (context) => {
    needPublished(context);
    const names = ['aes_gcm_test.json', 'aes_gmac_test.json', ...CAVP];
    const r = await vectors(names.map((name) => PUBLISHED + name));
    expect(r.code, r.stderr).toBe(0);
    const cavp = CAVP.map(() => [375, 30]);
    expect(outcome(r.files)).toEqual([[133, 183], [138, 276], ...cavp]);
    expect(reasons(r.files[0]!)).toEqual({ 'AES-192, not in RTL': 64, 'IV not 96 bits': 119 });
    expect(reasons(r.files[2]!)).toEqual({ 'tag not 128 bits': 30 });
  });

  it('passes ESP packets, by the engine and through the card', async (context) => {
    needPublished(context);
    const r = await vectors([`${PUBLISHED}esp_packets.json`]);
    expect(r.code, r.stderr).toBe(0);
    expect(outcome(r.files)).toEqual([[16, 6]]);
    const { transmit, receive } = r.files[0]!.card!;
    expect(outcome([transmit, receive])).toEqual([
      [15, 7],
      [15, 7],
    ]);
  });

  it('skips other algorithms with the reason, and ends with 4 when that was all', async () => {
    const chacha = { ...WYCHEPROOF, algorithm: 'AEGIS128' };
    const r = await vectors([sample('other.json', chacha)]);
    expect(r.code).toBe(4);
    expect(reasons(r.files[0]!)).toEqual({ 'AEGIS128, not in RTL': 2 });
  });
});

describe('tagwire vectors in software', () => {
  it('passes every file', async (context) => {
    needPublished(context);
    const names = [
      'aes_gcm_test.json',
      'aes_gmac_test.json',
      'chacha20_poly1305_test.json',
      'hmac_sha1_test.json',
      'hmac_sha256_test.json',
      'esp_packets.json',
      ...CAVP,
    ];
    const r = await vectors(
      names.map((name) => PUBLISHED + name),
      '--engine',
      'software',
    );
    expect(r.code, r.stderr).toBe(0);
    const rest = [[414, 0], [325, 0], [170, 0], [174, 0], [22, 0], ...CAVP.map(() => [405, 0])];
    expect(outcome(r.files)).toEqual([[313, 3], ...rest]);
  });

  it('ends with 1 and names the case when a vector is wrong', async () => {
    const wrong = JSON.stringify(WYCHEPROOF).replace('001d0c231287', '001d0c231286');
    const path = sample('wrong.json', wrong);
    const r = await vectors([path], '--engine', 'software');
    expect(r.code).toBe(1);
    expect(r.files[0]).toMatchObject({
      failed: 1,
      failures: [{ id: 'tcId 1', reason: 'ciphertext differs from byte 5 of 16 on' }],
    });
    const shown = await tagwire('vectors', path, '--engine', 'software');
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain(`failed  ${path}: tcId 1: ciphertext differs`);
  });
});

describe('tagwire vectors refuses with exit code 2', () => {
  it('a file that is none, and says what was expected', async () => {
    const path = sample('notes.txt', 'hello\n');
    const r = await tagwire('vectors', path, '--json');
    expect(r.code).toBe(2);
    expect(r.stderr).toContain(`${path}:1: Wycheproof JSON, CAVP .rsp or ESP packets`);
    expect(JSON.parse(r.stdout)).toMatchObject({ exitCode: 2 });
  });

  it('no file', async () => {
    const r = await tagwire('vectors');
    expect(r).toMatchObject({ code: 2, stdout: '' });
    expect(r.stderr).toContain('missing FILE');
  });
});
