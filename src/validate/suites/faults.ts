// SPDX-License-Identifier: BSD-2-Clause
import type { Case } from '../case.ts';
import { FAULTS } from '../faults/table.ts';

/** What goes wrong round a card, and what is promised all the same: a case for each row of the table. */
export const FAULT_CASES: readonly Case[] = FAULTS.map((fault) => {
  const { delivered, counted, never } = fault.promise;
  return {
    id: `faults/${fault.id}`,
    title: fault.title,
    checks: `fault: ${fault.injected}. Delivered: ${delivered}. Counted: ${counted}. Never: ${never}`,
    ...(fault.needsOwnRegisters === undefined ? {} : { needsOwnRegisters: true }),
    run: (c) => fault.run(c),
  };
});
