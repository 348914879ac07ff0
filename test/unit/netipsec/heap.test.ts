// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { InPcb } from '../../../src/netinet/in_pcb.ts';
import { udpOutput } from '../../../src/netinet/udp_output.ts';
import {
  newOffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  type SaOffload,
} from '../../../src/netipsec/pact.ts';
import { liveHeapBytes } from '../../lib/gc.ts';
import type { RigHost } from '../../lib/rig.ts';
import { createIpsecRig, GCM_SAS, TRANSPORT, TUNNEL } from './ipsec_rig.ts';

const PACKETS = 100_000;
const BATCH = 50;

/** A card that takes every SA. */
function takesAll(host: RigHost): SaOffload {
  let next = 0;
  return {
    ifIndex: host.ifp.index,
    noPacketOffload: 'not this one',
    saInstall: () => ({ ok: true, cardSa: next++ }),
    saRemove: () => {},
    saCounters: () => ({ packets: 0, bytes: 0, authFailed: 0 }),
  };
}

describe.each([
  ['transport', TRANSPORT],
  ['tunnel', TUNNEL],
])('ESP %s mode by request and report, without the crypto', (_mode, spd) => {
  it('leaves nothing to the garbage collector, packet after packet, both ways', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC, tagsan: false });
    const { a, b, ipsecA, ipsecB } = rig;
    ipsecA.attachOffload(a.ifp, takesAll(a));
    ipsecB.attachOffload(b.ifp, takesAll(b));
    rig.setkey(GCM_SAS + spd);
    let received = 0;
    const pcb = new InPcb();
    pcb.onDatagram = (m) => {
      received++;
      b.pool.free(m);
    };
    b.inet.pcbs.bind(pcb, 0, 7);
    const r = newOffloadRequest();
    a.ifp.beforeWire = (m) => {
      if (ipsecA.carrier.take(m, r)) ipsecA.carrier.done(m);
      return 0;
    };
    const sa = ipsecB.sadb.find(b.addr, 0x1001)!;
    const report = newOffloadRequest();
    report.state = PACKET_TAG_IPSEC_IN_CRYPTO_DONE;
    report.spi = sa.spi;
    report.saHandle = sa.handle;
    report.generation = sa.generation;
    report.ifIndex = b.ifp.index;
    report.dst0 = b.addr;
    b.ifp.afterWire = (m) => {
      if (b.pool.view.getUint16(b.pool.off[m]! + 12) === 0x0800) ipsecB.carrier.report(m, report);
    };
    const send = (packets: number): void => {
      for (let i = 0; i < packets; i += BATCH) {
        for (let k = 0; k < BATCH; k++) {
          const m = a.pool.alloc();
          a.pool.append(m, 200);
          udpOutput(a.inet, m, a.addr, 1000, b.addr, 7);
        }
        rig.pump();
      }
    };
    send(10_000);
    const warm = received;
    const before = liveHeapBytes();
    send(PACKETS);
    const unswept = process.memoryUsage().heapUsed - before;
    const growth = liveHeapBytes() - before;
    expect(received - warm, JSON.stringify(b.counters.nonZero())).toBe(PACKETS);
    expect(growth).toBeLessThan(64 * 1024);
    // Not even short-lived garbage: less than two words a packet.
    expect(unswept / PACKETS).toBeLessThan(16);
    rig.end();
  });
});
