// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, openSync } from 'node:fs';
import type { SimWorld } from '../dev/nic/nic_bus.ts';
import { TAP_INJECTED, TapReader } from '../harness/tap.ts';
import { EPB_INBOUND, EPB_OUTBOUND, LINKTYPE_ETHERNET, PcapngWriter } from '../header/pcapng.ts';

/** Writes what the tap of a simulation sees to a pcapng file, whoever drains the tap; until close(). */
export function captureTap(sim: SimWorld, path: string): void {
  const fd = openSync(path, 'w');
  const writer = new PcapngWriter(fd, path);
  for (const i of sim.buses.keys()) writer.addInterface(`card${i}`, LINKTYPE_ETHERNET);
  const reader = new TapReader(sim.tap);
  const drained = sim.tapDrained.bind(sim);
  const close = sim.close.bind(sim);
  sim.tapDrained = () => {
    reader.drain(sim.tapUsed, (f) => {
      const direction = (f.flags & TAP_INJECTED) === 0 ? EPB_OUTBOUND : EPB_INBOUND;
      writer.packet(f.card, f.cycle, f.bytes, f.offset, f.lenBytes, direction, '');
    });
    drained();
  };
  sim.close = () => {
    sim.tapDrained();
    writer.flush();
    closeSync(fd);
    close();
  };
}
