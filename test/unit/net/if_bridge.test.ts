// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipParse } from '../../../src/header/ip.ts';
import { secondsToCycles } from '../../../src/kern/clock.ts';
import { EACCES, EMSGSIZE, ENETDOWN, ENOBUFS } from '../../../src/kern/errno.ts';
import { NO_TAG } from '../../../src/kern/m_tag.ts';
import type { Mbuf } from '../../../src/kern/mbuf.ts';
import { BridgeIf } from '../../../src/net/if_bridge.ts';
import type { EpairIf } from '../../../src/net/if_epair.ts';
import { type Gate, IF_NONE, IFF_PROMISC, IFF_UP, type Ifnet } from '../../../src/net/ifnet.ts';
import { addAddress, attachInterface } from '../../../src/netinet/in_proto.ts';
import { NetRig } from '../../lib/net_rig.ts';
import { etherFrame } from '../../lib/packets.ts';

/** Host 0 has the bridge; hosts 1, 2 and 3 are each at the far end of a member. */
let rig: NetRig;
let bridge: BridgeIf;
let members: EpairIf[];
let far: EpairIf[];
/** Frames that came out at each far end, as the last byte of each. */
let heard: number[][];
let gate: Gate;
const OWN = Uint8Array.of(2, 0, 0, 0, 0, 0xbb);
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 0, n);
const ALL = new Uint8Array(6).fill(0xff);

beforeEach(() => {
  rig = new NetRig(4);
  const { pool, counters } = rig.hosts[0]!;
  gate = () => 0;
  bridge = new BridgeIf({
    ...{ name: 'bridge0', index: 90, lladdr: OWN, pool, counters, clock: rig.clock },
    gate: (m, ifp, at) => gate(m, ifp, at),
  });
  members = [];
  far = [];
  heard = [[], [], []];
  for (const n of [1, 2, 3]) {
    const [near, there] = rig.wire(0, n);
    bridge.addMember(near);
    members.push(near);
    far.push(there);
    const other = rig.hosts[n]!.pool;
    there.input = (m) => {
      heard[n - 1]!.push(other.data[other.off[m]! + other.len[m]! - 1]!);
      other.free(m);
    };
  }
});
afterEach(() => rig.end());

/** Far end n (0 … 2) sends a frame, whose last byte is `byte`. */
function say(n: number, dst: Uint8Array, src: Uint8Array, byte: number, size = 46): void {
  const { pool } = rig.hosts[n + 1]!;
  const payload = new Uint8Array(size);
  payload[size - 1] = byte;
  const frame = etherFrame(dst, src, 0x0800, payload);
  const m = pool.alloc();
  pool.append(m, frame.length);
  pool.data.set(frame, pool.off[m]!);
  far[n]!.transmit(m);
}
const count = (name: string): number => rig.count(0, `bridge.${name}`);

/** A frame of the host's own, with a tag on it. */
function own(dst: Uint8Array, byte: number): Mbuf {
  const { pool } = rig.hosts[0]!;
  const frame = etherFrame(dst, OWN, 0x0800, Uint8Array.of(0, byte));
  const m = pool.alloc();
  pool.append(m, frame.length);
  pool.data.set(frame, pool.off[m]!);
  pool.tags.prepend(pool, m, pool.tags.alloc(0x99, 5, 0));
  return m;
}

