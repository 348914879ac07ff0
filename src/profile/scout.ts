// SPDX-License-Identifier: BSD-2-Clause
import { createWorld } from '../harness/create_world.ts';
import type { Scenario } from '../harness/scenario.ts';
import { IP_HDR_LEN } from '../header/ip.ts';
import { IP6_HDR_LEN } from '../header/ip6.ts';
import { UDP_HDR_LEN } from '../header/udp.ts';
import type { Sa } from '../netipsec/sa.ts';
import { BASE_WORKLOAD, type Workload } from './sample.ts';

/** Packets that a scenario is asked to send while it is looked at. */
const PACKETS = 200;

/** A scenario that no offload strategy can be measured with. */
export class ScoutError extends Error {
  readonly exitCode = 2;
  constructor(message: string) {
    super(message);
    this.name = 'ScoutError';
  }
}

/**
 * Runs a scenario once with the functional model, and makes a workload of what it does: the size of
 * its datagrams and how many SAs they take turns at. Throws ScoutError when it offloads no packet.
 */
export async function scout(name: string, scenario: Scenario, seed: number): Promise<Workload> {
  const world = await createWorld({
    ...scenario.world,
    ...{ nic: 'model', seed, oracles: false, digest: false },
  });
  try {
    const size = BASE_WORKLOAD.sizeBytes;
    await scenario.run(world, { packets: PACKETS, size });
    await world.settle();
    const used = world.hosts
      .flatMap((host) => host.ipsec.sadb.list())
      .filter((sa) => sa.direction === 'out' && sa.hwPackets > 0);
    if (used.length === 0) throw new ScoutError(noOffload(name, world));
    return { ...BASE_WORKLOAD, sizeBytes: Math.max(1, datagramBytes(used)), sas: used.length };
  } finally {
    world.close();
  }
}

/** Mean UDP payload of what the SAs carried: what ESP protects, less the headers in it. */
function datagramBytes(used: readonly Sa[]): number {
  const packets = used.reduce((sum, sa) => sum + sa.hwPackets, 0);
  const bytes = used.reduce((sum, sa) => {
    const inner = sa.mode === 'tunnel' ? (sa.family === 6 ? IP6_HDR_LEN : IP_HDR_LEN) : 0;
    return sum + sa.hwBytes - sa.hwPackets * (inner + UDP_HDR_LEN);
  }, 0);
  return Math.round(bytes / packets);
}

function noOffload(name: string, world: Awaited<ReturnType<typeof createWorld>>): string {
  const reasons = world.hosts.flatMap((host) => host.ipsec.reasons.list());
  const why = [...new Set(reasons.map((row) => row.reason))].join(', ');
  return (
    `scenario '${name}' offloads no packet, so there is no tag to measure` +
    (why === '' ? ': none of its packets is protected' : `: ${why}`)
  );
}
