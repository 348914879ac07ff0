// SPDX-License-Identifier: BSD-2-Clause
import { type Case, groupOf } from './case.ts';
import { FUZZ_CASES } from './fuzz/cases.ts';
import { CHAINS } from './suites/chains.ts';
import { CHECKSUMS } from './suites/checksums.ts';
import { ESP } from './suites/esp.ts';
import { ESP_FORMS } from './suites/esp_forms.ts';
import { ESP_FRAMES } from './suites/esp_frames.ts';
import { FAULT_CASES } from './suites/faults.ts';
import { HAZARD_CASES } from './suites/hazards.ts';
import { INTERRUPTS } from './suites/interrupts.ts';
import { LEAKS } from './suites/leaks.ts';
import { PACKET } from './suites/packet.ts';
import { PERFORMANCE } from './suites/performance.ts';
import { POLICY } from './suites/policy.ts';
import { QUEUE_INTERRUPTS, QUEUE_RINGS } from './suites/queues.ts';
import { REGISTERS } from './suites/registers.ts';
import { REKEY } from './suites/rekey.ts';
import { REPLAY } from './suites/replay.ts';
import { RINGS } from './suites/rings.ts';
import { TAG_CASES } from './suites/tags.ts';
import { VECTORS } from './suites/vectors.ts';

/** All cases, group by group, in the order in which they are listed and reported. */
export const CASES: readonly Case[] = [
  ...VECTORS,
  ...RINGS,
  ...QUEUE_RINGS,
  ...CHAINS,
  ...CHECKSUMS,
  ...REGISTERS,
  ...INTERRUPTS,
  ...QUEUE_INTERRUPTS,
  ...ESP,
  ...ESP_FRAMES,
  ...ESP_FORMS,
  ...PACKET,
  ...REPLAY,
  ...POLICY,
  ...HAZARD_CASES,
  ...TAG_CASES,
  ...REKEY,
  ...FAULT_CASES,
  ...FUZZ_CASES,
  ...LEAKS,
  ...PERFORMANCE,
];

/** The groups, in that order. */
export const GROUPS: readonly string[] = [...new Set(CASES.map((c) => groupOf(c.id)))];

/** The case of this id. Throws RangeError when there is none. */
export function caseById(id: string): Case {
  const found = CASES.find((c) => c.id === id);
  if (found === undefined) throw new RangeError(`there is no case '${id}'`);
  return found;
}
