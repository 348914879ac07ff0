// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../src/harness/replay.ts';
import {
  expectReplayByCard,
  figuresOf,
  innerOf,
  LINUX,
  NAMES,
  replayed,
  truthOf,
} from './linux_captures.ts';

describe('replay of what Linux sent, by software, gives every packet byte for byte', () => {
  it.each(NAMES)('%s', async (name) => {
    const truth = truthOf(name);
    const [report, inner] = await replayed(name, null);
    expect(report).toMatchObject({ ...figuresOf(truth), notOffloaded: 0, offloaded: 0 });
    expect(inner).toEqual(innerOf(truth));
    expect(inner.length).toBeGreaterThan(7);
  });
});

describe('a file that says esp-udp, as NetBSD writes it, opens what Linux sent in UDP', () => {
  it.each(NAMES.filter((name) => name.includes('natt')))('%s', async (name) => {
    const out = mkdtempSync(join(tmpdir(), 'tagwire-linux-'));
    const sa = join(out, 'sa');
    const conf = readFileSync(`${LINUX}${name}.conf`, 'utf8');
    writeFileSync(sa, conf.replaceAll(' esp ', ' esp-udp '));
    const report = await replay({ capture: `${LINUX}${name}.pcap`, sa, out, sim: null });
    expect(report).toMatchObject(figuresOf(truthOf(name)));
  });
});

describe('replay of what Linux sent, with a card and software behind it', () => {
  /** RTL takes longer: what it does alone, and what it leaves; replay_linux.long.test.ts has all. */
  const BY_RTL = /^(02|10|14|26|27|37|40|41|45|47|51|55)-/;
  const rows = NAMES.flatMap((name) => [
    ['model', name] as const,
    ...(BY_RTL.test(name) ? [['rtl', name] as const] : []),
  ]);

  it.each(rows)('%s: %s', (nic, name) => expectReplayByCard(nic, name));
});
