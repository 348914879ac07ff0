// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import type { Inet } from './inet.ts';

/**
 * An upper protocol's input: m is whole (put together), starts at its IP header and was let in by
 * policy. The callee owns it. hdrLen: bytes of the IP header with options.
 */
export type ProtoInput = (inet: Inet, m: Mbuf, hdrLen: number, proto: number) => void;

/** The demux table of IP: upper protocols by number. */
export class Protosw {
  readonly #inputs: (ProtoInput | null)[] = new Array<ProtoInput | null>(256).fill(null);

  register(proto: number, input: ProtoInput): void {
    if (this.#inputs[proto] !== null) throw new Error(`protocol ${proto} is registered twice`);
    this.#inputs[proto] = input;
  }

  unregister(proto: number): void {
    this.#inputs[proto] = null;
  }

  input(proto: number): ProtoInput | null {
    return this.#inputs[proto]!;
  }
}
