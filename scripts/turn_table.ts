// SPDX-License-Identifier: BSD-2-Clause
// The README's table of the rules at every turn, from the one table in the source.
import { type TurnRule, turnRules } from '../src/kern/turn_rule.ts';
import '../src/kern/turn_rules.ts';
import '../src/kern/turn_rules_if.ts';

/** Where a real stack has it, with what it returns and the commit that repaired it. */
function elsewhere({ elsewhere: place, errno, fix }: TurnRule): string {
  return [place, errno, fix].filter((text) => text !== undefined).join('; ');
}

/** Markdown; a rule each row. */
export function turnTable(): string {
  const rows = turnRules().map((r) => {
    const hazards = r.hazards.map((n) => `H${n}`).join(' ');
    const by = r.by.replaceAll(/[\w/]+\/\w+/g, (file) => `\`${file}\``);
    return `| \`${r.id}\` | ${r.turn} | ${r.tags} | ${by} | ${r.why} | ${hazards} | ${elsewhere(r)} |`;
  });
  return [
    '| rule | turn | tags | who | why | hazards | in real stacks: place, errno, fix |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
