// SPDX-License-Identifier: BSD-2-Clause
import { runCosim } from './cosim_run.ts';
import type { Job, RunSample } from './sample.ts';
import { runStack } from './stack_run.ts';
import { type Strategy, strategyByName } from './strategy.ts';
import { loadStrategyFile, StrategyError } from './strategy_file.ts';

/**
 * One measurement in a process of its own: `child.js '{"strategy":…}'` prints one RunSample. Exit
 * code 2 when the job cannot be carried out, 1 when carrying it out fails; the reason on stderr.
 */
async function measure(job: Job): Promise<RunSample> {
  const strategy = await strategyOf(job);
  return job.mode === 'cosim' ? runCosim(job, strategy) : runStack(job, strategy);
}

async function strategyOf(job: Job): Promise<Strategy> {
  if (job.strategyFile !== null) return loadStrategyFile(job.strategyFile);
  const strategy = strategyByName(job.strategy);
  if (strategy === undefined) throw new StrategyError(`there is no strategy '${job.strategy}'`);
  return strategy;
}

try {
  const sample = await measure(JSON.parse(process.argv[2] ?? '') as Job);
  process.stdout.write(`${JSON.stringify(sample)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
  process.exitCode = error instanceof StrategyError || error instanceof SyntaxError ? 2 : 1;
}
