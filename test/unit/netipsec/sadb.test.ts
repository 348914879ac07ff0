// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ENOSPC, EOPNOTSUPP } from '../../../src/kern/errno.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import type { SaParams } from '../../../src/netipsec/sa.ts';
import { SaOffloads } from '../../../src/netipsec/sa_offload.ts';
import { Sadb } from '../../../src/netipsec/sadb.ts';
import { SadbError } from '../../../src/netipsec/sadb_error.ts';
import { FakeCard } from './fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT } from './ipsec_rig.ts';

const GCM: SaParams = {
  src: 0x0a000001,
  dst: 0x0a000002,
  spi: 0x1000,
  cipher: 'aes-gcm-16',
  key: new Uint8Array(20).fill(7),
};

/** A key that no other SA of a test has. */
function keyNumber(n: number): Uint8Array {
  const key = new Uint8Array(20);
  new DataView(key.buffer).setUint32(0, n);
  return key;
}

function newSadb(capacity = 8): Sadb {
  return new Sadb(capacity, new SaOffloads(false), () => 'out');
}

function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (e instanceof SadbError) return e.code;
    throw e;
  }
  return 'none';
}

describe('SADB', () => {
  it.each([
    ['badSpi', { spi: 255 }],
    ['badSpi', { spi: 2 ** 32 }],
    ['unknownAlgorithm', { cipher: 'rot13' }],
    ['forbiddenAlgorithm', { cipher: 'des-cbc' }],
    ['forbiddenAlgorithm', { cipher: '3des-cbc' }],
    ['forbiddenAlgorithm', { cipher: 'blowfish-cbc' }],
    ['forbiddenAlgorithm', { cipher: 'aes-cbc', key: new Uint8Array(16), auth: 'hmac-md5' }],
    ['noAuthentication', { cipher: 'aes-ctr', key: new Uint8Array(20) }],
    ['noAuthentication', { proto: 51, cipher: 'null', key: new Uint8Array(0) }],
    ['unknownAlgorithm', { proto: 51, auth: 'hmac-sha1', authKey: new Uint8Array(20) }],
    ['unknownAlgorithm', { auth: 'crc32' }],
    ['unknownAlgorithm', { auth: 'hmac-sha1', authKey: new Uint8Array(20) }],
    ['badKeyLength', { key: new Uint8Array(16) }],
    ['badKeyLength', { cipher: 'aes-cbc', key: new Uint8Array(16), auth: 'hmac-sha1' }],
    ['noAuthentication', { cipher: 'aes-cbc', key: new Uint8Array(16) }],
    ['noAuthentication', { cipher: 'null', key: new Uint8Array(0) }],
    ['badReplayWindow', { replayPackets: 33 }],
    ['badReplayWindow', { replayPackets: -8 }],
    ['badReplayWindow', { esn: true, replayPackets: 0 }],
  ])('refuses with "%s" an SA with %o', (code, wrong) => {
    expect(codeOf(() => newSadb().add({ ...GCM, ...wrong }))).toBe(code);
  });

  it('refuses a second SA with the same SPI and destination, not one with another destination', () => {
    const sadb = newSadb();
    sadb.add(GCM);
    expect(codeOf(() => sadb.add(GCM))).toBe('duplicateSpi');
    expect(codeOf(() => sadb.add({ ...GCM, dst: 5, key: keyNumber(1) }))).toBe('none');
  });

  it('says so when it is full, and has room again after a delete', () => {
    const sadb = newSadb(2);
    const first = sadb.add(GCM);
    sadb.add({ ...GCM, spi: 0x1001, key: keyNumber(1) });
    const third = { ...GCM, spi: 0x1002, key: keyNumber(2) };
    expect(codeOf(() => sadb.add(third))).toBe('full');
    sadb.delete(first);
    expect(codeOf(() => sadb.add(third))).toBe('none');
  });

  it('uses a handle again only with another generation', () => {
    const sadb = newSadb();
    const old = sadb.add(GCM);
    sadb.delete(old);
    const young = sadb.add(GCM);
    expect(young.handle).toBe(old.handle);
    expect(young.generation).not.toBe(old.generation);
    expect(sadb.byHandle(old.handle, old.generation)).toBeNull();
    expect(sadb.byHandle(young.handle, young.generation)).toBe(young);
  });

  it('an SA for receiving is never taken for sending', () => {
    const sadb = new Sadb(8, new SaOffloads(false), () => 'in');
    const sa = sadb.add(GCM);
    expect(sadb.find(GCM.dst, GCM.spi)).toBe(sa);
    expect(sadb.findOut(GCM.src, GCM.dst, 'transport', 0)).toBeNull();
  });

  it('RFC 4106 §3.1: a key that is added again goes on behind the numbers it was used with', () => {
    const sadb = newSadb();
    const first = sadb.add(GCM);
    first.seq = 500;
    sadb.delete(first);
    const other = sadb.add({ ...GCM, spi: 0x2000, key: new Uint8Array(20).fill(8) });
    expect(other.seq).toBe(0);
    const again = sadb.add({ ...GCM, spi: 0x3000 });
    expect(again.seq).toBe(500);
    sadb.delete(again);
    expect(sadb.add({ ...GCM, sentSeq: 900 }).seq).toBe(900);
  });

  it('RFC 4106 §3.1: no two SAs send with one key at a time, and a refused one takes no room', () => {
    const sadb = newSadb(2);
    const first = sadb.add(GCM);
    expect(codeOf(() => sadb.add({ ...GCM, spi: 0x2000 }))).toBe('keyInUse');
    expect(sadb.list()).toEqual([first]);
    expect(sadb.find(GCM.dst, 0x2000)).toBeNull();
    sadb.delete(first);
    sadb.add({ ...GCM, spi: 0x2000 });
    sadb.add({ ...GCM, spi: 0x2001, key: keyNumber(1) });
    expect(sadb.list().length).toBe(2);
  });

  it('GCM with another ICV, and GMAC, are the same key at work (RFC 4543 §5)', () => {
    const sadb = newSadb(8);
    sadb.add(GCM);
    for (const cipher of ['aes-gcm-8', 'aes-gcm-12', 'aes-gmac']) {
      expect(
        codeOf(() => sadb.add({ ...GCM, spi: 0x2000, cipher })),
        cipher,
      ).toBe('keyInUse');
    }
  });

  it('RFC 4543 §4: GMAC in AH with the key of an SA of ESP would use (key, IV) twice', () => {
    const sadb = newSadb(8);
    sadb.add(GCM);
    const ah = { ...GCM, spi: 0x2000, proto: 51, cipher: 'null', key: new Uint8Array(0) };
    const gmac = { ...ah, auth: 'aes-128-gmac', authKey: GCM.key };
    expect(codeOf(() => sadb.add(gmac))).toBe('keyInUse');
  });

  it('SAs of one HMAC key may send at a time: there is no IV', () => {
    const sadb = newSadb(8);
    const authKey = new Uint8Array(20);
    const base = { ...GCM, cipher: 'null', key: new Uint8Array(0), auth: 'hmac-sha1', authKey };
    sadb.add(base);
    expect(codeOf(() => sadb.add({ ...base, spi: 0x2000 }))).toBe('none');
    expect(codeOf(() => sadb.add({ ...base, spi: 0x2000, proto: 51 }))).toBe('none');
  });

  it('another MAC makes no other key stream (RFC 3686 §2.1)', () => {
    const sadb = newSadb(8);
    const ctr = { ...GCM, cipher: 'aes-ctr', auth: 'hmac-sha1', authKey: new Uint8Array(20) };
    sadb.add(ctr);
    const other = { ...ctr, spi: 0x2000, authKey: new Uint8Array(20).fill(1) };
    expect(codeOf(() => sadb.add(other))).toBe('keyInUse');
  });

  it('SAs to receive with may share a key: the numbers come from their senders', () => {
    const sadb = new Sadb(8, new SaOffloads(false), () => 'in');
    sadb.add(GCM);
    expect(codeOf(() => sadb.add({ ...GCM, spi: 0x2000 }))).toBe('none');
  });

  it('leaves no key behind in a deleted SA', () => {
    const sadb = newSadb();
    const sa = sadb.add(GCM);
    sadb.delete(sa);
    expect([...sa.key, ...sa.salt].every((b) => b === 0)).toBe(true);
  });

  it('finds 3000 SAs by SPI, and the newest between two ends', () => {
    const sadb = newSadb(3000);
    const all = Array.from({ length: 3000 }, (_, i) =>
      sadb.add({
        ...{ ...GCM, spi: 256 + i, src: i % 50, dst: i % 70 },
        ...{ reqid: i % 3, key: keyNumber(i) },
      }),
    );
    for (const sa of all) expect(sadb.find(sa.dst, sa.spi)).toBe(sa);
    const newest = all.findLast((sa) => sa.src === 7 && sa.dst === 7)!;
    expect(sadb.findOut(7, 7, 'transport', 0)).toBe(newest);
    const withId = all.findLast((sa) => sa.src === 7 && sa.dst === 7 && sa.reqid === 1)!;
    expect(sadb.findOut(7, 7, 'tunnel', 1)).toBe(withId);
    for (const sa of all) if (sa.spi % 2 === 0) sadb.delete(sa);
    for (const sa of all) expect(sadb.find(sa.dst, sa.spi)).toBe(sa.spi % 2 === 0 ? null : sa);
  });
});

