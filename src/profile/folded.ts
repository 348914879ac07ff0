// SPDX-License-Identifier: BSD-2-Clause
import type { ProfileReport } from '../report/profile_report.ts';

/**
 * Folded stacks, as flamegraph.pl, inferno and speedscope read them: one line a stage, frames
 * parted by `;`, then a whole number: picoseconds per packet.
 */
export function foldedStacks(report: ProfileReport): string {
  const lines = report.strategies.flatMap((s) =>
    (['tx', 'rx'] as const).flatMap((direction) =>
      Object.entries(s[direction].stages).map(([stage, { p50 }]) => {
        const frames = [s.name, direction, stage].map((frame) => frame.replace(/[;\s]/g, '_'));
        return `${frames.join(';')} ${Math.round(1000 * Math.max(0, p50))}`;
      }),
    ),
  );
  return `${lines.join('\n')}\n`;
}
