// SPDX-License-Identifier: BSD-2-Clause
import type { EndHost } from '../end_host.ts';
import { type IpAddr, ipAddrParse } from '../header/ip_addr.ts';
import { addressesOf } from './topology.ts';
import type { WorldParts } from './world.ts';

/** A host that a flow comes from or goes to. */
export interface FlowEnd {
  readonly host: EndHost;
  readonly address: IpAddr;
  /** Packets of this host's that have not left its card, or its gateway's, yet. */
  outstanding(): number;
}

/** Where the flows of a world go from and to: by side, 0 and 1. */
export function flowEnds({ config, hosts, behind }: WorldParts): FlowEnd[] {
  const addresses = addressesOf(config.inner, config.outer);
  if (!config.gateways) {
    const ends = config.mode === 'tunnel' ? addresses.inner : addresses.outer;
    return hosts.map((host, n) => ({
      host,
      address: ipAddrParse(ends[n]!),
      outstanding: () => host.nic.txOutstanding,
    }));
  }
  return behind.map(({ host, link: [, far] }, n) => ({
    host,
    address: ipAddrParse(addresses.behind[n]!),
    outstanding: () => far.queued + hosts[n]!.nic.txOutstanding,
  }));
}
