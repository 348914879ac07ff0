// SPDX-License-Identifier: BSD-2-Clause
import type { EndHost } from '../end_host.ts';
import { addressOf, BEHIND, INNER, OUTER } from './topology.ts';
import type { WorldParts } from './world.ts';

/** A host that a flow comes from or goes to. */
export interface FlowEnd {
  readonly host: EndHost;
  /** Host order. */
  readonly address: number;
  /** Packets of this host's that have not left its card, or its gateway's, yet. */
  outstanding(): number;
}

/** Where the flows of a world go from and to: by side, 0 and 1. */
export function flowEnds({ config, hosts, behind }: WorldParts): FlowEnd[] {
  if (!config.gateways) {
    const ends = config.mode === 'tunnel' ? INNER : OUTER;
    return hosts.map((host, n) => ({
      host,
      address: addressOf(ends[n]!),
      outstanding: () => host.nic.txOutstanding,
    }));
  }
  return behind.map(({ host, link: [, far] }, n) => ({
    host,
    address: addressOf(BEHIND[n]!),
    outstanding: () => far.queued + hosts[n]!.nic.txOutstanding,
  }));
}
