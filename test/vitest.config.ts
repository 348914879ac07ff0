import { defineConfig } from 'vitest/config';

// scripts/coverage.ts: cards are several times slower, and what they covered is written when their process
// ends by itself. Vitest kills processes of its own; threads end with it.
const covers = Boolean(process.env.TAGWIRE_COVERAGE);

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // The tag sanitiser watches every world that a test makes.
    env: { TAGSAN: '1' },
    testTimeout: covers ? 600_000 : 60_000,
    hookTimeout: 300_000,
    // Two cores: simulations are single-threaded, so two files at a time.
    maxWorkers: 2,
    pool: covers ? 'threads' : 'forks',
  },
});
