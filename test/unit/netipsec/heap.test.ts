// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ENOBUFS } from '../../../src/kern/errno.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { udpOutput } from '../../../src/netinet/udp_output.ts';
import type { OffloadSa, SaOffload } from '../../../src/netipsec/pact.ts';
import { liveHeapBytes } from '../../lib/gc.ts';
import { createIpsecRig, GCM_SAS, TUNNEL } from './ipsec_rig.ts';

const PACKETS = 100_000;

describe('ESP by request, without the crypto', () => {
  it('leaves nothing to the garbage collector, packet after packet', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const { inet, pool, ifp } = rig.a;
    let next = 0;
    const card: SaOffload = {
      ifIndex: ifp.index,
      saInstall: (_sa: OffloadSa) => ({ ok: true, cardSa: next++ }),
      saRemove: () => {},
      saCounters: () => ({ packets: 0, bytes: 0, authFailed: 0 }),
    };
    rig.ipsecA.attachOffload(ifp, card);
    rig.setkey(GCM_SAS + TUNNEL);
    let handed = 0;
    const send = (): void => {
      const m = pool.alloc();
      pool.append(m, 200);
      udpOutput(inet, m, rig.a.addr, 1000, rig.b.addr, 7);
    };
    send(); // ARP
    rig.pump();
    ifp.beforeWire = () => {
      handed++;
      return ENOBUFS; // the wire stays out of it
    };
    for (let i = 0; i < 5000; i++) send();
    const before = liveHeapBytes();
    for (let i = 0; i < PACKETS; i++) send();
    const unswept = process.memoryUsage().heapUsed - before;
    const growth = liveHeapBytes() - before;
    expect(handed).toBe(5000 + PACKETS);
    expect(growth).toBeLessThan(64 * 1024);
    // Not even short-lived garbage: less than a word a packet.
    expect(unswept / PACKETS).toBeLessThan(8);
    rig.end();
  });
});
