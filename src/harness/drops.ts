// SPDX-License-Identifier: BSD-2-Clause
import type { EndHost } from '../end_host.ts';
import type { Host } from '../host.ts';

/** Counters of what went well, or only happened; every other one names something lost. */
const EVENTS = new Set(
  [
    'ah.in ah.inOk ah.out arp.received arp.replies arp.requests',
    'gif.received gif.sent ifIpsec.received ifIpsec.sent',
    'bridge.filtered bridge.flooded bridge.forwarded ipsec.cutFirst ipsec.pmtuLowered',
    'forward.sent forward6.sent frag6.atomic',
    'icmp6.echoed icmp6.errors icmp6.pathMtu icmp6.received icmp6.reflected icmp6.told',
    'ip6.delivered ip6.fragmented ip6.fragments ip6.received ip6.sent',
    'nd6.adverts nd6.received nd6.solicits udp6.delivered udp6.received udp6.sent',
    'esp.dummyOut esp.in esp.inOk esp.keepaliveIn esp.keepaliveOut esp.out esp.peerMoved ether.received',
    'icmp.echoed icmp.errors icmp.received icmp.reflected icmp.told if.sent',
    'ip.delivered ip.fragmented ip.fragments ip.received ip.sent',
    'ipsec.acquire ipsec.hardExpired ipsec.softExpired',
    'ipsec.lateSoftware ipsec.useNoSa nic.dmaErrors',
    'nic.rxKeyErr nic.rxOffloaded nic.txFinishedInSoftware nic.txOffloaded',
    'reass.fragments reass.whole udp.delivered udp.received udp.sent',
  ].flatMap((line) => line.split(' ')),
);

/** What a card drops by itself and its driver never sees. */
const CARD_DROPS = ['rxOverflow', 'rxFiltered', 'rxLenBad'] as const;

/** Everything that all hosts, and the cards of `hosts`, have dropped, as `host.name`: the cards must answer. */
export function dropsOf(hosts: readonly Host[], nodes: readonly EndHost[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const node of nodes) {
    for (const [name, n] of Object.entries(node.counters.nonZero())) {
      if (!EVENTS.has(name)) drops[`${node.name}.${name}`] = n;
    }
  }
  for (const host of hosts) {
    const stats = host.nic.stats();
    for (const name of CARD_DROPS) {
      if (stats[name] > 0) drops[`${host.name}.card.${name}`] = stats[name];
    }
  }
  return drops;
}
