// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { IFCAP_IPSEC } from '../../src/net/ifnet.ts';
import type { SaParams } from '../../src/netipsec/sa.ts';
import { SadbError } from '../../src/netipsec/sadb_error.ts';
import { FakeCard } from '../unit/netipsec/fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT } from '../unit/netipsec/ipsec_rig.ts';
import { PAYLOAD, send, YOUNG_SAS } from './sadb_rig.ts';

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
