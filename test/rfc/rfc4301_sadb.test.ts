// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import type { Acquire } from '../../src/netipsec/acquire.ts';
import { Larvals } from '../../src/netipsec/larval.ts';
import { createIpsecRig, GCM_SAS, policies, TRANSPORT } from '../unit/netipsec/ipsec_rig.ts';
import { send, YOUNG_SAS } from './sadb_rig.ts';

describe('an SA that is not there', () => {
  it('ipsec_nosa_esp: level require drops, and asks for the SA once in a while', () => {
    const rig = createIpsecRig();
    rig.setkey(TRANSPORT);
    const asked: Acquire[] = [];
    rig.ipsecA.acquires.onAcquire = (a) => asked.push(a);
    expect(send(rig, 3)).toBe(0);
    expect(rig.a.counters.get('ipsec.noSa')).toBe(3);
    expect(asked.length).toBe(1);
    expect(asked[0]).toMatchObject({ src: rig.a.addr, dst: rig.b.addr, reqid: 0 });
    rig.clock.cycle = secondsToCycles(20);
    send(rig, 2);
    expect(rig.a.counters.get('ipsec.acquire')).toBe(2);
    rig.end();
  });

  it('comes when it is asked for, and the next packet goes', () => {
    const rig = createIpsecRig();
    rig.setkey(TRANSPORT);
    rig.ipsecA.acquires.onAcquire = () => rig.setkey(GCM_SAS);
    expect(send(rig, 3)).toBe(2);
    rig.end();
  });

  it('level use sends without it, and asks as well', () => {
    const rig = createIpsecRig();
    rig.setkey(policies(() => 'esp/transport//use'));
    expect(send(rig, 2)).toBe(2);
    expect(rig.a.counters.get('ipsec.useNoSa')).toBe(2);
    expect(rig.a.counters.get('ipsec.acquire')).toBe(1);
    rig.end();
  });

  it('level unique without a number takes no SA of others: the id is told when it is asked for', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + policies(() => 'esp/transport//unique'));
    let reqid = 0;
    rig.ipsecA.acquires.onAcquire = (a) => {
      reqid = a.reqid;
    };
    expect(send(rig, 1)).toBe(0);
    expect(reqid).toBeGreaterThan(32767);
    const { sadb } = rig.ipsecA;
    const key = Buffer.concat([rig.ipsecB.sadb.find(rig.b.addr, 0x1001)!.key, Buffer.alloc(4)]);
    const p = { src: rig.a.addr, dst: rig.b.addr, cipher: 'aes-gcm-16', key };
    for (const to of [rig.ipsecA, rig.ipsecB]) {
      to.sadb.add({ ...p, spi: 0x2001, reqid: to === rig.ipsecA ? reqid : 0 });
    }
    expect(send(rig, 1)).toBe(1);
    expect(sadb.find(rig.b.addr, 0x2001)!.swPackets).toBe(1);
    rig.end();
  });

  it('larval: an SPI that was given out is kept for its SA, and its packets are counted apart', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    const { sadb } = rig.ipsecB;
    const spi = sadb.getSpi(rig.b.addr);
    expect(sadb.getSpi(rig.b.addr)).not.toBe(spi);
    expect(sadb.isLarval(rig.b.addr, spi)).toBe(true);
    const out = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    rig.ipsecA.sadb.add({
      ...{ src: rig.a.addr, dst: rig.b.addr, spi, cipher: 'aes-gcm-16' },
      key: Buffer.concat([out.key, Buffer.alloc(4)]),
    });
    expect(send(rig, 1)).toBe(0);
    expect(rig.b.counters.get('esp.larval')).toBe(1);
    expect(rig.b.counters.get('esp.noSa')).toBe(0);
    rig.clock.cycle = secondsToCycles(30);
    expect(sadb.isLarval(rig.b.addr, spi)).toBe(false);
    rig.end();
  });
});

describe('SADB_GETSPI (RFC 2367 §3.1.1)', () => {
  it('never gives out an SPI that is taken, and says so when all are', () => {
    const dst = 0x0a000002;
    const first = new Larvals().reserve(dst, 50, 0, () => false);
    expect(first).toBeGreaterThan(255);
    expect(new Larvals().reserve(dst, 50, 0, (spi) => spi === first)).not.toBe(first);
    expect(() => new Larvals().reserve(dst, 50, 0, () => true)).toThrow(/no SPI is free/);
  });
});

