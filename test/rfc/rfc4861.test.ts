// SPDX-License-Identifier: BSD-2-Clause
// Neighbour discovery (RFC 4861): messages, states, timers.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IN6ADDR_ANY, in6LinkLocalOf, in6Words, ip6Parse } from '../../src/header/ip6.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { NO_MBUF } from '../../src/kern/mbuf.ts';
import { slowTimo } from '../../src/netinet/in_proto.ts';
import { nd6Announce } from '../../src/netinet/nd6.ts';
import {
  ND_DELAY,
  ND_INCOMPLETE,
  ND_PROBE,
  ND_REACHABLE,
  ND_STALE,
} from '../../src/netinet/nd6_table.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { concat, etherFrame } from '../lib/packets.ts';
import { icmp6Message, ip6Packet, ndBody } from '../lib/packets6.ts';
import { createRig, type Rig } from '../lib/rig.ts';
import { watch } from '../lib/wire.ts';

const NS = 135;
const NA = 136;
const SOLICITED = 0x40000000;
const OVERRIDE = 0x20000000;
/** The address of host a. */
const OURS = ip6Parse('2001:db8::1');
const ALL_NODES = ip6Parse('ff02::1');

let rig: Rig;
let got: number[];
/** Frames that a sent; b sees none of them. */
let sent: Uint8Array[];
beforeEach(() => {
  rig = createRig();
  got = [];
  new UdpSocket(rig.a.inet).bind(IN6ADDR_ANY, 7).onMessage((b) => got.push(b.length));
  sent = watch(rig.a, true);
});
afterEach(() => rig.end());

const count = (name: string): number => rig.a.counters.get(name);
const entry = (): number => {
  const w = in6Words(rig.b.addr6);
  return rig.a.inet.ip6.nd.find(rig.a.ifp.index, w[0]!, w[1]!, w[2]!, w[3]!);
};
const state = (): number => rig.a.inet.ip6.nd.state(entry());
const send = (n = 1): number => new UdpSocket(rig.a.inet).sendTo(new Uint8Array(n), rig.b.addr6, 9);
const wait = (seconds: number): void => {
  rig.clock.cycle += secondsToCycles(seconds);
  slowTimo(rig.a.inet);
};

interface Message {
  readonly type: number;
  readonly word?: number;
  readonly body?: Uint8Array;
  readonly src?: Uint8Array;
  readonly dst?: Uint8Array;
  readonly hlim?: number;
  readonly code?: number;
  readonly mac?: Uint8Array;
}

/** a receives a neighbour message from b, or as f says. */
function receive(f: Message): void {
  const { a, b } = rig;
  const src = f.src ?? b.addr6;
  const dst = f.dst ?? a.addr6;
  const option = f.type === NS ? 1 : 2;
  const target = f.type === NS ? a.addr6 : b.addr6;
  const body = f.body ?? ndBody(target, option, b.ifp.lladdr);
  const payload = icmp6Message(src, dst, f.type, f.code ?? 0, f.word ?? 0, body);
  const packet = ip6Packet({ src, dst, nxt: 58, payload, hlim: f.hlim ?? 255 });
  a.ifp.inject(etherFrame(f.mac ?? a.ifp.lladdr, b.ifp.lladdr, 0x86dd, packet));
  a.ifp.poll();
}
const advert = (word: number, mac = rig.b.ifp.lladdr): void =>
  receive({ type: NA, word, body: ndBody(rig.b.addr6, 2, mac) });
const otherMac = Uint8Array.of(2, 0, 0, 0, 0, 0x77);

