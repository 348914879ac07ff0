// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, statSync } from 'node:fs';
import type { DriverModule } from '../dev/nic/nic_driver.ts';
import type { BindingName } from '../ffi/binding.ts';
import { loadDriver } from '../harness/driver_file.ts';
import type { OwnRtl } from '../harness/own_rtl.ts';
import { type OptionTable, UsageError, type Values } from './options.ts';

/** Options of the commands that take RTL from elsewhere. */
export const rtlOptions = {
  rtl: {
    type: 'string',
    value: 'FILELIST',
    help: 'your own engine or card: a Verilator file list, paths from its folder',
  },
  top: { type: 'string', value: 'MODULE', env: 'TOPLEVEL', help: 'name of its top module' },
  define: { type: 'list', value: 'NAME[=VALUE]', short: 'D', help: 'a Verilog macro for it' },
  include: { type: 'list', value: 'DIR', short: 'I', help: 'a folder of its include files' },
  vlt: { type: 'list', value: 'FILE', help: 'a Verilator configuration file, as for waivers' },
  'verilator-flag': {
    type: 'list',
    value: 'FLAG',
    help: 'a further flag, written --verilator-flag=-Wno-fatal',
  },
  clock: {
    type: 'list',
    value: 'PORT=NS',
    help: "an input that is a clock of its own, and its period (the card's is 4 ns)",
  },
} as const satisfies OptionTable;

/** Of the commands that have a host for a card. */
export const driverOption = {
  driver: {
    type: 'string',
    value: 'FILE',
    help: 'the driver of your own card: a .ts, .js, .c or .so file',
  },
} as const satisfies OptionTable;

const CLOCK_NS = { min: 0.1, max: 1000 };

function needFile(option: string, path: string, kind: 'file' | 'folder'): string {
  const found = existsSync(path) ? statSync(path) : undefined;
  if (kind === 'file' ? found?.isFile() : found?.isDirectory()) return path;
  throw new UsageError(`--${option} ${path}: expected a ${kind} that can be read, found none`);
}

function readDefines(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value = ''] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? [];
      if (name === undefined)
        throw new UsageError(`--define: expected NAME[=VALUE], got '${text}'`);
      return [name, value];
    }),
  );
}

function readClocks(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, ns] = /^([A-Za-z_]\w*)=(\d+\.?\d*|\.\d+)$/.exec(text) ?? [];
      const periodNs = Number(ns);
      if (name !== undefined && periodNs >= CLOCK_NS.min && periodNs <= CLOCK_NS.max) {
        return [name, periodNs];
      }
      const range = `${CLOCK_NS.min} to ${CLOCK_NS.max}`;
      throw new UsageError(`--clock: expected PORT=NS with ${range} ns, got '${text}'`);
    }),
  );
}

/** What the options name; undefined without --rtl. Throws UsageError. */
export function ownRtl(values: Values<typeof rtlOptions>): OwnRtl | undefined {
  const { rtl, top, define, include, vlt, clock } = values;
  const flags = values['verilator-flag'];
  if (rtl === undefined) {
    const useless = { define, include, vlt, clock, 'verilator-flag': flags };
    const given = Object.entries(useless).find(([, list]) => list.length > 0);
    if (given !== undefined) throw new UsageError(`--${given[0]}: expected --rtl FILELIST with it`);
    return undefined;
  }
  if (top === undefined) throw new UsageError('--rtl: expected --top MODULE with it');
  if (!/^[A-Za-z_]\w*$/.test(top)) {
    throw new UsageError(`--top: expected the name of a module, got '${top}'`);
  }
  const clocks = readClocks(clock);
  return {
    fileList: needFile('rtl', rtl, 'file'),
    top,
    includeDirs: include.map((path) => needFile('include', path, 'folder')),
    defines: readDefines(define),
    vlt: vlt.map((path) => needFile('vlt', path, 'file')),
    flags,
    ...(Object.keys(clocks).length === 0 ? {} : { clocks }),
  };
}

/** The driver that --driver names; undefined without. Throws UsageError, DriverError. */
export async function ownDriver(
  values: Values<typeof driverOption> & { rtl: string | undefined; ffi: BindingName | undefined },
): Promise<DriverModule | undefined> {
  if (values.driver === undefined) return undefined;
  if (values.rtl === undefined) throw new UsageError('--driver: expected --rtl FILELIST with it');
  return loadDriver(values.driver, values.ffi ?? 'koffi');
}
