// SPDX-License-Identifier: BSD-2-Clause
import { type BindingName, loadBinding } from '../../ffi/binding.ts';
import { GcmEngine } from '../../ffi/gcm_engine.ts';
import type { Progress } from '../../verilator/index.ts';
import { engineLibrary, type Lanes } from '../library.ts';
import type { OwnRtl } from '../own_rtl.ts';
import type { Message, VectorEngine } from './engine.ts';
import type { VectorCase } from './vector_case.ts';

const LENGTH_MAX_BYTES = 65535;

/** The card's AES-GCM engine, verilated alone. */
export class RtlEngine implements VectorEngine {
  readonly name = 'rtl';
  readonly #engine: GcmEngine;

  constructor(engine: GcmEngine) {
    this.#engine = engine;
  }

  /** GMAC is GCM whose message is all AAD (NIST SP 800-38D §6.4), so the engine does it too. */
  cannot({ algorithm, key, iv, tag, aad, ct, msg }: VectorCase): string {
    if (algorithm !== 'aes-gcm' && algorithm !== 'aes-gmac') return `${algorithm}, not in RTL`;
    if (iv.length !== 12) return 'IV not 96 bits';
    if (tag.length !== 16) return 'tag not 128 bits';
    if (key.length !== 16 && key.length !== 32) return `AES-${key.length * 8}, not in RTL`;
    const longest = Math.max(aad.length, ct.length, msg.length);
    return longest > LENGTH_MAX_BYTES ? `${longest} bytes, more than 65535` : '';
  }

  run(messages: readonly Message[]): void {
    this.#engine.run(messages);
  }

  close(): void {
    this.#engine.close();
  }

  /** Clock cycles that it took so far. */
  get cycles(): number {
    return this.#engine.cycles;
  }
}

/**
 * Builds the engine's library when it has to; rtl: of another engine. Throws VerilatorError,
 * ContractError, BindingError, BusError.
 */
export async function openRtlEngine(
  ffi: BindingName,
  onProgress?: (step: Progress) => void,
  signal?: AbortSignal,
  rtl?: OwnRtl,
  lanes: Lanes = 1,
): Promise<RtlEngine> {
  const binding = await loadBinding(ffi);
  const options = {
    ...(rtl === undefined ? {} : { rtl }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  const built = await engineLibrary(options, lanes);
  return new RtlEngine(new GcmEngine(binding, built.library));
}
