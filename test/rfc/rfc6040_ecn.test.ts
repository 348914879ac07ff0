// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { cksum } from '../../src/header/cksum.ts';
import { ecnDecapsulate } from '../../src/netinet/ip_ecn.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { knowEachOther } from '../lib/wire.ts';
import { createIpsecRig, GCM_SAS, TUNNEL } from '../unit/netipsec/ipsec_rig.ts';

const DROP = -1;
const [NOT_ECT, ECT1, ECT0, CE] = [0, 1, 2, 3];

/** RFC 6040 §4.2, figure 4: rows are the inner field, columns the outer one. */
const FIGURE_4 = [
  [NOT_ECT, NOT_ECT, NOT_ECT, NOT_ECT],
  [NOT_ECT, ECT0, NOT_ECT, NOT_ECT],
  [NOT_ECT, ECT1, NOT_ECT, NOT_ECT],
  [NOT_ECT, CE, NOT_ECT, DROP],
  [ECT0, NOT_ECT, ECT0, ECT0],
  [ECT0, ECT0, ECT0, ECT0],
  [ECT0, ECT1, ECT0, ECT1],
  [ECT0, CE, ECT0, CE],
  [ECT1, NOT_ECT, ECT1, ECT1],
  [ECT1, ECT0, ECT1, ECT1],
  [ECT1, ECT1, ECT1, ECT1],
  [ECT1, CE, ECT1, CE],
  [CE, NOT_ECT, CE, CE],
  [CE, ECT0, CE, CE],
  [CE, ECT1, CE, CE],
  [CE, CE, CE, CE],
] as const;

describe('RFC 6040 §4.2: ECN at the end of a tunnel', () => {
  it.each(FIGURE_4)('inner %i, outer %i', (inner, outer, _same, expected) => {
    const view = new DataView(new ArrayBuffer(40));
    const dscp = 0xb8;
    view.setUint8(1, 0x10 | outer);
    view.setUint16(20, 0x4500 | dscp | inner);
    view.setUint32(32, 0x0a000001);
    view.setUint16(30, cksum(view, 20, 20));
    expect(ecnDecapsulate(view, 0, 20)).toBe(expected !== DROP);
    if (expected === DROP) return;
    expect(view.getUint8(21)).toBe(dscp | expected);
    expect(cksum(view, 20, 20)).toBe(0);
  });
});

describe('RFC 6040 §4: ECN through an ESP tunnel, all of 4 × 4', () => {
  it.each(FIGURE_4)('inner %i, made %i on the way', (inner, outer, _same, expected) => {
    const rig = createIpsecRig();
    knowEachOther(rig.a, rig.b);
    rig.setkey(GCM_SAS.replaceAll('-r 8', '-m tunnel -r 8') + TUNNEL);
    const dscp = 0xb8;
    let sent = -1;
    rig.a.ifp.onWire = (data, at) => {
      // §4.1, normal mode: the outer field is a copy of the inner one. Then a router marks it.
      sent = data[at + 15]!;
      const view = new DataView(data.buffer, data.byteOffset + at + 14, 20);
      view.setUint8(1, dscp | outer);
      view.setUint16(10, 0);
      view.setUint16(10, cksum(view, 0, 20));
      return true;
    };
    let got = DROP;
    rig.b.inet.protosw.unregister(17);
    rig.b.inet.protosw.register(17, (inet, m) => {
      got = inet.pool.data[inet.pool.off[m]! + 1]!;
      inet.pool.free(m);
    });
    new UdpSocket(rig.a.inet, { tos: dscp | inner }).sendTo(new Uint8Array(8), rig.b.addr, 9);
    rig.pump();
    expect(sent).toBe(dscp | inner);
    expect(got).toBe(expected === DROP ? DROP : dscp | expected);
    expect(rig.b.counters.get('esp.ecnDrop')).toBe(expected === DROP ? 1 : 0);
    rig.end();
  });
});
