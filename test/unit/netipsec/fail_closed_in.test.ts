// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { ipForward } from '../../../src/netinet/ip_forward.ts';
import { ipOutput } from '../../../src/netinet/ip_output.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { ipPacket, udpDatagram } from '../../lib/packets.ts';
import { FakeCard } from './fake_card.ts';
import { createIpsecRig, GCM_SAS, type IpsecRig, TRANSPORT, TUNNEL } from './ipsec_rig.ts';
import { send } from './watched_rig.ts';

describe('fail closed, on the way in', () => {
  it('what policy wants protected and came in clear is refused', () => {
    const rig = createIpsecRig();
    const text = `${GCM_SAS}spdadd 10.0.0.1 10.0.0.2 udp -P in ipsec esp/transport//require;`;
    rig.setkey(text);
    expect(send(rig)).toBe(0);
    expect(rig.b.counters.get('ipsec.inPolicy')).toBe(1);
    expect(rig.b.counters.get('ip.refusedByPolicy')).toBe(1);
    rig.end();
  });

  it('ESP of another mode, or of other ends, than policy asks for is refused', () => {
    const rig = createIpsecRig();
    const out = 'spdadd 10.0.0.1 10.0.0.2 udp -P out ipsec esp/transport//require;';
    const want = 'spdadd 10.0.0.1 10.0.0.2 udp -P in ipsec esp/tunnel/9.9.9.9-10.0.0.2/require;';
    rig.setkey(GCM_SAS + out + want);
    send(rig);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.b.counters.get('ipsec.inPolicy')).toBe(1);
    rig.end();
  });

  it.each(['spi', 'dst0', 'generation', 'saHandle', 'ifIndex', 'proto'] as const)(
    'a report with another %s is no licence: the packet is dropped',
    (field) => {
      const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
      const card = new FakeCard(rig.b, rig.ipsecB.carrier);
      rig.ipsecB.attachOffload(rig.b.ifp, card);
      rig.setkey(GCM_SAS + TRANSPORT);
      card.spoil = (r) => {
        r[field] += 1;
      };
      send(rig);
      expect(card.decrypted).toBe(1);
      expect(rig.b.counters.get('esp.reportMisfit')).toBe(1);
      expect(rig.b.counters.get('esp.inOk')).toBe(0);
      rig.end();
    },
  );

  it('transport-mode ESP does not meet a policy that asks for a tunnel between the same ends', () => {
    const rig = createIpsecRig();
    const out = 'spdadd 10.0.0.1 10.0.0.2 udp -P out ipsec esp/transport//require;';
    const want = 'spdadd 10.0.0.1 10.0.0.2 udp -P in ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;';
    rig.setkey(GCM_SAS.replaceAll('-r 8', '-m transport') + out + want);
    send(rig);
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.b.counters.get('ipsec.inPolicy')).toBe(1);
    rig.end();
  });

  it('a packet that the card decrypted is checked for replay all the same', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    rig.ipsecB.attachOffload(rig.b.ifp, new FakeCard(rig.b, rig.ipsecB.carrier));
    rig.setkey(GCM_SAS + TRANSPORT);
    let frame = new Uint8Array(0);
    rig.a.ifp.onWire = (data, at, len) => {
      frame = data.slice(at, at + len);
      return true;
    };
    send(rig);
    rig.b.ifp.inject(frame);
    rig.pump();
    expect(rig.b.counters.get('esp.inOk')).toBe(1);
    expect(rig.b.counters.get('esp.replay')).toBe(1);
    rig.end();
  });

  it('what a card decrypted for another host is not passed on', () => {
    const rig = createIpsecRig({ offload: true, capabilities: IFCAP_IPSEC });
    rig.ipsecB.attachOffload(rig.b.ifp, new FakeCard(rig.b, rig.ipsecB.carrier));
    rig.setkey(GCM_SAS + TRANSPORT);
    rig.b.inet.addrs.isLocal = () => false;
    rig.b.inet.forward = ipForward;
    let passedOn = 0;
    rig.b.ifp.onWire = (data, at) => {
      if (data[at + 13] === 0) passedOn++;
      return true;
    };
    rig.a.inet.arp.addStatic(2, rig.b.addr, rig.b.ifp.lladdr);
    send(rig);
    expect(rig.b.counters.get('esp.reportMisfit')).toBe(1);
    expect(passedOn).toBe(0);
    rig.end();
  });

  describe('two fragments that came out of a tunnel', () => {
    const SECOND =
      'add 10.0.0.1 10.0.0.2 esp 0x2001 MORE -r 8 -E aes-gcm-16 0x404142434445464748494a4b4c4d4e4f50515253;';

    /** The halves of a datagram, the second one under the SA that `more` makes; delivered to B. */
    function halves(more: string): IpsecRig {
      const rig = createIpsecRig();
      rig.setkey(GCM_SAS + TUNNEL);
      new UdpSocket(rig.b.inet).bind(0, 9).onMessage(() => {});
      const { pool, inet, addr } = rig.a;
      const datagram = udpDatagram(addr, 7, rig.b.addr, 9, new Uint8Array(24));
      const half = (payload: Uint8Array, off: number): void => {
        const bytes = ipPacket({ src: addr, dst: rig.b.addr, proto: 17, payload, off });
        const m = pool.alloc();
        pool.append(m, bytes.length);
        pool.data.set(bytes, pool.off[m]!);
        expect(ipOutput(inet, m)).toBe(0);
        rig.pump();
      };
      half(datagram.subarray(0, 16), 0x2000);
      if (more !== '') rig.setkey(more);
      half(datagram.subarray(16), 2);
      expect(rig.b.counters.get('esp.inOk')).toBe(2);
      return rig;
    }

    it.each([
      ['one SA', ''],
      ['two SAs that policy cannot tell apart, as in a rekey', SECOND.replace('MORE', '')],
    ])('under %s make a whole', (_name, more) => {
      const rig = halves(more);
      expect(rig.b.counters.get('udp.delivered')).toBe(1);
      rig.end();
    });

    it('under two SAs that policy tells apart make none', () => {
      const rig = halves(SECOND.replace('MORE', '-u 7'));
      expect(rig.b.counters.get('reass.mixed')).toBe(1);
      expect(rig.b.counters.get('udp.delivered')).toBe(0);
      rig.end();
    });
  });

  it('out of tags on receive: dropped', () => {
    const rig = createIpsecRig();
    rig.setkey(GCM_SAS + TRANSPORT);
    rig.b.pool.tags.failNext = 1;
    send(rig);
    expect(rig.b.counters.get('ipsec.noTag')).toBe(1);
    expect(rig.b.counters.get('esp.inOk')).toBe(0);
    rig.end();
  });
});
