// SPDX-License-Identifier: BSD-2-Clause
import {
  EPB_INBOUND,
  EPB_OUTBOUND,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  type PcapngWriter,
} from '../header/pcapng.ts';
import type { Clock } from '../kern/clock.ts';
import type { MbufPool } from '../kern/mbuf.ts';
import { TraceIf } from './if_trace.ts';
import type { Ifnet } from './ifnet.ts';

/**
 * Writes each packet that passes to a capture, as the stack sees it; the frames as they are on the
 * wire are what a capture of the wire shows.
 */
export function capture(inner: Ifnet, pool: MbufPool, clock: Clock, writer: PcapngWriter): TraceIf {
  const linkType = inner.lladdr === null ? LINKTYPE_RAW : LINKTYPE_ETHERNET;
  const id = writer.addInterface(inner.name, linkType);
  return new TraceIf(inner, (m, direction) => {
    const flags = direction === 'in' ? EPB_INBOUND : EPB_OUTBOUND;
    writer.packet(id, clock.cycle, pool.data, pool.off[m]!, pool.len[m]!, flags);
  });
}
