// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, openSync } from 'node:fs';
import { EPB_INBOUND, EPB_OUTBOUND, LINKTYPE_ETHERNET, PcapngWriter } from '../header/pcapng.ts';
import { TAP_FLIPPED, TAP_INJECTED, TAP_LOST, TAP_REORDERED, type TapFrame } from './tap.ts';

/** The wire as a pcapng file, streamed: one interface per card, what the wire did as a comment. */
export class Capture {
  readonly path: string;
  readonly #fd: number;
  readonly #writer: PcapngWriter;
  #closed = false;

  /** Throws the errors of node:fs when the file cannot be made. */
  constructor(path: string, cards: number) {
    this.path = path;
    this.#fd = openSync(path, 'w');
    this.#writer = new PcapngWriter(this.#fd, path);
    for (let card = 0; card < cards; card++)
      this.#writer.addInterface(`host${card}.nic0`, LINKTYPE_ETHERNET);
  }

  frame(f: TapFrame): void {
    const direction = (f.flags & TAP_INJECTED) === 0 ? EPB_OUTBOUND : EPB_INBOUND;
    const comment = f.flags === 0 ? '' : fate(f);
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
  const words: string[] = [];
  if ((f.flags & TAP_LOST) !== 0) words.push('lost');
  if ((f.flags & TAP_FLIPPED) !== 0) words.push(`bit ${f.flipBit} flipped`);
  if ((f.flags & TAP_REORDERED) !== 0) words.push('delayed');
  if ((f.flags & TAP_INJECTED) !== 0) words.push('injected');
  return `wire: ${words.join(', ')}`;
}
