// SPDX-License-Identifier: BSD-2-Clause
import { createRequire } from 'node:module';
import type { CType, Signature } from './abi.ts';
import { type Binding, BindingError, type Handle, type Native, textOf } from './binding.ts';

/** The part of koffi's API that is used here. */
interface Koffi {
  load(path: string): { func(name: string, returns: string, args: string[]): unknown };
}

const TYPES: Record<CType, string> = {
  i32: 'int32_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  handle: 'void *',
  bytes: 'uint8_t *',
  text: 'const char *',
  void: 'void',
};

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (e) {
    const hint = 'npm install koffi';
    throw new BindingError('koffi', `koffi cannot be loaded (${textOf(e)}): ${hint}`, hint);
  }
}

/** Calls through koffi: tens of nanoseconds each. A Uint8Array is passed as its address. */
export function koffiBinding(): Binding {
  const koffi = loadKoffi();
  return {
    name: 'koffi',
    open<S extends Readonly<Record<string, Signature>>>(path: string, signatures: S): Native<S> {
      try {
        const library = koffi.load(path);
        const entries = Object.entries(signatures).map(([name, { returns, args }]) => [
          name,
          library.func(
            name,
            TYPES[returns],
            args.map((type) => TYPES[type]),
          ),
        ]);
        return Object.fromEntries(entries) as Native<S>;
      } catch (e) {
        throw new BindingError('koffi', `${path}: ${textOf(e)}`, 'build the library again');
      }
    },
    isNull: (handle: Handle) => handle === null,
  };
}
