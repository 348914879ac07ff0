// SPDX-License-Identifier: BSD-2-Clause
import { escaped, htmlPage } from './html_page.ts';
import {
  type CaseResult,
  type CoveredPoints,
  isBad,
  type ValidateResults,
} from './validate_results.ts';

const STYLE = `
:root { --good: #1a7f37; --bad: #c62828; --odd: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff7b72; --odd: #d29922; } }
.passed { color: var(--good); } .failed { color: var(--bad); }
.skipped { color: var(--faint); } .infrastructure, .timeout, .missing { color: var(--odd); }
section.failure { border-left: 4px solid var(--bad); padding: .1rem 1rem; margin: 1.2rem 0;
  background: var(--row); }
section.failure h3 { margin: .6rem 0 .2rem; font-size: 1.05rem; }
pre { overflow-x: auto; padding: .5rem .7rem; border: 1px solid var(--faint); font-size: .85rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
`;

/** report.html: how it went, what failed first, then every case. One file, nothing is fetched. */
export function validateHtml(r: ValidateResults): string {
  const bad = r.results.filter(({ status }) => isBad(status));
  const verdict = bad.length === 0 ? 'pass' : `${bad.length} of ${r.cases} failed`;
  return htmlPage(
    `tagwire validate: ${verdict}`,
    `<h1>tagwire validate: <span class="${bad.length === 0 ? 'passed' : 'failed'}">${verdict}</span></h1>
${summary(r)}
${bad.length === 0 ? '' : `<h2>Failures</h2>\n${bad.map(failure).join('\n')}`}
<h2>Groups</h2>
${groups(r)}
${r.coverage === undefined ? '' : `<h2>Coverage</h2>\n${coverage(r.coverage)}`}
<h2>Cases</h2>
${r.groups.map(({ name }) => casesOf(name, r.results)).join('\n')}`,
    STYLE,
  );
}

function summary(r: ValidateResults): string {
  const { nic, ffi, shard } = r.settings;
  const versions = Object.entries(r.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `${r.cases} cases: ${r.passed} passed, ${r.failed} failed, ${r.skipped} skipped, in ${r.seconds} s`,
    `seed ${r.seed}, card ${nic}, calls by ${ffi}, shard ${shard}`,
    `digest ${r.digest}`,
    versions.join(', '),
  ];
  return `<ul class="summary">\n${lines.map((l) => `<li>${escaped(l)}</li>`).join('\n')}\n</ul>`;
}

function failure(c: CaseResult): string {
  const facts: [string, string][] = [
    ['checks', c.checks],
    ...('expected' in c ? [['expected', JSON.stringify(c.expected)] as [string, string]] : []),
    ...('actual' in c ? [['actual', JSON.stringify(c.actual)] as [string, string]] : []),
    ...(c.cycle === undefined ? [] : [['cycle', String(c.cycle)] as [string, string]]),
    ['seed', String(c.seed)],
  ];
  const files = Object.entries(c.artefacts).map(([name, path]): [string, string] => [name, path]);
  return `<section class="failure" id="${escaped(c.id)}">
<h3><span class="${c.status}">${c.status}</span> ${escaped(c.id)}: ${escaped(c.title)}</h3>
<p>${escaped(c.reason)}</p>
<dl>${[...facts, ...files].map(([k, v]) => `<dt>${escaped(k)}</dt><dd>${escaped(v)}</dd>`).join('')}</dl>
${c.packet === undefined ? '' : `<p class="note">Packet</p>\n${pre(c.packet)}`}
<p class="note">Again, alone</p>
${pre([c.repeat])}
${waves(c)}</section>`;
}

/** A viewer at the cycle: its falling edge is at time 2 n. */
function waves({ artefacts, cycle }: CaseResult): string {
  if (artefacts.waves === undefined) return '';
  const at = cycle === undefined ? '' : `, time ${2 * cycle}`;
  return `<p class="note">Waves${at}</p>\n${pre([`surfer ${artefacts.waves}`])}`;
}

function pre(lines: readonly string[]): string {
  return `<pre>${lines.map(escaped).join('\n')}</pre>`;
}

function groups(r: ValidateResults): string {
  const rows = r.groups.map(
    (g) =>
      `<tr><td>${escaped(g.name)}</td><td class="n">${g.cases}</td><td class="n passed">${g.passed}</td>` +
      `<td class="n${g.failed === 0 ? '' : ' failed'}">${g.failed}</td><td class="n">${g.skipped}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr><th>group</th><th>cases</th><th>passed</th><th>failed</th><th>skipped</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function coverage({ files, ...all }: NonNullable<ValidateResults['coverage']>): string {
  const cell = ({ percent, covered, points }: CoveredPoints): string =>
    points === 0
      ? '<td class="n"></td><td class="n"></td>'
      : `<td class="n">${percent.toFixed(2)}</td><td class="n">${covered} of ${points}</td>`;
  const rows = Object.entries({ 'all RTL': all, ...files }).map(
    ([file, { line, toggle, user }]) =>
      `<tr><td>${escaped(file)}</td>${cell(line)}${cell(toggle)}${cell(user)}</tr>`,
  );
  return `<div class="wide"><table><thead><tr><th>file</th><th>lines, %</th><th></th><th>toggles, %</th><th></th><th>cover points, %</th><th></th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function casesOf(group: string, results: readonly CaseResult[]): string {
  const own = results.filter((c) => c.group === group);
  const rows = own.map(
    (c) =>
      `<tr><td>${escaped(c.id)}</td><td><span class="${c.status}">${c.status}</span></td>` +
      `<td>${escaped(c.title)}${c.status === 'skipped' ? ` <em>${escaped(c.reason)}</em>` : ''}</td>` +
      `<td>${escaped(c.checks)}</td><td class="n">${c.seconds.toFixed(2)}</td></tr>`,
  );
  return `<details><summary>${escaped(group)}: ${own.length} cases</summary>
<div class="wide"><table><thead><tr><th>case</th><th></th><th>what</th><th>checks</th><th>s</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details>`;
}
