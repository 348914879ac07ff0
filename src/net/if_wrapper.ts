// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet, Tap } from './ifnet.ts';

/**
 * An interface round another: to the stack it is the inner one, with something done to the packets
 * that pass. Wrappers nest. This one does nothing.
 */
export class IfWrapper implements Ifnet {
  readonly inner: Ifnet;
  input: (m: Mbuf) => void;

  constructor(inner: Ifnet) {
    this.inner = inner;
    this.input = inner.input;
    inner.input = (m) => this.received(m);
  }

  get name(): string {
    return this.inner.name;
  }
  get index(): number {
    return this.inner.index;
  }
  get mtu(): number {
    return this.inner.mtu;
  }
  set mtu(bytes: number) {
    this.inner.mtu = bytes;
  }
  get flags(): number {
    return this.inner.flags;
  }
  set flags(flags: number) {
    this.inner.flags = flags;
  }
  get tap(): Tap | null {
    return this.inner.tap ?? null;
  }
  set tap(tap: Tap | null) {
    this.inner.tap = tap;
  }
  get capabilities(): number {
    return this.inner.capabilities;
  }
  get lladdr(): Uint8Array | null {
    return this.inner.lladdr;
  }

  transmit(m: Mbuf): number {
    return this.inner.transmit(m);
  }

  /** A frame from the inner interface, on its way up. */
  protected received(m: Mbuf): void {
    this.input(m);
  }
}
