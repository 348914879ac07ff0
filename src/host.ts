// SPDX-License-Identifier: BSD-2-Clause

import { Nic } from './dev/nic/if_nic.ts';
import type { NicBus } from './dev/nic/nic_bus.ts';
import { NIC_DEFAULTS, type NicOptions, nicRingBytes } from './dev/nic/nic_config.ts';
import { ETHER_HDR_LEN } from './header/ether.ts';
import type { Clock } from './kern/clock.ts';
import { Counters } from './kern/counters.ts';
import { MTagPool } from './kern/m_tag.ts';
import { MbufPool, mbufPoolBytes } from './kern/mbuf.ts';
import { LoopIf } from './net/if_loop.ts';
import {
  addAddress,
  attachInterface,
  createInet,
  drainInet,
  slowTimo,
} from './netinet/in_proto.ts';
import type { Inet } from './netinet/inet.ts';
import type { IpHow } from './netinet/ip_output.ts';
import { REASS_DATAGRAMS } from './netinet/reass.ts';
import { UdpSocket } from './netinet/socket.ts';
import { Ipsec } from './netipsec/ipsec.ts';
import type { Carrier } from './netipsec/pact.ts';
import { applySetkey, parseSetkey } from './netipsec/setkey.ts';

const ARENA_ALIGN = 4096;
/** Reassembly may hold REASS_DATAGRAMS of them for a minute: as many again for who sends. */
const JUMBO_CLUSTERS = 2 * REASS_DATAGRAMS;
/** Mbufs beyond those that a full set of rings holds: sockets, fragments, packets between layers. */
const SPARE_MBUFS = 1024;

export interface HostConfig {
  readonly name: string;
  /** Ethernet address of the card, 6 bytes. */
  readonly lladdr: Uint8Array;
  readonly bus: NicBus;
  /** The host's part of the arena: hostBytes() of it, from a multiple of 4096. */
  readonly baseBytes: number;
  readonly clock: Clock;
  readonly mtu: number;
  readonly offload: boolean;
  /** Of IP ids and ports. */
  readonly seed: number;
  readonly nic?: Partial<NicOptions>;
  /** How an offload request travels; the in-place tag unless a measurement asks for another. */
  readonly carrier?: (mbufs: MbufPool) => Carrier;
  /** Every SA is one to receive with: for replaying captures. */
  readonly receiveOnly?: boolean;
}

function ringArea(options: Partial<NicOptions> | undefined): number {
  return (nicRingBytes(options) + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

function poolShape(mtu: number, options: Partial<NicOptions> | undefined) {
  const { log2Tx, log2Rx } = { ...NIC_DEFAULTS, ...options };
  const frameBytes = mtu + ETHER_HDR_LEN;
  const count = (1 << log2Tx) + (1 << log2Rx) + SPARE_MBUFS;
  return { frameBytes, count, sizeBytes: mbufPoolBytes(frameBytes, count, JUMBO_CLUSTERS) };
}

/** Arena bytes that a host takes. */
export function hostBytes(mtu: number, options?: Partial<NicOptions>): number {
  const bytes = ringArea(options) + poolShape(mtu, options).sizeBytes;
  return (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

/** One host: pools, IP, IPsec and a card, put together. The only file that knows all of them. */
export class Host {
  readonly name: string;
  readonly tags: MTagPool;
  readonly mbufs: MbufPool;
  readonly counters = new Counters();
  readonly inet: Inet;
  readonly ipsec: Ipsec;
  readonly nic: Nic;
  readonly loop: LoopIf;

  constructor(config: HostConfig) {
    const { bus, clock } = config;
    const ringBytes = ringArea(config.nic);
    const { frameBytes, count, sizeBytes } = poolShape(config.mtu, config.nic);
    this.name = config.name;
    this.tags = new MTagPool(2 * count);
    this.mbufs = new MbufPool(bus.arena, this.tags, {
      baseBytes: config.baseBytes + ringBytes,
      sizeBytes,
      frameBytes,
      jumboCount: JUMBO_CLUSTERS,
    });
    const inet = createInet({
      pool: this.mbufs,
      counters: this.counters,
      clock,
      seed: config.seed,
    });
    this.inet = inet;
    this.ipsec = new Ipsec({
      inet,
      offload: config.offload,
      ...(config.carrier === undefined ? {} : { carrier: config.carrier(this.mbufs) }),
      ...(config.receiveOnly === undefined ? {} : { receiveOnly: config.receiveOnly }),
    });
    inet.ipsec = this.ipsec;
    this.nic = new Nic({
      name: 'nic0',
      index: 1,
      lladdr: config.lladdr,
      mtu: config.mtu,
      bus,
      mbufs: this.mbufs,
      counters: this.counters,
      carrier: this.ipsec.carrier,
      finishInSoftware: this.ipsec.finishInSoftware,
      ringBaseBytes: config.baseBytes,
      options: { maxFrameBytes: frameBytes, ...config.nic },
    });
    this.loop = new LoopIf(2, this.mbufs, this.counters);
    attachInterface(inet, this.loop);
    attachInterface(inet, this.nic);
  }

  /** Takes what the card has completed and what loopback holds; irq: the card asked for it. */
  poll(irq: boolean): void {
    if (irq) this.nic.intr();
    else this.nic.poll();
    this.loop.poll();
  }

  /** Brings the card up and gives it the SAs. Throws BusError when the card does not answer. */
  attach(): void {
    this.nic.attach();
    this.ipsec.attachOffload(this.nic, this.nic.sa);
  }

  /**
   * Takes the SAs out of the card and the card down; frees every mbuf that it held, also when the
   * card does not answer (then BusError is thrown after that).
   */
  detach(): void {
    try {
      this.ipsec.detachOffload(this.nic);
    } finally {
      this.nic.detach();
    }
  }

  /** Gives the card's interface an address (host order); prefixLen 32 is an alias without a network. */
  addAddress(address: number, prefixLen: number): void {
    addAddress(this.inet, this.nic, address, prefixLen);
  }

  /** A new UDP socket of this host. */
  udp(how?: Partial<IpHow>): UdpSocket {
    return new UdpSocket(this.inet, how);
  }

  /** What is due by the clock: ARP requests again, fragments given up. */
  timers(): void {
    slowTimo(this.inet);
  }

  /** Frees what IP still holds: packets that wait for an address, fragments that wait for others. */
  drain(): void {
    drainInet(this.inet);
  }

  /** A route by way of a gateway on the card's network. */
  addRoute(prefix: number, prefixLen: number, gateway: number): void {
    this.inet.routes.add(prefix, prefixLen, this.nic, gateway);
  }

  /** Carries out a setkey(8) file. Throws SetkeyError with file, line and column. */
  setkey(text: string, file: string): void {
    applySetkey(this.ipsec, parseSetkey(text, file));
  }

  /** What is still in use: all of it must be 0 once a world has come to rest and cards are down. */
  leaks(): { mbufs: number; tags: number; descriptors: number } {
    return {
      mbufs: this.mbufs.inUse,
      tags: this.tags.inUse,
      descriptors: this.nic.txOutstanding,
    };
  }
}
