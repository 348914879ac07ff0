// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { in6Words } from '../../../src/header/ip6.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { InPcb } from '../../../src/netinet/in_pcb.ts';
import { In6Pcb } from '../../../src/netinet/in6_pcb.ts';
import { udpOutput } from '../../../src/netinet/udp_output.ts';
import { udp6Output } from '../../../src/netinet/udp6_output.ts';
import {
  NO_REQUEST,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  type SaOffload,
} from '../../../src/netipsec/pact.ts';
import { requestOf } from '../../../src/netipsec/request_fields.ts';
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
    saInstall: () => ({ ok: true, cardSa: next++ }),
    saRemove: () => null,
    saCounters: () => ({ packets: 0, bytes: 0, authFailed: 0, replayed: 0 }),
  };
}

/** The same between the IPv6 addresses of the rig. */
function in6(conf: string): string {
  return conf.replaceAll('10.0.0.', '2001:db8::');
}

describe.each([
  ['transport', 4, TRANSPORT],
  ['tunnel', 4, TUNNEL],
  ['transport', 6, in6(TRANSPORT)],
  ['tunnel', 6, in6(TUNNEL)],
])('ESP %s mode, IPv%i, by request and report, without the crypto', (_mode, family, spd) => {
  it('leaves nothing to the garbage collector, packet after packet, both ways', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC, tagsan: false });
    const { a, b, ipsecA, ipsecB } = rig;
    ipsecA.attachOffload(a.ifp, takesAll(a));
    ipsecB.attachOffload(b.ifp, takesAll(b));
    // Neighbour discovery is not what is measured.
    rig.setkey((family === 4 ? GCM_SAS : in6(GCM_SAS)) + spd.replaceAll(' any -P', ' udp -P'));
    let received = 0;
    const onDatagram = (m: number): void => {
      received++;
      b.pool.free(m);
    };
    const pcb = new InPcb();
    pcb.onDatagram = onDatagram;
    b.inet.pcbs.bind(pcb, 0, 7);
    const pcb6 = new In6Pcb();
    pcb6.onDatagram = onDatagram;
    b.inet.ip6.pcbs.bind(pcb6, new Uint32Array(4), 7);
    const [from6, to6] = [in6Words(a.addr6), in6Words(b.addr6)];
    a.ifp.beforeWire = (m) => {
      const asked = ipsecA.carrier.take(m);
      if (asked !== NO_REQUEST) ipsecA.carrier.done(m, asked);
      return 0;
    };
    const sa = ipsecB.sadb.find(family === 4 ? b.addr : b.addr6, 0x1001)!;
    const [dst0, dst1, dst2, dst3] = sa.dstWords as unknown as [number, number, number, number];
    const { spi, handle: saHandle, generation } = sa;
    const of = { spi, saHandle, generation, ifIndex: b.ifp.index, family };
    const report = requestOf({ ...of, dst0, dst1, dst2, dst3 });
    const protoAt = family === 4 ? 14 + 9 : 14 + 6;
    b.ifp.afterWire = (m) => {
      if (b.pool.data[b.pool.off[m]! + protoAt] === 50)
        ipsecB.carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, report);
    };
    const send = (packets: number): void => {
      for (let i = 0; i < packets; i += BATCH) {
        for (let k = 0; k < BATCH; k++) {
          const m = a.pool.alloc();
          a.pool.append(m, 200);
          if (family === 4) udpOutput(a.inet, m, a.addr, 1000, b.addr, 7);
          else udp6Output(a.inet, m, from6, 1000, to6, 7);
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
