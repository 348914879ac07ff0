// SPDX-License-Identifier: BSD-2-Clause
import { BusError } from '../dev/nic/nic_bus.ts';
import {
  GCM_FUNCTIONS,
  TW_GCM_ABI_VERSION,
  TW_GCM_MSG,
  TW_GCM_MSG_BYTES,
  TW_GCM_STATUS_REFUSED,
} from './abi.ts';
import { type Binding, BindingError, type Handle, type Native } from './binding.ts';

const ARENA_BYTES = 4 << 20;
const BATCH_MESSAGES = 1024;
const ERROR_TEXT_BYTES = 1024;
const TAG_BYTES = 16;
const IV_BYTES = 12;

/** One AES-GCM message: the engine fills in `out`, `tag` when it encrypts, and `refused`. */
export interface GcmMessage {
  readonly decrypt: boolean;
  /** 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  readonly text: Uint8Array;
  /** As long as text; untouched when the tag is refused. */
  readonly out: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
  refused: boolean;
}

/** nic_gcm alone, verilated: messages through it back to back. */
export class GcmEngine {
  readonly #native: Native<typeof GCM_FUNCTIONS>;
  readonly #handle: Handle;
  readonly #arena: Uint8Array = new Uint8Array(ARENA_BYTES);
  readonly #messages: Uint8Array = new Uint8Array(BATCH_MESSAGES * TW_GCM_MSG_BYTES);
  readonly #error: Uint8Array = new Uint8Array(ERROR_TEXT_BYTES);
  #isOpen = true;
  calls = 0;

  constructor(binding: Binding, libraryPath: string) {
    this.#native = binding.open(libraryPath, GCM_FUNCTIONS);
    const version = this.#native.tw_gcm_abi_version();
    if (version !== TW_GCM_ABI_VERSION)
      throw new BindingError(
        binding.name,
        `${libraryPath} has version ${version} of the ABI, expected ${TW_GCM_ABI_VERSION}`,
        'build the library again',
      );
    this.#handle = this.#native.tw_gcm_create(this.#error, ERROR_TEXT_BYTES);
    if (binding.isNull(this.#handle))
      throw new BusError('model', `the engine cannot be made: ${this.#errorText()}`, 0);
  }

  /** Clock cycles since reset. */
  get cycles(): number {
    return Number(this.#native.tw_gcm_cycles(this.#handle));
  }

  /** Runs all messages, in order. Throws BusError when the engine fails. */
  run(messages: readonly GcmMessage[]): void {
    for (let first = 0; first < messages.length; ) {
      const count = this.#pack(messages, first);
      if (count === 0) throw new RangeError(`message ${first} does not fit: lengths below 65536`);
      this.#call(count);
      for (let i = 0; i < count; i++) this.#unpack(messages[first + i]!, i);
      first += count;
    }
  }

  #call(count: number): void {
    this.calls++;
    const code = this.#native.tw_gcm_run(
      this.#handle,
      this.#messages,
      count,
      this.#arena,
      ARENA_BYTES,
      null,
      this.#error,
      ERROR_TEXT_BYTES,
    );
    if (code !== 0) throw new BusError('model', this.#errorText(), this.cycles);
  }

  /** Lays out messages from `first` on until the arena or the list is full; how many. */
  #pack(messages: readonly GcmMessage[], first: number): number {
    const v = new DataView(this.#messages.buffer);
    this.#messages.fill(0);
    let used = 0;
    const put = (bytes: Uint8Array): number => {
      const at = used;
      this.#arena.set(bytes, at);
      used += (bytes.length + 15) & ~15;
      return at;
    };
    let count = 0;
    while (count < BATCH_MESSAGES && first + count < messages.length) {
      const m = messages[first + count]!;
      checkMessage(m);
      if (used + m.aad.length + 2 * m.text.length + 128 > ARENA_BYTES) break;
      const at = count * TW_GCM_MSG_BYTES;
      const u32 = (field: number, value: number): void => v.setUint32(at + field, value, true);
      v.setUint8(at + TW_GCM_MSG.decrypt, m.decrypt ? 1 : 0);
      v.setUint8(at + TW_GCM_MSG.key_bytes, m.key.length);
      u32(TW_GCM_MSG.key_offset, put(m.key));
      u32(TW_GCM_MSG.iv_offset, put(m.iv));
      u32(TW_GCM_MSG.aad_offset, put(m.aad));
      u32(TW_GCM_MSG.aad_bytes, m.aad.length);
      u32(TW_GCM_MSG.text_offset, put(m.text));
      u32(TW_GCM_MSG.text_bytes, m.text.length);
      // What out holds goes along, so that a byte released in spite of a refusal is seen.
      u32(TW_GCM_MSG.out_offset, put(m.out));
      u32(TW_GCM_MSG.tag_offset, put(m.tag));
      count++;
    }
    return count;
  }

  #unpack(m: GcmMessage, i: number): void {
    const v = new DataView(this.#messages.buffer, i * TW_GCM_MSG_BYTES, TW_GCM_MSG_BYTES);
    const out = v.getUint32(TW_GCM_MSG.out_offset, true);
    m.out.set(this.#arena.subarray(out, out + m.text.length));
    m.refused = v.getUint8(TW_GCM_MSG.status) === TW_GCM_STATUS_REFUSED;
    if (m.refused) return;
    const tag = v.getUint32(TW_GCM_MSG.tag_offset, true);
    if (!m.decrypt) m.tag.set(this.#arena.subarray(tag, tag + TAG_BYTES));
  }

  #errorText(): string {
    return new TextDecoder().decode(this.#error.subarray(0, this.#error.indexOf(0)));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#native.tw_gcm_destroy(this.#handle);
  }
}

function checkMessage(m: GcmMessage): void {
  if (m.key.length !== 16 && m.key.length !== 32)
    throw new TypeError(`"key" expected 16 or 32 bytes, got ${m.key.length}`);
  if (m.iv.length !== IV_BYTES) throw new TypeError(`"iv" expected 12 bytes, got ${m.iv.length}`);
  if (m.tag.length !== TAG_BYTES)
    throw new TypeError(`"tag" expected 16 bytes, got ${m.tag.length}`);
  if (m.out.length !== m.text.length)
    throw new TypeError(`"out" expected ${m.text.length} bytes as text, got ${m.out.length}`);
}
