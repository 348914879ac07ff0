// SPDX-License-Identifier: BSD-2-Clause
import type { EndHost } from '../end_host.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import { InPcb } from '../netinet/in_pcb.ts';
import { udpOutput } from '../netinet/udp_output.ts';
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
  readonly #src: number;
  readonly #dst: number;
  readonly #sink = new InPcb();
  #nextIndex = 0;

  /** All flows of a world have one size. */
  constructor(world: World, from: FlowEnd, to: FlowEnd, options: UdpFlowOptions) {
    world.traffic.size = options.size;
    this.options = options;
    this.#world = world;
    this.#from = from;
    this.#to = to.host;
    this.#toIndex = world.nodes.indexOf(to.host);
    this.#src = from.address;
    this.#dst = to.address;
    this.#sink.onDatagram = (m, at, lenBytes, _src, srcPort) => {
      this.#receive(at, lenBytes, srcPort);
      this.#to.mbufs.free(m);
    };
    const errno = this.#to.inet.pcbs.bind(this.#sink, 0, FLOW_PORT);
    if (errno !== 0) throw new Error(`port ${FLOW_PORT} is taken (errno ${errno})`);
    world.flows.push(this);
  }

  get isSent(): boolean {
    return this.sent >= this.options.packets;
  }

  /** Sends until the window is full or everything is sent. */
  pump(): void {
    while (!this.isSent && this.#from.outstanding() < WINDOW_PACKETS) {
      if (!this.#send(this.sent)) break;
    }
  }

  /** Takes no more packets. */
  close(): void {
    this.#to.inet.pcbs.detach(this.#sink);
  }

  #send(index: number): boolean {
    const { mbufs, inet } = this.#from.host;
    const { payloads } = this.#world.traffic;
    const bytes = payloadBytes(this.options.size, index);
    const m = mbufs.allocFor(bytes);
    if (m === NO_MBUF) return false;
    mbufs.append(m, bytes);
    payloads.fill(mbufs.data, mbufs.off[m]!, bytes, index);
    this.sent++;
    return udpOutput(inet, m, this.#src, payloads.sourcePort(index), this.#dst, FLOW_PORT) === 0;
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
