// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { engineLibrary, type Lanes } from '../../src/harness/library.ts';
import { type VerilateOptions, verilate } from '../../src/verilator/index.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const sim = join(root, 'sim/gcm');

/** Builds the engine alone (cached) and returns the path of the library. */
export async function buildGcmLibrary(
  name: string,
  rtl: Partial<VerilateOptions>,
): Promise<string> {
  const parts = JSON.parse(readFileSync(join(sim, 'library.json'), 'utf8')) as {
    cppSources: string[];
    cppIncludeDirs: string[];
    cppFlags: string[];
  };
  const built = await verilate({
    top: 'nic_gcm',
    cwd: root,
    name,
    cppSources: parts.cppSources.map((file) => join(sim, file)),
    cppIncludeDirs: parts.cppIncludeDirs.map((folder) => join(sim, folder)),
    cppFlags: parts.cppFlags,
    ...rtl,
  });
  return built.library;
}

export const gcmLibrary = async (lanes: Lanes): Promise<string> =>
  (await engineLibrary({}, lanes)).library;

export interface Message {
  decrypt: boolean;
  key: Uint8Array;
  /** 12 bytes. */
  iv: Uint8Array;
  aad: Uint8Array;
  text: Uint8Array;
  /** Decrypt: the tag that came with the text. */
  tag?: Uint8Array;
}

export interface Result {
  ok: boolean;
  /** What lies where the output belongs; `untouched` bytes where nothing was written. */
  out: Buffer;
  /** Encrypt: the tag. */
  tag: Buffer;
  startCycle: number;
  textCycle: number;
  finishCycle: number;
}

export interface Stalls {
  seed: number;
  /** Chance of a pause a cycle, in 1/1000. */
  cmd: number;
  input: number;
  expected: number;
  out: number;
  tag: number;
}

/** Fills the output before a run. */
export const untouched = 0xee;

const MSG_BYTES = 64;
const STATUS_OK = 1;
export const ERR_ARG = 1;

/** sim/include/tagwire_gcm.h. */
export class GcmEngine {
  readonly #lib;
  readonly #handle: unknown;
  readonly #err = Buffer.alloc(512);

  constructor(library: string) {
    const lib = koffi.load(library);
    this.#lib = {
      version: lib.func('uint32_t tw_gcm_abi_version()'),
      create: lib.func('void *tw_gcm_create(void *err, uint32_t err_bytes)'),
      destroy: lib.func('void tw_gcm_destroy(void *gcm)'),
      run: lib.func(
        'int32_t tw_gcm_run(void *gcm, void *msgs, uint32_t n, void *arena, uint64_t arena_bytes, const void *stalls, void *err, uint32_t err_bytes)',
      ),
      idle: lib.func(
        'int32_t tw_gcm_idle(void *gcm, uint64_t cycles, void *err, uint32_t err_bytes)',
      ),
      cycles: lib.func('uint64_t tw_gcm_cycles(void *gcm)'),
    };
    this.#handle = this.#lib.create(this.#err, this.#err.length);
    if (this.#handle === null) throw new Error(this.#text());
  }

  #text(): string {
    return this.#err.toString('latin1', 0, this.#err.indexOf(0));
  }

  close(): void {
    this.#lib.destroy(this.#handle);
  }

  get version(): number {
    return this.#lib.version() as number;
  }

  get cycles(): number {
    return Number(this.#lib.cycles(this.#handle));
  }

  idle(cycles: number): void {
    if (this.#lib.idle(this.#handle, cycles, this.#err, this.#err.length) !== 0) {
      throw new Error(this.#text());
    }
  }

  /** Calls tw_gcm_run with descriptors as they are. @returns its code and its error text */
  runRaw(descriptors: Buffer, arena: Buffer, stalls: Buffer | null): [number, string] {
    const n = descriptors.length / MSG_BYTES;
    const code = this.#lib.run(
      this.#handle,
      descriptors,
      n,
      arena,
      arena.length,
      stalls,
      this.#err,
      this.#err.length,
    ) as number;
    return [code, this.#text()];
  }

  /** Streams the messages back to back. @throws Error with the text of the library */
  run(messages: readonly Message[], stalls?: Stalls): Result[] {
    const parts: Buffer[] = [];
    let at = 0;
    const put = (bytes: Uint8Array): number => {
      parts.push(Buffer.from(bytes));
      at += bytes.length;
      return at - bytes.length;
    };
    const descriptors = Buffer.alloc(MSG_BYTES * messages.length);
    const places = messages.map((m, i) => {
      const d = descriptors.subarray(MSG_BYTES * i, MSG_BYTES * (i + 1));
      d[0] = m.decrypt ? 1 : 0;
      d[1] = m.key.length;
      d.writeUInt32LE(put(m.key), 4);
      d.writeUInt32LE(put(m.iv), 8);
      d.writeUInt32LE(put(m.aad), 12);
      d.writeUInt32LE(m.aad.length, 16);
      d.writeUInt32LE(put(m.text), 20);
      d.writeUInt32LE(m.text.length, 24);
      const tag = put(m.tag ?? Buffer.alloc(16, untouched));
      const out = put(Buffer.alloc(m.text.length, untouched));
      d.writeUInt32LE(tag, 28);
      d.writeUInt32LE(out, 32);
      return { d, tag, out };
    });
    const arena = Buffer.concat(parts);
    const [code, text] = this.runRaw(descriptors, arena, stalls ? packStalls(stalls) : null);
    if (code !== 0) throw new Error(text);
    return places.map(({ d, tag, out }, i) => ({
      ok: d[2] === STATUS_OK,
      out: arena.subarray(out, out + messages[i]!.text.length),
      tag: arena.subarray(tag, tag + 16),
      startCycle: Number(d.readBigUInt64LE(40)),
      textCycle: Number(d.readBigUInt64LE(48)),
      finishCycle: Number(d.readBigUInt64LE(56)),
    }));
  }
}

export function packStalls(stalls: Stalls): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(stalls.seed, 0);
  [stalls.cmd, stalls.input, stalls.expected, stalls.out, stalls.tag].forEach((permille, i) => {
    bytes.writeUInt16LE(permille, 4 + 2 * i);
  });
  return bytes;
}
