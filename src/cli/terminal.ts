// SPDX-License-Identifier: BSD-2-Clause
// What a person or a program sees: results on stdout, progress on stderr.
import type { Progress } from '../verilator/index.ts';

const useColour = (stream: NodeJS.WriteStream): boolean =>
  !process.env.NO_COLOR && (stream.isTTY === true || !!process.env.FORCE_COLOR);

const paint =
  (code: number) =>
  (text: string, stream: NodeJS.WriteStream = process.stdout): string =>
    useColour(stream) ? `\x1b[${code}m${text}\x1b[0m` : text;

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

let jsonPrinted = false;

/** Prints the one JSON object of `--json`. */
export const printJson = (value: unknown): void => {
  if (jsonPrinted) throw new Error('a command prints one JSON object');
  jsonPrinted = true;
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

export const hasPrintedJson = (): boolean => jsonPrinted;

/** Lines up columns: text to the left, numbers to the right. */
export const table = (rows: readonly (readonly (string | number)[])[], gap = '  '): string => {
  const shown = rows.map((row) => row.map(String));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no room
  const width = (cell: string): number => cell.replace(/\x1b\[\d+m/g, '').length;
  const widths = (shown[0] ?? []).map((_, column) =>
    Math.max(...shown.map((row) => width(row[column] ?? ''))),
  );
  return shown
    .map((row, r) =>
      row
        .map((cell, column) => {
          const room = ' '.repeat(widths[column]! - width(cell));
          return typeof rows[r]![column] === 'number' ? room + cell : cell + room;
        })
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
};

let lineOpen = false;

/** Shows where a long job is: on a terminal one line that changes, elsewhere nothing. */
export const progress = (text: string): void => {
  if (process.stderr.isTTY !== true) return;
  const room = (process.stderr.columns ?? 80) - 1;
  process.stderr.write(`\r\x1b[2K${text.slice(0, room)}`);
  lineOpen = text !== '';
};

/** Prints a line for a person on stderr, whatever the progress line shows. */
export const note = (text: string): void => {
  process.stderr.write(lineOpen ? `\r\x1b[2K${text}\n` : `${text}\n`);
  lineOpen = false;
};

/** Ends the progress line. */
export const progressDone = (): void => {
  if (lineOpen) process.stderr.write('\r\x1b[2K');
  lineOpen = false;
};

/** For `verilate({ onProgress })`: the changing line, or on a pipe one line a phase. */
export const buildProgress = (what: string): ((step: Progress) => void) => {
  let phase = '';
  return (step) => {
    if (step.phase === 'ready') {
      progressDone();
      return;
    }
    const count = step.total > 1 ? ` ${step.done}/${step.total}` : '';
    if (process.stderr.isTTY === true) {
      const seconds = step.elapsedSeconds.toFixed(0);
      progress(`${what}: ${step.phase}${count} ${step.text} (${seconds} s)`);
    } else if (phase !== step.phase) note(`${what}: ${step.phase} ${step.text}`);
    phase = step.phase;
  };
};
