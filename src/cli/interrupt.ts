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

/**
 * Runs work that can be stopped: Ctrl-C aborts its signal, and the program waits until it has ended,
 * so that it can take away what is half done.
 */
export const interruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const result = work(stop.signal);
  const ended = result.then(
    () => {},
    () => {},
  );
  const off = onInterrupt(() => {
    stop.abort();
    return ended;
  });
  return result.finally(off);
};

// A terminal sends Ctrl-C to the whole group and npm passes it on too: one press may arrive twice.
const samePressMs = 300;
const patienceMs = 5_000;

/**
 * Installs the signal handlers; a second press does not wait for the handlers of the first.
 * @param atEnd called with the exit code, last of all
 */
export const watchSignals = (atEnd: (code: number) => void = () => {}): void => {
  let firstMs: number | undefined;
  const exit = (code: number): never => {
    atEnd(code);
    process.exit(code);
  };
  const interrupted = (code: number): void => {
    const nowMs = performance.now();
    if (firstMs !== undefined) {
      if (nowMs - firstMs > samePressMs) exit(code);
      return;
    }
    firstMs = nowMs;
    setTimeout(() => exit(code), patienceMs).unref();
    void (async () => {
      for (let handler = handlers.pop(); handler !== undefined; handler = handlers.pop()) {
        try {
          await handler();
        } catch (error) {
          process.stderr.write(`tagwire: ${(error as Error).message}\n`);
        }
      }
      exit(code);
    })();
  };
  process.on('SIGINT', () => interrupted(exitCode.interrupted));
  process.on('SIGTERM', () => interrupted(143));
};
