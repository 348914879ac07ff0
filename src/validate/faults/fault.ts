// SPDX-License-Identifier: BSD-2-Clause
import type { CaseRun } from '../case_run.ts';

/** Something that goes wrong round a card, and what is promised all the same. */
export interface Fault {
  /** 'bus-read-error': unique in the table. */
  readonly id: string;
  readonly title: string;
  /** How it is brought about. */
  readonly injected: string;
  readonly promise: FaultPromise;
  /** By the registers, descriptors and completions of this project's card. */
  readonly needsOwnRegisters?: boolean;
  /** Throws when the promise is not kept. */
  run(c: CaseRun): Promise<void>;
}

/**
 * Promised of every fault besides, and checked by the oracles at the end of its run: no plaintext on
 * the wire, no (key, IV) twice, nothing delivered that was not sent so, every loss under a name,
 * nothing left in use, and a card that works again.
 */
export interface FaultPromise {
  readonly delivered: string;
  /** Counters, and what goes into them. */
  readonly counted: string;
  readonly never: string;
}
