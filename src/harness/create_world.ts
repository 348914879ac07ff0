// SPDX-License-Identifier: BSD-2-Clause
import type { SimConfig, SimWorld } from '../dev/nic/nic_bus.ts';
import { etherParse } from '../header/ether.ts';
import { type IpAddr, ipAddrParse } from '../header/ip_addr.ts';
import { Host, hostBytes } from '../host.ts';
import type { Clock } from '../kern/clock.ts';
import { giveAddress, giveNeighbor, giveRoute, HOST, NET } from './addressing.ts';
import { Capture } from './capture.ts';
import { Digest } from './digest.ts';
import { FlowTraffic } from './flow_traffic.ts';
import { type Behind, endHostBytes, putBehind } from './gateway_net.ts';
import { KeyLog } from './key_log.ts';
import { openSim } from './open_sim.ts';
import { oracleFor } from './oracle_setup.ts';
import { Taps } from './taps.ts';
import { Timeline } from './timeline.ts';
import { addressesOf, MACS, protectedIn, setkeyFile } from './topology.ts';
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
  let digest: Digest | null = null;
  let capture: Capture | null = null;
  let taps: Taps | null = null;
  try {
    const clock: Clock = {
      get cycle() {
        return sim.cycle;
      },
    };
    const perHost = cardHostBytes(config);
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
          tagsan: config.tagsan,
          ...(config.driver === null ? {} : { driver: config.driver }),
          ...(config.carrier === null ? {} : { carrier: config.carrier }),
        }),
    );
    const traffic = new FlowTraffic(config.seed);
    digest = config.digest ? new Digest(config.stream) : null;
    const files = config.setkey ?? ([0, 1] as const).map((i) => builtInFile(config, i));
    const timeline = config.timeline === null ? null : new Timeline(config.timeline, clock);
    capture = config.capture === null ? null : new Capture(config.capture, hosts);
    const fileName = (i: number) => `${config.setkey === null ? '' : 'setkey of '}host ${i}`;
    const oracle = config.oracles ? oracleFor(config, traffic) : null;
    const keys = new KeyLog();
    for (const [i, host] of hosts.entries()) {
      keys.watch(host);
      for (const id of config.rulesOff) host.tags.rules.off(id);
      if (digest !== null) listen(digest, host, i);
      timeline?.watch(host);
      join(host, hosts[1 - i]!, i, config);
      host.attach();
      host.setkey(files[i]!, fileName(i));
    }
    const behind = config.gateways ? putAllBehind(config, hosts, sim, clock) : [];
    for (const { host } of behind) for (const id of config.rulesOff) host.tags.rules.off(id);
    taps =
      config.taps === null
        ? null
        : new Taps(config.taps, [...hosts, ...behind.map((b) => b.host)], clock);
    return new World({
      config,
      sim,
      hosts,
      behind,
      oracle,
      digest,
      capture,
      keys,
      timeline,
      taps,
      traffic,
    });
  } catch (error) {
    digest?.close();
    capture?.close();
    taps?.close();
    sim.close();
    throw error;
  }
}

function builtInFile(config: WorldConfig, host: 0 | 1): string {
  const { mode, alg, seed, gateways, inner, outer, packetOffload } = config;
  const addresses = addressesOf(inner, outer);
  const about = protectedIn(mode, gateways, addresses);
  const words = packetOffload ? '-offload packet ' : '';
  return setkeyFile(host, mode, alg, seed, about, addresses.outer, words);
}

/** Their mbufs lie behind what the cards reach. */
function putAllBehind(config: WorldConfig, hosts: Host[], sim: SimWorld, clock: Clock): Behind[] {
  const { mtu, tagsan } = config;
  const addresses = addressesOf(config.inner, config.outer);
  const base = ARENA_ALIGN + 2 * cardHostBytes(config);
  return hosts.map((host, n) => {
    const baseBytes = base + n * endHostBytes(mtu);
    const seed = config.seed + 2 + n;
    const { arena } = sim.buses[n]!;
    return putBehind(host, n, { arena, baseBytes, clock, mtu, seed, tagsan, addresses });
  });
}

function cardHostBytes({ mtu, card, driver }: WorldConfig): number {
  return hostBytes(mtu, card, driver ?? undefined);
}

function simConfig(config: WorldConfig): SimConfig {
  const perHost = cardHostBytes(config);
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
    arenaBytes: ARENA_ALIGN + 2 * perHost + (config.gateways ? 2 * endHostBytes(config.mtu) : 0),
    hosts: [0, 1].map((i) => ({ baseBytes: ARENA_ALIGN + i * perHost, sizeBytes: perHost })),
    tapBytes: watched ? TAP_BYTES : 0,
  };
}

/** Addresses, routes and link addresses: each host knows the other, so that it need not ask. */
function join(host: Host, peer: Host, i: number, config: WorldConfig): void {
  const { inner, outer } = addressesOf(config.inner, config.outer);
  const { inet, nic } = host;
  const [ownInner, farInner] = [inner[i]!, inner[1 - i]!].map(ipAddrParse) as [IpAddr, IpAddr];
  const [ownOuter, farOuter] = [outer[i]!, outer[1 - i]!].map(ipAddrParse) as [IpAddr, IpAddr];
  giveAddress(inet, nic, ownOuter, NET);
  giveNeighbor(inet, nic, farOuter, peer.nic.lladdr);
  // A gateway has it on the link to its end host.
  if (!config.gateways) giveAddress(inet, nic, ownInner, HOST);
  const reach = config.gateways ? NET : HOST;
  if (config.inner === config.outer) {
    giveRoute(inet, nic, farInner, reach, farOuter);
    return;
  }
  // A next hop is of the packet's own family: these are all on the wire, and what ought to be in ESP
  // would find its way there without.
  giveRoute(inet, nic, farInner, reach, null);
  for (const far of [
    farInner,
    ipAddrParse(addressesOf(config.inner, config.outer).behind[1 - i]!),
  ]) {
    giveNeighbor(inet, nic, far, peer.nic.lladdr);
  }
}

function listen(digest: Digest, host: Host, i: number): void {
  host.nic.onCompletion = (ring, lenBytes, status, saIdx) =>
    digest.completion(i, ring, lenBytes, status, saIdx);
  host.tags.onRelabel = (_tag, from, to) => digest.tag(i, from, to);
}
