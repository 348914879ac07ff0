// SPDX-License-Identifier: BSD-2-Clause
import type { CType, Signature } from './abi.ts';

/** A pointer that came from native code: only its binding knows what it is. */
export type Handle = { readonly __handle: never };

interface JsType {
  i32: number;
  u32: number;
  u64: number | bigint | string;
  handle: Handle;
  bytes: Uint8Array | null;
  text: string;
  void: undefined;
}

type JsArgs<A extends readonly CType[]> = {
  [I in keyof A]: A[I] extends 'u64' ? number : JsType[A[I]];
};

/** The functions of a library, as TypeScript sees them. */
export type Native<S extends Readonly<Record<string, Signature>>> = {
  readonly [N in keyof S]: (...args: JsArgs<S[N]['args']>) => JsType[S[N]['returns']];
};

export type BindingName = 'koffi' | 'ffi-napi';

/** One way of calling native code. */
export interface Binding {
  readonly name: BindingName;
  /** Loads a library and finds the functions in it. Throws BindingError. */
  open<S extends Readonly<Record<string, Signature>>>(path: string, signatures: S): Native<S>;
  isNull(handle: Handle): boolean;
}

/** A binding is not installed, or a library cannot be used with it. `hint`: what to do about it. */
export class BindingError extends Error {
  readonly binding: BindingName;
  readonly hint: string;
  constructor(binding: BindingName, message: string, hint: string) {
    super(message);
    this.name = 'BindingError';
    this.binding = binding;
    this.hint = hint;
  }
}

/** Loads a binding by name; only then is its package needed. */
export async function loadBinding(name: BindingName): Promise<Binding> {
  if (name === 'koffi') return (await import('./koffi_binding.ts')).koffiBinding();
  if (name === 'ffi-napi') return (await import('./ffi_napi_binding.ts')).ffiNapiBinding();
  throw new RangeError(`"name" expected koffi or ffi-napi, got ${name}`);
}

/** What an exception says. */
export function textOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
