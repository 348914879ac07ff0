// SPDX-License-Identifier: BSD-2-Clause
import { accessSync, constants } from 'node:fs';
import { openLoneCard } from '../harness/lone_card.ts';
import { type ReplayReport, replay } from '../harness/replay.ts';
import { CaptureError } from '../header/capture.ts';
import { CaptureWriteError } from '../header/pcapng.ts';
import { SetkeyError } from '../netipsec/setkey_error.ts';
import type { Command } from './command.ts';
import { exitCode } from './exit_code.ts';
import { interruptible, onInterrupt } from './interrupt.ts';
import {
  commonOptions,
  helpText,
  type OptionTable,
  outDirectory,
  parseOptions,
  UsageError,
} from './options.ts';
import { bold, buildProgress, printJson, progress, progressDone, table } from './terminal.ts';

const options = {
  sa: { type: 'string', value: 'FILE', help: 'setkey(8) file; each SA is one to receive with' },
  engine: {
    type: 'choice',
    choices: ['rtl', 'software'],
    default: 'rtl',
    help: 'a card, with software for what it cannot do; or node:crypto for all',
  },
  nic: {
    type: 'choice',
    choices: ['rtl', 'model'],
    default: 'rtl',
    help: 'which card: the RTL, or the functional model',
  },
  ffi: {
    type: 'choice',
    choices: ['koffi', 'ffi-napi'],
    default: 'koffi',
    help: 'how native code is called',
  },
  ...commonOptions,
} as const satisfies OptionTable;

export const command: Command = {
  summary: 'feed the ESP and AH packets of a capture to the card, and open them',
  help: helpText(
    'tagwire replay CAPTURE --sa FILE [options]',
    `Puts every frame of a pcap or pcapng file into the receive side of a card that listens to all, and
writes what was inside ESP and AH to decrypted.pcapng (raw IP). Links may be Ethernet (VLAN tags too),
Linux cooked, BSD loopback or raw IP; fragments are put together, and ESP in UDP is found. The
sequence may start anywhere. What the card does not do, software does; it is notOffloaded too.`,
    options,
  ),
  async run(argv) {
    const { values, positionals } = parseOptions(options, argv, {
      min: 1,
      max: 1,
      name: 'CAPTURE: a pcap or pcapng file',
    });
    if (values.sa === undefined) throw new UsageError('missing --sa FILE: a setkey(8) file');
    const capture = positionals[0]!;
    readable(capture);
    readable(values.sa);
    const out = outDirectory(values.out, ['decrypted.pcapng']);
    const { nic, ffi } = values;
    const sim =
      values.engine === 'software'
        ? null
        : await interruptible((signal) =>
            openLoneCard({ nic, ffi, onBuild: buildProgress('card'), signal }),
          );
    const stop = new AbortController();
    const onProgress = (frames: number): void => progress(`${capture}: ${frames} frames`);
    const { signal } = stop;
    const work = replay({ capture, sa: values.sa, out, sim, onProgress, signal });
    const off = onInterrupt(async () => {
      stop.abort();
      await work.catch(() => {});
    });
    try {
      const report = await work;
      progressDone();
      if (signal.aborted) return exitCode.interrupted;
      if (values.json) printJson({ capture, engine: values.engine, ...report });
      else process.stdout.write(text(report));
      return exitCode.pass;
    } catch (error) {
      throw asUsage(error);
    } finally {
      off();
      progressDone();
      sim?.close();
    }
  },
};

function readable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new UsageError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Bad input ends with 2, and with what its reader said. */
function asUsage(error: unknown): unknown {
  if (error instanceof CaptureError || error instanceof SetkeyError) {
    return new UsageError(error.message);
  }
  if (error instanceof CaptureWriteError) return error.cause;
  const { code, message } = error as NodeJS.ErrnoException;
  const isPath = code === 'EACCES' || code === 'EISDIR' || code === 'ENOENT' || code === 'EROFS';
  return isPath ? new UsageError(message) : error;
}

function text(r: ReplayReport): string {
  const rows: (string | number)[][] = [
    ['frames', r.frames],
    ['ESP packets', r.esp],
    ...(r.ah > 0 ? [['AH packets', r.ah]] : []),
    ['decrypted', r.decrypted],
    ['  by the card', r.offloaded],
    ['ICV wrong', r.authFailed],
    ['replayed', r.replayed],
    ['unknown SA', r.unknownSa],
    ['malformed', r.malformed],
    ['not offloaded', r.notOffloaded],
    ...r.notOffloadedReasons.map(({ reason, count }) => [`  ${reason}`, count]),
  ];
  const notes = r.notes.map((note) => `note: ${note}\n`).join('');
  return `${table(rows)}\n${notes}${bold(r.artefacts.decrypted)}\n`;
}
