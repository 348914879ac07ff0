// SPDX-License-Identifier: BSD-2-Clause
import type { CaseRun } from './case_run.ts';

export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** One thing that a card, its driver and the stack above it must do. */
export interface Case {
  /** 'esp/tunnel-aes-gcm-128-64': its group, and a name that is unique there. */
  readonly id: string;
  /** What must be so, in one line. */
  readonly title: string;
  /** RFC section, hazard number, or the contract that says so: 'RFC 4303 §3.4.3', 'H7'. */
  readonly checks: string;
  /** In what it differs from the others of its table; part of its seed. */
  readonly parameters?: Parameters;
  /** Its stimulus comes from the seed: --reseed runs it under several. */
  readonly isRandom?: boolean;
  /** It goes by the registers and descriptors of this project's card. */
  readonly needsOwnRegisters?: boolean;
  /** Its cards have several queues: another build, which is made beforehand. */
  readonly needsQueues?: boolean;
  /** The one kind of card that it is for. */
  readonly onlyNic?: 'rtl' | 'model';
  /** Throws when it is not so: CaseFailure by the checks of CaseRun, or any other error. */
  run(c: CaseRun): Promise<void> | void;
}

/** What an id begins with. */
export function groupOf(id: string): string {
  return id.slice(0, id.indexOf('/'));
}
