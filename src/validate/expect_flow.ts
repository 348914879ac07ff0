// SPDX-License-Identifier: BSD-2-Clause
import type { RunReport } from '../harness/run_report.ts';
import type { PacketSize } from '../harness/sizes.ts';
import type { WorldOptions } from '../harness/world_options.ts';
import { IFCAP_IPSEC } from '../net/ifnet.ts';
import type { CaseRun } from './case_run.ts';
import { CaseSkipped } from './failure.ts';
import { NO_ESP } from './settings.ts';

/** Short rings: a world of a case carries few packets. */
export const SHORT_RINGS = { log2Tx: 6, log2Rx: 6, log2Txc: 6, log2Rxc: 6 } as const;

export interface Flow {
  readonly packets: number;
  readonly size: PacketSize;
  readonly duplex?: boolean;
}

/** UDP through a world of its own; its report, after the oracles. */
export async function flow(c: CaseRun, options: WorldOptions, f: Flow): Promise<RunReport> {
  const world = await c.world({ card: SHORT_RINGS, ...options });
  if (f.duplex === true) await world.duplex(f);
  else await world.flow(0, f);
  return c.finish(world);
}

/** All that was sent was delivered and compared, nothing was dropped, and nothing is left. */
export function expectAll(c: CaseRun, r: RunReport, packets: number): void {
  c.figures('packets', r.packets, { sent: packets, delivered: packets, lost: 0, dropped: 0 });
  c.equal('packets compared byte for byte', r.compared, packets);
  c.equal('drops', r.drops, {});
  c.equal('mbufs, tags and descriptors left', r.tags.leaked, 0);
}

/** All ESP of the run was the cards', each with one tag out, one in, none for the hand-over. */
export function expectOffloaded(c: CaseRun, r: RunReport, packets: number): void {
  const capabilities = c.driver?.capabilities ?? IFCAP_IPSEC;
  if ((capabilities & IFCAP_IPSEC) === 0) throw new CaseSkipped(NO_ESP);
  c.figures('ESP packets', r.packets, {
    ...{ offloadedTx: packets, offloadedRx: packets, software: 0 },
  });
  c.equal('tags', r.tags, {
    ...{ txAllocsPerPacket: 1, rxAllocsPerPacket: 1, handoverAllocs: 0, leaked: 0 },
  });
  c.equal('reasons against offload', r.notOffloaded, []);
}

/** Each ESP packet was done once on either side, and what software did has its reason. */
export function expectDoneOnce(c: CaseRun, r: RunReport, packets: number): void {
  const { offloadedTx, offloadedRx, software } = r.packets;
  c.equal('ESP packets sealed and opened', offloadedTx + offloadedRx + software, 2 * packets);
  const reasons = r.notOffloaded.reduce((n, { count }) => n + count, 0);
  c.equal('packets of software with a reason', reasons, software);
}
