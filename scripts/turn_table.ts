// SPDX-License-Identifier: BSD-2-Clause
// The README's table of the rules at every turn, from the one table in the source.
import { NO_HAZARDS } from '../src/harness/hazards/elsewhere.ts';
import { inRealStacks, turnRules } from '../src/kern/turn_rule.ts';
import '../src/kern/turn_rules.ts';
import '../src/kern/turn_rules_if.ts';

/** Markdown; a rule each row, then the hazards that need none. */
export function turnTable(): string {
  const rows = turnRules().map((r) => {
    const hazards = r.hazards.map((n) => `H${n}`).join(' ');
    const by = r.by.replaceAll(/[\w/]+\/\w+/g, (file) => `\`${file}\``);
    return `| \`${r.id}\` | ${r.turn} | ${r.tags} | ${by} | ${r.why} | ${hazards} | ${inRealStacks(r)} |`;
  });
  const cannot = NO_HAZARDS.map(
    (h) => `| | ${h.title} | | cannot be here | ${h.reason} | ${h.id} | ${inRealStacks(h)} |`,
  );
  return [
    '| rule | turn | tags | who | why | hazards | in real stacks: place, errno, fix |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    ...cannot,
  ].join('\n');
}