describe('§7.2.2 sending solicitations', () => {
  test('the first one goes to the solicited-node group, byte for byte', () => {
    send();
    const { a, b } = rig;
    const group = ip6Parse('ff02::1:ff00:2');
    const payload = icmp6Message(a.addr6, group, NS, 0, 0, ndBody(b.addr6, 1, a.ifp.lladdr));
    const packet = ip6Packet({ src: a.addr6, dst: group, nxt: 58, hlim: 255, payload });
    const mac = Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 2);
    expect(sent).toEqual([etherFrame(mac, a.ifp.lladdr, 0x86dd, packet)]);
    expect(state()).toBe(ND_INCOMPLETE);
  });

  test('packets wait, and go in order with the answer', () => {
    for (const n of [1, 2, 3]) send(n);
    expect(sent.length).toBe(1);
    advert(SOLICITED | OVERRIDE);
    expect(sent.slice(1).map((f) => f.length)).toEqual([63, 64, 65]);
    expect(sent[1]!.slice(0, 6)).toEqual(rig.b.ifp.lladdr);
  });

  test('three solicitations a second apart in vain: the packets are dropped and the sender told', () => {
    const told: number[][] = [];
    const socket = new UdpSocket(rig.a.inet).bind(rig.a.addr6, 0);
    socket.onError((type, code) => told.push([type, code]));
    socket.sendTo(new Uint8Array(1), rig.b.addr6, 9);
    wait(0.9);
    expect(sent.length).toBe(1);
    for (let i = 0; i < 3; i++) wait(1);
    expect(sent.length).toBe(3);
    expect(count('nd6.timedOut')).toBe(1);
    rig.a.lo.poll();
    expect(told).toEqual([[1, 3]]);
    expect(entry()).toBe(-1);
    send();
    expect(sent.length).toBe(4);
  });

  test('no more packets wait for one neighbour than the limit', () => {
    rig.a.inet.ip6.nd.limits.waiting = 2;
    expect([send(), send(), send()]).toEqual([0, 0, 55]);
    expect(count('nd6.queueFull')).toBe(1);
  });
});

describe('§7.2.3, §7.2.4 answering solicitations', () => {
  test('the answer is solicited, overrides, and names our link address; the asker is learnt', () => {
    receive({ type: NS });
    const { a, b } = rig;
    const body = ndBody(a.addr6, 2, a.ifp.lladdr);
    const payload = icmp6Message(a.addr6, b.addr6, NA, 0, SOLICITED | OVERRIDE, body);
    const packet = ip6Packet({ src: a.addr6, dst: b.addr6, nxt: 58, hlim: 255, payload });
    expect(sent).toEqual([etherFrame(b.ifp.lladdr, a.ifp.lladdr, 0x86dd, packet)]);
    expect(state()).toBe(ND_DELAY); // STALE, and a packet went there
  });

  test('a router says so', () => {
    rig.a.inet.ip6.forward = (inet, m) => inet.pool.free(m);
    receive({ type: NS });
    expect(sent[0]![58]).toBe(0xe0);
  });

  test('who asks from :: (duplicate address detection) is answered at all nodes, unsolicited', () => {
    const dst = ip6Parse('ff02::1:ff00:1');
    const mac = Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 1);
    receive({ type: NS, src: IN6ADDR_ANY, dst, mac, body: ndBody(rig.a.addr6, 1, null) });
    expect(sent.length).toBe(1);
    expect(sent[0]!.slice(0, 6)).toEqual(Uint8Array.of(0x33, 0x33, 0, 0, 0, 1));
    expect(sent[0]!.slice(38, 54)).toEqual(ALL_NODES);
    expect(sent[0]![58]).toBe(0x20);
  });

  test('who asks without naming a link address is asked in turn, and the answer waits', () => {
    receive({ type: NS, body: ndBody(rig.a.addr6, 1, null) });
    expect([sent.length, sent[0]![54]]).toEqual([1, NS]);
    advert(SOLICITED | OVERRIDE);
    expect([sent.length, sent[1]![54]]).toEqual([2, NA]);
  });

  test.each<[string, Message]>([
    ['hop limit 254: from beyond the link', { type: NS, hlim: 254 }],
    ['a code other than 0', { type: NS, code: 1 }],
    ['shorter than 24 bytes', { type: NS, body: new Uint8Array(8) }],
    ['a target that is a group', { type: NS, body: ndBody(ALL_NODES, 1, otherMac) }],
    ['from :: with a link address', { type: NS, src: IN6ADDR_ANY, dst: ALL_NODES }],
    ['from :: to one host', { type: NS, src: IN6ADDR_ANY, body: OURS }],
    ['an option of length 0', { type: NS, body: concat(OURS, [1, 0]) }],
    [
      'a link address that is a group',
      { type: NS, body: ndBody(OURS, 1, new Uint8Array(6).fill(0xff)) },
    ],
    ['a solicited advertisement to a group', { type: NA, word: SOLICITED, dst: ALL_NODES }],
  ])('§7.1 refused: %s', (_name, message) => {
    receive(message);
    expect(count('nd6.bad')).toBe(1);
    expect(sent).toEqual([]);
  });

  test('a target that is not ours is ignored', () => {
    receive({ type: NS, dst: ALL_NODES, body: ndBody(ip6Parse('2001:db8::9'), 1, otherMac) });
    expect([count('nd6.notForUs'), sent.length]).toEqual([1, 0]);
  });

  test('another host with our address is noticed', () => {
    receive({ type: NA, word: OVERRIDE, body: ndBody(rig.a.addr6, 2, otherMac) });
    expect(count('nd6.duplicateAddress')).toBe(1);
  });
});

