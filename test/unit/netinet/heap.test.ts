// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { InPcb } from '../../../src/netinet/in_pcb.ts';
import { udpOutput } from '../../../src/netinet/udp_output.ts';
import { liveHeapBytes } from '../../lib/gc.ts';
import { createRig, type Rig } from '../../lib/rig.ts';

const PACKETS = 200_000;
const PAYLOAD_BYTES = 256;

/** Sends packets of 256 bytes from a to b in batches of 32; b counts and frees them. */
function load(rig: Rig, packets: number): number {
  const { a, b } = rig;
  const { pool } = a;
  let received = 0;
  const pcb = new InPcb();
  pcb.onDatagram = (m) => {
    received++;
    b.pool.free(m);
  };
  expect(b.inet.pcbs.bind(pcb, 0, 9000)).toBe(0);
  for (let sent = 0; sent < packets; ) {
    for (let i = 0; i < 32 && sent < packets; i++, sent++) {
      const m = pool.alloc();
      pool.append(m, PAYLOAD_BYTES);
      udpOutput(a.inet, m, a.addr, 4000, b.addr, 9000);
    }
    rig.pump();
  }
  b.inet.pcbs.detach(pcb);
  return received;
}

test('200 000 packets leave nothing on the heap, and next to no garbage', () => {
  const rig = createRig({ mbufs: 128, tagsan: false });
  expect(load(rig, PACKETS)).toBe(PACKETS);
  // The compiler's own data live on the same heap and settle slowly, so the best of three rounds
  // counts: a leak of one byte a packet would be 200 000 in each.
  let live = Infinity;
  let garbage = Infinity;
  for (let round = 0; round < 3; round++) {
    const before = liveHeapBytes();
    expect(load(rig, PACKETS)).toBe(PACKETS);
    garbage = Math.min(garbage, process.memoryUsage().heapUsed - before);
    live = Math.min(live, liveHeapBytes() - before);
  }
  const detail = `${live} B live, ${(garbage / PACKETS).toFixed(2)} B garbage per packet`;
  expect(live, detail).toBeLessThan(32 * 1024);
  expect(garbage / PACKETS, detail).toBeLessThan(8);
  rig.end();
});
