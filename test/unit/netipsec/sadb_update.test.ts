// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ENOSPC, EOPNOTSUPP } from '../../../src/kern/errno.ts';
import { P_INSTALL } from '../../../src/kern/preempt.ts';
import { IF_NONE, IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import type { SaOffload } from '../../../src/netipsec/pact.ts';
import type { Sa, SaParams } from '../../../src/netipsec/sa.ts';
import { SaOffloads } from '../../../src/netipsec/sa_offload.ts';
import { Sadb } from '../../../src/netipsec/sadb.ts';
import { FakeCard } from './fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT } from './ipsec_rig.ts';

const GCM: SaParams = {
  ...{ src: 0x0a000001, dst: 0x0a000002, spi: 0x1000 },
  ...{ cipher: 'aes-gcm-16', key: new Uint8Array(20).fill(7) },
};
const OTHER: SaParams = { ...GCM, spi: 0x2000, key: new Uint8Array(20).fill(8) };

/** A host with a card, and the SA that it sends with. */
function withCard(): { rig: IpsecRig; card: FakeCard; sa: Sa; p: SaParams } {
  const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
  const card = new FakeCard(rig.a, rig.ipsecA.carrier);
  rig.ipsecA.attachOffload(rig.a.ifp, card);
  rig.setkey(GCM_SAS + TRANSPORT);
  const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
  const { src, dst, spi } = sa;
  const key = Buffer.concat([sa.key, sa.salt]);
  return { rig, card, sa, p: { src, dst, spi, cipher: 'aes-gcm-16', key, replayPackets: 8 } };
}

function send(rig: IpsecRig, n: number): void {
  const socket = new UdpSocket(rig.a.inet);
  for (let i = 0; i < n; i++) {
    expect(socket.sendTo(new Uint8Array(50), rig.b.addr, 9)).toBe(0);
    rig.pump();
  }
  socket.close();
}

/** The card takes what it has, and no SA that comes from here on. */
function refuseWhen(card: FakeCard, isRefused: (spi: number) => boolean, errno: number): void {
  const install = card.saInstall.bind(card);
  card.saInstall = (sa) =>
    isRefused(sa.spi) ? { ok: false, errno, reason: 'not this one' } : install(sa);
}

describe('SADB_UPDATE that is refused (RFC 2367 §3.1.2) leaves the SA as it was', () => {
  it('its new key is one that another SA sends with', () => {
    const sadb = new Sadb(2, new SaOffloads(false), () => 'out');
    const natt = { sport: 4500, dport: 4500, keepaliveSeconds: 20 };
    const sa = sadb.add({ ...GCM, natt, lifetime: { hardPackets: 9 } });
    sadb.add(OTHER);
    sa.seq = 5;
    sa.swPackets = 5;
    expect(() => sadb.update({ ...GCM, key: OTHER.key })).toThrow(/another SA sends/);
    expect(sadb.find(GCM.dst, GCM.spi)).toBe(sa);
    expect(sadb.byHandle(sa.handle, sa.generation)).toBe(sa);
    expect([sa.alive, sa.seq, sadb.packets('out').sw]).toEqual([true, 5, 5]);
    expect([...sa.key, ...sa.salt]).toEqual([...GCM.key]);
    expect(sadb.keepalives.has(sa)).toBe(true);
    // Its own key still is its own, and its handle is nobody else's.
    expect(() => sadb.add({ ...GCM, spi: 0x3000 })).toThrow(/SADB holds 2/);
    sadb.delete(sadb.find(OTHER.dst, OTHER.spi)!);
    expect(() => sadb.add({ ...GCM, spi: 0x3000 })).toThrow(/another SA sends/);
    expect(sadb.add(OTHER).handle).not.toBe(sa.handle);
    sa.swPackets = 9;
    expect(sadb.mayUse(sa)).toBe(false);
  });

  it('it is no newer than it was: the newest still sends', () => {
    const sadb = new Sadb(4, new SaOffloads(false), () => 'out');
    const { src, dst } = GCM;
    const [old, middle, newest] = [1, 2, 3].map((n) =>
      sadb.add({ ...GCM, spi: 0x1000 * n, key: new Uint8Array(20).fill(n), reqid: 7 }),
    );
    const taken = { ...GCM, spi: 0x1000, key: new Uint8Array(20).fill(3), reqid: 7 };
    expect(() => sadb.update(taken)).toThrow(/another SA sends/);
    for (const reqid of [0, 7]) {
      expect(sadb.findOut(src, dst, 'tunnel', reqid)).toBe(newest);
      sadb.preferOld = true;
      expect(sadb.findOut(src, dst, 'tunnel', reqid)).toBe(old);
      sadb.preferOld = false;
    }
    sadb.delete(newest!);
    expect(sadb.findOut(src, dst, 'tunnel', 7)).toBe(middle);
  });

  it('an SA to receive with goes on taking ESP from its UDP port, and its window stays', () => {
    const sadb = new Sadb(4, new SaOffloads(true), () => 'in');
    const p = { ...GCM, replayPackets: 64, natt: { sport: 4500, dport: 4500 } };
    const sa = sadb.add(p);
    for (const seq of [1, 2, 4]) sa.replay.update(seq);
    expect(() => sadb.update({ ...p, offloadStrict: true })).toThrow(/no card is attached/);
    expect(sadb.nattPorts.get(4500)).toBe(1);
    expect(sadb.find(GCM.dst, GCM.spi)).toBe(sa);
    expect([3, 4].map((seq) => sa.replay.check(seq))).toEqual([true, false]);
  });

  it('it wants an offload that cannot be had: the SA is back in the card and sends by it', () => {
    const { rig, card, sa, p } = withCard();
    send(rig, 3);
    const strict = { ...p, offload: 'packet', offloadStrict: true } as const;
    expect(() => rig.ipsecA.sadb.update(strict)).toThrow(/packet offload cannot be had/);
    expect(rig.ipsecA.sadb.find(rig.b.addr, 0x1001)).toBe(sa);
    expect([card.installed.size, sa.installs.length, sa.refusal]).toEqual([2, 1, null]);
    send(rig, 2);
    expect([sa.seq, sa.hwPackets, sa.swPackets, card.encrypted]).toEqual([5, 5, 0, 5]);
    expect(rig.b.counters.get('esp.inOk')).toBe(5);
    rig.end();
  });

  it('nothing that waits for a slot of the card takes the one of an SA that comes back', () => {
    const { rig, card, sa, p } = withCard();
    refuseWhen(card, () => card.installed.size >= 2, ENOSPC);
    const { sadb } = rig.ipsecA;
    const waits = sadb.add({ ...p, spi: 0x3001, key: OTHER.key });
    expect(waits.installs).toEqual([]);
    expect(() => sadb.update({ ...p, hwif: 'nic7', offloadStrict: true })).toThrow(/nic7/);
    expect([sa.installs.length, waits.installs.length]).toEqual([1, 0]);
    // An update that succeeds keeps the slot as well; one that has no use for it gives it up.
    expect(sadb.update(p).installs.length).toBe(1);
    expect(sadb.update({ ...p, offload: 'no' }).installs).toEqual([]);
    expect(waits.installs.length).toBe(1);
    rig.end();
  });

  it('a packet that its tag is on goes out by the SA that stayed', () => {
    const { rig, card, sa, p } = withCard();
    let updates = 0;
    rig.a.pool.preempt.hook = () => {
      rig.a.pool.preempt.hook = null;
      updates++;
      expect(() => rig.ipsecA.sadb.update({ ...p, hwif: 'nic7', offloadStrict: true })).toThrow();
    };
    send(rig, 1);
    // By the card or not, which gave it another place: once, and never in clear.
    expect([updates, sa.seq, sa.hwPackets + sa.swPackets]).toEqual([1, 1, 1]);
    expect(card.encrypted).toBe(sa.hwPackets);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });

  it('a card that takes it back no more: software goes on with the next number', () => {
    const { rig, card, sa, p } = withCard();
    send(rig, 2);
    refuseWhen(card, () => true, EOPNOTSUPP);
    expect(() => rig.ipsecA.sadb.update({ ...p, offloadStrict: true })).toThrow(/not this one/);
    send(rig, 2);
    expect([sa.seq, sa.hwPackets, sa.swPackets]).toEqual([4, 2, 2]);
    expect(sa.refusal!.text).toBe('mem2: not this one');
    expect(rig.b.counters.get('esp.inOk')).toBe(4);
    rig.end();
  });
});

describe('SADB_UPDATE', () => {
  it('a key that another one took meanwhile is never sent with by two (RFC 4106 §3.1)', () => {
    const { rig, sa, p } = withCard();
    const { sadb } = rig.ipsecA;
    rig.a.pool.preempt.hook = (point) => {
      if (point !== P_INSTALL) return;
      rig.a.pool.preempt.hook = null;
      sadb.add({ ...p, spi: 0x3001 });
    };
    const taken = { ...p, key: OTHER.key, hwif: 'nic7', offloadStrict: true };
    expect(() => sadb.update(taken)).toThrow(/nic7/);
    expect([sa.alive, sadb.find(rig.b.addr, 0x1001)]).toEqual([false, null]);
    expect(sadb.add({ ...p, key: OTHER.key }).alive).toBe(true);
    rig.end();
  });

  it('needs no room of its own in a SADB that is full', () => {
    const sadb = new Sadb(1, new SaOffloads(false), () => 'out');
    const old = sadb.add(GCM);
    old.seq = 7;
    const sa = sadb.update({ ...GCM, reqid: 5 });
    expect([sa.handle, sa.seq, sa.reqid]).toEqual([old.handle, 7, 5]);
    expect(sadb.byHandle(old.handle, old.generation)).toBeNull();
    expect([...old.key, ...old.salt].every((b) => b === 0)).toBe(true);
  });
});

describe('a host with two cards', () => {
  it('an SA that waits for a slot of the full one is in the other one only once', () => {
    const full = { installed: 0, room: 1 };
    const wide = { installed: 0, room: 9 };
    const offloads = new SaOffloads(true);
    const sadb = new Sadb(8, offloads, () => 'out');
    for (const [i, c] of [full, wide].entries()) {
      const index = i + 1;
      const ifp = { ...IF_NONE, name: `nic${i}`, index, capabilities: IFCAP_IPSEC };
      const card: SaOffload = {
        ifIndex: index,
        saInstall: () =>
          c.installed === c.room
            ? { ok: false, errno: ENOSPC, reason: 'full' }
            : { ok: true, cardSa: c.installed++ },
        saRemove: () => {
          c.installed--;
          return null;
        },
        saCounters: () => ({ packets: 0, bytes: 0, authFailed: 0, replayed: 0 }),
      };
      offloads.attach(ifp, card, []);
    }
    sadb.add({ ...GCM, hwif: 'nic0' });
    const waits = sadb.add(OTHER);
    const third = sadb.add({ ...GCM, spi: 0x3000, key: new Uint8Array(20), hwif: 'nic1' });
    expect(waits.installs.map((e) => e.ifIndex)).toEqual([2]);
    sadb.delete(third);
    expect(waits.installs.map((e) => e.ifIndex)).toEqual([2]);
    sadb.delete(sadb.find(GCM.dst, GCM.spi)!);
    expect(waits.installs.map((e) => e.ifIndex).sort()).toEqual([1, 2]);
    sadb.flush();
    expect([full.installed, wide.installed]).toEqual([0, 0]);
  });
});
