// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../host.ts';

/** Counters of what went well, or only happened; every other one names something lost. */
const EVENTS = new Set(
  [
    'arp.received arp.replies arp.requests',
    'bridge.filtered bridge.flooded bridge.forwarded',
    'esp.in esp.inOk esp.out ether.received',
    'icmp.echoed icmp.errors icmp.received icmp.reflected icmp.told if.sent',
    'ip.delivered ip.fragmented ip.fragments ip.received ip.sent',
    'ipsec.lateSoftware ipsec.useNoSa nic.dmaErrors',
    'nic.rxOffloaded nic.txFinishedInSoftware nic.txOffloaded',
    'reass.fragments reass.whole udp.delivered udp.received udp.sent',
  ].flatMap((line) => line.split(' ')),
);

/** What a card drops by itself and its driver never sees. */
const CARD_DROPS = ['rxOverflow', 'rxFiltered', 'rxLenBad'] as const;

/** Everything the hosts and their cards have dropped, as `host.name`: the cards must answer. */
export function dropsOf(hosts: readonly Host[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const host of hosts) {
    for (const [name, n] of Object.entries(host.counters.nonZero())) {
      if (!EVENTS.has(name)) drops[`${host.name}.${name}`] = n;
    }
    const stats = host.nic.stats();
    for (const name of CARD_DROPS) {
      if (stats[name] > 0) drops[`${host.name}.card.${name}`] = stats[name];
    }
  }
  return drops;
}
