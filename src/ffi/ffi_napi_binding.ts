// SPDX-License-Identifier: BSD-2-Clause
import { createRequire } from 'node:module';
import type { CType, Signature } from './abi.ts';
import { type Binding, BindingError, type Handle, type Native, textOf } from './binding.ts';

/** The part of ffi-napi's API that is used here. */
interface FfiNapi {
  Library(path: string, functions: Record<string, [string, string[]]>): Record<string, unknown>;
}

const TYPES: Record<CType, string> = {
  i32: 'int32',
  u32: 'uint32',
  u64: 'uint64',
  handle: 'pointer',
  bytes: 'pointer',
  text: 'string',
  void: 'void',
};

/** ffi-napi itself does not compile on Node 20: its name stands for a fork that does. */
const INSTALL =
  'npm install ffi-napi@npm:@2060.io/ffi-napi@4.0.9 (it compiles: gcc, make, python3)';

function loadFfiNapi(): FfiNapi {
  try {
    return createRequire(import.meta.url)('ffi-napi') as FfiNapi;
  } catch (e) {
    const [line] = textOf(e).split('\n');
    throw new BindingError('ffi-napi', `ffi-napi cannot be loaded (${line}): ${INSTALL}`, INSTALL);
  }
}

type Call = (...args: unknown[]) => unknown;

/** Buffers where the signature says bytes: ffi-napi takes no other typed array. */
function withBuffers(call: Call, args: readonly CType[]): Call {
  if (!args.includes('bytes')) return call;
  return (...values) =>
    call(
      ...values.map((value, i) =>
        args[i] === 'bytes' && value instanceof Uint8Array
          ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
          : value,
      ),
    );
}

/** Calls through ffi-napi: some ten microseconds each. */
export function ffiNapiBinding(): Binding {
  const ffi = loadFfiNapi();
  return {
    name: 'ffi-napi',
    open<S extends Readonly<Record<string, Signature>>>(path: string, signatures: S): Native<S> {
      const functions: Record<string, [string, string[]]> = {};
      for (const [name, { returns, args }] of Object.entries(signatures))
        functions[name] = [TYPES[returns], args.map((type) => TYPES[type])];
      try {
        const library = ffi.Library(path, functions);
        const entries = Object.entries(signatures).map(([name, { args }]) => [
          name,
          withBuffers(library[name] as Call, args),
        ]);
        return Object.fromEntries(entries) as Native<S>;
      } catch (e) {
        throw new BindingError('ffi-napi', `${path}: ${textOf(e)}`, 'build the library again');
      }
    },
    // A pointer is a Buffer; its address is what ref-napi reads, as a number or decimal text.
    isNull: (handle: Handle) => {
      const pointer = handle as unknown as { isNull?: () => boolean } | null;
      return pointer === null || pointer.isNull?.() === true;
    },
  };
}