describe('§7.2.5 advertisements', () => {
  const macOf = (): Uint8Array => rig.a.inet.ip6.nd.lladdr.slice(entry() * 6, entry() * 6 + 6);

  test('one that nobody waits for makes no entry', () => {
    advert(OVERRIDE);
    expect([count('nd6.unasked'), entry()]).toEqual([1, -1]);
  });

  test.each([
    ['solicited', SOLICITED, ND_REACHABLE],
    ['unsolicited', 0, ND_STALE],
  ])('of an INCOMPLETE neighbour, %s', (_name, word, then) => {
    send();
    advert(word);
    expect(state()).toBe(then);
  });

  test('without a link address it says nothing about an INCOMPLETE neighbour', () => {
    send();
    receive({ type: NA, word: SOLICITED, body: ndBody(rig.b.addr6, 2, null) });
    expect(state()).toBe(ND_INCOMPLETE);
  });

  test('another address without override: REACHABLE becomes STALE, the address stays', () => {
    send();
    advert(SOLICITED | OVERRIDE);
    advert(0, otherMac);
    expect([state(), macOf()]).toEqual([ND_STALE, rig.b.ifp.lladdr]);
  });

  test('another address with override is taken: STALE, or REACHABLE if solicited', () => {
    send();
    advert(SOLICITED | OVERRIDE);
    advert(OVERRIDE, otherMac);
    expect([state(), macOf()]).toEqual([ND_STALE, otherMac]);
    advert(SOLICITED | OVERRIDE);
    expect([state(), macOf()]).toEqual([ND_REACHABLE, rig.b.ifp.lladdr]);
  });
});

describe('§7.3 unreachability detection', () => {
  test('REACHABLE 30 s, then the next packet starts DELAY, 5 s later PROBE, three in vain: gone', () => {
    send();
    advert(SOLICITED | OVERRIDE);
    wait(29);
    send();
    expect(state()).toBe(ND_REACHABLE);
    wait(2);
    sent.length = 0;
    send();
    expect([state(), sent.length]).toEqual([ND_DELAY, 1]);
    wait(5);
    expect(state()).toBe(ND_PROBE);
    wait(1);
    wait(1);
    const probes = sent.slice(1);
    expect(probes.map((f) => [f[54], ...f.slice(0, 6)])).toEqual(
      new Array(3).fill([NS, ...rig.b.ifp.lladdr]),
    );
    wait(1);
    expect(entry()).toBe(-1);
  });

  test('an answer to a probe makes it REACHABLE again', () => {
    send();
    advert(0);
    send();
    wait(5);
    expect(state()).toBe(ND_PROBE);
    advert(SOLICITED);
    expect(state()).toBe(ND_REACHABLE);
  });
});

describe('§7.2.6, RFC 4291', () => {
  test('an address is announced to all nodes', () => {
    expect(nd6Announce(rig.a.inet, rig.a.ifp, rig.a.inet.ip6.addrs.length - 1)).toBe(0);
    expect(sent[0]!.slice(62, 78)).toEqual(rig.a.addr6);
    expect(sent[0]![58]).toBe(0x20);
  });

  test('the first address of a link brings the link-local one, which answers as well', () => {
    const own = in6LinkLocalOf(rig.a.ifp.lladdr);
    receive({ type: NS, dst: own, body: ndBody(own, 1, rig.b.ifp.lladdr) });
    expect(sent[0]!.slice(22, 38)).toEqual(own);
  });

  test('no mbuf for a message: counted', () => {
    const { pool } = rig.a;
    const held: number[] = [];
    for (let m = pool.alloc(); m !== NO_MBUF; m = pool.alloc()) held.push(m);
    pool.free(held.pop()!);
    send();
    expect(count('nd6.noMbuf')).toBe(1);
    for (const m of held) pool.free(m);
  });
});
