// SPDX-License-Identifier: BSD-2-Clause
import type { RtlOptions } from '../verilator/index.ts';

/**
 * RTL from elsewhere in the place of ours: an engine, which our card holds in the place of nic_gcm, or
 * a whole card in the place of nic_top. Which of the two, its ports tell (rtl_contract.ts).
 */
export interface OwnRtl
  extends Pick<RtlOptions, 'top' | 'includeDirs' | 'defines' | 'vlt' | 'flags'> {
  /** File list; paths in it are relative to its folder. */
  readonly fileList: string;
  /** Inputs that are clocks besides the card's own: name and period in ns (the card's is 4). */
  readonly clocks?: Readonly<Record<string, number>>;
}

/** The same as Verilator's options. */
export function ownOptions(own: OwnRtl): Omit<RtlOptions, 'cwd'> {
  const { fileList, clocks: _, ...rtl } = own;
  return { ...rtl, rootedFileLists: [fileList] };
}

/** The same as a command's arguments. */
export function ownRtlArgs(own: OwnRtl): string[] {
  const { fileList, top, includeDirs = [], defines = {}, vlt = [], flags = [], clocks = {} } = own;
  const pairs = (option: string, of: object): string[] =>
    Object.entries(of).map(
      ([name, value]) => `${option}${value === '' ? name : `${name}=${value}`}`,
    );
  return [
    ...['--rtl', fileList, '--top', top],
    ...pairs('-D', defines),
    ...includeDirs.flatMap((dir) => ['-I', dir]),
    ...vlt.flatMap((file) => ['--vlt', file]),
    ...flags.map((flag) => `--verilator-flag=${flag}`),
    ...pairs('--clock=', clocks),
  ];
}
