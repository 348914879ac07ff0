// SPDX-License-Identifier: BSD-2-Clause
// Child of memory.test.ts: one long run, and the memory it takes early and late, as JSON.
import { createWorld } from '../../src/harness/create_world.ts';
import { collectGarbage, liveHeapBytes } from '../lib/gc.ts';

const [first, last, oracles, dir] = process.argv.slice(2);
const world = await createWorld({
  mode: 'transport',
  tagsan: false,
  oracles: oracles === 'on',
  digest: oracles === 'on',
  ...(oracles === 'on' ? { capture: `${dir}/wire.pcapng` } : {}),
});
const early = Number(first);
const late = Number(last);
const size = 64;
const WINDOWS = 4;

await world.flow(0, { packets: early, size });
collectGarbage();
const rssBefore = process.memoryUsage().rss;
// Compiled code and its feedback still grow for a while: the quietest window shows the packets' own.
let heapBytesPerPacket = Number.POSITIVE_INFINITY;
const packets = (late - early) / WINDOWS;
for (let i = 0; i < WINDOWS; i++) {
  const before = liveHeapBytes();
  await world.flow(0, { packets, size });
  heapBytesPerPacket = Math.min(heapBytesPerPacket, (liveHeapBytes() - before) / packets);
}
const rssAfter = process.memoryUsage().rss;
console.log(JSON.stringify({ rssBefore, rssAfter, heapBytesPerPacket }));
world.close();
