// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, openSync } from 'node:fs';
import type { EndHost } from '../end_host.ts';
import { PcapngWriter } from '../header/pcapng.ts';
import type { Clock } from '../kern/clock.ts';
import { capture } from '../net/if_pcap.ts';
import type { Ifnet } from '../net/ifnet.ts';
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
  readonly #tapped: Ifnet[] = [];
  #closed = false;

  /** All interfaces that the hosts have by now. Throws the errors of node:fs. */
  constructor(path: string, hosts: readonly EndHost[], clock: Clock) {
    this.path = path;
    this.#fd = openSync(path, 'w');
    this.#writer = new PcapngWriter(this.#fd, path);
    for (const host of hosts) {
      for (const ifp of host.inet.interfaces) {
        this.#tapped.push(ifp);
        capture(ifp, {
          ...{ pool: host.mbufs, clock, writer: this.#writer },
          name: `${host.name}.${ifp.name}`,
          comment: (m) => tagText(host, m),
        });
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const ifp of this.#tapped) ifp.tap = null;
    try {
      this.#writer.flush();
    } finally {
      closeSync(this.#fd);
    }
  }
}
