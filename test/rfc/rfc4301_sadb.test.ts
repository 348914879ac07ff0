// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { IFCAP_IPSEC } from '../../src/net/ifnet.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import type { Acquire } from '../../src/netipsec/acquire.ts';
import { Larvals } from '../../src/netipsec/larval.ts';
import type { SaParams } from '../../src/netipsec/sa.ts';
import { SadbError } from '../../src/netipsec/sadb_error.ts';
import { FakeCard } from '../unit/netipsec/fake_card.ts';
import {
  createIpsecRig,
  GCM_SAS,
  type IpsecRig,
  policies,
  TRANSPORT,
} from '../unit/netipsec/ipsec_rig.ts';

const SIZE = 40;
/** A UDP header goes with it into ESP. */
const PAYLOAD = SIZE + 8;

/** Sends n packets from A to B, one after the other; how many B's socket got. */
function send(rig: IpsecRig, n: number): number {
  let got = 0;
  const b = new UdpSocket(rig.b.inet).bind(0, 7);
  b.onMessage(() => {
    got++;
  });
  const a = new UdpSocket(rig.a.inet);
  for (let i = 0; i < n; i++) {
    a.sendTo(new Uint8Array(SIZE), rig.b.addr, 7);
    rig.pump();
  }
  a.close();
  b.close();
  return got;
}

function withLifetime(option: string): IpsecRig {
  const rig = createIpsecRig();
  rig.setkey(GCM_SAS.replaceAll('-r 8', `-r 8 ${option}`) + TRANSPORT);
  return rig;
}

/** What a host said of its SAs, one word each. */
function events(rig: IpsecRig, which: 'ipsecA' | 'ipsecB' = 'ipsecA'): string[] {
  const log: string[] = [];
  rig[which].sadb.onExpire = (sa, kind, unit) => log.push(`${kind} ${unit} ${sa.spi.toString(16)}`);
  return log;
}

describe('RFC 4301 §4.4.2.1 lifetimes', () => {
  it('bytes: the soft one tells once, at the hard one the SA carries no more', () => {
    const rig = withLifetime(`-bs ${3 * PAYLOAD} -bh ${5 * PAYLOAD}`);
    const log = events(rig);
    expect(send(rig, 4)).toBe(4);
    expect(log).toEqual(['soft bytes 1001']);
    expect(send(rig, 4)).toBe(1);
    expect(log).toEqual(['soft bytes 1001', 'hard bytes 1001']);
    expect(rig.a.counters.get('ipsec.hardExpired')).toBe(1);
    expect(rig.a.counters.get('ipsec.noSa')).toBe(3);
    expect(rig.ipsecA.sadb.find(rig.b.addr, 0x1001)).toBeNull();
    rig.end();
  });

  it('packets: exactly so many pass', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    const { sadb } = rig.ipsecA;
    sadb.delete(sadb.find(rig.b.addr, 0x1001)!);
    const key = Uint8Array.from({ length: 20 }, (_, i) => i);
    key.set([0x10, 0x11, 0x12, 0x13], 16);
    const lifetime = { softPackets: 2, hardPackets: 3 };
    const p: SaParams = {
      src: rig.a.addr,
      dst: rig.b.addr,
      spi: 0x1001,
      cipher: 'aes-gcm-16',
      key,
    };
    sadb.add({ ...p, lifetime });
    const log = events(rig);
    expect(send(rig, 6)).toBe(3);
    expect(log).toEqual(['soft packets 1001', 'hard packets 1001']);
    rig.end();
  });

  it('seconds: by the clock, whether a packet comes or not', () => {
    const rig = withLifetime('-ls 10 -lh 20');
    const log = events(rig);
    rig.clock.cycle = secondsToCycles(9.9);
    rig.ipsecA.timers();
    expect(log).toEqual([]);
    rig.clock.cycle = secondsToCycles(10);
    rig.ipsecA.timers();
    rig.ipsecA.timers();
    expect(log.sort()).toEqual(['soft seconds 1001', 'soft seconds 1002']);
    expect(send(rig, 1)).toBe(1);
    rig.clock.cycle = secondsToCycles(20);
    expect(send(rig, 1)).toBe(0);
    rig.ipsecA.timers();
    expect(rig.ipsecA.sadb.all()).toEqual([]);
    rig.end();
  });

  it('an inbound SA at its end takes no packet more, and its drop is counted', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    const log = events(rig, 'ipsecB');
    const { sadb } = rig.ipsecB;
    const { key, salt } = sadb.find(rig.b.addr, 0x1001)!;
    const p = { src: rig.a.addr, dst: rig.b.addr, spi: 0x1001, cipher: 'aes-gcm-16' };
    sadb.update({ ...p, key: Buffer.concat([key, salt]), lifetime: { hardPackets: 2 } });
    expect(send(rig, 5)).toBe(2);
    expect(log).toEqual(['hard packets 1001']);
    expect(rig.b.counters.get('ipsec.expired')).toBe(1);
    expect(rig.b.counters.get('esp.noSa')).toBe(2);
    rig.end();
  });

  it('a key of an SA that died is scrubbed by the timer', () => {
    const rig = withLifetime('-bh 1');
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    send(rig, 2);
    expect(sa.alive).toBe(false);
    rig.ipsecA.timers();
    expect(sa.key.every((b) => b === 0)).toBe(true);
    expect(() => rig.ipsecA.sadb.delete(sa)).toThrow('deleted twice');
    rig.end();
  });

  it('makes room for the next one with its SPI and key, whose numbers go on', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.setkey(GCM_SAS.replaceAll('-r 8', `-r 8 -bh ${2 * PAYLOAD}`) + TRANSPORT);
    expect(send(rig, 3)).toBe(2);
    expect(card.installed.size).toBe(2);
    rig.setkeyOf('a', GCM_SAS.split('\n')[1]!);
    expect(card.installed.size).toBe(2);
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    expect([sa.seq, sa.installs.length]).toEqual([2, 1]);
    rig.end();
  });

  it.each([
    [{ softBytes: 0 }, /lifetime of 0/],
    [{ hardSeconds: -1 }, /lifetime of -1/],
    [{ softPackets: 5, hardPackets: 4 }, /beyond the hard one/],
  ])('%o is refused', (lifetime, message) => {
    const rig = createIpsecRig();
    const p = { src: 1, dst: 2, spi: 256, cipher: 'aes-gcm-16', key: new Uint8Array(20), lifetime };
    expect(() => rig.ipsecA.sadb.add(p)).toThrow(message);
    expect(() => rig.ipsecA.sadb.add(p)).toThrow(SadbError);
    rig.end();
  });
});

