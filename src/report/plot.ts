// SPDX-License-Identifier: BSD-2-Clause
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

// Stand-ins that no palette has: toSvg() makes CSS variables of them, so that one drawing reads well
// on light and on dark paper.
const INK = '#010203';
const FAINT = '#040506';

/** Colours that also colour-blind eyes tell apart, on either paper (Okabe and Ito, a little darker). */
export const PALETTE: readonly string[] = [
  '#0072b2',
  '#e08a00',
  '#009e73',
  '#cc5f9e',
  '#56a9dd',
  '#d55e00',
  '#9a8f2d',
  '#7d7d88',
  '#8257c9',
];

const CONFIG: TopLevelSpec['config'] = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  axis: {
    labelColor: INK,
    titleColor: INK,
    domainColor: FAINT,
    tickColor: FAINT,
    gridColor: FAINT,
    gridOpacity: 0.35,
    labelLimit: 200,
  },
  legend: { labelColor: INK, titleColor: INK, labelLimit: 260 },
  title: { color: INK },
  header: { labelColor: INK, titleColor: INK },
  range: { category: [...PALETTE] },
  view: { stroke: FAINT, strokeOpacity: 0.35 },
  text: { color: INK },
  rule: { color: INK },
};

/**
 * Draws a vega-lite specification as SVG, without a browser or a canvas. Colours of text and axes are
 * the CSS variables --ink and --faint, with greys that do on any paper where nobody sets them.
 */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const { spec: vega } = compile({ ...spec, config: CONFIG } as TopLevelSpec);
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return svg.replaceAll(INK, 'var(--ink, #808080)').replaceAll(FAINT, 'var(--faint, #a0a0a0)');
  } finally {
    view.finalize();
  }
}
