// SPDX-License-Identifier: BSD-2-Clause
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Question {
  mutant: number;
  /** What each stimulus gives without a mutant; absent: all are run. */
  expected?: readonly string[];
}

export interface Answer {
  /** Of the stimuli that were run; what is no digest is an error. */
  digests: string[];
  /** Name of the stimulus that differed. */
  killedBy?: string | undefined;
}

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
const LIMIT_MS = 600_000;

/** Asks one child after the other: a mutant that ends its process or does not come back is killed. */
export class Trial {
  readonly #library: string;
  #child: ChildProcess | undefined;

  constructor(library: string) {
    this.#library = library;
  }

  async ask(question: Question): Promise<Answer> {
    this.#child ??= fork(CHILD, [this.#library], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const child = this.#child;
    return new Promise((resolve) => {
      const end = (answer: Answer): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(answer);
      };
      const lost = (killedBy: string): void => {
        child.kill('SIGKILL');
        this.#child = undefined;
        end({ digests: [], killedBy });
      };
      const timer = setTimeout(() => lost('not coming back'), LIMIT_MS);
      child.once('message', (answer: Answer) => end(answer));
      child.once('exit', () => lost('the end of its process'));
      child.send(question);
    });
  }

  close(): void {
    this.#child?.kill();
  }
}
