// SPDX-License-Identifier: BSD-2-Clause
import type { SimConfig } from '../dev/nic/nic_bus.ts';
import { etherParse } from '../header/ether.ts';
import { Host, hostBytes } from '../host.ts';
import type { Clock } from '../kern/clock.ts';
import { Capture } from './capture.ts';
import { Digest } from './digest.ts';
import { FlowTraffic } from './flow_traffic.ts';
import { openSim } from './open_sim.ts';
import { oracleFor } from './oracle_setup.ts';
import { addressOf, INNER, MACS, OUTER, setkeyFile } from './topology.ts';
import { World } from './world.ts';
import { type WorldConfig, type WorldOptions, worldConfig } from './world_options.ts';

const ARENA_ALIGN = 4096;
const TAP_BYTES = 4 << 20;
const REG_TIMEOUT_CYCLES = 10_000;

/**
 * Two hosts with a card each, at the two ends of a wire; see topology.ts. Builds the simulation
 * library when it has to. Throws RangeError, SetkeyError, BusError, VerilatorError.
 */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const config = worldConfig(options);
  const sim = await openSim(config, simConfig(config), options.onBuild, options.signal);
  let capture: Capture | null = null;
  try {
    const clock: Clock = {
      get cycle() {
        return sim.cycle;
      },
    };
    const perHost = hostBytes(config.mtu, config.card);
    const hosts = [0, 1].map(
      (i) =>
        new Host({
          name: `host${i}`,
          lladdr: etherParse(MACS[i]!),
          bus: sim.buses[i]!,
          baseBytes: ARENA_ALIGN + i * perHost,
          clock,
          mtu: config.mtu,
          offload: config.offload,
          seed: config.seed + i,
          nic: config.card,
          ...(config.carrier === null ? {} : { carrier: config.carrier }),
        }),
    );
    if (config.waves !== null) sim.traceOpen(config.waves);
    const traffic = new FlowTraffic(config.seed);
    const digest = config.digest ? new Digest() : null;
    const files = config.setkey ?? ([0, 1] as const).map((i) => builtInFile(config, i));
    capture = config.capture === null ? null : new Capture(config.capture, hosts.length);
    const fileName = (i: number) => `${config.setkey === null ? '' : 'setkey of '}host ${i}`;
    const oracle = config.oracles ? oracleFor(config, traffic) : null;
    for (const [i, host] of hosts.entries()) {
      if (digest !== null) listen(digest, host, i);
      join(host, hosts[1 - i]!, i);
      host.attach();
      host.setkey(files[i]!, fileName(i));
    }
    return new World({ config, sim, hosts, oracle, digest, capture, traffic });
  } catch (error) {
    capture?.close();
    sim.close();
    throw error;
  }
}

function builtInFile(config: WorldConfig, host: 0 | 1): string {
  return setkeyFile(host, config.mode, config.alg, config.seed);
}

function simConfig(config: WorldConfig): SimConfig {
  const perHost = hostBytes(config.mtu, config.card);
  const watched = config.oracles || config.digest || config.capture !== null;
  return {
    cardCount: 2,
    seed: config.seed,
    memLatencyCycles: config.memLatencyCycles,
    memStallPermille: config.memStallPermille,
    regTimeoutCycles: REG_TIMEOUT_CYCLES,
    wireLatencyCycles: config.wireLatencyCycles,
    lossPpm: config.lossPpm,
    flipPpm: config.flipPpm,
    reorderPpm: config.reorderPpm,
    reorderCycles: config.reorderCycles,
    // Offset 0 stays unused: a descriptor that was never written must not name a packet.
    arenaBytes: ARENA_ALIGN + 2 * perHost,
    hosts: [0, 1].map((i) => ({ baseBytes: ARENA_ALIGN + i * perHost, sizeBytes: perHost })),
    tapBytes: watched ? TAP_BYTES : 0,
  };
}

/** Addresses, routes and link addresses: each host knows the other, so no ARP is needed. */
function join(host: Host, peer: Host, i: number): void {
  const far = 1 - i;
  host.addAddress(addressOf(OUTER[i]!), 24);
  host.addAddress(addressOf(INNER[i]!), 32);
  host.addRoute(addressOf(INNER[far]!), 32, addressOf(OUTER[far]!));
  host.inet.arp.addStatic(host.nic.index, addressOf(OUTER[far]!), peer.nic.lladdr);
}

function listen(digest: Digest, host: Host, i: number): void {
  host.nic.onCompletion = (ring, lenBytes, status, saIdx) =>
    digest.completion(i, ring, lenBytes, status, saIdx);
  host.tags.onRelabel = (_tag, from, to) => digest.tag(i, from, to);
}
