// SPDX-License-Identifier: BSD-2-Clause
import type { Traffic } from './oracle/traffic.ts';
import { Payloads } from './payload.ts';
import { type PacketSize, payloadBytes, SIZE_MAX_BYTES } from './sizes.ts';

/** UDP port that a world's flows go to; the wire oracle knows what must be in them. */
export const FLOW_PORT = 5001;

/** What a world's flows send, as receivers and the wire oracle know it. */
export class FlowTraffic implements Traffic {
  readonly payloads: Payloads;
  readonly dstPort = FLOW_PORT;
  /** Set when a flow begins. */
  size: PacketSize = 0;
  readonly sizeOf = (index: number): number => payloadBytes(this.size, index);

  constructor(seed: number) {
    this.payloads = new Payloads(seed, SIZE_MAX_BYTES);
  }
}
