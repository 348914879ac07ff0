// SPDX-License-Identifier: BSD-2-Clause
import { ipParse } from '../../src/header/ip.ts';
import { Counters } from '../../src/kern/counters.ts';
import { MbufPool } from '../../src/kern/mbuf.ts';
import { TagSan } from '../../src/kern/tag_san.ts';
import { type EpairIf, epair } from '../../src/net/if_epair.ts';
import { LoopIf } from '../../src/net/if_loop.ts';
import type { SoftIf } from '../../src/net/ifnet.ts';
import { addAddress, attachInterface, createInet, drainInet } from '../../src/netinet/in_proto.ts';
import type { Inet } from '../../src/netinet/inet.ts';
import { ipForward } from '../../src/netinet/ip_forward.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { Ipsec } from '../../src/netipsec/ipsec.ts';
import { applySetkey, parseSetkey } from '../../src/netipsec/setkey.ts';
import { leakCheck } from './leak_check.ts';
import { ManualClock } from './rig.ts';

const MBUFS = 512;
const JUMBOS = 8;
const FRAME_BYTES = 1514;
const HOST_BYTES = MBUFS * (FRAME_BYTES + 512) + JUMBOS * 66048;

/** One host of a net: interfaces are joined to it by NetRig.link(). */
export interface NetHost {
  readonly inet: Inet;
  readonly pool: MbufPool;
  readonly counters: Counters;
  readonly ipsec: Ipsec;
  readonly soft: SoftIf[];
}

/** Hosts in one arena and the epairs between them. */
export class NetRig {
  readonly clock = new ManualClock();
  readonly hosts: NetHost[] = [];
  readonly #arena: Uint8Array;
  #links = 0;

  constructor(hosts: number) {
    this.#arena = new Uint8Array(hosts * HOST_BYTES);
    for (let n = 0; n < hosts; n++) this.hosts.push(this.#host(n));
  }

  #host(n: number): NetHost {
    const counters = new Counters();
    const pool = new MbufPool(this.#arena, new TagSan(1024), {
      baseBytes: n * HOST_BYTES,
      sizeBytes: HOST_BYTES,
      frameBytes: FRAME_BYTES,
      jumboCount: JUMBOS,
    });
    const inet = createInet({ pool, counters, clock: this.clock, seed: n + 1 });
    const ipsec = new Ipsec({ inet, offload: false });
    inet.ipsec = ipsec;
    const lo = new LoopIf(1, pool, counters);
    attachInterface(inet, lo);
    addAddress(inet, lo, ipParse('127.0.0.1'), 8);
    return { inet, pool, counters, ipsec, soft: [lo] };
  }

  /** An epair between two hosts, not attached to their stacks. */
  wire(a: number, b: number, mtu = 1500): [EpairIf, EpairIf] {
    const unit = ++this.#links;
    const [x, y] = [this.hosts[a]!, this.hosts[b]!];
    const ends = epair(unit, { index: 10 + unit, ...x }, { index: 40 + unit, ...y }, mtu);
    x.soft.push(ends[0]);
    y.soft.push(ends[1]);
    return ends;
  }

  /** A network of two: host a at prefix.1, host b at prefix.2, of /24. */
  link(a: number, b: number, prefix: string, mtu = 1500): [EpairIf, EpairIf] {
    const ends = this.wire(a, b, mtu);
    for (const [i, n] of [a, b].entries()) {
      const { inet } = this.hosts[n]!;
      attachInterface(inet, ends[i]!);
      addAddress(inet, ends[i]!, ipParse(`${prefix}.${i + 1}`), 24);
    }
    return ends;
  }

  /** Host n sends packets to prefix/24 by way of a gateway on one of its networks. */
  route(n: number, prefix: string, gateway: string): void {
    const { inet } = this.hosts[n]!;
    const via = ipParse(gateway);
    inet.routes.add(ipParse(`${prefix}.0`), 24, inet.routeTo(via)!, via);
  }

  forwards(...hosts: number[]): void {
    for (const n of hosts) this.hosts[n]!.inet.forward = ipForward;
  }

  setkey(n: number, text: string): void {
    applySetkey(this.hosts[n]!.ipsec, parseSetkey(text));
  }

  udp(n: number, how = {}): UdpSocket {
    return new UdpSocket(this.hosts[n]!.inet, how);
  }

  count(n: number, name: string): number {
    return this.hosts[n]!.counters.get(name);
  }

  /** Carries packets to and fro until all is quiet. */
  pump(): void {
    for (let round = 0; round < 10_000; round++) {
      let n = 0;
      for (const h of this.hosts) for (const ifp of h.soft) n += ifp.poll();
      if (n === 0) return;
    }
    throw new Error('packets go round and round');
  }

  /** Frees what the hosts still hold, and expects no mbuf and no tag out. */
  end(): void {
    for (const h of this.hosts) {
      drainInet(h.inet);
      for (const ifp of h.soft) ifp.drain();
    }
    leakCheck(...this.hosts.map((h) => h.pool));
  }
}
