// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipParse } from '../../src/header/ip.ts';
import { EACCES } from '../../src/kern/errno.ts';
import { MTAG_PERSISTENT, NO_TAG } from '../../src/kern/m_tag.ts';
import { addAddress, attachInterface } from '../../src/netinet/in_proto.ts';
import { ipForward } from '../../src/netinet/ip_forward.ts';
import { type IpsecMethods, NO_IPSEC } from '../../src/netinet/ipsec_hook.ts';
import { type IpFields, icmpMessage, ipPacket, udpDatagram } from '../lib/packets.ts';
import { createRig, MemIf, type Rig } from '../lib/rig.ts';
import { deliver, knowEachOther, watch } from '../lib/wire.ts';
import { referenceCksum } from '../reference/cksum.ts';

/** b is a gateway: 10.0.0.2 towards a, and 192.168.1.1/24 on a second link, MTU 1000. */
let rig: Rig;
let far: Uint8Array[];
let back: Uint8Array[];
const FAR = ipParse('192.168.1.9');
beforeEach(() => {
  rig = createRig();
  knowEachOther(rig.a, rig.b);
  const { inet, pool } = rig.b;
  const second = new MemIf(pool, 3, 0x33, 1000, 0);
  attachInterface(inet, second);
  addAddress(inet, second, ipParse('192.168.1.1'), 24);
  inet.arp.addStatic(3, FAR, Uint8Array.of(2, 0, 0, 0, 0, 9));
  inet.forward = ipForward;
  far = [];
  second.peer = rig.a.ifp;
  second.onWire = (data, at, len) => {
    far.push(data.slice(at, at + len));
    return false;
  };
  back = watch(rig.b, true);
});
afterEach(() => rig.end());

function send(change: Partial<IpFields> = {}, size = 20): Uint8Array {
  const dst = change.dst ?? FAR;
  const payload = udpDatagram(rig.a.addr, 7, dst, 9, new Uint8Array(size));
  const packet = ipPacket({ src: rig.a.addr, dst, proto: 17, payload, ...change });
  deliver(rig.b, rig.a, packet);
  return packet;
}
const count = (name: string): number => rig.b.counters.get(`forward.${name}`);
const install = (methods: Partial<IpsecMethods>): void => {
  rig.b.inet.ipsec = { ...NO_IPSEC, ...methods };
};

describe('a gateway passes packets on (RFC 1812 §5)', () => {
  test('§5.3.1: with the TTL one less, all else as it was', () => {
    const packet = send({ ttl: 9 });
    const out = far[0]!.slice(14);
    expect(referenceCksum(out.slice(0, 20))).toBe(0);
    const expected = packet.slice();
    expected[8] = 8;
    expected.set(out.slice(10, 12), 10);
    expect(out).toEqual(expected);
    expect([...far[0]!.slice(0, 6)]).toEqual([2, 0, 0, 0, 0, 9]);
  });

  test.each([0, 1])('§5.3.1: TTL %i is used up: time exceeded, code 0', (ttl) => {
    const packet = send({ ttl });
    expect(far).toEqual([]);
    expect(back[0]!.slice(34)).toEqual(icmpMessage(11, 0, 0, packet.slice(0, 28)));
    expect(count('ttl')).toBe(1);
  });

  test('§5.2.7.1: no route: host unreachable', () => {
    send({ dst: ipParse('198.51.100.1') });
    expect([...back[0]!.slice(34, 36)]).toEqual([3, 1]);
    expect(count('noRoute')).toBe(1);
  });

  test('too long: cut, or with DF told the MTU of the next hop (RFC 1191 §4)', () => {
    send({}, 1200);
    expect(far.length).toBe(2);
    const packet = send({ off: 0x4000 }, 1200);
    expect(far.length).toBe(2);
    expect(back[0]!.slice(34)).toEqual(icmpMessage(3, 4, 1000, packet.slice(0, 28)));
    expect(count('needFrag')).toBe(1);
    send({ off: 0x4000 }, 972);
    expect(far.length).toBe(3);
  });

  test('what ESP will add is taken off that MTU (RFC 4301 §8.2.1)', () => {
    install({ pathMtu: () => 946 });
    send({ off: 0x4000 }, 972);
    expect([...back[0]!.slice(40, 42)]).toEqual([946 >> 8, 946 & 255]);
    send({ off: 0x4000 }, 946 - 28);
    expect(far.length).toBe(1);
  });

  test.each(['240.0.0.1', '0.0.0.5'])('§5.3.7: %s is no address to pass on to', (dst) => {
    send({ dst: ipParse(dst) });
    expect(count('cant')).toBe(1);
    expect([...far, ...back]).toEqual([]);
  });
});

describe('a gateway and IPsec', () => {
  test('policy for what comes in holds for what goes through (RFC 4301 §5.2)', () => {
    install({ checkIn: () => EACCES });
    send();
    expect(far).toEqual([]);
    expect(count('refusedByPolicy')).toBe(1);
  });

  test('tags of the way in do not go out with the packet, persistent ones do', () => {
    const { pool } = rig.b;
    const seen: number[][] = [];
    const ids = (m: number): number[] => {
      const list: number[] = [];
      for (let t = pool.tags.first(pool, m); t !== NO_TAG; t = pool.tags.next(t)) {
        list.push(pool.tags.id(t));
      }
      return list;
    };
    install({
      checkIn: (m) => {
        seen.push(ids(m));
        return 0;
      },
      output: (m) => {
        seen.push(ids(m));
        return 0;
      },
    });
    rig.b.ifp.afterWire = (m) => {
      pool.tags.prepend(pool, m, pool.tags.alloc(1, 5 | MTAG_PERSISTENT, 0));
      pool.tags.prepend(pool, m, pool.tags.alloc(1, 1, 0));
    };
    send();
    expect(seen).toEqual([[1, 5 | MTAG_PERSISTENT], [5 | MTAG_PERSISTENT]]);
  });
});
