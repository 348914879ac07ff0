// SPDX-License-Identifier: BSD-2-Clause
import {
  ARP_LEN,
  ARP_SHA,
  ARP_THA,
  ARPOP_REPLY,
  ARPOP_REQUEST,
  arpIsIpv4OverEthernet,
  arpOp,
  arpPut,
  arpSpa,
  arpTpa,
} from '../header/arp.ts';
import {
  ETHER_BROADCAST,
  ETHERTYPE_ARP,
  ETHERTYPE_IP,
  etherCopy,
  etherIsGroup,
  etherSame,
} from '../header/ether.ts';
import { counter } from '../kern/counters.ts';
import { ENOBUFS } from '../kern/errno.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';
import { etherOutputFrame } from './ether_output_frame.ts';
import type { Inet } from './inet.ts';

const ARP_RECEIVED = counter('arp.received', 'ARP packets received and used');
const ARP_REQUESTS = counter('arp.requests', 'ARP requests sent');
const ARP_REPLIES = counter('arp.replies', 'ARP replies sent');
const ARP_NO_MBUF = counter('arp.noMbuf', 'no mbuf for an ARP packet');
const ARP_BAD = counter('arp.bad', 'ARP packet short, or not IPv4 over Ethernet');
const ARP_NOT_FOR_US = counter('arp.notForUs', 'ARP packet that concerns other hosts');
const ARP_DUPLICATE_ADDRESS = counter('arp.duplicateAddress', 'another host uses our address');
const ARP_FULL = counter('arp.full', 'no room in the ARP cache');
const ARP_QUEUE_FULL = counter('arp.queueFull', 'too many packets wait for one ARP answer');
const ARP_TIMED_OUT = counter('arp.timedOut', 'packets whose ARP request nobody answered');

/** Makes and sends one ARP packet. 0 or errno. */
function arpSend(
  inet: Inet,
  ifp: Ifnet,
  op: number,
  spa: number,
  tpa: number,
  tha: Uint8Array | null,
  thaAt: number,
): number {
  const { pool } = inet;
  const m = pool.alloc();
  if (m === NO_MBUF) {
    inet.counters.n[ARP_NO_MBUF]!++;
    return ENOBUFS;
  }
  pool.append(m, ARP_LEN);
  const at = pool.off[m]!;
  arpPut(pool.view, at, op, spa, tpa);
  etherCopy(pool.data, at + ARP_SHA, ifp.lladdr!, 0);
  if (tha === null) pool.data.fill(0, at + ARP_THA, at + ARP_THA + 6);
  else etherCopy(pool.data, at + ARP_THA, tha, thaAt);
  inet.counters.n[op === ARPOP_REQUEST ? ARP_REQUESTS : ARP_REPLIES]!++;
  const dst = tha ?? ETHER_BROADCAST;
  return etherOutputFrame(inet, ifp, m, dst, tha === null ? 0 : thaAt, ETHERTYPE_ARP);
}

/** Tells the link who has addr: a request for the own address (RFC 5227 §3). */
export function arpAnnounce(inet: Inet, ifp: Ifnet, addr: number): number {
  return arpSend(inet, ifp, ARPOP_REQUEST, addr, addr, null, 0);
}

/**
 * The address of nextHop is not known: m, which starts at its IP header, waits for it and a request
 * goes out unless one did just now. 0: it waits.
 */
export function arpResolve(inet: Inet, ifp: Ifnet, m: Mbuf, nextHop: number): number {
  const { arp, pool } = inet;
  const e = arp.make(ifp.index, nextHop);
  if (e < 0 || !arp.hold(pool, e, m)) {
    inet.counters.n[e < 0 ? ARP_FULL : ARP_QUEUE_FULL]!++;
    pool.free(m);
    return ENOBUFS;
  }
  arpAsk(inet, ifp, e);
  return 0;
}

function arpAsk(inet: Inet, ifp: Ifnet, e: number): void {
  if (inet.arp.gaveUp(e)) {
    inet.counters.n[ARP_TIMED_OUT]! += inet.arp.forget(inet.pool, e);
  } else if (inet.arp.shouldAsk(e)) {
    const addr = inet.arp.addr(e);
    arpSend(inet, ifp, ARPOP_REQUEST, inet.addrs.sourceFor(ifp, addr), addr, null, 0);
  }
}

/** Asks again where an answer is due; drops what waited too long. */
export function arpTimer(inet: Inet): void {
  for (let e = inet.arp.nextIncomplete(0); e >= 0; e = inet.arp.nextIncomplete(e + 1)) {
    const ifp = inet.interfaceAt(inet.arp.ifIndex(e));
    if (ifp !== undefined) arpAsk(inet, ifp, e);
  }
}

/** An ARP packet; m starts behind the Ethernet header. Packet reception as in RFC 826. Owns m. */
export function arpInput(inet: Inet, ifp: Ifnet, m: Mbuf): void {
  inet.counters.n[arpProcess(inet, ifp, m)]!++;
  inet.pool.free(m);
}

/** Returns the counter under which the packet goes. */
function arpProcess(inet: Inet, ifp: Ifnet, m: Mbuf): number {
  const { pool, arp } = inet;
  const v = pool.view;
  const at = pool.off[m]!;
  if (pool.len[m]! < ARP_LEN || !arpIsIpv4OverEthernet(v, at)) return ARP_BAD;
  // A group address is nobody's (RFC 1812 §3.3.2).
  if (etherIsGroup(pool.data, at + ARP_SHA)) return ARP_BAD;
  const op = arpOp(v, at);
  if (op !== ARPOP_REQUEST && op !== ARPOP_REPLY) return ARP_BAD;
  const spa = arpSpa(v, at);
  const tpa = arpTpa(v, at);
  if (inet.addrs.isLocal(spa)) {
    const ours = etherSame(pool.data, at + ARP_SHA, ifp.lladdr!, 0);
    return ours ? ARP_NOT_FOR_US : ARP_DUPLICATE_ADDRESS;
  }
  const forUs = inet.addrs.isLocal(tpa);
  let e = arp.find(ifp.index, spa);
  // RFC 826: a known pair is brought up to date; a new one is learnt only by whom it concerns, and
  // here only from a request: an answer that nobody asked for teaches nothing.
  if (e < 0 && forUs && op === ARPOP_REQUEST && spa !== 0) e = arp.make(ifp.index, spa);
  if (e >= 0) {
    arp.learn(e, pool.data, at + ARP_SHA);
    flush(inet, ifp, e);
  }
  if (forUs && op === ARPOP_REQUEST) {
    arpSend(inet, ifp, ARPOP_REPLY, tpa, spa, pool.data, at + ARP_SHA);
  }
  return forUs || e >= 0 ? ARP_RECEIVED : ARP_NOT_FOR_US;
}

/** Sends what waited for e. Its last gate comes only now: an SA may be gone since. */
function flush(inet: Inet, ifp: Ifnet, e: number): void {
  const { pool, arp } = inet;
  for (let m = arp.release(pool, e); m !== NO_MBUF; m = arp.release(pool, e)) {
    etherOutputFrame(inet, ifp, m, arp.lladdr, e * 6, ETHERTYPE_IP);
  }
}
