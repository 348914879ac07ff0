// SPDX-License-Identifier: BSD-2-Clause

const STYLE = `
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1c1e21; --faint: #8b9097; --row: #f1f2ee; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e6e7e3; --faint: #7d838b; --row: #1f2226; }
}
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.note, figcaption, footer { color: var(--faint); }
ul.summary { font-size: 1.05rem; padding-left: 1.2rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: left; vertical-align: top; }
th { border-bottom: 1px solid var(--faint); }
td:first-child { white-space: nowrap; }
td.n { text-align: right; white-space: nowrap; }
tbody tr:nth-child(even) { background: var(--row); }
figure { margin: 1rem 0; overflow-x: auto; } svg { max-width: 100%; height: auto; }
details summary { cursor: pointer; }
`;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Text as it stands in HTML, in an attribute too. */
export function escaped(text: string | number): string {
  return String(text).replace(/[&<>"]/g, (c) => ESCAPES[c]!);
}

/** A page in one file: nothing is fetched, readable on light and on dark. `body` is HTML. */
export function htmlPage(title: string, body: string, style = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
