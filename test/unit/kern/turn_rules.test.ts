// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rule, TurnRules, turnRules } from '../../../src/kern/turn_rule.ts';
import * as ofPackets from '../../../src/kern/turn_rules.ts';
import * as ofInterfaces from '../../../src/kern/turn_rules_if.ts';

const declared = { ...ofPackets, ...ofInterfaces };
const SRC = new URL('../../../src', import.meta.url).pathname;
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((f) =>
  f.endsWith('.ts'),
);
const textOf = (file: string): string => readFileSync(join(SRC, file), 'utf8');
const code = files.filter((f) => !f.startsWith('kern/turn_rule')).map(textOf);

describe('the rules of a packet that turns', () => {
  it('are one table: each has its row, its hazards by number, and its place in a real stack', () => {
    const rows = turnRules();
    expect(rows).toHaveLength(Object.keys(declared).length);
    expect(new Set(rows.map((r) => r.id)).size).toBe(rows.length);
    for (const r of rows) {
      expect(r.id).toMatch(/^[a-z-]+$/);
      for (const h of r.hazards) expect(h).toSatisfy((n: number) => n >= 1 && n <= 40);
      expect(r.hazards.length, r.id).toBeGreaterThan(0);
      expect(r.elsewhere, r.id).not.toBe('');
    }
  });

  it('names files that exist as those who keep it', () => {
    for (const { id, by } of turnRules()) {
      for (const part of by.split(', ')) {
        const file = `${part.split(' ')[0]}.ts`;
        const known = files.includes(file);
        expect(known, `${id}: ${file}`).toBe(true);
      }
    }
  });

  // A tap gets bytes and no mbuf: there is nothing that it could do to a tag.
  it.each(Object.keys(declared).filter((name) => name !== 'TAP'))('%s is asked for', (name) => {
    const asks = new RegExp(`(\\[|turn\\(m, )${name}\\b`);
    expect(code.filter((text) => asks.test(text)).length).toBeGreaterThan(0);
  });

  it('hold, each and every one, until one is taken out by name', () => {
    const rules = new TurnRules();
    expect(rules.on.every((x) => x === 1)).toBe(true);
    rules.off('loopback');
    expect(rules.on[declared.LOOPBACK]).toBe(0);
    expect(rules.on.filter((x) => x === 0)).toHaveLength(1);
    expect(() => rules.off('loopbock')).toThrow('no rule is called "loopbock"');
  });

  it('are declared once', () => {
    const row = turnRules()[0]!;
    expect(() => rule(row)).toThrow('declared twice');
  });
});
