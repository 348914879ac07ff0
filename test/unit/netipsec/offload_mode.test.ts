// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { EOPNOTSUPP } from '../../../src/kern/errno.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { SetkeyError } from '../../../src/netipsec/setkey_error.ts';
import { FakeCard } from './fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT } from './ipsec_rig.ts';

/** SAs with this option, on a host that has a card. */
function withCard(option: string, refuse: FakeCard['refuse'] = null): IpsecRig {
  const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
  const card = new FakeCard(rig.a, rig.ipsecA.carrier);
  card.refuse = refuse;
  rig.ipsecA.attachOffload(rig.a.ifp, card);
  rig.setkey(GCM_SAS.replaceAll('-r 8', `-r 8 ${option}`) + TRANSPORT);
  return rig;
}

function send(rig: IpsecRig): void {
  expect(new UdpSocket(rig.a.inet).sendTo(new Uint8Array(50), rig.b.addr, 9)).toBe(0);
  rig.pump();
}

function out(rig: IpsecRig) {
  return rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
}

describe('the fallback ladder: packet offload, crypto offload, software', () => {
  it('packet offload that no card has: crypto offload, and why, once for an SA', () => {
    const rig = withCard('-offload packet');
    for (let i = 0; i < 3; i++) send(rig);
    expect(out(rig).hwPackets).toBe(3);
    expect(out(rig).packetRefusal!.text).toBe('mem2: crypto only');
    expect(rig.ipsecA.reasons.list()).toEqual([
      { direction: 'tx', reason: 'noPacketOffload', count: 1 },
      { direction: 'rx', reason: 'noPacketOffload', count: 1 },
    ]);
    rig.end();
  });

  it('and crypto offload refused as well: software, with both reasons', () => {
    const rig = withCard('-offload packet', { errno: EOPNOTSUPP, reason: 'no AES here' });
    send(rig);
    expect([out(rig).hwPackets, out(rig).swPackets]).toEqual([0, 1]);
    expect(out(rig).packetRefusal!.text).toBe('mem2: crypto only');
    expect(out(rig).refusal!.text).toBe('mem2: no AES here');
    const reasons = rig.ipsecA.reasons.list().map((r) => `${r.direction} ${r.reason}`);
    expect(reasons).toContain('tx algorithmNotSupported');
    expect(reasons).toContain('tx noPacketOffload');
    rig.end();
  });

  it('no: the SA is not offered to a card', () => {
    const rig = withCard('-offload no');
    send(rig);
    expect(out(rig).installs).toEqual([]);
    expect(rig.ipsecA.reasons.list()[0]).toEqual({
      ...{ direction: 'tx', reason: 'saAsksForSoftware', count: 1 },
    });
    rig.end();
  });

  it.each([
    ['packet', null, /packet offload cannot be had: mem2: crypto only/],
    [
      'crypto',
      { errno: EOPNOTSUPP, reason: 'no AES' },
      /crypto offload cannot be had: mem2: no AES/,
    ],
  ])('strict, %s: the SA is refused with its place, and is nowhere', (mode, refuse, message) => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    card.refuse = refuse;
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    const conf = GCM_SAS.replaceAll('-r 8', `-r 8 -offload ${mode} -strict`);
    const error = (() => {
      try {
        rig.setkey(conf);
      } catch (e) {
        return e;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(SetkeyError);
    expect((error as SetkeyError).line).toBe(2);
    expect((error as SetkeyError).message).toMatch(message);
    expect(rig.ipsecA.sadb.list()).toEqual([]);
    expect(card.installed.size).toBe(0);
    rig.end();
  });

  it('strict, crypto, and the card takes it: there it is', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.ipsecA.sadb.add({
      ...{ src: rig.a.addr, dst: rig.b.addr, spi: 0x1001, cipher: 'aes-gcm-16' },
      ...{ key: new Uint8Array(20), offload: 'crypto', offloadStrict: true },
    });
    expect(card.installed.size).toBe(1);
    rig.end();
  });

  it('-hwif that names no card: software, and the reason says the name', () => {
    const rig = withCard('-hwif nic7');
    send(rig);
    expect(out(rig).refusal!.text).toBe('-hwif nic7: no card has this name');
    expect(rig.ipsecA.reasons.list()[0]).toEqual({
      ...{ direction: 'tx', reason: 'hwifOther', count: 1 },
    });
    rig.end();
  });
});
