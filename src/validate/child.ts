// SPDX-License-Identifier: BSD-2-Clause
import { explain } from './explain.ts';
import type { Job, Said } from './message.ts';
import { caseById } from './registry.ts';
import { runCase } from './run_case.ts';

/** Runs the cases of a job, one after the other, in a process of its own; started by run_child.ts. */

/** Back when it is on its way: what follows may end this process. */
function say(said: Said): Promise<void> {
  return new Promise((resolve) => process.send!(said, undefined, {}, () => resolve()));
}

async function work({ settings, instances }: Job): Promise<void> {
  for (const instance of instances) {
    await say({ what: 'begin', id: instance.id });
    const c = caseById(instance.caseId);
    const result = await runCase(c, instance, settings);
    if (result.status === 'failed') await say({ what: 'failed', result });
    await say({ what: 'result', result: await explain(c, instance, settings, result) });
  }
}

process.on('disconnect', () => process.exit(1));
process.once('message', (job: Job) => {
  work(job)
    .catch(({ name, message, hint = '' }) => say({ what: 'cannot', name, message, hint }))
    .finally(() => process.exit(0));
});
