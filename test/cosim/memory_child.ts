// SPDX-License-Identifier: BSD-2-Clause
// Child of memory.test.ts: one long run, and the memory it takes early and late, as JSON.
import { createWorld } from '../../src/harness/create_world.ts';
import { collectGarbage } from '../lib/gc.ts';

const [first, last, oracles, dir] = process.argv.slice(2);
const world = await createWorld({
  mode: 'transport',
  oracles: oracles === 'on',
  digest: oracles === 'on',
  ...(oracles === 'on' ? { capture: `${dir}/wire.pcapng` } : {}),
});
const early = Number(first);
const late = Number(last);
const size = 64;

await world.flow(0, { packets: early, size });
collectGarbage();
const before = process.memoryUsage();
await world.flow(0, { packets: late - early, size });
collectGarbage();
const after = process.memoryUsage();
console.log(
  JSON.stringify({
    rssBefore: before.rss,
    rssAfter: after.rss,
    heapBytesPerPacket: (after.heapUsed - before.heapUsed) / (late - early),
    external: after.external + after.arrayBuffers - before.external - before.arrayBuffers,
  }),
);
world.close();
