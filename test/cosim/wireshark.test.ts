// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
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
    ['tunnel', 'aes-gcm-128', 'v4', 'v4', 'rtl'],
    ['transport', 'aes-gcm-256', 'v4', 'v4', 'rtl'],
    ['tunnel', 'aes-gcm-128', 'v6', 'v6', 'model'],
    ['tunnel', 'aes-gcm-128', 'v4', 'v6', 'model'],
    ['tunnel', 'aes-gcm-256', 'v6', 'v4', 'rtl'],
    ['transport', 'aes-gcm-128', 'v6', 'v6', 'model'],
  ])('%s, %s, IP%s in IP%s: a good ICV on every ESP packet, UDP inside', (...how) => {
    const [mode, alg, inner, outer, nic] = how;
    const dir = temporaryDir('wireshark');
    const families = ['--inner', inner, '--outer', outer];
    const what = ['--alg', alg, ...families, '--packets', '60', '--size', 'imix', '--nic', nic];
    const r = tagwire(['run', mode, ...what, '--out', dir]);
    expect(r.status, r.stderr).toBe(0);
    const rows = dissect(dir, ['esp.icv_good', 'udp.dstport', 'udp.checksum.status']);
    expect(rows).toHaveLength(60);
    for (const row of rows) expect(row.slice(0, 2)).toEqual(['1', '5001']);
  });
});

/** Two rekeys: the first SA is deleted before the end, and its own key scrubbed. */
const REKEYS = `export default { summary: 'rekeys', world: { mode: 'tunnel', nic: 'model' },
  async run(world, { packets }) {
    const cipher = 'aes-gcm-16';
    for (let n = 0; n < 3; n++) {
      await world.flow(0, { packets, size: 300 });
      const { sadb } = world.hosts[0].ipsec;
      const [old] = sadb.list().filter((sa) => sa.direction === 'out').slice(-1);
      const key = new Uint8Array(20).fill(n + 1);
      world.addSa({ src: 0x0a000001, dst: 0x0a000002, spi: 0x5000 + n, mode: 'tunnel', cipher, key });
      if (n === 0) sadb.delete(old);
    }
  } };`;

describe('the esp_sa file opens all of the capture that is beside it', () => {
  function rekeyed(): string {
    const dir = temporaryDir('rekeyed');
    const script = join(dir, 'rekeys.mjs');
    writeFileSync(script, REKEYS);
    const r = tagwire(['run', script, '--packets', '20', '--out', dir]);
    expect(r.status, r.stderr).toBe(0);
    return dir;
  }

  it('it has the keys of each SA that sent, whenever that came and if it went', () => {
    const file = readFileSync(join(rekeyed(), 'esp_sa'), 'utf8');
    const spis = [...file.matchAll(/^"IPv4","10.0.0.1","10.0.0.2","0x0000(....)"/gm)];
    expect(spis.map((m) => m[1])).toEqual(['1001', '5000', '5001', '5002']);
    expect(file).toContain(`0x${'01'.repeat(20)}`);
  });

  it.skipIf(!hasTshark)(
    'Wireshark finds a good ICV on every packet (skipped without tshark)',
    () => {
      const rows = dissect(rekeyed(), ['esp.spi', 'esp.icv_good']);
      const spis = new Set(rows.map((row) => row[0]));
      expect([...spis]).toEqual(['0x00001001', '0x00005000', '0x00005001']);
      expect(rows.map((row) => row[1])).toEqual(Array(60).fill('1'));
    },
  );

  it.skipIf(!hasTshark)(
    'and so it does where rekeys come at any time (skipped without tshark)',
    () => {
      const dir = temporaryDir('interleaved');
      const what = ['--mode', 'tunnel', '--inner', 'v4', '--outer', 'v6', '--packets', '150'];
      const r = tagwire(['run', 'interleave', ...what, '--seed', '3', '--out', dir]);
      expect(r.status, r.stderr).toBe(0);
      const rows = dissect(dir, ['esp.spi', 'esp.icv_good']);
      expect(new Set(rows.map((row) => row[0])).size).toBeGreaterThan(2);
      for (const row of rows) expect(row[1], row[0]).toBe('1');
    },
  );
});

/** Fields of every frame of a capture, as tshark shows them; a frame without comments shows ''. */
function fieldsOf(path: string, ...fields: string[]): string[][] {
  const r = spawnSync('tshark', ['-r', path, '-T', 'fields', ...fields.flatMap((f) => ['-e', f])], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  expect(r.status, r.stderr).toBe(0);
  return r.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}

describe.skipIf(!hasTshark)('comments say what was decided about each packet', () => {
  const runInto = (dir: string, ...options: string[]) => {
    const common = ['--nic', 'model', '--packets', '20', '--seed', '3', '--out', dir, '--json'];
    const r = tagwire(['run', ...options, ...common]);
    expect(r.status, r.stderr).toBe(0);
    return JSON.parse(r.stdout) as { digest: string };
  };

  it('wire: the SA, the tag, and card or software with the reason', () => {
    const dir = temporaryDir('comments');
    runInto(dir, 'tunnel', '--loss', '20');
    const cards = fieldsOf(join(dir, 'wire.pcapng'), 'frame.interface_name', 'frame.comment');
    expect(cards).toHaveLength(20);
    const by = 'SPI 0x1001, SA 0 generation 1, OUT_CRYPTO_NEEDED: offloaded';
    for (const row of cards) expect([by, `${by}; wire: lost`]).toContain(row[1]);
    expect(cards.filter((row) => row[1]!.endsWith('lost')).length).toBeGreaterThan(0);
    expect(cards[0]![0]).toBe('host0.nic0');

    runInto(dir, 'tunnel', '--offload', 'off');
    const software = fieldsOf(join(dir, 'wire.pcapng'), 'frame.comment');
    const why = 'SPI 0x1001, SA 0 generation 1, OUT_DONE: software, offloadOff';
    expect(software.map((row) => row[0])).toEqual(Array(20).fill(why));
  });

  it('taps: each interface as its bpf sees it, clear inside the coat of ESP; no digest changes', () => {
    const dir = temporaryDir('taps');
    const { digest } = runInto(dir, 'transport', '--taps');
    const path = join(dir, 'taps.pcapng');
    const rows = fieldsOf(path, 'frame.interface_name', 'frame.comment');
    const out = 'SPI 0x1001, SA 0 generation 1, OUT_CRYPTO_NEEDED';
    const inn = out.replace('OUT_CRYPTO_NEEDED', 'IN_CRYPTO_DONE');
    expect(rows.filter((row) => row[0] === 'host0.nic0' && row[1] === out)).toHaveLength(20);
    expect(rows.filter((row) => row[0] === 'host1.nic0' && row[1] === inn)).toHaveLength(20);
    expect(runInto(dir, 'transport').digest).toBe(digest);
  });

  it('a frame that no policy is about is a bypass', () => {
    const dir = temporaryDir('bypass');
    const script = join(dir, 'ping.mjs');
    writeFileSync(
      script,
      `export default { summary: 'UDP in clear', world: { mode: 'tunnel', nic: 'model' },
         async run(world) {
           world.hosts[0].udp().connect(0x0a000002, 9).send(new Uint8Array(8));
           await world.settle();
         } };`,
    );
    const r = tagwire(['run', script, '--out', dir]);
    expect(r.status, r.stderr).toBe(0);
    expect(fieldsOf(join(dir, 'wire.pcapng'), 'frame.comment')[0]).toEqual(['bypass']);
  });
});
