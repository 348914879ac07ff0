// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest';
import { in6Words } from '../../../src/header/ip6.ts';
import { InPcb } from '../../../src/netinet/in_pcb.ts';
import { In6Pcb } from '../../../src/netinet/in6_pcb.ts';
import { udpOutput } from '../../../src/netinet/udp_output.ts';
import { udp6Output } from '../../../src/netinet/udp6_output.ts';
import { liveHeapBytes } from '../../lib/gc.ts';
import { createRig, type Rig } from '../../lib/rig.ts';

const PACKETS = 200_000;
const PAYLOAD_BYTES = 256;

/** Sends packets of 256 bytes from a to b in batches of 32; b counts and frees them. */
function load(rig: Rig, packets: number, family: 4 | 6): number {
  const { a, b } = rig;
  const { pool } = a;
  let received = 0;
  const pcb = new InPcb();
  pcb.onDatagram = (m) => {
    received++;
    b.pool.free(m);
  };
  expect(b.inet.pcbs.bind(pcb, 0, 9000)).toBe(0);
  const pcb6 = new In6Pcb();
  pcb6.onDatagram = pcb.onDatagram;
  expect(b.inet.ip6.pcbs.bind(pcb6, pcb6.laddr, 9000)).toBe(0);
  const src6 = in6Words(a.addr6);
  const dst6 = in6Words(b.addr6);
  for (let sent = 0; sent < packets; ) {
    for (let i = 0; i < 32 && sent < packets; i++, sent++) {
      const m = pool.alloc();
      pool.append(m, PAYLOAD_BYTES);
      if (family === 4) udpOutput(a.inet, m, a.addr, 4000, b.addr, 9000);
      else udp6Output(a.inet, m, src6, 4000, dst6, 9000);
    }
    rig.pump();
  }
  b.inet.pcbs.detach(pcb);
  b.inet.ip6.pcbs.detach(pcb6);
  return received;
}

test.each([4, 6] as const)(
  '200 000 IPv%i packets leave nothing on the heap, and next to no garbage',
  (family) => {
    const rig = createRig({ mbufs: 128, tagsan: false });
    expect(load(rig, PACKETS, family)).toBe(PACKETS);
    // The compiler's own data live on the same heap and settle slowly, so the best of three rounds
    // counts: a leak of one byte a packet would be 200 000 in each.
    let live = Infinity;
    let garbage = Infinity;
    for (let round = 0; round < 3; round++) {
      const before = liveHeapBytes();
      expect(load(rig, PACKETS, family)).toBe(PACKETS);
      garbage = Math.min(garbage, process.memoryUsage().heapUsed - before);
      live = Math.min(live, liveHeapBytes() - before);
    }
    const detail = `${live} B live, ${(garbage / PACKETS).toFixed(2)} B garbage per packet`;
    expect(live, detail).toBeLessThan(32 * 1024);
    expect(garbage / PACKETS, detail).toBeLessThan(8);
    rig.end();
  },
);
