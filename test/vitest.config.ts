import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // The tag sanitiser watches every world that a test makes.
    env: { TAGSAN: '1' },
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // Two cores: simulations are single-threaded, so two files at a time.
    maxWorkers: 2,
  },
});
