// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { ipSend } from '../../../src/netinet/ip_output.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { FakeCard } from './fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT, TUNNEL } from './ipsec_rig.ts';

const CBC_SAS = `
add 10.0.0.1 10.0.0.2 esp 0x2001 -r 8 -E aes-cbc 0x000102030405060708090a0b0c0d0e0f
  -A hmac-sha2-256 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f;
add 10.0.0.2 10.0.0.1 esp 0x2002 -r 8 -E aes-cbc "0123456789abcdef"
  -A hmac-sha1 "0123456789abcdef0123";
`;
const MARKER = Buffer.from('this text never crosses the wire');

function payload(n: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => MARKER[i % MARKER.length]!);
}

/** Sends each size both ways; returns the frames on the wire, ESP only. */
function talk(rig: IpsecRig, sizes: readonly number[]): { got: number; wire: Buffer[] } {
  const wire: Buffer[] = [];
  let got = 0;
  const keep = (data: Uint8Array, at: number, len: number): boolean => {
    const frame = Buffer.from(data.slice(at, at + len));
    if (frame.readUInt16BE(12) === 0x0800) wire.push(frame);
    return true;
  };
  rig.a.ifp.onWire = keep;
  rig.b.ifp.onWire = keep;
  for (const size of sizes) {
    const sent = payload(size);
    const b = new UdpSocket(rig.b.inet).bind(0, 7);
    b.onMessage((bytes, src, sport) => {
      expect(bytes).toEqual(sent);
      got++;
      expect(b.sendTo(bytes, src, sport)).toBe(0);
    });
    const a = new UdpSocket(rig.a.inet).bind(0, 5000);
    a.onMessage((bytes) => {
      expect(bytes).toEqual(sent);
      got++;
    });
    expect(a.sendTo(sent, rig.b.addr, 7)).toBe(0);
    rig.pump();
    a.close();
    b.close();
  }
  return { got, wire };
}

const SIZES = [0, 1, 2, 3, 4, 5, 13, 64, 512, 1400];

describe.each([
  ['transport', TRANSPORT, 'aes-gcm-16', GCM_SAS],
  ['tunnel', TUNNEL, 'aes-gcm-16', GCM_SAS],
  ['transport', TRANSPORT, 'aes-cbc and HMAC', CBC_SAS],
  ['tunnel', TUNNEL, 'aes-cbc and HMAC', CBC_SAS],
])('software ESP, %s mode, %s', (_mode, spd, _alg, sas) => {
  it('carries UDP both ways, and all that is on the wire is ESP', () => {
    const rig = createIpsecRig();
    rig.setkey(sas + spd);
    const { got, wire } = talk(rig, SIZES);
    expect(got).toBe(2 * SIZES.length);
    expect(wire.length).toBe(2 * SIZES.length);
    for (const frame of wire) {
      expect(frame[23]).toBe(50);
      expect(frame.includes(MARKER.subarray(0, 8))).toBe(false);
    }
    rig.end();
  });

  it('takes one tag for each packet on each side', () => {
    const rig = createIpsecRig();
    rig.setkey(sas + spd);
    talk(rig, [100]);
    const before = [rig.a.pool.tags.allocs, rig.b.pool.tags.allocs];
    talk(rig, SIZES);
    // Each side sends and receives each size once.
    expect(rig.a.pool.tags.allocs - before[0]!).toBe(2 * SIZES.length);
    expect(rig.b.pool.tags.allocs - before[1]!).toBe(2 * SIZES.length);
    rig.end();
  });
});

