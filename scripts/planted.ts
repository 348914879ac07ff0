// SPDX-License-Identifier: BSD-2-Clause
// Plants faults and sees who notices: npm run planted [-- [ID…] [--area rtl] [--whole] [-j N] [--matrix]]
//   ID…       those patches of test/planted alone; none: all
//   --area    rtl, driver, stack or pact
//   --whole   all cases of the expected groups, not only up to the first failure
//   --missing those that test/planted/matrix.json does not have as caught
//   --matrix  prints that matrix and tries nothing
// Each fault goes into a copy of the tree; `tagwire validate` must end with 1. RTL is built once a fault.
import { parseArgs } from 'node:util';
import { CASES } from '../src/validate/registry.ts';
import { matrixText, note, readMatrix } from './planted/matrix.ts';
import { plantedFaults } from './planted/patches.ts';
import { tryPatch } from './planted/try_patch.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    area: { type: 'string' },
    whole: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
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
if (values.matrix) {
  const ids = CASES.map((c) => c.id);
  const faults = all.map((fault) => fault.id);
  process.stdout.write(matrixText(readMatrix(), ids, faults));
  process.exit(0);
}
const known = readMatrix().faults;
const queue = all.filter(
  ({ id, area }) =>
    (positionals.length === 0 || positionals.includes(id)) &&
    (values.area === undefined || values.area === area) &&
    !(values.missing && known[id]?.caught === true),
);
const total = queue.length;
let survived = 0;

async function work(): Promise<void> {
  for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
    const outcome = await tryPatch(fault, fault.groups, { failFast: !values.whole });
    note(fault, outcome, values.whole);
    const { exitCode, failed, seconds } = outcome;
    if (exitCode !== 1) survived++;
    const what = exitCode === 1 ? `caught by ${failed.join(' ')}` : `SURVIVED (exit ${exitCode})`;
    console.log(`${fault.id}: ${what} (${seconds} s)`);
  }
}

await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
console.log(`${total - survived} of ${total} caught`);
process.exitCode = survived === 0 ? 0 : 1;
