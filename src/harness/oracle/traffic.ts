// SPDX-License-Identifier: BSD-2-Clause
import type { Payloads } from '../payload.ts';

/** What the scenario is known to send. */
export interface Traffic {
  readonly payloads: Payloads;
  /** UDP payload bytes of packet `index`. */
  readonly sizeOf?: (index: number) => number;
  /** Destination port of the scenario's packets; any when absent. */
  readonly dstPort?: number;
}
