// SPDX-License-Identifier: BSD-2-Clause
import type { EndHost } from '../end_host.ts';
import { ipAddrWords } from '../header/ip_addr.ts';
import { type Mbuf, NO_MBUF } from '../kern/mbuf.ts';
import { InPcb } from '../netinet/in_pcb.ts';
import { In6Pcb } from '../netinet/in6_pcb.ts';
import { udpOutput } from '../netinet/udp_output.ts';
import { udp6Output } from '../netinet/udp6_output.ts';
import type { FlowEnd } from './flow_end.ts';
import { FLOW_PORT } from './flow_traffic.ts';
import { type PacketSize, payloadBytes } from './sizes.ts';
import type { World } from './world.ts';

/** Descriptors a flow keeps in its card: enough to keep every stage of both cards busy. */
const WINDOW_PACKETS = 256;
/** Packets between two reports of progress. */
const PROGRESS_PACKETS = 256;

export interface UdpFlowOptions {
  readonly packets: number;
  readonly size: PacketSize;
}

/**
 * One way of UDP: packet `index` carries the payload that follows from seed and index, from a source
 * port that names the index, so that whoever gets it knows what it must be.
 */
export class UdpFlow {
  sent = 0;
  delivered = 0;
  compared = 0;
  mismatches = 0;
  deliveredBytes = 0;
  /** Of the first packet that was not what had been sent; -1: all were. */
  firstMismatch = -1;
  readonly options: UdpFlowOptions;
  readonly #world: World;
  readonly #from: FlowEnd;
  readonly #to: EndHost;
  readonly #toIndex: number;
  readonly #output: (m: Mbuf, srcPort: number) => number;
  /** Takes no more packets. */
  readonly close: () => void;
  #nextIndex = 0;

  /** All flows of a world have one size. */
  constructor(world: World, from: FlowEnd, to: FlowEnd, options: UdpFlowOptions) {
    world.traffic.size = options.size;
    this.options = options;
    this.#world = world;
    this.#from = from;
    this.#to = to.host;
    this.#toIndex = world.nodes.indexOf(to.host);
    this.#output = outputOf(from, to);
    this.close = this.#listen(typeof to.address === 'number' ? 4 : 6);
    world.flows.push(this);
  }

  get isSent(): boolean {
    return this.sent >= this.options.packets;
  }

  /** Sends until the window is full, or everything is sent, or as many as `upTo`. */
  pump(upTo: number = this.options.packets): void {
    while (this.sent < upTo && this.#from.outstanding() < WINDOW_PACKETS) {
      if (!this.#send(this.sent)) break;
    }
  }

  /** Takes what comes to the flows' port; returns what ends that. */
  #listen(family: 4 | 6): () => void {
    const onDatagram = (m: Mbuf, at: number, lenBytes: number, _src: number, srcPort: number) => {
      this.#receive(at, lenBytes, srcPort);
      this.#to.mbufs.free(m);
    };
    const { pcbs, ip6 } = this.#to.inet;
    const sink = new InPcb();
    const sink6 = new In6Pcb();
    sink.onDatagram = onDatagram;
    sink6.onDatagram = onDatagram;
    const errno =
      family === 4 ? pcbs.bind(sink, 0, FLOW_PORT) : ip6.pcbs.bind(sink6, sink6.laddr, FLOW_PORT);
    if (errno !== 0) throw new Error(`port ${FLOW_PORT} is taken (errno ${errno})`);
    return () => (family === 4 ? pcbs.detach(sink) : ip6.pcbs.detach(sink6));
  }

  #send(index: number): boolean {
    const { mbufs } = this.#from.host;
    const { payloads } = this.#world.traffic;
    const bytes = payloadBytes(this.options.size, index);
    const m = mbufs.allocFor(bytes);
    if (m === NO_MBUF) return false;
    mbufs.append(m, bytes);
    payloads.fill(mbufs.data, mbufs.off[m]!, bytes, index);
    this.sent++;
    return this.#output(m, payloads.sourcePort(index)) === 0;
  }

  #receive(at: number, lenBytes: number, srcPort: number): void {
    const { payloads } = this.#world.traffic;
    const index = payloads.indexOf(srcPort, this.#nextIndex);
    const { data } = this.#to.mbufs;
    const good =
      lenBytes === payloadBytes(this.options.size, index) &&
      payloads.matches(data, at, lenBytes, index);
    this.#nextIndex = index + 1;
    this.delivered++;
    this.compared++;
    this.deliveredBytes += lenBytes;
    if (!good) {
      this.mismatches++;
      if (this.firstMismatch < 0) this.firstMismatch = index;
    }
    this.#world.digest?.verdict(this.#toIndex, index, lenBytes, good);
  }
}

/** UDP of the family that the two ends are of. */
function outputOf(from: FlowEnd, to: FlowEnd): (m: Mbuf, srcPort: number) => number {
  const { inet } = from.host;
  const src = from.address;
  const dst = to.address;
  if (typeof src === 'number' && typeof dst === 'number') {
    return (m, srcPort) => udpOutput(inet, m, src, srcPort, dst, FLOW_PORT);
  }
  const src6 = ipAddrWords(src);
  const dst6 = ipAddrWords(dst);
  return (m, srcPort) => udp6Output(inet, m, src6, srcPort, dst6, FLOW_PORT);
}

/** Runs flows side by side until everything has arrived or is lost. */
export async function runFlows(world: World, flows: readonly UdpFlow[]): Promise<void> {
  let reported = 0;
  while (flows.some((f) => !f.isSent)) {
    const t0 = performance.now();
    for (const flow of flows) flow.pump();
    world.spentMs.stack += performance.now() - t0;
    world.step();
    await world.breathe();
    world.expectProgress('mbufs to send from');
    const sent = flows.reduce((n, f) => n + f.sent, 0);
    if (sent - reported >= PROGRESS_PACKETS) {
      reported = sent;
      world.onProgress?.(
        sent,
        flows.reduce((n, f) => n + f.options.packets, 0),
      );
    }
  }
  await world.settle();
  for (const flow of flows) flow.close();
}
