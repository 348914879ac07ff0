// SPDX-License-Identifier: BSD-2-Clause
import type { RunSample } from './sample.ts';

const HEAD = 'mode,strategy,workload,round,direction,stage,batch,ns_per_packet';

/** Every single measurement, one line a whole batch: what all else was computed from. */
export function samplesCsv(samples: readonly RunSample[]): string {
  const lines = [HEAD];
  for (const { mode, strategy, workload, round, stagesNs } of samples) {
    for (const direction of ['tx', 'rx'] as const) {
      for (const [stage, batches] of Object.entries(stagesNs[direction])) {
        const start = [mode, strategy, workload.name, round, direction, stage]
          .map(quoted)
          .join(',');
        for (const [batch, ns] of batches.entries()) lines.push(`${start},${batch},${ns}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** RFC 4180 §2: a field with a comma, a quote or a line break is quoted. */
function quoted(field: string | number): string {
  return /[",\r\n]/.test(String(field)) ? `"${String(field).replaceAll('"', '""')}"` : `${field}`;
}
