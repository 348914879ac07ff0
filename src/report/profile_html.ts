// SPDX-License-Identifier: BSD-2-Clause
import { escaped, htmlPage } from './html_page.ts';
import type { Plot } from './profile_plots.ts';
import type { ProfileReport } from './profile_report.ts';
import {
  besideTable,
  brief,
  cosimTable,
  costTable,
  hazardTable,
  originTable,
  percent,
  type Table,
  withBounds,
  workloadTable,
} from './profile_tables.ts';

/** profile.html: everything in one file, nothing is fetched, readable on light and on dark. */
export function profileHtml(report: ProfileReport, plots: readonly Plot[]): string {
  const title = `tagwire profile: ${report.scenario}`;
  const first = report.strategies[0]!.name;
  return htmlPage(
    title,
    `<h1>${escaped(title)}</h1>
<ul class="summary">
${summaryLines(report)
  .map((line) => `<li>${escaped(line)}</li>`)
  .join('\n')}
</ul>
${tableHtml(costTable(report, 'tx'))}
${tableHtml(costTable(report, 'rx'))}
${tableHtml(besideTable(report, first))}
${plots.map(plotHtml).join('\n')}
${tableHtml(originTable(report))}
${tableHtml(hazardTable(report))}
${tableHtml(cosimTable(report))}
${folded(workloadTable(report))}
${methodHtml(report)}`,
  );
}

/** The answer first, in sentences: the first strategy in figures, then all in order of their cost. */
export function summaryLines(report: ProfileReport): string[] {
  const first = report.strategies[0]!;
  return (['tx', 'rx'] as const).flatMap((way) => {
    const { tagNs, tagShare, allocs, handoverAllocs } = first[way];
    const name = way === 'tx' ? 'transmit' : 'receive';
    return [
      `${first.name}, ${name}: ${withBounds(tagNs)} ns of tag work a packet, ` +
        `${percent(tagShare.p50)} of host time; ${brief(allocs)} allocated, ` +
        `${brief(handoverAllocs)} for the hand-over.`,
      `Tag work, ${name}, cheapest first: ${ranking(report, way)}.`,
    ];
  });
}

/** `a, b = c, d`: those that could not be told apart are joined by "=". */
function ranking(report: ProfileReport, way: 'tx' | 'rx'): string {
  const ranks = new Map<number, string[]>();
  for (const { name, rank } of report.strategies) {
    ranks.set(rank[way], [...(ranks.get(rank[way]) ?? []), name]);
  }
  return [...ranks]
    .sort(([a], [b]) => a - b)
    .map(([, names]) => names.join(' = '))
    .join(', ');
}

function tableHtml(table: Table): string {
  if (table.rows.length === 0) return '';
  return `<h2>${escaped(table.title)}</h2>\n${body(table)}`;
}

function folded(table: Table): string {
  if (table.rows.length === 0) return '';
  const { title, rows } = table;
  return `<h2>${escaped(title)}</h2>\n<details><summary>${rows.length} rows</summary>\n${body(table)}</details>`;
}

function body({ note, head, rows }: Table): string {
  const cells = (row: readonly (string | number)[]): string =>
    row.map((c) => `<td${typeof c === 'number' ? ' class="n"' : ''}>${escaped(c)}</td>`).join('');
  return `${note === '' ? '' : `<p class="note">${escaped(note)}</p>\n`}<div class="wide"><table>
<thead><tr>${head.map((h) => `<th>${escaped(h)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}
</tbody>
</table></div>
`;
}

function plotHtml({ id, title, caption, svg }: Plot): string {
  return `<h2>${escaped(title)}</h2>
<figure id="plot-${id}">
${svg}
<figcaption>${escaped(caption)}</figcaption>
</figure>`;
}

function methodHtml({ method, manifest, figures }: ProfileReport): string {
  const { machine, versions } = manifest;
  const facts = [
    `${method.rounds} rounds, ${method.batchesPerRound} batches of ${method.packetsPerBatch} packets each`,
    `the timer's own cost, ${brief(method.timerNs)} ns, is subtracted`,
    ...method.notes,
    `of the design, the same on every machine: ${figures.design.join(', ')}`,
    `of this implementation on this machine: ${figures.implementation.join(', ')}`,
  ];
  const rows = [
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.platform}`],
    ['load before and after', `${machine.loadBefore}, ${machine.loadAfter}`],
    [
      'versions',
      Object.entries(versions)
        .map(([name, v]) => `${name} ${v}`)
        .join(', '),
    ],
    ['tagwire', `${manifest.tagwire}, commit ${manifest.commit ?? 'unknown'}`],
    ['seed', `${manifest.seed}`],
    ['when', `${manifest.startedAt}, ${Math.round(manifest.seconds)} s`],
  ];
  return `<h2>How it was measured</h2>
<ul>
${facts.map((fact) => `<li>${escaped(fact)}</li>`).join('\n')}
</ul>
${body({ title: '', note: '', head: ['', ''], rows })}`;
}
