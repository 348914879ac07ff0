// SPDX-License-Identifier: BSD-2-Clause

import { Nic } from './dev/nic/if_nic.ts';
import type { NicBus } from './dev/nic/nic_bus.ts';
import { NIC_DEFAULTS, type NicOptions, nicRingBytes } from './dev/nic/nic_config.ts';
import type { DriverModule, NicDriver } from './dev/nic/nic_driver.ts';
import { EndHost, type EndHostConfig, poolBytes } from './end_host.ts';
import { ETHER_HDR_LEN } from './header/ether.ts';
import type { In6Addr } from './header/ip6.ts';
import { IFCAP_IPSEC, type Ifnet } from './net/ifnet.ts';
import { addAddress, attachInterface } from './netinet/in_proto.ts';
import { addAddress6 } from './netinet/in6_proto.ts';

const ARENA_ALIGN = 4096;
/** Mbufs beyond those that a full set of rings holds: sockets, fragments, packets between layers. */
const SPARE_MBUFS = 1024;

export interface HostConfig
  extends Omit<EndHostConfig, 'arena' | 'frameBytes' | 'mbufCount' | 'baseBytes'> {
  /** Ethernet address of the card, 6 bytes. */
  readonly lladdr: Uint8Array;
  readonly bus: NicBus;
  /** The host's part of the arena: hostBytes() of it, from a multiple of 4096. */
  readonly baseBytes: number;
  readonly mtu: number;
  readonly nic?: Partial<NicOptions>;
  /** Of another card than ours. */
  readonly driver?: DriverModule;
}

function ringArea(options: Partial<NicOptions> | undefined, driver: DriverModule): number {
  return (driver.ringBytes(options) + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

function poolShape(mtu: number, options: Partial<NicOptions> | undefined) {
  const { log2Tx, log2Rx, queues } = { ...NIC_DEFAULTS, ...options };
  const mbufCount = queues * ((1 << log2Tx) + (1 << log2Rx)) + SPARE_MBUFS;
  return { frameBytes: mtu + ETHER_HDR_LEN, mbufCount };
}

/** Arena bytes that a host takes. */
export function hostBytes(
  mtu: number,
  options?: Partial<NicOptions>,
  driver: DriverModule = OWN_DRIVER,
): number {
  const { frameBytes, mbufCount } = poolShape(mtu, options);
  const bytes = ringArea(options, driver) + poolBytes(frameBytes, mbufCount);
  return (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

/** The driver of this project's card. */
const OWN_DRIVER: DriverModule = {
  capabilities: IFCAP_IPSEC,
  createNic: (config) => new Nic(config),
  ringBytes: nicRingBytes,
};

/** A host with a card. Together with end_host.ts the only file that knows all of its parts. */
export class Host extends EndHost {
  readonly nic: NicDriver;

  constructor(config: HostConfig) {
    const { baseBytes, bus, driver = OWN_DRIVER } = config;
    const shape = poolShape(config.mtu, config.nic);
    super({
      ...config,
      ...shape,
      arena: bus.arena,
      baseBytes: baseBytes + ringArea(config.nic, driver),
    });
    this.nic = driver.createNic({
      name: 'nic0',
      index: 1,
      lladdr: config.lladdr,
      mtu: config.mtu,
      bus,
      mbufs: this.mbufs,
      counters: this.counters,
      carrier: this.ipsec.carrier,
      finishInSoftware: this.ipsec.finishInSoftware,
      ringBaseBytes: baseBytes,
      options: { maxFrameBytes: shape.frameBytes, ...config.nic },
    });
    attachInterface(this.inet, this.nic);
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

  /** The card may come back: it is reset, and given the SAs. */
  override addInterface(ifp: Ifnet): void {
    super.addInterface(ifp);
    if (ifp === this.nic) this.attach();
  }

  /** A card takes the SAs and the packets that it has with it, each under a name. */
  override removeInterface(ifp: Ifnet): void {
    super.removeInterface(ifp);
    if (ifp === this.nic) this.detach();
  }

  /**
   * Gives the card's interface an address, of IPv4 (host order) or IPv6 (16 bytes); a prefixLen of 32
   * or 128 is an alias without a network.
   */
  addAddress(address: number | In6Addr, prefixLen: number): void {
    if (typeof address === 'number') addAddress(this.inet, this.nic, address, prefixLen);
    else addAddress6(this.inet, this.nic, address, prefixLen);
  }

  /** A route by way of a gateway on the card's network. */
  addRoute(prefix: number, prefixLen: number, gateway: number): void;
  addRoute(prefix: In6Addr, prefixLen: number, gateway: In6Addr): void;
  addRoute(prefix: number | In6Addr, prefixLen: number, gateway: number | In6Addr): void {
    const { routes, ip6 } = this.inet;
    if (typeof prefix !== 'number' && typeof gateway !== 'number') {
      ip6.routes.add(prefix, prefixLen, this.nic, gateway);
    } else if (typeof prefix === 'number' && typeof gateway === 'number') {
      routes.add(prefix, prefixLen, this.nic, gateway);
    } else {
      throw new TypeError('a route and its gateway are of one family');
    }
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
