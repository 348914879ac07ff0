// SPDX-License-Identifier: BSD-2-Clause
import { UdpSocket } from '../../src/netinet/socket.ts';
import { GCM_SAS, type IpsecRig } from '../unit/netipsec/ipsec_rig.ts';

const SIZE = 40;
/** A UDP header goes with it into ESP. */
export const PAYLOAD = SIZE + 8;

/** Sends n packets from A to B, one after the other; how many B's socket got. */
export function send(rig: IpsecRig, n: number): number {
  let got = 0;
  const b = new UdpSocket(rig.b.inet).bind(0, 7);
  b.onMessage(() => {
    got++;
  });
  const a = new UdpSocket(rig.a.inet);
  for (let i = 0; i < n; i++) {
    a.sendTo(new Uint8Array(SIZE), rig.b.addr, 7);
    rig.pump();
  }
  a.close();
  b.close();
  return got;
}

/** A second pair of SAs, with keys of their own. */
export const YOUNG_SAS = GCM_SAS.replaceAll('0x100', '0x200')
  .replaceAll('10111213;', '90919293;')
  .replaceAll('30313233;', 'a0a1a2a3;');
