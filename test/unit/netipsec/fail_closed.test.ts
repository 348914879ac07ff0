// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { EACCES, EHOSTUNREACH, EMSGSIZE, ENOBUFS, ESRCH } from '../../../src/kern/errno.ts';
import { IFCAP_IPSEC, type Ifnet } from '../../../src/net/ifnet.ts';
import { ipOutput, ipSend } from '../../../src/netinet/ip_output.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { NO_REQUEST, PACKET_TAG_IPSEC_OUT_DONE } from '../../../src/netipsec/pact.ts';
import { requestOf } from '../../../src/netipsec/request_fields.ts';
import { ipPacket } from '../../lib/packets.ts';
import { refOpen } from '../../reference/esp.ts';
import { FakeCard } from './fake_card.ts';
import { GCM_SAS, type IpsecRig, TRANSPORT, TUNNEL } from './ipsec_rig.ts';
import { MARKER, send, watched } from './watched_rig.ts';

describe('fail closed, on the way out', () => {
  it('policy protects and there is no SA: dropped, counted, never sent in clear', () => {
    const rig = watched();
    rig.setkey(TRANSPORT);
    expect(send(rig)).toBe(EACCES);
    expect(rig.a.counters.get('ipsec.noSa')).toBe(1);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('level "use" without an SA lets the packet pass, and counts it', () => {
    const rig = watched();
    rig.setkey(TRANSPORT.replaceAll('require', 'use'));
    expect(send(rig)).toBe(0);
    expect(rig.a.counters.get('ipsec.useNoSa')).toBeGreaterThan(0);
    expect(rig.leaks).toBeGreaterThan(0);
    rig.end();
  });

  it('level "unique" takes the SA with its id, and no other', () => {
    const rig = watched();
    rig.setkey(
      GCM_SAS.replaceAll('-r 8', '-r 8 -u 4') + TRANSPORT.replaceAll('require', 'unique:5'),
    );
    expect(send(rig)).toBe(EACCES);
    expect(rig.a.counters.get('ipsec.noSa')).toBe(1);
    rig.end();
  });

  it('policy discards', () => {
    const rig = watched();
    rig.setkey('spdadd 10.0.0.1 10.0.0.2 udp -P out discard;');
    expect(send(rig)).toBe(EACCES);
    expect(rig.a.counters.get('ipsec.discard')).toBe(1);
    rig.end();
  });

  // RFC 4301 §5.1: what a policy protected has been decided; §4.4.1: the last entry discards.
  it.each([
    ['transport', TRANSPORT],
    ['tunnel', TUNNEL],
  ])('the last policy discards all else: %s mode leaves, and nothing without it', (_m, spd) => {
    const rig = watched();
    const udp = spd.replaceAll(' any ', ' udp ');
    rig.setkey(GCM_SAS + udp + 'spdadd 0.0.0.0/0 0.0.0.0/0 any -P out discard;');
    expect(send(rig)).toBe(0);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.a.counters.get('ipsec.discard')).toBe(0);
    const elsewhere = new UdpSocket(rig.a.inet);
    expect(elsewhere.sendTo(MARKER, rig.b.addr + 1, 9)).toBe(EACCES);
    // ESP that no SA of ours made is a packet as any other.
    const bytes = ipPacket({ src: rig.a.addr, dst: rig.b.addr + 1, proto: 50, payload: MARKER });
    const m = rig.a.pool.alloc();
    rig.a.pool.append(m, bytes.length);
    rig.a.pool.data.set(bytes, rig.a.pool.off[m]!);
    expect(ipOutput(rig.a.inet, m)).toBe(EACCES);
    expect(rig.a.counters.get('ipsec.discard')).toBe(2);
    expect(rig.leaks).toBe(0);
    rig.end();
  });

  it('policy bypasses one port of what is protected else', () => {
    const rig = watched();
    const bypass = 'spdadd 10.0.0.1 10.0.0.2[9] udp -P out none;';
    rig.setkey(bypass + TRANSPORT);
    expect(send(rig)).toBe(0);
    expect(rig.leaks).toBe(1);
    // Without the SA the other port does not get out.
    expect(new UdpSocket(rig.a.inet).sendTo(MARKER, rig.b.addr, 10)).toBe(EACCES);
    rig.end();
  });

  it('out of tags: dropped, in software and with a card', () => {
    for (const offload of [false, true]) {
      const rig = watched({ offload, capabilities: IFCAP_IPSEC });
      if (offload) rig.ipsecA.attachOffload(rig.a.ifp, new FakeCard(rig.a, rig.ipsecA.carrier));
      rig.setkey(GCM_SAS + TRANSPORT);
      rig.a.pool.tags.failNext = 1;
      expect(send(rig)).toBe(ENOBUFS);
      expect(rig.a.counters.get('ipsec.noTag')).toBe(1);
      expect(rig.leaks).toBe(0);
      rig.end();
    }
  });

  it('RFC 4303 §3.3.3: stops at the last sequence number instead of cycling', () => {
    const rig = watched();
    rig.setkey(GCM_SAS + TRANSPORT);
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    sa.seq = 0xffff_fffd;
    expect([send(rig), send(rig), send(rig)]).toEqual([0, 0, EACCES]);
    expect(sa.seq).toBe(0xffff_ffff);
    expect(rig.a.counters.get('esp.seqExhausted')).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(2);
    rig.end();
  });

  it('no route to the other end of the tunnel', () => {
    const rig = watched();
    rig.setkey('spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/tunnel/10.0.0.1-172.16.0.1/require;');
    rig.ipsecA.sadb.add({
      ...{ src: 0x0a000001, dst: 0xac100001, spi: 300, cipher: 'aes-gcm-16' },
      key: new Uint8Array(20),
    });
    expect(send(rig)).toBe(EHOSTUNREACH);
    expect(rig.a.counters.get('ipsec.noRoute')).toBe(1);
    rig.end();
  });

  it.each([
    ['transport', TRANSPORT, 1],
    ['tunnel', TUNNEL, 2],
  ])('%s: a packet that may not be cut and outgrows the MTU is refused', (_m, spd, numbers) => {
    const rig = watched();
    rig.setkey(GCM_SAS + spd);
    expect(send(rig, new Uint8Array(1460), true)).toBe(EMSGSIZE);
    expect(send(rig, new Uint8Array(1460), false)).toBe(0);
    // In a tunnel it is cut before ESP, a number for each piece; the refused packet took none.
    expect(rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!.seq).toBe(numbers);
    rig.end();
  });
});

describe('RFC 4301 §7: a later fragment that a gateway passes on does not show its ports', () => {
  /** Sends a later fragment of UDP from A; true: it was on the wire, as it is. */
  function leaves(spd: string): boolean {
    const rig = watched();
    rig.setkey(spd);
    const payload = new Uint8Array([...MARKER, 0, 0, 0, 0]);
    const bytes = ipPacket({ src: rig.a.addr, dst: rig.b.addr, proto: 17, payload, off: 100 });
    const m = rig.a.pool.alloc();
    rig.a.pool.append(m, bytes.length);
    rig.a.pool.data.set(bytes, rig.a.pool.off[m]!);
    const errno = ipOutput(rig.a.inet, m);
    rig.pump();
    expect(errno).toBe(rig.leaks > 0 ? 0 : EACCES);
    expect(rig.a.counters.get('ipsec.discard')).toBe(rig.leaks > 0 ? 0 : 1);
    rig.end();
    return rig.leaks > 0;
  }
  const policy = (port: string, action: string, proto = 'udp'): string =>
    `spdadd 10.0.0.1 10.0.0.2${port} ${proto} -P out ${action};`;
  const protect = 'ipsec esp/transport//require';

  it.each([
    ['policy protects a port', policy('[9]', protect), false],
    ['policy discards a port', policy('[9]', 'discard'), false],
    ['a port is protected, all others are not', policy('[9]', protect) + policy('', 'none'), false],
    ['all is let through before', policy('', 'none') + policy('[9]', protect), true],
    ['a port is let through', policy('[9]', 'none'), true],
    ['policy is about a port of TCP', policy('[9]', protect, 'tcp'), true],
  ])('%s', (_name, spd, expected) => {
    expect(leaves(spd)).toBe(expected);
  });
});

describe('a packet that comes round again with tags on it', () => {
  it('is not protected twice by one SA, but again when the handle has a new user', () => {
    const rig = watched();
    rig.setkey(GCM_SAS + TRANSPORT);
    send(rig); // ARP
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    const again = (generation: number): number => {
      const before = rig.a.counters.get('esp.out');
      const m = rig.a.pool.alloc();
      rig.a.pool.append(m, 8);
      const r = requestOf({ saHandle: sa.handle, generation });
      rig.ipsecA.carrier.request(m, PACKET_TAG_IPSEC_OUT_DONE, r);
      const how = { ttl: 64, tos: 0, dontFragment: false, options: null };
      ipSend(rig.a.inet, m, rig.a.addr, rig.b.addr, 99, how);
      rig.pump();
      return rig.a.counters.get('esp.out') - before;
    };
    expect(again(sa.generation)).toBe(0);
    expect(again(sa.generation - 1)).toBe(1);
    rig.end();
  });
});

describe('the last gate before an interface', () => {
  /** A packet under OUT_CRYPTO_NEEDED, caught just before A's interface takes it. */
  function caught(spd = TRANSPORT): IpsecRig & { m: number; card: FakeCard } {
    const rig = watched({ offload: true, capabilities: IFCAP_IPSEC });
    const card = new FakeCard(rig.a, rig.ipsecA.carrier);
    rig.ipsecA.attachOffload(rig.a.ifp, card);
    rig.setkey(GCM_SAS + spd);
    send(rig); // ARP is out of the way now
    let m = -1;
    const { transmit } = rig.a.ifp;
    rig.a.ifp.transmit = (taken) => {
      m = taken;
      return 0;
    };
    send(rig);
    rig.a.ifp.transmit = transmit;
    return { ...rig, m, card };
  }
  const other = (capabilities: number, index: number): Ifnet => ({
    ...{ name: 'other0', index, mtu: 1500, flags: 1, capabilities, lladdr: null },
    transmit: () => 0,
    input: () => {},
  });

  it('lets it through to its own card, which finds the request', () => {
    const { m, ...rig } = caught();
    expect(rig.ipsecA.beforeTransmit(m, rig.a.ifp, 14)).toBe(0);
    expect(rig.ipsecA.carrier.take(m)).not.toBe(NO_REQUEST);
    // The ICV's room shows nothing of the packet that lay there before.
    const end = rig.a.pool.off[m]! + rig.a.pool.len[m]!;
    expect(rig.a.pool.data.slice(end - 16, end)).toEqual(new Uint8Array(16));
    rig.a.pool.free(m);
    rig.end();
  });

  it.each([
    ['another interface', other(IFCAP_IPSEC, 9)],
    ['an interface without the capability', other(0, 2)],
  ])('finishes in software what goes out by %s', (_name, ifp) => {
    const { m, ...rig } = caught();
    const { pool, counters } = rig.a;
    expect(rig.ipsecA.beforeTransmit(m, ifp, 14)).toBe(0);
    expect(counters.get('ipsec.lateSoftware')).toBe(1);
    expect(rig.ipsecA.carrier.take(m)).toBe(NO_REQUEST);
    const at = pool.off[m]! + 14 + 20;
    const packet = pool.data.slice(at, pool.off[m]! + pool.len[m]!);
    const sa = rig.ipsecA.sadb.find(rig.b.addr, 0x1001)!;
    const opened = refOpen(
      { spi: sa.spi, cipher: 'aes-gcm-16', key: sa.key, salt: sa.salt, icvLen: 16 },
      packet,
    );
    expect(opened!.payload.includes('marker')).toBe(true);
    expect([sa.hwPackets, sa.swPackets]).toEqual([1, 1]);
    expect(rig.ipsecA.reasons.list().map((r) => r.reason)).toEqual(['interfaceChanged']);
    pool.free(m);
    rig.end();
  });

  it('counts a reason for what a driver gives back', () => {
    const { m, ...rig } = caught();
    expect(rig.ipsecA.finishInSoftware(m, 14)).toBe(0);
    expect(rig.ipsecA.reasons.list().map((r) => r.reason)).toEqual(['saNotInstalled']);
    rig.a.pool.free(m);
    rig.end();
  });

  it('gives the bytes that the card would have given', () => {
    const first = caught();
    const second = caught();
    const read = (r: typeof first): Buffer => {
      const from = r.a.pool.off[r.m]!;
      return Buffer.from(r.a.pool.data.slice(from, from + r.a.pool.len[r.m]!));
    };
    expect(first.ipsecA.finishInSoftware(first.m, 14)).toBe(0);
    second.a.ifp.beforeWire!(second.m);
    expect(read(first)).toEqual(read(second));
    expect(first.a.counters.get('ipsec.lateSoftware')).toBe(1);
    for (const r of [first, second]) {
      r.a.pool.free(r.m);
      r.end();
    }
  });

  it('refuses it when the SA went away, also when its handle has a new user', () => {
    const { m, ...rig } = caught();
    const { sadb } = rig.ipsecA;
    const old = sadb.find(rig.b.addr, 0x1001)!;
    sadb.delete(old);
    expect(rig.ipsecA.beforeTransmit(m, rig.a.ifp, 14)).toBe(ESRCH);
    const key = new Uint8Array(20);
    const young = sadb.add({ src: old.src, dst: old.dst, spi: old.spi, cipher: 'aes-gcm-16', key });
    expect(young.handle).toBe(old.handle);
    expect(rig.ipsecA.beforeTransmit(m, rig.a.ifp, 14)).toBe(ESRCH);
    expect(rig.ipsecA.finishInSoftware(m, 14)).toBe(ESRCH);
    expect(rig.a.counters.get('ipsec.lateNoSa')).toBe(3);
    rig.a.pool.free(m);
    rig.end();
  });

  it('has nothing to do with a packet that carries no request', () => {
    const rig = watched();
    const m = rig.a.pool.alloc();
    expect(rig.ipsecA.beforeTransmit(m, rig.a.ifp, 14)).toBe(0);
    expect(rig.ipsecA.finishInSoftware(m, 14)).toBe(0);
    rig.a.pool.free(m);
    rig.end();
  });
});
