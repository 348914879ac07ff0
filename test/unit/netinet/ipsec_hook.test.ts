// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { EACCES, EHOSTUNREACH, EINPROGRESS, EMSGSIZE } from '../../../src/kern/errno.ts';
import { MTAG_PERSISTENT, NO_TAG } from '../../../src/kern/m_tag.ts';
import type { Mbuf } from '../../../src/kern/mbuf.ts';
import { icmpEcho } from '../../../src/netinet/icmp.ts';
import { ipDeliver } from '../../../src/netinet/ip_input.ts';
import { ipOutput } from '../../../src/netinet/ip_output.ts';
import { type IpsecMethods, NO_IPSEC } from '../../../src/netinet/ipsec_hook.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { icmpMessage, ipPacket } from '../../lib/packets.ts';
import { createRig, type Rig, type RigHost } from '../../lib/rig.ts';
import { deliver, knowEachOther, watch } from '../../lib/wire.ts';

const COOKIE = 0x69707331;
let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.end());

function install(host: RigHost, methods: Partial<IpsecMethods>): void {
  host.inet.ipsec = { ...NO_IPSEC, ...methods };
}

const hang = (host: RigHost, m: Mbuf, id: number): void => {
  const { pool } = host;
  pool.tags.prepend(pool, m, pool.tags.alloc(COOKIE, id, 4));
};
const tagIds = (host: RigHost, m: Mbuf): number[] => {
  const ids: number[] = [];
  const { pool } = host;
  for (let t = pool.tags.first(pool, m); t !== NO_TAG; t = pool.tags.next(t)) {
    ids.push(pool.tags.id(t));
  }
  return ids;
};
const send = (size = 4, dst = rig.b.addr): number =>
  new UdpSocket(rig.a.inet).sendTo(new Uint8Array(size), dst, 9);

describe('the way out', () => {
  test('output sees the complete header, and a packet it took over is a success', () => {
    const { a } = rig;
    const taken: Mbuf[] = [];
    const seen: number[][] = [];
    install(a, {
      output: (m, family) => {
        const at = a.pool.off[m]!;
        seen.push([family, a.pool.view.getUint8(at), a.pool.view.getUint32(at + 12)]);
        taken.push(m);
        return EINPROGRESS;
      },
    });
    const frames = watch(a);
    expect(send()).toBe(0);
    expect(seen).toEqual([[4, 0x45, a.addr]]);
    expect(frames).toEqual([]);
    a.pool.free(taken[0]!);
  });

  test("an error of output is the sender's error; the packet is gone", () => {
    const { a } = rig;
    install(a, {
      output: (m) => {
        a.pool.free(m);
        return EACCES;
      },
    });
    expect(send()).toBe(EACCES);
  });

  test('IPsec may come back with another header: routes and MTU are those of the new one', () => {
    const { a, b } = rig;
    knowEachOther(a, b);
    const frames = watch(a, true);
    install(a, {
      output: (m) => {
        if (tagIds(a, m).length > 0) return 0;
        hang(a, m, 2);
        a.pool.prepend(m, 20);
        const outer = ipPacket({ src: a.addr, dst: b.addr, proto: 50, payload: new Uint8Array(0) });
        a.pool.data.set(outer, a.pool.off[m]!);
        a.pool.view.setUint16(a.pool.off[m]! + 2, a.pool.len[m]!);
        return ipOutput(a.inet, m) || EINPROGRESS;
      },
    });
    const inner = ipParse('192.168.9.9');
    const socket = new UdpSocket(a.inet).bind(a.addr, 0);
    expect(socket.sendTo(new Uint8Array(4), inner, 9)).toBe(0);
    expect([frames[0]![23], frames[0]!.length]).toEqual([50, 14 + 20 + 20 + 8 + 4]);
  });

  test('the last gate stands behind ARP, with the IP header at 14; refusing there frees', () => {
    const { a } = rig;
    const gates: number[][] = [];
    install(a, {
      beforeTransmit: (_m, ifp, ipOffset) => {
        gates.push([ifp.index, ipOffset]);
        return EHOSTUNREACH;
      },
    });
    const frames = watch(a);
    expect(send()).toBe(0); // waits for ARP
    expect(gates).toEqual([]);
    rig.pump();
    expect(gates).toEqual([[a.ifp.index, 14]]);
    expect(frames.length).toBe(1); // the ARP request: it needs no gate
    expect(send()).toBe(EHOSTUNREACH);
    expect(a.counters.get('if.gateRefused')).toBe(2);
  });

  test('the gate of an interface without link addresses has the IP header at 0', () => {
    const { a } = rig;
    const gates: number[][] = [];
    install(a, {
      beforeTransmit: (_m, ifp, ipOffset) => {
        gates.push([ifp.index, ipOffset]);
        return 0;
      },
    });
    icmpEcho(a.inet, ipParse('127.0.0.1'), 1, 1, new Uint8Array(4));
    expect(gates).toEqual([[a.lo.index, 0]]);
  });

  test('before it is cut, a packet passes the gate to no interface: no card may see fragments', () => {
    const { a, b } = rig;
    knowEachOther(a, b);
    const gates: number[] = [];
    install(a, {
      output: (m) => {
        hang(a, m, 4);
        return 0;
      },
      beforeTransmit: (m, ifp) => {
        gates.push(ifp.index, tagIds(a, m).length);
        return 0;
      },
    });
    expect(send(3000)).toBe(0);
    expect(gates).toEqual([0, 1, 2, 0, 2, 0, 2, 0]);
    install(a, { beforeTransmit: () => EHOSTUNREACH });
    const frames = watch(a);
    expect(send(3000)).toBe(EHOSTUNREACH);
    expect(frames).toEqual([]);
  });

  test("don't fragment minds what fits once ESP is round it", () => {
    const { a, b } = rig;
    knowEachOther(a, b);
    install(a, { pathMtu: () => 1440 });
    const socket = new UdpSocket(a.inet, { dontFragment: true });
    expect(socket.sendTo(new Uint8Array(1472 - 60), b.addr, 9)).toBe(0);
    expect(socket.sendTo(new Uint8Array(1472 - 59), b.addr, 9)).toBe(EMSGSIZE);
  });
});

