// SPDX-License-Identifier: BSD-2-Clause
import { ipAddrParse } from '../header/ip_addr.ts';
import { Interleaver } from './interleave.ts';
import type { PacketSize } from './sizes.ts';
import { addressesOf } from './topology.ts';
import { runFlows, UdpFlow } from './udp_flow.ts';
import type { World } from './world.ts';
import type { WorldOptions } from './world_options.ts';

/** What the command line asks of a scenario. */
export interface ScenarioParams {
  readonly packets: number;
  readonly size: PacketSize;
}

/** Something that two hosts do. A script's default export is one. */
export interface Scenario {
  readonly summary: string;
  /** The world it needs; what the command line says goes before it. */
  readonly world?: WorldOptions;
  /** Throws when what it looks for is not so. */
  run(world: World, params: ScenarioParams): void | Promise<void>;
}

/** Gives a script's scenario its type. */
export function defineScenario(scenario: Scenario): Scenario {
  return scenario;
}

/** A tenth of the packets from an end host to the far gateway itself, the rest both ways. */
async function gatewayTraffic(world: World, { packets, size }: ScenarioParams): Promise<void> {
  const [a, b] = world.flowEnds;
  const toGateway = Math.floor(packets / 10);
  const back = Math.floor((packets - toGateway) / 2);
  const flows = [new UdpFlow(world, a!, b!, { packets: packets - toGateway - back, size })];
  if (back > 0) flows.push(new UdpFlow(world, b!, a!, { packets: back, size }));
  await runFlows(world, flows);
  if (toGateway === 0) return;
  const { inner } = addressesOf(world.config.inner, world.config.outer);
  const gateway = { ...b!, host: world.hosts[1]!, address: ipAddrParse(inner[1]) };
  await world.flowBetween(a!, gateway, { packets: toGateway, size });
}

/** Of the points that packets pass, one in so many. */
const INTERLEAVE_EVERY = 40;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  tunnel: {
    summary: 'UDP from one host to the other through an ESP tunnel',
    world: { mode: 'tunnel' },
    run: async (world, params) => void (await world.flow(0, params)),
  },
  transport: {
    summary: 'UDP from one host to the other in ESP transport mode',
    world: { mode: 'transport' },
    run: async (world, params) => void (await world.flow(0, params)),
  },
  duplex: {
    summary: 'UDP both ways at once, so that each card encrypts and decrypts',
    run: async (world, params) => void (await world.duplex(params)),
  },
  interleave: {
    summary: 'UDP both ways while interrupts, rekeys, deletes, route changes come in between',
    world: { mode: 'transport', nic: 'model', mtu: 1500, tagsan: true },
    run: async (world, { packets, size }) => {
      const between = new Interleaver(world, world.config.seed, INTERLEAVE_EVERY);
      await world.duplex({ packets, size });
      await between.settle();
      if (between.leaks > 0) throw new Error(`${between.leaks} frames left in clear by a detour`);
    },
  },
  gateway: {
    summary:
      'end hosts talk through two gateways with an ESP tunnel between them, and to a gateway',
    world: { mode: 'tunnel', gateways: true },
    run: gatewayTraffic,
  },
};
