// SPDX-License-Identifier: BSD-2-Clause
/**
 * The cases of NetBSD's tests/net/ipsec/t_ipsec_gif.sh: what goes into gif(4) comes out as a packet
 * between its ends, and a policy about that one puts ESP or AH round it.
 */
import { describe, expect, it } from 'vitest';
import { ipAddrParse } from '../../src/header/ip_addr.ts';
import type { Mbuf } from '../../src/kern/mbuf.ts';
import { GifIf } from '../../src/net/if_gif.ts';
import { InGif } from '../../src/netinet/in_gif.ts';
import { addAddress, attachInterface } from '../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../src/netinet/in6_proto.ts';
import { NetRig } from '../lib/net_rig.ts';

const ENDS = ['10.0.0.1', '10.0.0.2'] as const;
const INSIDE = {
  ipv4: ['172.16.0.1', '172.16.0.2'],
  ipv6: ['fc00:1::1', 'fc00:1::2'],
} as const;
const ALGS = {
  esp: `-E rijndael-cbc 0x${'51'.repeat(16)} -A hmac-sha1 0x${'52'.repeat(20)}`,
  ah: `-A hmac-sha1 0x${'53'.repeat(20)}`,
} as const;

const rows = (['ipv4', 'ipv6'] as const).flatMap((family) =>
  (['transport', 'tunnel'] as const).flatMap((mode) =>
    (['esp', 'ah'] as const).map((proto) => [family, mode, proto] as const),
  ),
);

describe('t_ipsec_gif', () => {
  it.each(rows)('ipsec_gif_%s_%s_%s', (family, mode, proto) => {
    const rig = new NetRig(2);
    const [out] = rig.link(0, 1, '10.0.0');
    const [a, b] = ENDS;
    const request = (s: string, d: string) =>
      `${proto}/${mode}/${mode === 'tunnel' ? `${s}-${d}` : ''}/require`;
    for (const n of [0, 1]) {
      const { inet, pool, counters } = rig.hosts[n]!;
      const gif = new GifIf({ name: 'gif0', index: 70, pool, counters });
      attachInterface(inet, gif);
      const own = ipAddrParse(INSIDE[family][n]!);
      if (typeof own === 'number') addAddress(inet, gif, own, 24);
      else addAddress6(inet, gif, own, 64);
      const [local, remote] = n === 0 ? [a, b] : [b, a];
      new InGif(inet).add(gif, ipAddrParse(local) as number, ipAddrParse(remote) as number);
      rig.setkey(
        n,
        `add ${a} ${b} ${proto} 10000 -m ${mode} ${ALGS[proto]};
         spdadd ${a} ${b} any -P ${n === 0 ? 'out' : 'in'} ipsec ${request(a, b)};`,
      );
    }
    const protos: number[] = [];
    const { data, off } = rig.hosts[0]!.pool;
    const transmit = out.transmit.bind(out);
    out.transmit = (m: Mbuf) => {
      if (data[off[m]! + 13] === 0) protos.push(data[off[m]! + 14 + 9]!);
      return transmit(m);
    };
    const got: string[] = [];
    const server = rig.udp(1);
    server.bind(family === 'ipv4' ? 0 : new Uint8Array(16), 7);
    server.onMessage((bytes) => got.push(Buffer.from(bytes).toString()));
    rig.udp(0).sendTo(Buffer.from('hello'), ipAddrParse(INSIDE[family][1]), 7);
    rig.pump();
    expect(got).toEqual(['hello']);
    expect(protos).toEqual([proto === 'esp' ? 50 : 51]);
    expect([rig.count(1, `${proto}.inOk`), rig.count(1, 'gif.received')]).toEqual([1, 1]);
    rig.end();
  });
});
