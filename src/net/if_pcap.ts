// SPDX-License-Identifier: BSD-2-Clause
import {
  EPB_INBOUND,
  EPB_OUTBOUND,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  type PcapngWriter,
} from '../header/pcapng.ts';
import type { Clock } from '../kern/clock.ts';
import type { Mbuf, MbufPool } from '../kern/mbuf.ts';
import type { Ifnet } from './ifnet.ts';

export interface IfCapture {
  readonly pool: MbufPool;
  readonly clock: Clock;
  readonly writer: PcapngWriter;
  /** Of the interface's block in the file: host and interface. */
  readonly name: string;
  /** What is to be said of a packet, or ''. */
  readonly comment?: (m: Mbuf) => string;
}

/**
 * Writes each packet that passes an interface to a capture, as the stack sees it: a packet that a card
 * is to encrypt, or has decrypted, with its payload in clear (what is on the wire a capture of the
 * wire shows). An interface has one tap; to end it, set it to null.
 */
export function capture(ifp: Ifnet, { pool, clock, writer, name, comment }: IfCapture): void {
  const linkType = ifp.lladdr === null ? LINKTYPE_RAW : LINKTYPE_ETHERNET;
  const id = writer.addInterface(name, linkType);
  ifp.tap = (m, direction) => {
    const flags = direction === 'in' ? EPB_INBOUND : EPB_OUTBOUND;
    const text = comment === undefined ? '' : comment(m);
    writer.packet(id, clock.cycle, pool.data, pool.off[m]!, pool.len[m]!, flags, text);
  };
}
