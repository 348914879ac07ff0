// SPDX-License-Identifier: BSD-2-Clause
import { exitCode } from './exit_code.ts';

type Handler = () => void | Promise<void>;

const handlers: Handler[] = [];

/**
 * Registers what must be done before the program ends on Ctrl-C: stop a build, close a capture.
 * The last one registered runs first.
 * @returns takes the registration back
 */
export const onInterrupt = (handler: Handler): (() => void) => {
  handlers.push(handler);
  return () => {
    const at = handlers.indexOf(handler);
    if (at >= 0) handlers.splice(at, 1);
  };
};

// A terminal sends Ctrl-C to the whole group and npm passes it on too: one press may arrive twice.
const samePressMs = 300;
const patienceMs = 5_000;

/** Installs the signal handlers; a second press does not wait for the handlers of the first. */
export const watchSignals = (): void => {
  let firstMs: number | undefined;
  const interrupted = (code: number): void => {
    const nowMs = performance.now();
    if (firstMs !== undefined) {
      if (nowMs - firstMs > samePressMs) process.exit(code);
      return;
    }
    firstMs = nowMs;
    setTimeout(() => process.exit(code), patienceMs).unref();
    void (async () => {
      for (let handler = handlers.pop(); handler !== undefined; handler = handlers.pop()) {
        try {
          await handler();
        } catch (error) {
          process.stderr.write(`tagwire: ${(error as Error).message}\n`);
        }
      }
      process.exit(code);
    })();
  };
  process.on('SIGINT', () => interrupted(exitCode.interrupted));
  process.on('SIGTERM', () => interrupted(143));
};