describe.each([
  ['transport', TRANSPORT],
  ['tunnel', TUNNEL],
])('offload through the pact, %s mode', (_mode, spd) => {
  function offloadRig(): IpsecRig & { cardA: FakeCard; cardB: FakeCard } {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    const cardA = new FakeCard(rig.a, rig.ipsecA.carrier);
    const cardB = new FakeCard(rig.b, rig.ipsecB.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, cardA);
    rig.setkey(GCM_SAS + spd);
    // The other host's card comes late: it must get the SAs that are there.
    rig.ipsecB.attachOffload(rig.b.ifp, cardB);
    return { ...rig, cardA, cardB };
  }

  it('puts the same bytes on the wire as software does', () => {
    const soft = createIpsecRig();
    soft.setkey(GCM_SAS + spd);
    const bySoftware = talk(soft, SIZES);
    const rig = offloadRig();
    const byCard = talk(rig, SIZES);
    expect(byCard.got).toBe(2 * SIZES.length);
    expect(rig.cardA.encrypted).toBe(SIZES.length);
    expect(rig.cardB.decrypted).toBe(SIZES.length);
    expect(byCard.wire).toEqual(bySoftware.wire);
    expect(rig.ipsecA.reasons.list()).toEqual([]);
    soft.end();
    rig.end();
  });

  it('gives these bytes also when the crypto is finished in software at the last moment', () => {
    const soft = createIpsecRig();
    soft.setkey(GCM_SAS + spd);
    const bySoftware = talk(soft, SIZES);
    const rig = offloadRig();
    for (const [ipsec, host] of [[rig.ipsecA, rig.a] as const, [rig.ipsecB, rig.b] as const]) {
      host.ifp.beforeWire = (m) => ipsec.finishInSoftware(m, 14);
    }
    expect(talk(rig, SIZES).wire).toEqual(bySoftware.wire);
    expect(rig.a.counters.get('ipsec.lateSoftware')).toBe(SIZES.length);
    soft.end();
    rig.end();
  });

  it('takes one tag for each packet on each side, and none at the hand-over', () => {
    const rig = offloadRig();
    const { tags } = rig.a.pool;
    talk(rig, [100]);
    const before = tags.allocs;
    talk(rig, SIZES);
    expect(tags.allocs - before).toBe(2 * SIZES.length);
    rig.end();
  });

  it('splits the SA counters between card and software', () => {
    const rig = offloadRig();
    talk(rig, [100, 100]);
    const out = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    const inbound = rig.ipsecB.sadb.find(rig.b.addr, 0x1001)!;
    expect([out.hwPackets, out.swPackets]).toEqual([2, 0]);
    expect([inbound.hwPackets, inbound.swPackets]).toEqual([2, 0]);
    expect(rig.ipsecA.cardCounters(out)!.packets).toBe(2);
    rig.ipsecA.detachOffload(rig.a.ifp);
    expect(rig.ipsecA.cardCounters(out)).toBeNull();
    rig.end();
  });
});

describe('ESP over loopback', () => {
  it('is given and taken by one host, which strips its tags where the packet turns', () => {
    const rig = createIpsecRig();
    const key = '0x000102030405060708090a0b0c0d0e0f10111213';
    rig.setkey(`
add 10.0.0.1 10.0.0.1 esp 0x3001 -r 8 -E aes-gcm-16 ${key};
spdadd 10.0.0.1 10.0.0.1 any -P out ipsec esp/transport//require;
spdadd 10.0.0.1 10.0.0.1 any -P in ipsec esp/transport//require;`);
    let got = 0;
    const echo = new UdpSocket(rig.a.inet).bind(rig.a.addr, 7);
    echo.onMessage((bytes, src, sport) => void echo.sendTo(bytes, src, sport));
    const socket = new UdpSocket(rig.a.inet).bind(rig.a.addr, 5000);
    socket.onMessage(() => {
      got++;
    });
    for (let i = 0; i < 5; i++) socket.sendTo(payload(i), rig.a.addr, 7);
    rig.pump();
    expect(got).toBe(5);
    expect(rig.a.counters.get('esp.out')).toBe(10);
    expect(rig.a.counters.get('esp.inOk')).toBe(10);
    expect(rig.a.pool.tags.allocs).toBe(20);
    rig.end();
  });
});

describe('ping of a protected host', () => {
  it('is answered with ESP: the reply has lost the tags of the request', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    const m = rig.a.pool.alloc();
    rig.a.pool.append(m, 8);
    rig.a.pool.data.set([8, 0, 0xf7, 0xff - 1, 0, 0, 0, 1], rig.a.pool.off[m]!);
    let answers = 0;
    rig.a.inet.onIcmp = () => {
      answers++;
    };
    const how = { ttl: 64, tos: 0, dontFragment: false, options: null };
    expect(ipSend(rig.a.inet, m, rig.a.addr, rig.b.addr, 1, how)).toBe(0);
    rig.pump();
    expect(answers, JSON.stringify(rig.b.counters.nonZero())).toBe(1);
    expect(rig.b.counters.get('esp.out')).toBe(1);
    expect(rig.a.counters.get('esp.inOk')).toBe(1);
    rig.end();
  });
});