describe('ipsec_update_sa_esp', () => {
  it('the same key: numbers, window and counts go on', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    expect(send(rig, 3)).toBe(3);
    rig.setkey(GCM_SAS.replaceAll('add', 'update').replaceAll('-r 8', '-r 4 -lh 1000'));
    expect(send(rig, 2)).toBe(2);
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    expect([sa.seq, sa.swPackets]).toEqual([5, 5]);
    const inbound = rig.ipsecB.sadb.find(rig.b.addr, 0x1001)!;
    expect(inbound.replay.top).toBe(5);
    expect(inbound.replay.check(2)).toBe(false);
    rig.end();
  });

  it('another key: they start again', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    send(rig, 3);
    rig.setkey(GCM_SAS.replaceAll('add', 'update').replaceAll('10111213;', '99999999;'));
    expect(send(rig, 2)).toBe(2);
    expect(rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!.seq).toBe(2);
    rig.end();
  });

  it('of none is an error with its place', () => {
    const rig = createIpsecRig();
    expect(() => rig.setkey(GCM_SAS.replaceAll('add', 'update'))).toThrow(/setkey:2:\d+.*no SA/);
    rig.end();
  });
});

describe('ipsec_update_sa_ah', () => {
  // RFC 4302 §2.5: the first packet of an SA has number 1; a new key makes a new SA of it.
  it.each([
    ['ah', 'ah', ''],
    ['esp with NULL', 'esp', '-E null'],
  ])('%s: another key, and both ends begin to count anew', (_name, proto, cipher) => {
    const rig = createIpsecRig();
    const sas = (op: string, digit: string): string =>
      [
        `${op} 10.0.0.1 10.0.0.2 ${proto} 0x1001 -r 8 ${cipher} -A hmac-sha1 0x${digit.repeat(40)};`,
        `${op} 10.0.0.2 10.0.0.1 ${proto} 0x1002 -r 8 ${cipher} -A hmac-sha1 0x${'9'.repeat(40)};`,
      ].join('\n');
    rig.setkey(sas('add', '1') + policies(() => `${proto}/transport//require`));
    expect(send(rig, 5)).toBe(5);
    rig.setkey(sas('update', '2'));
    expect(send(rig, 5)).toBe(5);
    // With the key as it was they go on: nothing of before is taken twice.
    rig.setkey(sas('update', '2'));
    const sa = rig.ipsecB.sadb.find(rig.b.addr, 0x1001, proto === 'ah' ? 51 : 50)!;
    expect([sa.replay.top, sa.replay.check(5), send(rig, 5)]).toEqual([5, false, 5]);
    rig.end();
  });
});

describe('ipsec_update_sp_esp', () => {
  it('a policy does something else from the next packet on', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    expect(send(rig, 1)).toBe(1);
    rig.setkey('spdupdate 10.0.0.1 10.0.0.2 any -P out discard;');
    expect(send(rig, 1)).toBe(0);
    expect(rig.a.counters.get('ipsec.discard')).toBe(1);
    rig.setkey('spdupdate 10.0.0.1 10.0.0.2 any -P out ipsec esp/transport//require;');
    expect(send(rig, 1)).toBe(1);
    rig.end();
  });
});

describe('ipsec_multiple_sa_esp: policies of their own SAs between the same hosts', () => {
  it('each port has the SA of its id', () => {
    const rig = createIpsecRig();
    const sas = [7, 9].map((id) =>
      GCM_SAS.replaceAll('0x100', `0x${id}00`)
        .replaceAll('-r 8', `-r 8 -u ${id}`)
        .replaceAll('0x0001', `0x0${id}01`)
        .replaceAll('0x2021', `0x2${id}21`),
    );
    const spd = [7, 9].map(
      (id) => `spdadd 10.0.0.1 10.0.0.2[${id}] udp -P out ipsec esp/transport//unique:${id};
        spdadd 10.0.0.1 10.0.0.2[${id}] udp -P in ipsec esp/transport//unique:${id};`,
    );
    rig.setkey(sas.join('') + spd.join(''));
    const a = new UdpSocket(rig.a.inet);
    let got = 0;
    for (const port of [7, 9]) {
      new UdpSocket(rig.b.inet).bind(0, port).onMessage(() => {
        got++;
      });
    }
    for (const port of [7, 9, 9]) a.sendTo(new Uint8Array(9), rig.b.addr, port);
    rig.pump();
    expect(got).toBe(3);
    const { sadb } = rig.ipsecA;
    expect([0x7001, 0x9001].map((spi) => sadb.find(rig.b.addr, spi)!.seq)).toEqual([1, 2]);
    rig.end();
  });
});

