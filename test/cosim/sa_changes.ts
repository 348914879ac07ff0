// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import { type Addresses, addressesOf, keyMaterial, spiOf } from '../../src/harness/topology.ts';
import type { World } from '../../src/harness/world.ts';
import type { WorldOptions } from '../../src/harness/world_options.ts';
import { ipAddrParse, ipAddrText } from '../../src/header/ip_addr.ts';
import type { Sa } from '../../src/netipsec/sa.ts';

const PORT = 9000;
const KEY_BYTES = 20;

/** What may happen between any two packets. `from` is the host whose sending SA it is about. */
type Act =
  | { readonly do: 'send'; readonly from: 0 | 1; readonly n: number }
  | { readonly do: 'step'; readonly cycles: number }
  | { readonly do: 'rekey'; readonly from: 0 | 1; readonly lifetime: number }
  | { readonly do: 'delete'; readonly from: 0 | 1; readonly at: 0 | 1; readonly oldest: boolean }
  | { readonly do: 'prefer'; readonly host: 0 | 1; readonly old: boolean }
  | { readonly do: 'timers' };

const side = fc.constantFrom(0 as const, 1 as const);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constant('send' as const), from: side },
      n: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      cycles: fc.integer({ min: 1, max: 4000 }),
    }),
  },
  fc.record({
    ...{ do: fc.constant('rekey' as const), from: side },
    lifetime: fc.constantFrom(0, 1, 7, 15),
  }),
  fc.record({
    ...{ do: fc.constant('delete' as const), from: side, at: side },
    oldest: fc.boolean(),
  }),
  fc.record({ do: fc.constant('prefer' as const), host: side, old: fc.boolean() }),
  fc.constant({ do: 'timers' as const }),
);

class Scene {
  readonly world: World;
  sent = 0;
  got = 0;
  wrong = 0;
  #spi = 0x4000;
  readonly #addresses: Addresses;

  constructor(world: World) {
    this.world = world;
    const { inner, outer } = world.config;
    this.#addresses = addressesOf(inner, outer);
    for (const host of world.hosts) {
      host
        .udp()
        .bind(inner === 4 ? 0 : new Uint8Array(16), PORT)
        .onMessage((bytes) => {
          const n = bytes[0]! | (bytes[1]! << 8);
          if (bytes.some((b, i) => i > 1 && b !== ((n + i) & 255))) this.wrong++;
          this.got++;
        });
    }
  }

  run(a: Act): void {
    const { hosts } = this.world;
    switch (a.do) {
      case 'send':
        for (let i = 0; i < a.n; i++) this.#send(a.from);
        return;
      case 'step':
        this.world.step(a.cycles);
        return;
      case 'rekey':
        this.#rekey(a.from, a.lifetime);
        return;
      case 'delete': {
        const sas = this.#sas(a.at, a.from);
        const sa = a.oldest ? sas[0] : sas.at(-1);
        if (sa !== undefined) hosts[a.at]!.ipsec.sadb.delete(sa);
        return;
      }
      case 'prefer':
        hosts[a.host]!.ipsec.sadb.preferOld = a.old;
        return;
      case 'timers':
        for (const host of hosts) host.timers();
    }
  }

  #send(from: 0 | 1): void {
    const bytes = new Uint8Array(20 + ((this.sent * 37) % 1300));
    const n = this.sent++ & 0xffff;
    for (let i = 0; i < bytes.length; i++) bytes[i] = n + i;
    bytes[0] = n & 255;
    bytes[1] = n >> 8;
    const socket = this.world.hosts[from]!.udp();
    const { inner, outer } = this.#addresses;
    const ends = this.world.config.mode === 'tunnel' ? inner : outer;
    socket.bind(ipAddrParse(ends[from]), 0);
    socket.sendTo(bytes, ipAddrParse(ends[1 - from]!), PORT);
    socket.close();
  }

  /** One more SA for what `from` sends; the receiver has it first. */
  #rekey(from: 0 | 1, hardPackets: number): void {
    const spi = this.#spi++;
    const key = keyMaterial(1, `rekey ${spi}`, KEY_BYTES);
    const { mode } = this.world.config;
    const { outer } = this.#addresses;
    const [src, dst] = [outer[from], outer[1 - from]!] as const;
    const ends = { src: ipAddrParse(src), dst: ipAddrParse(dst) };
    const p = { ...ends, mode, spi, cipher: 'aes-gcm-16', key };
    const lifetime = hardPackets === 0 ? {} : { lifetime: { hardPackets } };
    this.world.oracle!.addSa({
      ...{ spi, dst, mode, alg: 'aes-gcm-16' },
      ...{ key: key.slice(0, 16), salt: key.slice(16) },
    });
    this.world.hosts[1 - from]!.ipsec.sadb.add({ ...p, replayPackets: 64 });
    this.world.hosts[from]!.ipsec.sadb.add({ ...p, ...lifetime });
  }

  /** The SAs that `host` has for what `from` sends, in the order of their SPIs. */
  #sas(host: 0 | 1, from: 0 | 1): Sa[] {
    const dst = this.#addresses.outer[1 - from]!;
    const all = this.world.hosts[host]!.ipsec.sadb.list();
    const sas = all.filter((sa) => ipAddrText(sa.dst) === dst);
    return sas.sort((a, b) => a.spi - b.spi);
  }
}

/** What came of all runs together. */
export interface SaChanges {
  readonly got: number;
  readonly offloaded: number;
}

/**
 * Send, receive, rekey, delete, lifetimes in any order: the oracles stay silent, nothing is left,
 * nothing comes twice, and nothing is lost without a name.
 */
export async function expectSaChanges(
  options: WorldOptions,
  numRuns: number,
  seed: number,
): Promise<SaChanges> {
  let got = 0;
  let offloaded = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const world = await createWorld({
        ...{ mode: 'transport', seed: 1, wire: { latencyCycles: 300 } },
        ...options,
      });
      const scene = new Scene(world);
      for (const a of acts) scene.run(a);
      await world.settle();
      const first = world.hosts[0]!.ipsec.sadb.list().find((sa) => sa.spi === spiOf(0));
      if (first !== undefined) expect(first.seq).toBe(first.hwPackets + first.swPackets);
      const r = await finishRun(world, 'sa changes');
      expect(r.violations).toEqual([]);
      expect(r.plaintextLeaks + r.mismatches + r.tags.leaked + scene.wrong).toBe(0);
      got += scene.got;
      offloaded += r.packets.offloadedTx;
      const dropped = Object.values(r.drops).reduce((sum, n) => sum + n, r.packets.lost);
      expect(scene.got).toBeLessThanOrEqual(world.oracle!.figures.esp);
      expect(scene.got).toBeLessThanOrEqual(scene.sent);
      expect(scene.sent - scene.got).toBeLessThanOrEqual(dropped);
    }),
    { numRuns, seed },
  );
  return { got, offloaded };
}
