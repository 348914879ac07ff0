// SPDX-License-Identifier: BSD-2-Clause
import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file so that nobody ever sees half of it. Throws the errors of node:fs. */
export function writeAtomically(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
}
