// SPDX-License-Identifier: BSD-2-Clause
import type { RunReport } from '../../harness/run_report.ts';
import { UdpFlow } from '../../harness/udp_flow.ts';
import type { World } from '../../harness/world.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import type { CaseRun } from '../case_run.ts';

const STEP_CYCLES = 1500;
const AFTERWARDS = 20;
const CATCH_UP_STEPS = 20;

/** Two hosts in transport mode; no packet of a flow is so long that it is cut. */
export function faultWorld(c: CaseRun, options: WorldOptions = {}): Promise<World> {
  return c.world({ mode: 'transport', mtu: 2000, ...options });
}

/** UDP from host 0 to host 1; `between` is called after each of its many small steps. */
export async function flowWith(
  world: World,
  packets: number,
  between: (step: number, flow: UdpFlow) => void,
  size: number | 'imix' = 'imix',
): Promise<UdpFlow> {
  const [a, b] = world.flowEnds;
  const flow = new UdpFlow(world, a!, b!, { packets, size });
  const batch = Math.ceil(packets / 10);
  for (let step = 0; !flow.isSent; step++) {
    flow.pump(Math.min(packets, flow.sent + batch));
    world.step(STEP_CYCLES);
    await world.breathe();
    world.expectProgress('mbufs to send from');
    between(step, flow);
  }
  await world.settle();
  flow.close();
  return flow;
}

/** A host that has slept takes what has come, and its card what waits for buffers. */
export function catchUp(world: World): void {
  for (let n = 0; n < CATCH_UP_STEPS; n++) world.step(STEP_CYCLES);
}

/** After the fault all works as before: what is sent now arrives. */
export async function worksAgain(c: CaseRun, world: World): Promise<void> {
  for (const from of [0, 1] as const) {
    const flow = await world.flow(from, { packets: AFTERWARDS, size: 'imix' });
    c.equal(`delivered from host ${from}, when the fault is over`, flow.delivered, AFTERWARDS);
  }
}

/** The sum of drop counters, 'host0.nic.txDmaErr'. */
export function dropped(r: RunReport, ...names: string[]): number {
  return names.reduce((n, name) => n + (r.drops[name] ?? 0), 0);
}

/** What is missing is what these counters say, packet for packet. */
export function lossIs(c: CaseRun, r: RunReport, ...names: string[]): void {
  const missing = r.packets.sent - r.packets.delivered - r.packets.lost;
  const shown = Object.fromEntries(names.map((name) => [name, r.drops[name] ?? 0]));
  c.equal(`packets missing, by ${JSON.stringify(shown)}`, missing, dropped(r, ...names));
}