describe('learning bridge (IEEE 802.1D)', () => {
  it('§7.7: an unknown address is flooded to all members but the one it came by', () => {
    say(0, mac(2), mac(1), 11);
    rig.pump();
    expect(heard).toEqual([[], [11], [11]]);
    expect(count('flooded')).toBe(1);
  });

  it('§7.8: once heard, an address is reached by its own member alone', () => {
    say(1, ALL, mac(2), 1);
    rig.pump();
    say(0, mac(2), mac(1), 2);
    rig.pump();
    expect(heard).toEqual([[1], [2], [1]]);
    expect([count('flooded'), count('forwarded')]).toEqual([1, 1]);
  });

  it('§7.7.1: a frame between two stations of one link stays there', () => {
    say(0, ALL, mac(1), 1);
    say(0, mac(1), mac(7), 2);
    rig.pump();
    expect(heard).toEqual([[], [1], [1]]);
    expect(count('filtered')).toBe(1);
  });

  it('§7.9: a station that moves is found at its new place; one that is silent is forgotten', () => {
    say(1, ALL, mac(2), 1);
    say(2, ALL, mac(2), 2);
    rig.pump();
    say(0, mac(2), mac(1), 3);
    rig.pump();
    expect(heard[2]).toEqual([1, 3]);
    rig.clock.cycle += secondsToCycles(20 * 60);
    say(0, mac(2), mac(1), 4);
    rig.pump();
    expect(heard[1]!.at(-1)).toBe(4);
    expect(heard[2]!.at(-1)).toBe(4);
  });

  it('what is for the host goes up, a group frame goes up and everywhere', () => {
    const { pool } = rig.hosts[0]!;
    let up = 0;
    bridge.input = (m) => {
      up++;
      pool.free(m);
    };
    say(0, OWN, mac(1), 1);
    say(0, ALL, mac(1), 2);
    rig.pump();
    expect(up).toBe(2);
    expect(heard).toEqual([[], [2], [2]]);
  });

  it('refuses runts, group sources and its own address from outside, counted', () => {
    say(0, mac(2), ALL, 1);
    say(0, mac(2), OWN, 1);
    const { pool } = rig.hosts[1]!;
    const m = pool.alloc();
    pool.append(m, 13);
    far[0]!.transmit(m);
    rig.pump();
    expect(heard).toEqual([[], [], []]);
    expect([count('badSource'), count('short')]).toEqual([2, 1]);
  });

  it('members hear all of their link; one that leaves is forgotten, and frees what it receives', () => {
    expect(members[0]!.flags & IFF_PROMISC).toBe(IFF_PROMISC);
    say(1, ALL, mac(2), 1);
    rig.pump();
    bridge.removeMember(members[1]!);
    expect(members[1]!.flags & IFF_PROMISC).toBe(0);
    say(0, mac(2), mac(1), 2);
    say(1, ALL, mac(2), 3);
    rig.pump();
    expect(heard).toEqual([[1], [], [1, 2]]);
  });

  it('a host with its address on the bridge talks to stations behind different members', () => {
    const { inet } = rig.hosts[0]!;
    attachInterface(inet, bridge);
    addAddress(inet, bridge, ipParse('10.5.0.100'), 24);
    const got: string[] = [];
    for (const n of [1, 2, 3]) {
      const h = rig.hosts[n]!;
      attachInterface(h.inet, far[n - 1]!);
      addAddress(h.inet, far[n - 1]!, ipParse(`10.5.0.${n}`), 24);
      const server = rig.udp(n);
      server.bind(0, 7);
      server.onMessage((b) => got.push(`${n}:${Buffer.from(b)}`));
    }
    for (const n of [1, 2, 3]) rig.udp(0).sendTo(Buffer.from('x'), ipParse(`10.5.0.${n}`), 7);
    rig.udp(1).sendTo(Buffer.from('y'), ipParse('10.5.0.3'), 7);
    rig.pump();
    expect(got.sort()).toEqual(['1:x', '2:x', '3:x', '3:y']);
  });
});

describe('bridge and packet tags', () => {
  it('the gate stands before each member, and sees the tags on every copy', () => {
    const { pool } = rig.hosts[0]!;
    const seen: unknown[] = [];
    gate = (m, ifp, at) => {
      seen.push([ifp.name, at, pool.tags.cookie(pool.tags.first(pool, m))]);
      return 0;
    };
    expect(bridge.transmit(own(mac(9), 1))).toBe(0);
    rig.pump();
    // Pending crypto is done before the first copy is made (IF_NONE), then each member is asked.
    const names = [IF_NONE, ...members].map((i: Ifnet) => i.name);
    expect(seen).toEqual(names.map((name) => [name, 14, 0x99]));
    expect(heard).toEqual([[1], [1], [1]]);
  });

  it('one way on is no copy: the packet may still go to the card its tag names', () => {
    say(1, ALL, mac(2), 0);
    rig.pump();
    const seen: string[] = [];
    gate = (_m, ifp) => {
      seen.push(ifp.name);
      return 0;
    };
    bridge.transmit(own(mac(2), 1));
    expect(seen).toEqual([members[1]!.name]);
  });

  it('out of tags: that copy is dropped and counted, never sent bare', () => {
    const { pool } = rig.hosts[0]!;
    const m = own(mac(9), 1);
    gate = (x) => {
      expect(pool.firstTag[x]).not.toBe(NO_TAG);
      return 0;
    };
    pool.tags.failNext = 1;
    expect(bridge.transmit(m)).toBe(ENOBUFS);
    rig.pump();
    expect(heard).toEqual([[], [1], [1]]);
    expect(count('noCopy')).toBe(1);
    expect([pool.inUse, pool.tags.inUse]).toEqual([0, 0]);
  });

  it('out of mbufs: the same', () => {
    const m = own(mac(9), 1);
    rig.hosts[0]!.pool.failNext = 2;
    expect(bridge.transmit(m)).toBe(ENOBUFS);
    rig.pump();
    expect(heard).toEqual([[], [], [1]]);
    expect(count('noCopy')).toBe(2);
  });

  it('what the gate refuses is dropped for that member alone', () => {
    gate = (_m, ifp) => (ifp === members[1] ? EACCES : 0);
    expect(bridge.transmit(own(mac(9), 1))).toBe(EACCES);
    rig.pump();
    expect(heard).toEqual([[1], [], [1]]);
    expect(count('gateRefused')).toBe(1);
  });

  it('members that are down get nothing; no member up: refused; too long for a member: refused', () => {
    members[0]!.flags &= ~IFF_UP;
    members[1]!.mtu = 1;
    expect(bridge.transmit(own(mac(9), 1))).toBe(EMSGSIZE);
    members[2]!.flags &= ~IFF_UP;
    members[1]!.flags &= ~IFF_UP;
    expect(bridge.transmit(own(mac(9), 1))).toBe(ENETDOWN);
    bridge.flags &= ~IFF_UP;
    expect(bridge.transmit(own(mac(9), 1))).toBe(ENETDOWN);
    expect([count('tooLong'), count('down')]).toEqual([1, 2]);
    rig.pump();
    expect(heard).toEqual([[], [], [1]]);
  });
});
