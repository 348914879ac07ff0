// SPDX-License-Identifier: BSD-2-Clause
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { createIpsecRig, type IpsecRig } from './ipsec_rig.ts';

export const MARKER = new TextEncoder().encode('marker marker marker');

/** A rig in which frames with the marker are counted on both wires. */
export function watched(
  config: Parameters<typeof createIpsecRig>[0] = {},
): IpsecRig & { leaks: number } {
  const rig = Object.assign(createIpsecRig(config), { leaks: 0 });
  for (const host of [rig.a, rig.b]) {
    host.ifp.onWire = (data, at, len) => {
      if (Buffer.from(data.slice(at, at + len)).includes('marker')) rig.leaks++;
      return true;
    };
  }
  return rig;
}

/** From A to B, whose port 9 nobody has. */
export function send(rig: IpsecRig, bytes: Uint8Array = MARKER, dontFragment = false): number {
  const errno = new UdpSocket(rig.a.inet, { dontFragment }).sendTo(bytes, rig.b.addr, 9);
  rig.pump();
  return errno;
}
