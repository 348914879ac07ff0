// SPDX-License-Identifier: BSD-2-Clause
import type { VectorCase } from './vector_case.ts';

/** One operation; the engine fills in `out`, `tag` (when it encrypts) and `refused`. */
export interface Message {
  readonly decrypt: boolean;
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  readonly text: Uint8Array;
  /** As long as text. Not touched when the tag is refused. */
  readonly out: Uint8Array;
  readonly tag: Uint8Array;
  refused: boolean;
}

/** What runs the cases. */
export interface VectorEngine {
  readonly name: 'rtl' | 'software';
  /** Why it cannot do this case; '' when it can. */
  cannot(vector: VectorCase): string;
  /** Runs all messages, in order. Throws when the engine itself fails. */
  run(messages: readonly Message[]): void;
  close(): void;
}
