// SPDX-License-Identifier: BSD-2-Clause
// Works for ever; on Ctrl-C it closes its file, like a capture.
import { writeFileSync } from 'node:fs';
import { onInterrupt, watchSignals } from '../../src/cli/interrupt.ts';

const [file, how] = process.argv.slice(2);
watchSignals();
const done = onInterrupt(() => writeFileSync(file!, 'not this one'));
onInterrupt(async () => {
  if (how === 'stuck') await new Promise(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  writeFileSync(file!, 'closed');
});
done();
setInterval(() => {}, 1000);
process.send!('ready');
