// SPDX-License-Identifier: BSD-2-Clause
import { ETHER_HDR_LEN } from '../../header/ether.ts';
import { IPPROTO_ESP, ipHdrLen, ipProto } from '../../header/ip.ts';
import type { Host } from '../../host.ts';
import { counter } from '../../kern/counters.ts';
import type { Mbuf } from '../../kern/mbuf.ts';
import { IFF_UP, type Ifnet } from '../../net/ifnet.ts';

const DETOUR_FRAMES = counter('detour.frames', 'frames that left by an interface of no world');

/** Every byte of the payload that detours are watched for; no ciphertext is a run of it. */
export const DETOUR_FILL = 0x5a;
const RUN_BYTES = 32;

/**
 * An interface without IPsec at whose wire somebody listens: it counts what leaves the host there,
 * and how much of that shows its payload.
 */
export class DetourIf implements Ifnet {
  readonly name = 'detour0';
  readonly index: number;
  readonly lladdr = Uint8Array.of(2, 0, 0, 0, 0, 0x0d);
  readonly capabilities = 0;
  mtu = 1500;
  flags = IFF_UP;
  input: (m: Mbuf) => void = () => {};
  encrypted = 0;
  clear = 0;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
    this.index = host.newIndex();
    host.addInterface(this);
  }

  transmit(m: Mbuf): number {
    const { mbufs } = this.#host;
    const at = mbufs.off[m]! + ETHER_HDR_LEN;
    const isEsp = ipProto(mbufs.view, at) === IPPROTO_ESP;
    if (!isEsp || this.#showsPayload(at + ipHdrLen(mbufs.view, at), mbufs.off[m]! + mbufs.len[m]!))
      this.clear++;
    else this.encrypted++;
    this.#host.counters.n[DETOUR_FRAMES]!++;
    mbufs.free(m);
    return 0;
  }

  #showsPayload(from: number, to: number): boolean {
    const { data } = this.#host.mbufs;
    let run = 0;
    for (let at = from; at < to; at++) {
      run = data[at] === DETOUR_FILL ? run + 1 : 0;
      if (run === RUN_BYTES) return true;
    }
    return false;
  }
}