/** A second pair of SAs, with keys of their own. */
const YOUNG_SAS = GCM_SAS.replaceAll('0x100', '0x200')
  .replaceAll('10111213;', '90919293;')
  .replaceAll('30313233;', 'a0a1a2a3;');

describe.each([
  ['new', false, 0x2001],
  ['old', true, 0x1001],
] as const)('RFC 4301 §4.5 rekey, %s SAs preferred', (_name, preferOld, spi) => {
  function rekeyed(): IpsecRig {
    const rig = createIpsecRig();
    rig.ipsecA.sadb.preferOld = preferOld;
    rig.setkey(GCM_SAS + TRANSPORT);
    expect(send(rig, 2)).toBe(2);
    rig.setkey(YOUNG_SAS);
    return rig;
  }

  it('both receive, one sends', () => {
    const rig = rekeyed();
    expect(send(rig, 3)).toBe(3);
    const { sadb } = rig.ipsecA;
    const counts = [0x1001, 0x2001].map((s) => sadb.find(rig.b.addr, s)!.swPackets);
    expect(counts).toEqual(preferOld ? [5, 0] : [2, 3]);
    rig.end();
  });

  it(`ipsec_spi_esp_preferred_${_name}_delete: when it is deleted the other one sends`, () => {
    const rig = rekeyed();
    const { sadb } = rig.ipsecA;
    sadb.delete(sadb.find(rig.b.addr, spi)!);
    expect(send(rig, 3)).toBe(3);
    expect(sadb.find(rig.b.addr, 0x3002 - spi)!.swPackets).toBe(preferOld ? 3 : 5);
    rig.end();
  });

  it(`ipsec_spi_esp_preferred_${_name}_timeout: and when its lifetime is over`, () => {
    const rig = createIpsecRig();
    rig.ipsecA.sadb.preferOld = preferOld;
    const [first, second] = preferOld ? ['-lh 5', '-lh 50'] : ['-lh 50', '-lh 5'];
    rig.setkey(GCM_SAS.replaceAll('-r 8', `-r 8 ${first}`) + TRANSPORT);
    rig.setkey(YOUNG_SAS.replaceAll('-r 8', `-r 8 ${second}`));
    expect(send(rig, 2)).toBe(2);
    rig.clock.cycle = secondsToCycles(5);
    expect(send(rig, 3)).toBe(3);
    const { sadb } = rig.ipsecA;
    expect(sadb.find(rig.b.addr, spi)).toBeNull();
    expect(sadb.find(rig.b.addr, 0x3002 - spi)!.swPackets).toBe(3);
    rig.end();
  });
});

describe('RFC 4301 §4.5 rekey by soft lifetime', () => {
  it('no packet is lost when the new SA comes at the soft limit and the old one ends', () => {
    const rig = withLifetime(`-bs ${2 * PAYLOAD} -bh ${4 * PAYLOAD}`);
    const due: string[] = [];
    rig.ipsecA.sadb.onExpire = (_sa, kind) => due.push(kind);
    let got = 0;
    for (let i = 0; i < 10; i++) {
      got += send(rig, 1);
      if (due.shift() === 'soft') rig.setkey(YOUNG_SAS);
    }
    expect(got).toBe(10);
    rig.end();
  });

  it('a new SA in good health goes before one that is dying', () => {
    const rig = withLifetime('-ls 1 -lh 100');
    rig.setkey(YOUNG_SAS.replaceAll('-r 8', '-r 8 -ls 50'));
    rig.clock.cycle = secondsToCycles(2);
    rig.ipsecA.timers();
    expect(send(rig, 2)).toBe(2);
    expect(rig.ipsecA.sadb.find(rig.b.addr, 0x2001)!.swPackets).toBe(2);
    rig.end();
  });
});

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
