// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, openSync } from 'node:fs';
import type { EndHost } from '../end_host.ts';
import {
  EPB_INBOUND,
  EPB_OUTBOUND,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  PcapngWriter,
} from '../header/pcapng.ts';
import type { Clock } from '../kern/clock.ts';
import type { Mbuf } from '../kern/mbuf.ts';
import { IFF_LOOPBACK, type Ifnet } from '../net/ifnet.ts';
import { tagText } from './packet_notes.ts';

/**
 * What a bpf on each interface of each host would see, in one pcapng file: packets as the stack hands
 * them to the interface, or gets them from it. So the payload of ESP that a card encrypts, or has
 * decrypted, is in clear here. The comment says what the packet's tags say.
 */
export class Taps {
  readonly path: string;
  readonly #fd: number;
  readonly #writer: PcapngWriter;
  #closed = false;

  /** All interfaces that the hosts have by now. Throws the errors of node:fs. */
  constructor(path: string, hosts: readonly EndHost[], clock: Clock) {
    this.path = path;
    this.#fd = openSync(path, 'w');
    this.#writer = new PcapngWriter(this.#fd, path);
    for (const host of hosts) for (const ifp of host.inet.interfaces) this.#tap(host, ifp, clock);
  }

  #tap(host: EndHost, ifp: Ifnet, clock: Clock): void {
    const { off, len, data } = host.mbufs;
    const linkType = ifp.lladdr === null ? LINKTYPE_RAW : LINKTYPE_ETHERNET;
    const id = this.#writer.addInterface(`${host.name}.${ifp.name}`, linkType);
    const see = (m: Mbuf, flags: number): void => {
      const text = tagText(host, m);
      const comment = text === '' ? 'no IPsec tag' : text;
      this.#writer.packet(id, clock.cycle, data, off[m]!, len[m]!, flags, comment);
    };
    const transmit = ifp.transmit.bind(ifp);
    ifp.transmit = (m) => {
      if (!this.#closed) see(m, EPB_OUTBOUND);
      return transmit(m);
    };
    // As in if_simloop: loopback is tapped once.
    if ((ifp.flags & IFF_LOOPBACK) !== 0) return;
    const { input } = ifp;
    ifp.input = (m) => {
      if (!this.#closed) see(m, EPB_INBOUND);
      input(m);
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#writer.flush();
    } finally {
      closeSync(this.#fd);
    }
  }
}