describe('the way in', () => {
  const esp = (proto: number): Uint8Array =>
    ipPacket({ src: rig.a.addr, dst: rig.b.addr, proto, payload: new Uint8Array(40) });

  test.each([50, 51])(
    'protocol %i goes to IPsec, which owns it, without the policy check',
    (proto) => {
      const { a, b } = rig;
      const got: number[][] = [];
      install(b, {
        input: (m, family, hdrLen, p) => {
          got.push([family, hdrLen, p, b.pool.len[m]!]);
          b.pool.free(m);
        },
        checkIn: () => {
          throw new Error('not for ESP');
        },
      });
      deliver(b, a, esp(proto));
      expect(got).toEqual([[4, 20, proto, 60]]);
    },
  );

  test('without IPsec, ESP is a protocol that nobody speaks', () => {
    deliver(rig.b, rig.a, esp(50));
    expect(rig.b.counters.get('ip.noProto')).toBe(1);
  });

  test('what policy refuses reaches no protocol and is counted', () => {
    const { a, b } = rig;
    install(b, { checkIn: () => EACCES });
    const frames = watch(b);
    deliver(
      b,
      a,
      ipPacket({
        src: a.addr,
        dst: b.addr,
        proto: 1,
        payload: icmpMessage(8, 0, 1, new Uint8Array(4)),
      }),
    );
    expect(frames).toEqual([]);
    expect(b.counters.get('ip.refusedByPolicy')).toBe(1);
    expect(b.counters.get('icmp.received')).toBe(0);
  });

  test('fragments are put together before IPsec sees them', () => {
    const { a, b } = rig;
    knowEachOther(a, b);
    const lens: number[] = [];
    install(b, {
      input: (m) => {
        lens.push(b.pool.len[m]!);
        b.pool.free(m);
      },
    });
    const whole = ipPacket({ src: a.addr, dst: b.addr, proto: 50, payload: new Uint8Array(4000) });
    const m = a.pool.allocFor(whole.length);
    a.pool.append(m, whole.length);
    a.pool.data.set(whole, a.pool.off[m]!);
    ipOutput(a.inet, m);
    rig.pump();
    expect(lens).toEqual([4020]);
  });

  test('what IPsec took out of ESP is delivered to its protocol, policy checked', () => {
    const { a, b } = rig;
    const checked: number[][] = [];
    install(b, {
      input: (m, _family, hdrLen) => {
        b.pool.view.setUint8(b.pool.off[m]! + 9, 1);
        hang(b, m, 1);
        ipDeliver(b.inet, m, hdrLen);
      },
      checkIn: (m, _family, _hdrLen, proto) => {
        checked.push([proto, ...tagIds(b, m)]);
        return 0;
      },
    });
    deliver(b, a, esp(50));
    expect(checked).toEqual([[1, 1]]);
    expect(
      b.counters.get('icmp.badSum') +
        b.counters.get('icmp.unknownType') +
        b.counters.get('icmp.echoed'),
    ).toBe(1);
  });
});

describe('packets that turn round lose what they were given on the way', () => {
  test('an echo request that came through IPsec is answered by a packet without its tags', () => {
    const { a, b } = rig;
    knowEachOther(a, b);
    const out: number[][] = [];
    install(b, {
      output: (m) => {
        out.push(tagIds(b, m));
        return 0;
      },
    });
    b.ifp.afterWire = (m) => {
      hang(b, m, 1 | MTAG_PERSISTENT);
      hang(b, m, 1);
      hang(b, m, 2);
    };
    icmpEcho(a.inet, b.addr, 1, 1, new Uint8Array(8));
    rig.pump();
    expect(out).toEqual([[1 | MTAG_PERSISTENT]]);
    expect(a.counters.get('icmp.echoed')).toBe(1);
  });

  test('an ICMP error is made in an mbuf of its own, without tags', () => {
    const { a, b } = rig;
    knowEachOther(a, b);
    const out: number[][] = [];
    install(b, {
      output: (m) => {
        out.push(tagIds(b, m));
        return 0;
      },
    });
    b.ifp.afterWire = (m) => hang(b, m, 1 | MTAG_PERSISTENT);
    send();
    rig.pump();
    expect(out).toEqual([[]]);
  });

  test('through loopback only persistent tags come back up', () => {
    const { a } = rig;
    const seen: number[][] = [];
    install(a, {
      output: (m) => {
        hang(a, m, 2);
        hang(a, m, 3 | MTAG_PERSISTENT);
        return 0;
      },
      checkIn: (m) => {
        seen.push(tagIds(a, m));
        return 0;
      },
    });
    send(4, a.addr);
    rig.pump();
    expect(seen[0]).toEqual([3 | MTAG_PERSISTENT]);
  });
});
