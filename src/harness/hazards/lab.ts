// SPDX-License-Identifier: BSD-2-Clause
import type { Host } from '../../host.ts';
import type { OffloadReason } from '../../netipsec/offload_reason.ts';
import { createWorld } from '../create_world.ts';
import { finishRun } from '../finish_run.ts';
import { addressOf, OUTER } from '../topology.ts';
import type { World } from '../world.ts';
import type { WorldOptions } from '../world_options.ts';
import type { Figures } from './hazard.ts';

/** Of the sockets that say() uses: its packets are one flow. */
export const SAY_PORT = 4242;
const FROM_PORT = 4241;

/** What a lab's worlds have in common. */
export type LabOptions = Pick<
  WorldOptions,
  'nic' | 'rtl' | 'driver' | 'ffi' | 'seed' | 'capture' | 'maxCycles' | 'onBuild' | 'signal'
> & {
  readonly rulesOff: readonly string[];
};

/** Makes the little world of a hazard, and reads off what happened in it. */
export class Lab {
  readonly #options: LabOptions;
  #world: World | null = null;

  constructor(options: LabOptions) {
    this.#options = options;
  }

  get seed(): number {
    return this.#options.seed ?? 1;
  }

  /** Two hosts with short rings, MTU 1500, transport mode unless told otherwise. */
  async world(options: WorldOptions = {}): Promise<World> {
    const card = { log2Tx: 6, log2Rx: 6, log2Txc: 6, log2Rxc: 6, ...options.card };
    const own = { mode: 'transport', mtu: 1500, tagsan: true } as const;
    this.#world = await createWorld({ ...own, ...options, ...this.#options, card });
    return this.#world;
  }

  /** The end: everything at rest, cards down. `own` are figures that the hazard counted itself. */
  async figures(own: Figures = {}): Promise<Figures> {
    const world = this.#world!;
    const r = await finishRun(world, 'hazard');
    const figures: Record<string, number> = {
      sent: r.packets.sent,
      delivered: r.packets.delivered,
      hardware: r.packets.offloadedTx,
      software: world.hosts[0]!.ipsec.sadb.packets('out').sw,
      mismatches: r.mismatches,
      plaintextLeaks: r.plaintextLeaks,
      duplicates: world.oracle?.figures.duplicates ?? 0,
      leaked: r.tags.leaked,
      ...r.drops,
    };
    for (const v of r.violations) add(figures, `violations.${v.oracle}`, 1);
    for (const [name, n] of Object.entries(own)) add(figures, name, n);
    return Object.fromEntries(Object.entries(figures).filter(([, n]) => n !== 0));
  }

  /** What is left of a world whose run threw. */
  close(): void {
    this.#world?.close();
  }
}

function add(figures: Record<string, number>, name: string, n: number): void {
  figures[name] = (figures[name] ?? 0) + n;
}

/** Host `from` sends n datagrams to the other one by a socket, and the world comes to rest. */
export async function say(world: World, n: number, size = 100, from: 0 | 1 = 0): Promise<number> {
  const [a, b] = [world.hosts[from]!, world.hosts[1 - from]!];
  let heard = 0;
  const server = b.udp().bind(0, SAY_PORT);
  server.onMessage(() => heard++);
  sayNow(a, n, size, 1 - from);
  await world.settle();
  server.close();
  return heard;
}

/** The same without letting the clock run. */
export function sayNow(a: Host, n: number, size = 100, to = 1): void {
  const client = a.udp().bind(0, FROM_PORT).connect(addressOf(OUTER[to]!), SAY_PORT);
  for (let i = 0; i < n; i++) client.send(new Uint8Array(size).fill(i));
  client.close();
}

/** Packets that host 0 did in software for one reason. */
export function notOffloaded({ ipsec }: Host, why: OffloadReason): number {
  return ipsec.reasons.list().find((r) => r.direction === 'tx' && r.reason === why)?.count ?? 0;
}
