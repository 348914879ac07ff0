// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { firstErrors, VerilatorError } from './error.ts';
import { findVerilator } from './find.ts';
import { cwdOf, designArgs, type RtlOptions } from './options.ts';
import { runTool } from './process.ts';

export interface Port {
  name: string;
  direction: 'input' | 'output' | 'inout';
  widthBits: number;
}

export interface TopModule {
  ports: Port[];
  /** Full paths of the files that Verilator read. */
  files: string[];
}

const PREFIX = 'Vports';
const DIRECTIONS = { IN: 'input', OUT: 'output', INOUT: 'inout' } as const;

/** The ports in the generated class: `VL_INW(&key,255,0,8);`. */
const readPorts = (header: string): Port[] =>
  [...header.matchAll(/VL_(IN|OUT|INOUT)\w*\(&(\w+),(\d+),(\d+)/g)].map(
    ([, direction, name, msb, lsb]) => ({
      // Two underscores in a row are written so.
      name: name!.replaceAll('___05F', '__'),
      direction: DIRECTIONS[direction as keyof typeof DIRECTIONS],
      widthBits: Number(msb) - Number(lsb) + 1,
    }),
  );

/**
 * What the top module's ports are, read from what Verilator makes of it; warnings are passed over.
 * Null when there is no module of that name.
 * @throws VerilatorError 'missing', 'too-old'; 'verilate' when the RTL is wrong; 'aborted'
 */
export const topModule = async (
  options: RtlOptions & { signal?: AbortSignal | undefined },
): Promise<TopModule | null> => {
  const { path } = await findVerilator();
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-ports-'));
  const cwd = cwdOf(options);
  try {
    const args = ['--cc', '--prefix', PREFIX, '--Mdir', dir, '-Wno-fatal', ...designArgs(options)];
    const { code, output } = await runTool(path, args, { cwd, signal: options.signal });
    if (/top-module '[^']*' was not found/.test(output)) return null;
    if (code !== 0) {
      throw new VerilatorError(
        'verilate',
        `Verilator refuses ${options.top}:\n${firstErrors(output)}`,
      );
    }
    const record = readFileSync(join(dir, `${PREFIX}__verFiles.dat`), 'utf8');
    return {
      ports: readPorts(readFileSync(join(dir, `${PREFIX}.h`), 'utf8')),
      files: [...record.matchAll(/^S .*"(.+)"$/gm)].map((match) => resolve(cwd, match[1]!)),
    };
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    throw new VerilatorError('aborted', 'build stopped');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
