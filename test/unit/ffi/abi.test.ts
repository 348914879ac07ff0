// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as abi from '../../../src/ffi/abi.ts';
import * as driver from '../../../src/ffi/driver_abi.ts';
import * as wire from '../../../src/model/model_wire.ts';

const include = fileURLToPath(new URL('../../../sim/include', import.meta.url));

/** Compiles a C program that prints expressions, one a line, and returns their values. */
function askCompiler(expressions: readonly string[]): number[] {
  const dir = mkdtempSync(join(tmpdir(), 'tagwire-abi-'));
  try {
    const lines = expressions.map((e) => `  printf("%lld\\n", (long long)(${e}));`);
    const source = `#include <stddef.h>\n#include <stdio.h>\n#include "tagwire_sim.h"\n#include "tagwire_gcm.h"\n#include "tagwire_driver.h"\nint main(void) {\n${lines.join('\n')}\n  return 0;\n}\n`;
    writeFileSync(join(dir, 'abi.c'), source);
    const program = join(dir, 'abi');
    const flags = ['-std=c99', '-Wall', '-Werror', `-I${include}`];
    execFileSync(process.env.CC ?? 'cc', [...flags, join(dir, 'abi.c'), '-o', program]);
    return execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const structs = {
  tw_config: [abi.TW_CONFIG, abi.TW_CONFIG_BYTES],
  tw_posted: [abi.TW_POSTED, abi.TW_POSTED_BYTES],
  tw_shared: [abi.TW_SHARED, abi.TW_SHARED_BYTES],
  tw_tap_record: [abi.TW_TAP_RECORD, abi.TW_TAP_RECORD_BYTES],
  tw_probe_record: [abi.TW_PROBE_RECORD, abi.TW_PROBE_RECORD_BYTES],
  tw_gcm_msg: [abi.TW_GCM_MSG, abi.TW_GCM_MSG_BYTES],
  twd_config: [driver.TWD_CONFIG, driver.TWD_CONFIG_BYTES],
  twd_frame: [driver.TWD_FRAME, driver.TWD_FRAME_BYTES],
  twd_sa: [driver.TWD_SA, driver.TWD_SA_BYTES],
} as const;

test.each(Object.entries(structs))(
  '%s: size and offsets are the header’s',
  (name, [fields, bytes]) => {
    const names = Object.keys(fields);
    const [size, ...offsets] = askCompiler([
      `sizeof(${name})`,
      ...names.map((field) => `offsetof(${name}, ${field})`),
    ]);
    expect(size).toBe(bytes);
    expect(Object.fromEntries(names.map((n, i) => [n, offsets[i]]))).toEqual(fields);
  },
);

test('codes and limits are the header’s', () => {
  const mirror: Record<string, number> = {
    TW_ABI_VERSION: abi.TW_ABI_VERSION,
    TW_POSTED_MAX: abi.TW_POSTED_MAX,
    TW_FRAME_MAX: abi.TW_FRAME_MAX,
    TW_STOP_BUDGET: 0,
    TW_STOP_IRQ: 1,
    TW_STOP_TAP: 2,
    TW_ERR_ARG: abi.TW_ERR_ARG,
    TW_ERR_MODEL: abi.TW_ERR_MODEL,
    TW_ERR_TIMEOUT: abi.TW_ERR_TIMEOUT,
    TW_ERR_BUS: abi.TW_ERR_BUS,
    TW_ERR_IO: abi.TW_ERR_IO,
    TW_ERR_UNSUPPORTED: abi.TW_ERR_UNSUPPORTED,
    TW_FAULT_MEM_SILENT: 1,
    TW_FAULT_REG_SILENT: 2,
    TW_FAULT_READ_ERROR: 3,
    TW_FAULT_WRITE_ERROR: 4,
    TW_TAP_LOST: wire.TAP_LOST,
    TW_TAP_FLIPPED: wire.TAP_FLIPPED,
    TW_TAP_REORDERED: wire.TAP_REORDERED,
    TW_TAP_INJECTED: wire.TAP_INJECTED,
    TW_GCM_ABI_VERSION: abi.TW_GCM_ABI_VERSION,
    TW_GCM_STATUS_REFUSED: abi.TW_GCM_STATUS_REFUSED,
    TWD_ABI_VERSION: driver.TWD_ABI_VERSION,
    TWD_SEAL: driver.TWD_SEAL,
    TWD_OPENED: driver.TWD_OPENED,
    TWD_ESP_NO_SA: driver.TWD_ESP_NO_SA,
    TWD_OK: driver.TWD_OK,
    TWD_ICV_BAD: driver.TWD_ICV_BAD,
    TWD_SA_GONE: driver.TWD_SA_GONE,
    TWD_SA_KEY256: driver.TWD_SA_KEY256,
    TWD_SA_ESN: driver.TWD_SA_ESN,
    TWD_SA_GMAC: driver.TWD_SA_GMAC,
    TWD_SA_V6: driver.TWD_SA_V6,
    TWD_SA_IN: driver.TWD_SA_IN,
  };
  const names = Object.keys(mirror);
  const values = askCompiler(names);
  expect(Object.fromEntries(names.map((n, i) => [n, values[i]]))).toEqual(mirror);
});

test('every function of the headers that is called has the header’s arguments', () => {
  const text = askHeader();
  for (const [name, { returns, args }] of Object.entries({
    ...abi.WORLD_FUNCTIONS,
    ...abi.GCM_FUNCTIONS,
    ...driver.DRIVER_ABOUT,
    ...driver.DRIVER_FUNCTIONS,
  })) {
    const found = new RegExp(`([\\w ]+[ *])${name}\\(([^)]*)\\)`).exec(text);
    expect(found, name).not.toBeNull();
    const parameters = found![2]!.trim() === 'void' ? [] : found![2]!.split(',');
    expect(parameters.map(kindOf), name).toEqual(args);
    expect(kindOf(`${found![1]}x`), name).toBe(returns);
  }
});

/** The headers without comments, in one line each. */
function askHeader(): string {
  const files = ['tagwire_sim.h', 'tagwire_gcm.h', 'tagwire_driver.h'];
  return files
    .map((file) => execFileSync('cat', [join(include, file)], { encoding: 'utf8' }))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ');
}

/** Kind of a C parameter: `const char *path` is text, `tw_world *world` a handle. */
function kindOf(parameter: string): string {
  const p = parameter.trim();
  if (p.includes('*')) {
    if (/\b(tw_world|tw_gcm|twd)\b/.test(p)) return 'handle';
    return /const char/.test(p) ? 'text' : 'bytes';
  }
  const scalar = /\b(u?)int(32|64)_t\b/.exec(p);
  return scalar === null ? 'void' : `${scalar[1] === 'u' ? 'u' : 'i'}${scalar[2]}`;
}
