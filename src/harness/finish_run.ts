// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../host.ts';
import { TagSan, tagFindingText } from '../kern/tag_san.ts';
import { OFFLOAD_REASONS } from '../netipsec/offload_reason.ts';
import {
  PACKET_TAG_IPSEC_IN_COULD_DO_CRYPTO,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
} from '../netipsec/pact.ts';
import { dropsOf } from './drops.ts';
import type { Violation } from './oracle/violation.ts';
import type { RunReport } from './run_report.ts';
import type { World } from './world.ts';

const IN_TAGS = [
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_COULD_DO_CRYPTO,
];
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);
const round = (x: number, digits: number): number => Number(x.toFixed(digits));

/** ESP packets of one direction, by who did the crypto, over all SAs that the hosts have had. */
function espPackets(hosts: readonly Host[], direction: 'in' | 'out') {
  const counts = hosts.map((h) => h.ipsec.sadb.packets(direction));
  return { hw: sum(counts.map((c) => c.hw)), sw: sum(counts.map((c) => c.sw)) };
}

/**
 * Ends a run: lets everything come to rest, takes the cards down, counts what is left, closes the
 * files, and says what happened. The world is closed afterwards.
 */
export async function finishRun(world: World, scenario: string): Promise<RunReport> {
  const { hosts, config, oracle } = world;
  await world.settle();
  const totals = world.totals();
  const cycles = world.cycle - world.sim.idleCycles - world.startCycle;
  const out = espPackets(hosts, 'out');
  const inn = espPackets(hosts, 'in');
  const rxAllocs = sum(hosts.flatMap((h) => IN_TAGS.map((id) => h.tags.allocsById[id]!)));
  const txAllocs = sum(hosts.map((h) => h.tags.allocs)) - rxAllocs;
  const handover = sum(hosts.map((h) => h.ipsec.handOverAllocs + h.nic.handoverAllocs));
  // A wire that flips bits in IPv6's headers, which have no checksum, leaves packets in pieces.
  for (const { inet } of world.nodes) inet.reass.drain();
  const drops = dropsOf(hosts, world.nodes);
  const leaked = takeDown(world);
  oracle?.finish();
  const flows = world.flows;
  const { sent, delivered } = datagrams(world);
  const mismatches = sum(flows.map((f) => f.mismatches)) + (oracle?.figures.mismatches ?? 0);
  const wallSeconds = (performance.now() - world.startMs) / 1000;
  const bits = 8 * sum(flows.map((f) => f.deliveredBytes));
  const report: RunReport = {
    scenario,
    seed: config.seed,
    digest: world.digest?.hex() ?? '',
    packets: {
      sent,
      delivered,
      lost: totals.wireLost,
      offloadedTx: out.hw,
      offloadedRx: inn.hw,
      software: out.sw + inn.sw,
      dropped: Math.max(0, sent - delivered - totals.wireLost),
    },
    compared: sum(flows.map((f) => f.compared)),
    mismatches,
    plaintextLeaks: oracle?.figures.plaintextLeaks ?? 0,
    tags: {
      txAllocsPerPacket: round(ratio(txAllocs, out.hw + out.sw), 4),
      rxAllocsPerPacket: round(ratio(rxAllocs, inn.hw + inn.sw), 4),
      handoverAllocs: round(ratio(handover, out.hw), 4),
      leaked,
    },
    rtl: {
      cycles,
      cyclesPerPacket: round(ratio(cycles, sent), 2),
      bitsPerCycle: round(ratio(bits, cycles), 2),
    },
    time: {
      wallSeconds: round(wallSeconds, 3),
      cyclesPerSecond: Math.round(ratio(totals.cycles, wallSeconds)),
      packetsPerSecond: Math.round(ratio(sent, wallSeconds)),
      split: split(world, wallSeconds, totals.runNs),
    },
    ffi: {
      binding: config.nic === 'model' ? 'none' : config.ffi,
      calls: totals.calls,
      callsPerPacket: round(ratio(totals.calls, sent), 4),
    },
    notOffloaded: notOffloaded(hosts),
    notes: hosts.flatMap((h) => h.notes),
    drops,
    ...(world.schedule.length === 0 ? {} : { schedule: world.schedule }),
    violations: violations(world, leaked, drops),
    artefacts: world.artefacts,
  };
  world.close();
  return report;
}

