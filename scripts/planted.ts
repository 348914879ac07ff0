// SPDX-License-Identifier: BSD-2-Clause
// Plants faults and sees who notices: npm run planted [-- [ID…] [--area rtl] [--whole] [-j N] [--matrix]]
//   ID…         those patches of test/planted alone; none: all
//   --area      rtl, driver, stack or pact
//   --whole     all cases of the expected groups, not only up to the first failure
//   --missing   those that test/planted/matrix.json does not have as caught
//   --uncovered only the cases that no fault has failed so far, of the expected groups, all of them
//   --matrix    prints that matrix and tries nothing
// Each fault goes into a copy of the tree, and a case must fail there: one that only takes too long, or
// whose process is lost, has noticed nothing. RTL is built once a fault.
import { parseArgs } from 'node:util';
import { groupOf } from '../src/validate/case.ts';
import { CASES } from '../src/validate/registry.ts';
import { matrixText, note, readMatrix, uncovered } from './planted/matrix.ts';
import { type Planted, plantedFaults } from './planted/patches.ts';
import { readReasons } from './planted/reasons.ts';
import { tryPatch } from './planted/try_patch.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    area: { type: 'string' },
    whole: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
    uncovered: { type: 'boolean', default: false },
    matrix: { type: 'boolean', default: false },
    jobs: { type: 'string', short: 'j', default: '1' },
  },
});

const all = plantedFaults();
const unknown = positionals.filter((id) => !all.some((fault) => fault.id === id));
if (unknown.length > 0) {
  console.error(`planted: there is no patch ${unknown.join(', ')} in test/planted`);
  process.exit(2);
}
const ids = CASES.map((c) => c.id);
if (values.matrix) {
  const faults = all.map((fault) => fault.id);
  const text = matrixText(readMatrix(), readReasons(), ids, faults);
  // A pipe takes so much at a time: all of it, before the end.
  await new Promise((done) => process.stdout.write(text, done));
  process.exit(0);
}
const known = readMatrix().faults;
const noticed = (id: string): number => known[id]?.cases.length ?? 0;
const named = positionals.map((id) => all.find((fault) => fault.id === id)!);
// Those that many cases notice leave the fewest to the rest.
const inOrder = named.length > 0 ? named : all.toSorted((a, b) => noticed(b.id) - noticed(a.id));
const queue = inOrder.filter(
  ({ id, area }) =>
    (values.area === undefined || values.area === area) && !(values.missing && noticed(id) > 0),
);
let tried = 0;
let caught = 0;

/** Of those that nothing has failed: what the groups of the fault have. */
function open({ groups }: Planted): string[] {
  const without = uncovered(readMatrix(), readReasons(), ids);
  return without.filter((id) => groups.includes(groupOf(id)));
}

async function work(): Promise<void> {
  for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
    const cases = values.uncovered ? open(fault) : [];
    if (values.uncovered && cases.length === 0) continue;
    const failFast = !values.whole && !values.uncovered;
    const outcome = await tryPatch(fault, { groups: fault.groups, cases, failFast });
    const { failed, lost, because, seconds, exitCode } = outcome;
    // What a few cases do not notice, others may.
    if (failed.length > 0 || !values.uncovered) note(fault, outcome);
    tried++;
    if (failed.length > 0) caught++;
    const what =
      failed.length > 0
        ? `${failed.length} of ${outcome.ran.length} failed: ${because}`
        : `${values.uncovered ? 'none failed' : 'SURVIVED'} (exit code ${exitCode})`;
    const late = lost.length === 0 ? '' : `; came to no end: ${lost.join(' ')}`;
    console.log(`${fault.id}: ${what}${late} (${seconds} s)`);
  }
}

await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
if (values.uncovered) {
  const left = uncovered(readMatrix(), readReasons(), ids);
  console.log(`${left.length} cases that no planted fault has failed: ${left.join(' ')}`);
  process.exitCode = left.length === 0 ? 0 : 1;
} else {
  console.log(`${caught} of ${tried} caught`);
  process.exitCode = caught === tried ? 0 : 1;
}
