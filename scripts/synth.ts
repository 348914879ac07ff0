// SPDX-License-Identifier: BSD-2-Clause
/**
 * Maps the card with Yosys, module by module, to LUTs of six inputs and flip-flops, and tells
 * what each needs and its longest path in LUT levels. Ends with 1 when a budget is passed.
 *
 *     npm run synth                    all modules of the card of one lane, and what they are together
 *     npm run synth -- --lanes 4       the modules that are others there
 *     npm run synth -- nic_gcm …       these alone
 *     npm run synth -- --write         and what was measured becomes the budget
 *
 * A module is counted without the modules in it; of one with several sets of parameters the largest
 * count. Levels are Yosys', without placement and without carry chains: they compare, they are no
 * clock. Memories that are written stay memories; tables are LUTs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Card, elaborate, instances } from './synth/card.ts';
import { type Cost, type Mapped, mapShape, pathThrough } from './synth/map.ts';

const BUDGETS = new URL('../test/rtl/synth_budgets.json', import.meta.url);
/** What is counted with all that is in it: one direction each, and the card. */
const WHOLE = ['nic_tx', 'nic_rx', 'nic_top'];
const KEYS = ['lut', 'ff', 'ram', 'levels'] as const;

type Budgets = Record<string, Record<string, Cost>>;

const args = process.argv.slice(2);
const isWriting = args.includes('--write');
const lanes = args.includes('--lanes') ? args[args.indexOf('--lanes') + 1]! : '1';
const asked = args.filter((a) => /^nic_/.test(a));
const budgets = JSON.parse(readFileSync(BUDGETS, 'utf8')) as Budgets;
budgets[lanes] ??= {};
const passed: string[] = [];

function report(name: string, count: number, cost: Cost): void {
  console.log(`| ${name} | ${count} | ${KEYS.map((k) => cost[k]).join(' | ')} |`);
  const budget = budgets[lanes]![name];
  if (isWriting) {
    budgets[lanes]![name] = cost;
    writeFileSync(BUDGETS, `${JSON.stringify(budgets, null, 2)}\n`);
  } else if (budget === undefined) passed.push(`${name} has no budget: --write sets it`);
  else
    for (const k of KEYS)
      if (cost[k] > budget[k]) passed.push(`${name}: ${k} ${cost[k]} > ${budget[k]}`);
}

/** The modules of one lane have their budgets there already. */
async function wider(card: Card): Promise<Set<string>> {
  if (lanes === '1') return new Set([...card.values()].map(({ module }) => module));
  const narrow = new Set([...(await elaborate(1)).values()].map(({ text }) => text));
  return new Set([...card.values()].filter((s) => !narrow.has(s.text)).map((s) => s.module));
}

const isWhole = lanes === '1' && asked.length === 0;
const card = await elaborate(Number(lanes));
const counts = instances(card, 'nic_top');
const mapped = new Map<string, Mapped>();
console.log('| module | instances | LUT | FF | RAM bits | LUT levels |\n|---|--:|--:|--:|--:|--:|');
for (const module of [...(await wider(card))].sort()) {
  if (asked.length > 0 && !asked.includes(module)) continue;
  const shapes = [...card.values()].filter((s) => s.module === module);
  for (const shape of shapes) mapped.set(shape.name, await mapShape(card, shape, isWhole));
  const costs = shapes.map(({ name }) => mapped.get(name)!.cost);
  const most = (k: (typeof KEYS)[number]): number => Math.max(...costs.map((cost) => cost[k]));
  const count = shapes.reduce((n, { name }) => n + counts.get(name)!, 0);
  report(module, count, {
    lut: most('lut'),
    ff: most('ff'),
    ram: most('ram'),
    levels: most('levels'),
  });
}
for (const top of isWhole ? WHOLE : []) {
  const total = { lut: 0, ff: 0, ram: 0, levels: pathThrough(card, mapped, top) };
  for (const [name, count] of instances(card, top))
    for (const k of ['lut', 'ff', 'ram'] as const) total[k] += count * mapped.get(name)!.cost[k];
  report(`${top} and what is in it`, 1, total);
}
for (const line of passed) console.error(line);
process.exitCode = passed.length === 0 ? 0 : 1;