/** UDP sent and delivered: the flows', or all there was when the scenario used sockets alone. */
function datagrams({ flows, nodes }: World): { sent: number; delivered: number } {
  if (flows.length > 0) {
    return { sent: sum(flows.map((f) => f.sent)), delivered: sum(flows.map((f) => f.delivered)) };
  }
  const all = (name: string): number =>
    sum(nodes.map((h) => h.counters.get(`udp.${name}`) + h.counters.get(`udp6.${name}`)));
  return { sent: all('sent'), delivered: all('delivered') };
}

/** Did every check of the run pass? */
export function passed(r: RunReport): boolean {
  return r.violations.length === 0 && r.mismatches === 0 && r.plaintextLeaks === 0;
}

/** Cards down, queues drained: what is then still in use has leaked. */
function takeDown(world: World): number {
  let leaked = 0;
  for (const host of world.hosts) {
    leaked += host.nic.txOutstanding;
    try {
      host.detach();
    } finally {
      host.drain();
    }
  }
  for (const node of world.nodes) {
    node.drain();
    leaked += node.mbufs.inUse + node.tags.inUse;
  }
  return leaked;
}

function split(world: World, wallSeconds: number, runNs: number): RunReport['time']['split'] {
  const { step, stack, oracles } = world.spentMs;
  const rtl = runNs / 1e9;
  const ffi = Math.max(0, step / 1000 - rtl);
  const other = Math.max(0, wallSeconds - (step + stack + oracles) / 1000);
  return {
    rtl: round(rtl, 4),
    ffi: round(ffi, 4),
    stack: round(stack / 1000, 4),
    oracles: round(oracles / 1000, 4),
    other: round(other, 4),
  };
}

function notOffloaded(hosts: readonly Host[]): RunReport['notOffloaded'] {
  const counts = new Map<string, number>();
  for (const row of hosts.flatMap((h) => h.ipsec.reasons.list())) {
    counts.set(row.reason, (counts.get(row.reason) ?? 0) + row.count);
  }
  const texts = new Map<string, Set<string>>();
  for (const sa of hosts.flatMap((h) => h.ipsec.sadb.all())) {
    for (const refusal of [sa.refusal, sa.packetRefusal]) {
      if (refusal === null) continue;
      const reason = OFFLOAD_REASONS[refusal.reason]!;
      texts.set(reason, (texts.get(reason) ?? new Set()).add(refusal.text));
    }
  }
  return [...counts].map(([reason, count]) => ({
    reason,
    count,
    texts: [...(texts.get(reason) ?? [])],
  }));
}

/** ESP packets that the card, or software, found to have a wrong ICV. */
function refusedByIcv({ counters }: Host): number {
  return counters.get('nic.rxAuthFail') + counters.get('esp.badIcv');
}

function violations(
  world: World,
  leaked: number,
  drops: Readonly<Record<string, number>>,
): Violation[] {
  const { cycle, oracle, flows } = world;
  const { sent, delivered } = datagrams(world);
  const list: Violation[] = [...(oracle?.violations ?? [])];
  for (const flow of flows) {
    if (flow.mismatches === 0) continue;
    const text = `${flow.mismatches} packets were delivered, but not as they had been sent`;
    list.push({ oracle: 'delivery', text, frame: 0, cycle, packetIndex: flow.firstMismatch });
  }
  const totals = world.totals();
  const lost = sent - delivered - totals.wireLost - sum(Object.values(drops));
  if (lost > 0) {
    const text = `${lost} packets are missing, and no counter says why`;
    list.push({ oracle: 'accounting', text, frame: 0, cycle, packetIndex: -1 });
  }
  const spoilt = totals.wireFlipped + (oracle?.figures.injected ?? 0);
  const refused = sum(world.hosts.map(refusedByIcv));
  if (oracle !== null && refused > spoilt) {
    const text = `${refused} ESP packets were refused by their ICV, and ${spoilt} of them can be wrong`;
    list.push({ oracle: 'icv', text, frame: 0, cycle, packetIndex: -1 });
  }
  if (leaked > 0) {
    const text = `${leaked} mbufs, tags and descriptors are left at the end`;
    list.push({ oracle: 'leak', text, frame: 0, cycle, packetIndex: -1 });
  }
  for (const { name, tags } of world.nodes) {
    if (!(tags instanceof TagSan)) continue;
    for (const finding of tags.end()) {
      const text = `${name}: ${tagFindingText(finding)}`;
      list.push({ oracle: 'tagsan', text, frame: 0, cycle, packetIndex: -1 });
    }
  }
  return list;
}