describe('why a packet is not offloaded has an answer', () => {
  function send(rig: IpsecRig): { direction: string; reason: string; count: number }[] {
    expect(new UdpSocket(rig.a.inet).sendTo(new Uint8Array(50), rig.b.addr, 9)).toBe(0);
    rig.pump();
    return rig.ipsecA.reasons.list().filter((r) => r.direction === 'tx');
  }

  function withCard(refuse: FakeCard['refuse'], sas = GCM_SAS): IpsecRig {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    card.refuse = refuse;
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.setkey(sas + TRANSPORT);
    return rig;
  }

  it('offload is off', () => {
    const rig = createIpsecRig({ capabilities: IFCAP_IPSEC });
    rig.setkey(GCM_SAS + TRANSPORT);
    expect(send(rig)).toEqual([{ direction: 'tx', reason: 'offloadOff', count: 1 }]);
    rig.end();
  });

  it('the interface cannot', () => {
    const rig = createIpsecRig({ offload: true });
    rig.setkey(GCM_SAS + TRANSPORT);
    expect(send(rig)[0]!.reason).toBe('noCapableInterface');
    rig.end();
  });

  it("the card's SA table is full", () => {
    const rig = withCard({ errno: ENOSPC, reason: 'no slot' });
    expect(send(rig)[0]!.reason).toBe('saTableFull');
    expect(rig.ipsecA.sadb.list()[0]!.refusal!.text).toBe('mem2: no slot');
    rig.end();
  });

  it('the card does not know the algorithm', () => {
    const rig = withCard({ errno: EOPNOTSUPP, reason: 'no AES-192' });
    expect(send(rig)[0]!.reason).toBe('algorithmNotSupported');
    rig.end();
  });

  it('a cipher with an HMAC is not even offered to a card', () => {
    const key = `0x${'11'.repeat(16)} -A hmac-sha1 0x${'22'.repeat(20)}`;
    const rig = withCard(null, GCM_SAS.replaceAll(/aes-gcm-16 0x\w+/g, `aes-cbc ${key}`));
    expect(send(rig)[0]!.reason).toBe('algorithmNotSupported');
    expect(rig.ipsecA.sadb.list()[0]!.installs).toEqual([]);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });

  it('-hwif names another interface', () => {
    const rig = withCard(null, GCM_SAS.replaceAll('-r 8', '-r 8 -hwif nic7'));
    expect(send(rig)[0]!.reason).toBe('hwifOther');
    rig.end();
  });

  it('with ESP it does not fit the MTU', () => {
    const rig = withCard(null);
    new UdpSocket(rig.a.inet).sendTo(new Uint8Array(3000), rig.b.addr, 9);
    rig.pump();
    expect(rig.ipsecA.reasons.list()).toContainEqual({
      ...{ direction: 'tx', reason: 'needsFragmentation', count: 1 },
    });
    expect(rig.a.counters.get('ipsec.lateSoftware')).toBe(0);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });

  it('a card that goes away gives its SAs back, and software goes on', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.setkey(GCM_SAS + TRANSPORT);
    expect(card.installed.size).toBe(2);
    expect([...card.installed.values()].map((s) => s.direction)).toEqual(['out', 'in']);
    rig.ipsecA.detachOffload(rig.a.ifp);
    expect(card.installed.size).toBe(0);
    expect(send(rig)[0]!.reason).toBe('saNotInstalled');
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });

  it('an SA that is deleted leaves the card', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.setkey(GCM_SAS);
    rig.ipsecA.sadb.flush();
    expect(card.installed.size).toBe(0);
    rig.end();
  });

  describe('a card that does not answer', () => {
    function withMute(): { rig: IpsecRig; card: FakeCard } {
      const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
      const card = new FakeCard(rig.a, rig.ipsecA.carrier);
      rig.ipsecA.attachOffload(rig.a.ifp, card);
      rig.setkey(GCM_SAS + TRANSPORT);
      card.saRemove = () => {
        throw new Error('mute');
      };
      return { rig, card };
    }

    it('a flush says so, and has flushed all', () => {
      const { rig } = withMute();
      const all = rig.ipsecA.sadb.list();
      expect(() => rig.ipsecA.sadb.flush()).toThrow('mute');
      expect(rig.ipsecA.sadb.list()).toEqual([]);
      expect(all.every((sa) => sa.key.every((b) => b === 0))).toBe(true);
      rig.end();
    });

    it('goes away all the same: no packet waits for its crypto', () => {
      const { rig } = withMute();
      expect(() => rig.ipsecA.detachOffload(rig.a.ifp)).toThrow('mute');
      for (const sa of rig.ipsecA.sadb.list()) expect(rig.ipsecA.cardCounters(sa)).toBeNull();
      expect(send(rig)[0]!.reason).toBe('saNotInstalled');
      expect(rig.b.counters.get('esp.inOk')).toBe(1);
      rig.end();
    });
  });
});
