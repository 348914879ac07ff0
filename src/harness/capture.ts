// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, openSync } from 'node:fs';
import { EPB_INBOUND, EPB_OUTBOUND, LINKTYPE_ETHERNET, PcapngWriter } from '../header/pcapng.ts';
import type { Host } from '../host.ts';
import { PacketNotes } from './packet_notes.ts';
import { TAP_FLIPPED, TAP_INJECTED, TAP_LOST, TAP_REORDERED, type TapFrame } from './tap.ts';

/**
 * The wire as a pcapng file, streamed: one interface per card. The comment of each frame says what its
 * sender's tag said and who encrypted it, and what the wire did to it.
 */
export class Capture {
  readonly path: string;
  readonly #fd: number;
  readonly #writer: PcapngWriter;
  readonly #notes = new PacketNotes();
  #closed = false;

  /** Of hosts in the order of their cards. Throws the errors of node:fs when the file cannot be made. */
  constructor(path: string, hosts: readonly Host[]) {
    this.path = path;
    this.#fd = openSync(path, 'w');
    this.#writer = new PcapngWriter(this.#fd, path);
    for (const host of hosts) {
      this.#writer.addInterface(`${host.name}.${host.nic.name}`, LINKTYPE_ETHERNET);
      this.#notes.watch(host);
    }
  }

  frame(f: TapFrame): void {
    const isOurs = (f.flags & TAP_INJECTED) === 0;
    const direction = isOurs ? EPB_OUTBOUND : EPB_INBOUND;
    const note = isOurs ? this.#notes.take(f.card, f.bytes, f.offset) : '';
    const comment = [note, fate(f)].filter((text) => text !== '').join('; ');
    this.#writer.packet(f.card, f.cycle, f.bytes, f.offset, f.lenBytes, direction, comment);
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

function fate(f: TapFrame): string {
  if (f.flags === 0) return '';
  const words: string[] = [];
  if ((f.flags & TAP_LOST) !== 0) words.push('lost');
  if ((f.flags & TAP_FLIPPED) !== 0) words.push(`bit ${f.flipBit} flipped`);
  if ((f.flags & TAP_REORDERED) !== 0) words.push('delayed');
  if ((f.flags & TAP_INJECTED) !== 0) words.push('injected');
  return `wire: ${words.join(', ')}`;
}
