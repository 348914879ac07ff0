// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as R from '../../../src/dev/nic/nic_regs.ts';

/** All localparams of an RTL file by name: `localparam logic [3:0] A = 4'd1, B = 4'h2;`. */
function localparams(file: string): Map<string, number> {
  const text = readFileSync(new URL(`../../../rtl/${file}`, import.meta.url), 'utf8');
  const found = new Map<string, number>();
  for (const [, list] of text
    .replace(/\/\/.*/g, '')
    .matchAll(/localparam\s+logic[^;=]*?(\w+\s*=[^;]*);/g))
    for (const [, name, base, digits] of list!.matchAll(/(\w+)\s*=\s*\d+'([hdb])([0-9a-fA-F_]+)/g))
      found.set(name!, Number.parseInt(digits!.replaceAll('_', ''), { h: 16, d: 10, b: 2 }[base!]));
  return found;
}

describe('the register map is the RTL’s', () => {
  const pkg = localparams('nic_pkg.sv');
  const csr = localparams('csr/nic_csr.sv');
  const ring = localparams('csr/nic_ring_regs.sv');
  const window = localparams('csr/nic_sa_window.sv');
  const names = (params: Map<string, number>, prefix: string): string[] =>
    [...params.keys()].filter((n) => n.startsWith(prefix));

  test('constants of nic_pkg', () => {
    const mirror = { ...R } as unknown as Record<string, number>;
    const compared = [...names(pkg, 'CODE_'), 'ID_VALUE', 'VERSION_VALUE', 'CAPS_VALUE'];
    compared.push('MAX_FRAME_DEFAULT', 'MAX_FRAME_LIMIT', 'NO_SA_IDX', 'NATT_PORT_DEFAULT');
    expect(compared.length).toBe(17);
    for (const name of compared) expect(pkg.get(name), name).toBe(mirror[name]);
  });

  test('registers of blocks 0 and 1: words', () => {
    const mirror = { ...R } as unknown as Record<string, number>;
    const global = names(csr, 'G_');
    const irq = names(csr, 'I_');
    expect([global.length, irq.length]).toEqual([10, 5]);
    for (const n of global) expect(csr.get(n)! * 4, n).toBe(mirror[`REG_${n.slice(2)}`]);
    const base = csr.get('B_IRQ')! * 64;
    for (const n of irq) expect(base + csr.get(n)! * 4, n).toBe(mirror[`REG_${n.slice(2)}`]);
  });

  test('ring blocks, SA windows and statistics: bases', () => {
    const at64 = (name: string): number => csr.get(name)! * 64;
    expect(at64('B_TX')).toBe(R.RING_TX);
    expect(at64('B_RX')).toBe(R.RING_RX);
    expect(at64('B_TXC')).toBe(R.RING_TXC);
    expect(at64('B_RXC')).toBe(R.RING_RXC);
    expect(at64('B_STATS')).toBe(R.STATS);
    const queues = csr.get('B_QUEUES')! * 256;
    for (let q = 1; q < R.QUEUES_MAX; q++)
      expect(queues + q * 256).toBe(R.queueBlock(R.RING_TX, q));
    expect(csr.get('W_RSS')! * 128).toBe(R.RSS);
    expect(csr.get('W_TX_SA')! * 256).toBe(R.SA_TX);
    expect(csr.get('W_RX_SA')! * 256).toBe(R.SA_RX);
  });

  test('registers inside a ring block and an SA window', () => {
    const mirror = { ...R } as unknown as Record<string, number>;
    for (const n of ['BASE_LO', 'BASE_HI', 'LOG2_SIZE', 'CTRL'])
      expect(ring.get(n)! * 4, n).toBe(mirror[`RING_${n}`]);
    const words = [...window.keys()].filter((n) => n !== 'SA_KEY7');
    expect(words.length).toBe(25);
    for (const n of words) expect(window.get(n)! * 4, n).toBe(mirror[`${n}`]);
  });

  test('statistics: the words of nic_stats, by the names of their registers', () => {
    const text = readFileSync(new URL('../../../rtl/csr/nic_stats.sv', import.meta.url), 'utf8');
    for (const [, word, name] of text.matchAll(/4'd(\d+): +rd_data_o = (\w+)_q;/g)) {
      const camel = name!.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
      expect(R.STAT_NAMES[Number(word)]).toBe(camel);
    }
  });
});

describe('tagwire_card.h, which documents the card for C programs, says the same', () => {
  const header = readFileSync(
    new URL('../../../sim/include/tagwire_card.h', import.meta.url),
    'utf8',
  );
  const defines = new Map(
    [...header.matchAll(/^#define TWP_(\w+) (0x[0-9a-f]+|\d+)u/gm)].map((m) => [
      m[1]!,
      Number(m[2]),
    ]),
  );
  const mirror = { ...R } as unknown as Record<string, number>;
  /** Names that C has otherwise. */
  const ALIAS: Record<string, string> = {
    TX_SA: 'SA_TX',
    RX_SA: 'SA_RX',
    CPL_CODE: 'CPL_CODE_MASK',
    CAUSE_TXC: 'IRQ_TXC',
    CAUSE_RXC: 'IRQ_RXC',
    TX_IPSEC: 'TXD_IPSEC',
    TX_ESN: 'TXD_ESN',
    TX_PACKET: 'TXD_PACKET',
    TX_MORE: 'TXD_MORE',
    TX_CONT: 'TXD_CONT',
    TX_CSUM: 'TXD_CSUM',
  };

  test('every value that both have', () => {
    expect(defines.size).toBeGreaterThan(50);
    for (const [name, value] of defines) {
      const window = /^([RT]X)_((?:SA|MATCH)_\w+|SPI|DST)$/.exec(name);
      const base = window === null ? 0 : window[1] === 'RX' ? R.SA_RX : R.SA_TX;
      const inWindow = window?.[2]?.replace(/^(SPI|DST)/, 'SA_$1');
      const key = inWindow ?? ALIAS[name] ?? (name in mirror ? name : `REG_${name}`);
      expect([name, value]).toEqual([name, base + mirror[key]!]);
    }
  });

  test('every register of the driver is in it', () => {
    const known = new Set([...defines.values()]);
    const registers = Object.keys(mirror).filter((n) => /^(REG|RING|SA|MATCH)_/.test(n));
    const missing = registers.filter((n) => {
      if (/_(COUNT|BUCKETS|WAYS|MAX|MIN|ENABLE|MASK)$/.test(n)) return false;
      const value = mirror[n]!;
      return !known.has(value) && !known.has(R.SA_RX + value);
    });
    expect(missing).toEqual([]);
  });
});

test('the match hash folds all 32 bits into ten', () => {
  expect(R.matchBucket0(0)).toBe(0);
  expect(R.matchBucket0(0x3ff)).toBe(0x3ff);
  expect(R.matchBucket0(0xffffffff)).toBe(0x3fc);
  for (let bit = 0; bit < 32; bit++) {
    const spi = 2 ** bit;
    expect(R.matchBucket0(spi)).not.toBe(R.matchBucket0(0));
    expect(R.matchBucket1(spi)).not.toBe(R.matchBucket1(0));
  }
});
