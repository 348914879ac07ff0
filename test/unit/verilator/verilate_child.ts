// SPDX-License-Identifier: BSD-2-Clause
// One of two processes that build the same library at the same time.
import { verilate } from '../../../src/verilator/index.ts';
import { counterOptions } from './counter.ts';

const phases: string[] = [];
const { library, cached } = await verilate({
  ...counterOptions(process.argv[2]!, process.argv[3]!),
  onProgress: (step) => phases.push(step.phase),
});
process.send!({ library, cached, phases });
process.disconnect();