describe('RFC 4301 §5.2 bundles', () => {
  const AH_SAS = `
add 10.0.0.1 10.0.0.2 ah 0x3001 -r 8 -A hmac-sha2-256 0x${'61'.repeat(32)};
add 10.0.0.2 10.0.0.1 ah 0x3002 -r 8 -A hmac-sha2-256 0x${'62'.repeat(32)};
`;
  const AH_OVER_ESP = policies(() => 'esp/transport//require ah/transport//require');

  it('AH over ESP: both are put on, in order, and both are asked for', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + AH_SAS + AH_OVER_ESP);
    const nextHeaders: number[] = [];
    rig.a.ifp.onWire = (data, at) => {
      if (data[at + 12] === 8 && data[at + 13] === 0)
        nextHeaders.push(data[at + 23]!, data[at + 34]!);
      return true;
    };
    expect(send(rig, 2)).toBe(2);
    expect(nextHeaders).toEqual([51, 50, 51, 50]);
    rig.end();
  });

  it('one of the two does not do, nor does the other order', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + AH_SAS + AH_OVER_ESP);
    for (const request of ['esp/transport//require', 'ah/transport//require']) {
      rig.setkey(`spdupdate 10.0.0.1 10.0.0.2 any -P out ipsec ${request};`);
    }
    // B still asks for both.
    const { spd } = rig.ipsecB;
    const both = {
      proto: 50,
      mode: 'transport',
      src: 0,
      dst: 0,
      level: 'require',
      reqid: 0,
    } as const;
    const selector = { ...spd.list('in').find((p) => p.src === rig.a.addr)! };
    const set = (requests: (typeof both)[]) =>
      spd.update({ ...selector, action: 'ipsec', requests });
    set([both, { ...both, proto: 51 as 50 }]);
    expect(send(rig, 1)).toBe(0);
    rig.ipsecA.spd.update({
      ...{ ...selector, direction: 'out', action: 'ipsec' },
      requests: [{ ...both, proto: 51 as 50 }, both],
    });
    expect(send(rig, 1)).toBe(0);
    expect(rig.b.counters.get('ipsec.inPolicy')).toBe(2);
    set([{ ...both, proto: 51 as 50 }, both]);
    expect(send(rig, 1)).toBe(1);
    rig.end();
  });
});

describe('RFC 4301 §4.4.1 bypass stays bypass', () => {
  const IKE = [500, 4500]
    .flatMap((port) =>
      ['out', 'in'].map((d) => `spdadd 0.0.0.0/0 0.0.0.0/0[${port}] udp -P ${d} none;`),
    )
    .join('\n');

  it('IKE goes in clear before SAs are there, with them, and after a rekey', () => {
    const rig = createIpsecRig();
    rig.setkey(IKE + TRANSPORT);
    let got = 0;
    for (const port of [500, 4500]) {
      new UdpSocket(rig.b.inet).bind(0, port).onMessage(() => {
        got++;
      });
    }
    const ike = () => {
      for (const port of [500, 4500]) {
        new UdpSocket(rig.a.inet).sendTo(new Uint8Array(20), rig.b.addr, port);
      }
      rig.pump();
    };
    ike();
    expect(send(rig, 1)).toBe(0);
    rig.setkey(GCM_SAS);
    ike();
    expect(send(rig, 1)).toBe(1);
    rig.setkey(YOUNG_SAS);
    ike();
    expect(send(rig, 1)).toBe(1);
    expect(got).toBe(6);
    rig.end();
  });
});
