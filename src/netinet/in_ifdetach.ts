// SPDX-License-Identifier: BSD-2-Clause
import { ipText } from '../header/ip.ts';
import { counter } from '../kern/counters.ts';
import { IFF_UP, type Ifnet, type SoftIf } from '../net/ifnet.ts';
import { detachInterface6 } from './in6_proto.ts';
import type { Inet } from './inet.ts';

const IF_DETACHED = counter('if.detached', 'packets that waited as their interface was removed');

/**
 * in_ifdetach, if_detach: the interface leaves the stack, with its addresses, its routes, and what
 * is known of its neighbours. Packets that wait there are freed and counted, and what the interface
 * still brings up is freed, too. A card gives back its own packets and SAs: Host.removeInterface.
 */
export function detachInterface(inet: Inet, ifp: Ifnet): void {
  const at = inet.interfaces.indexOf(ifp);
  if (at < 0) throw new RangeError(`${ifp.name} is no interface of this host`);
  inet.interfaces.splice(at, 1);
  ifp.flags &= ~IFF_UP;
  ifp.input = (m) => {
    inet.counters.n[IF_DETACHED]!++;
    inet.pool.free(m);
  };
  for (let i = inet.addrs.length - 1; i >= 0; i--) {
    if (inet.addrs.ifp(i) === ifp) removeAddress(inet, inet.addrs.addr(i));
  }
  inet.routes.deleteInterface(ifp);
  detachInterface6(inet, ifp);
  let waited = inet.arp.forgetInterface(inet.pool, ifp.index);
  waited += inet.ip6.nd.forgetInterface(inet.pool, ifp.index);
  if (isSoft(ifp)) waited += ifp.drain();
  inet.counters.n[IF_DETACHED]! += waited;
}

/** The host is called by this address no more. Throws RangeError when it was not. */
export function removeAddress(inet: Inet, addr: number): void {
  const { addrs, routes } = inet;
  for (let i = 0; i < addrs.length; i++) {
    if (addrs.addr(i) !== addr) continue;
    addrs.remove(i);
    // The way to it through loopback; the network's route stays while the interface does.
    routes.delete(addr, 32);
    return;
  }
  throw new RangeError(`${ipText(addr)} is no address of this host`);
}

function isSoft(ifp: Ifnet): ifp is SoftIf {
  return 'drain' in ifp;
}
