// SPDX-License-Identifier: BSD-2-Clause
// The distribution's own Chromium, without a window and without a network.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { which } from '../../src/verilator/find.ts';

export const CHROMIUM = which('chromium') ?? which('google-chrome');

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Gives `use` a browser with an empty profile of its own, in light or dark colours. */
export async function withChromium(
  colorScheme: 'light' | 'dark',
  use: (browser: BrowserContext) => Promise<void>,
): Promise<void> {
  const userData = mkdtempSync(join(tmpdir(), 'tagwire-chromium-'));
  const browser = await chromium.launchPersistentContext(userData, {
    executablePath: CHROMIUM!,
    headless: true,
    args: FLAGS,
    colorScheme,
    viewport: { width: 1280, height: 900 },
  });
  try {
    await use(browser);
  } finally {
    await browser.close();
    rmSync(userData, { recursive: true, force: true });
  }
}
