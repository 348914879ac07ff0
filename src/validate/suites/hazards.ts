// SPDX-License-Identifier: BSD-2-Clause
import { tryOut } from '../../harness/hazards/run_hazards.ts';
import { HAZARDS } from '../../harness/hazards/table.ts';
import { Interleaver } from '../../harness/interleave.ts';
import type { Mode } from '../../harness/topology.ts';
import type { Case } from '../case.ts';

/**
 * With its rule a hazard does nothing, without it what it does is as predicted: the rule is needed. A
 * rule that another driver keeps cannot be taken out of it.
 */
const table: readonly Case[] = HAZARDS.map(
  (hazard): Case => ({
    id: `hazards/${hazard.id.toLowerCase()}`,
    title: `${hazard.title}: prevented by ${hazard.rule}, and without it as predicted`,
    checks: hazard.id,
    parameters: { rule: hazard.rule },
    async run(c) {
      const row = await tryOut(hazard, c.worldOptions);
      c.record('figures', [row.withRule, row.withoutRule]);
      if (row.ok) return;
      const actual = { withRule: row.withRule, withoutRule: row.withoutRule };
      c.fail(`${hazard.id} is not as predicted`, { expected: row.expected, actual });
    },
  }),
);

const MODES: readonly Mode[] = ['tunnel', 'transport'];

/** At the points where a packet is neither here nor there, something else comes in between. */
const interleavings: readonly Case[] = MODES.flatMap((mode) =>
  [10, 20, 40, 80].map(
    (every): Case => ({
      id: `hazards/interleave-${mode}-${every}`,
      title: `at one point in ${every} interrupts, rekeys, deletes or route changes come in between, ${mode} mode`,
      checks: 'H7, H15, H19, H33, H40',
      parameters: { mode, every },
      isRandom: true,
      async run(c) {
        const world = await c.world({ mode, mtu: 1500 });
        const between = new Interleaver(world, c.seed, every);
        await world.duplex({ packets: 40, size: 'imix' });
        await between.settle();
        c.equal('frames in clear by a detour', between.leaks, 0);
        c.record('schedule', world.schedule);
        const r = await c.finish(world);
        c.equal('packets compared byte for byte', r.compared, r.packets.delivered);
        c.equal('mbufs, tags and descriptors left', r.tags.leaked, 0);
      },
    }),
  ),
);

export const HAZARD_CASES: readonly Case[] = [...table, ...interleavings];
