// SPDX-License-Identifier: BSD-2-Clause

import { keyMaterial } from '../harness/topology.ts';
import { espSpi } from '../header/esp.ts';
import { etherParse } from '../header/ether.ts';
import { ipParse } from '../header/ip.ts';
import { Host, hostBytes } from '../host.ts';
import type { MbufPool } from '../kern/mbuf.ts';
import { NO_MBUF } from '../kern/mbuf.ts';
import { InPcb } from '../netinet/in_pcb.ts';
import { addAddress } from '../netinet/in_proto.ts';
import { udpOutput } from '../netinet/udp_output.ts';
import type { Carrier } from '../netipsec/pact.ts';
import type { Sa } from '../netipsec/sa.ts';
import { FrameStore, frameStoreBytes } from './frame_store.ts';
import { NullCard } from './null_card.ts';
import type { Workload } from './sample.ts';
import { timeNs } from './timer.ts';

/** Entries of each ring. */
export const RING = 2048;
/** Packets of a whole batch: what one reading of the timer is divided by. */
export const BATCH_PACKETS = 6 * RING;

const ARENA_ALIGN = 4096;
const CARD = { log2Tx: 11, log2Rx: 11, log2Txc: 11, log2Rxc: 11 };
const OUTER = [ipParse('10.0.0.1'), ipParse('10.0.0.2')] as const;
/** One constant each: read out of an array, a number this large is garbage. */
export const INNER_TX = ipParse('192.168.1.1');
export const INNER_RX = ipParse('192.168.2.1');
const INNER = [INNER_TX, INNER_RX] as const;
const LOOPBACK = ipParse('127.0.0.1');
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;
/** SA i protects what goes to port FIRST_PORT + i, under SPI FIRST_SPI + i. */
export const FIRST_PORT = 5001;
const FIRST_SPI = 0x1000;
export const SOURCE_PORT = 1000;
/** Source ports that a workload of misses goes through: far more than the flow cache has slots. */
const MISS_PORTS = 50_000;
/** Ether, tunnel, ESP, IV, padding, trailer, ICV, IP and UDP round the payload. */
const OVERHEAD_BYTES = 14 + 20 + 8 + 8 + 5 + 16 + 28;

/** Two hosts on null cards, and what goes from the first to the second. */
export class BenchPair {
  readonly tx: Host;
  readonly rx: Host;
  readonly txCard: NullCard;
  readonly rxCard: NullCard;
  readonly store: FrameStore;
  readonly workload: Workload;
  /** Packets of a whole batch. */
  readonly packets: number;
  received = 0;
  readonly #seed: number;
  /** By turn of the SAs: port that packets go to. */
  #turn = 0;
  #misses = 0;
  #missCredit = 0;
  /** Packets until the SA is replaced, by host; and how often it was. */
  readonly #left: [number, number];
  readonly #version: [number, number] = [0, 0];

  /** packets: of a whole batch, when it is not to be timed. */
  constructor(
    newCarrier: (mbufs: MbufPool) => Carrier,
    offload: boolean,
    w: Workload,
    seed: number,
    packets: number = BATCH_PACKETS,
  ) {
    this.packets = packets;
    this.workload = w;
    this.#seed = seed;
    this.#left = [w.rekey, w.rekey];
    const mtu = Math.max(1500, w.sizeBytes + OVERHEAD_BYTES);
    const perHost = hostBytes(mtu, CARD);
    const frameBytes = w.sizeBytes + OVERHEAD_BYTES;
    this.txCard = new NullCard(ARENA_ALIGN + perHost);
    this.rxCard = new NullCard(ARENA_ALIGN + perHost + frameStoreBytes(BATCH_PACKETS, frameBytes));
    this.store = new FrameStore(
      this.rxCard.arena,
      ARENA_ALIGN + perHost,
      BATCH_PACKETS,
      frameBytes,
    );
    const [tx, rx] = [this.txCard, this.rxCard].map(
      (bus, i) =>
        new Host({
          name: `host${i}`,
          lladdr: etherParse(MACS[i]!),
          bus,
          baseBytes: ARENA_ALIGN,
          clock: { cycle: 0 },
          mtu,
          offload,
          seed: seed + i,
          nic: CARD,
          carrier: newCarrier,
        }),
    ) as [Host, Host];
    this.tx = tx;
    this.rx = rx;
    for (const [i, host] of [tx, rx].entries()) this.#configure(host, i);
    this.#listen(w.loopback ? tx : rx);
    if (w.clones > 0) this.#flood(w.clones);
  }

  #listen(host: Host): void {
    for (let i = 0; i < this.workload.sas; i++) {
      const pcb = new InPcb();
      pcb.onDatagram = (m) => {
        this.received++;
        host.mbufs.free(m);
      };
      host.inet.pcbs.bind(pcb, 0, FIRST_PORT + i);
    }
  }

  #configure(host: Host, i: number): void {
    const { sas, loopback } = this.workload;
    const far = 1 - i;
    host.addAddress(OUTER[i]!, 24);
    host.addAddress(INNER[i]!, 32);
    host.addRoute(INNER[far]!, 32, OUTER[far]!);
    host.inet.arp.addStatic(host.nic.index, OUTER[far]!, etherParse(MACS[far]!));
    host.attach();
    if (loopback) addAddress(host.inet, host.loop, LOOPBACK, 8);
    const lines: string[] = [];
    for (let n = 0; n < sas; n++) {
      const to = `[${FIRST_PORT + n}] udp -P`;
      const level = `unique:${n + 1}`;
      if (loopback) {
        for (const way of ['out', 'in']) {
          lines.push(`spdadd 127.0.0.1 127.0.0.1${to} ${way} ipsec esp/transport//${level};`);
        }
        continue;
      }
      const way = i === 0 ? 'out' : 'in';
      lines.push(
        `spdadd 192.168.1.1 192.168.2.1${to} ${way} ipsec esp/tunnel/10.0.0.1-10.0.0.2/${level};`,
      );
    }
    host.setkey(lines.join('\n'), 'profile');
    for (let n = 0; n < sas; n++) this.#addSa(host, n, 0);
  }

  #addSa(host: Host, n: number, version: number): Sa {
    const { loopback } = this.workload;
    return host.ipsec.sadb.add({
      src: loopback ? LOOPBACK : OUTER[0],
      dst: loopback ? LOOPBACK : OUTER[1],
      spi: FIRST_SPI + n + version * this.workload.sas,
      mode: loopback ? 'transport' : 'tunnel',
      reqid: n + 1,
      replayPackets: 64,
      cipher: 'aes-gcm-16',
      key: keyMaterial(this.#seed, `profile ${n} ${version}`, 20),
    });
  }

  /** An SA that no packet uses: for working on one transform by itself. */
  spareSa(host: Host): Sa {
    return this.#addSa(host, this.workload.sas, 1 << 16);
  }

  /** The SA in use, and whoever takes turns with it. */
  sas(host: Host): readonly Sa[] {
    return host.ipsec.sadb.list().filter((sa) => sa.reqid <= this.workload.sas);
  }

  /** A bridge behind the gate floods: copies to ports that are no card of ours end there. */
  #flood(clones: number): void {
    const { nic, mbufs } = this.tx;
    const transmit = nic.transmit.bind(nic);
    nic.transmit = (m) => {
      for (let k = 0; k < clones; k++) {
        const c = mbufs.dup(m);
        if (c !== NO_MBUF) mbufs.free(c);
      }
      return transmit(m);
    };
  }

  /** One datagram on its way, up to its descriptor; no doorbell. */
  send(): void {
    const { workload: w, tx } = this;
    const { mbufs, inet } = tx;
    if (w.rekey > 0) this.#countDown(0);
    const m = mbufs.allocFor(w.sizeBytes);
    mbufs.append(m, w.sizeBytes);
    const turn = this.#turn;
    this.#turn = turn + 1 === w.sas ? 0 : turn + 1;
    const src = w.loopback ? LOOPBACK : INNER_TX;
    const dst = w.loopback ? LOOPBACK : INNER_RX;
    udpOutput(inet, m, src, this.sourcePort(), dst, FIRST_PORT + turn);
  }

  /** The next packet's: as a rule the same, of a miss a new one. */
  sourcePort(): number {
    this.#missCredit += this.workload.missPercent;
    if (this.#missCredit < 100) return SOURCE_PORT;
    this.#missCredit -= 100;
    this.#misses = this.#misses + 1 === MISS_PORTS ? 0 : this.#misses + 1;
    return SOURCE_PORT + 1 + this.#misses;
  }

  /** A whole batch out, with doorbells, completions and reclaim. */
  sendAll(): void {
    const { tx, txCard } = this;
    const { batchPackets, loopback } = this.workload;
    for (let n = 0; n < this.packets; n += batchPackets) {
      const end = Math.min(batchPackets, this.packets - n);
      for (let k = 0; k < end; k++) this.send();
      tx.nic.flush();
      txCard.complete();
      tx.nic.poll();
      if (loopback) tx.loop.poll();
    }
  }

  /** A whole batch into the store, ready to be received. */
  makeFrames(): void {
    const { store, rx, rxCard } = this;
    store.count = 0;
    this.txCard.store = store;
    this.#version[1] = this.#version[0];
    this.#left[1] = this.#left[0];
    this.#syncReceiver();
    this.sendAll();
    this.txCard.store = null;
    rxCard.delivered = 0;
    if (this.workload.rekey > 0) return;
    const bySpi = new Map(rx.ipsec.sadb.list().map((sa) => [sa.spi, sa]));
    const view = new DataView(rxCard.arena.buffer);
    for (let i = 0; i < store.count; i++) {
      if (store.sa[i]! < 0) continue;
      const sa = bySpi.get(espSpi(view, store.at(i) + 34));
      store.sa[i] = sa?.installs[0]?.cardSa ?? -1;
    }
  }

  /** A whole batch in: what makeFrames() made. */
  receiveAll(): void {
    const { rx, rxCard, store } = this;
    const { batchPackets, rekey } = this.workload;
    for (let n = 0; n < store.count; n += batchPackets) {
      if (rekey > 0) this.#rekeyReceiver(n);
      rxCard.receive(store, Math.min(batchPackets, store.count - n));
      rx.nic.poll();
    }
  }

  /** The null card's own part of sendAll(), nanoseconds per packet. */
  cardOut(timerNs: number): number {
    const { tx, txCard } = this;
    const { batchPackets } = this.workload;
    let ns = 0;
    for (let chunk = 0; chunk < BATCH_PACKETS; chunk += RING) {
      for (let k = 0; k < RING; k++) this.send();
      tx.nic.flush();
      ns += timeNs(timerNs, () => {
        for (let k = 0; k < RING; k += batchPackets) txCard.complete(batchPackets);
      });
      tx.nic.poll();
    }
    return ns / BATCH_PACKETS;
  }

  /** The null card's own part of receiveAll(), nanoseconds per packet. */
  cardIn(timerNs: number): number {
    const { rx, rxCard, store } = this;
    const { batchPackets } = this.workload;
    const up = rx.nic.input;
    rx.nic.input = (m) => rx.mbufs.free(m);
    let ns = 0;
    rxCard.delivered = 0;
    while (rxCard.delivered + RING <= store.count) {
      ns += timeNs(timerNs, () => {
        for (let k = 0; k < RING; k += batchPackets) rxCard.receive(store, batchPackets);
      });
      rx.nic.poll();
    }
    rx.nic.input = up;
    return ns / rxCard.delivered;
  }

  #countDown(host: 0 | 1): void {
    if (this.#left[host]-- > 0) return;
    this.#left[host] = this.workload.rekey - 1;
    this.#replace(host);
  }

  #replace(host: 0 | 1): void {
    const h = host === 0 ? this.tx : this.rx;
    const [old] = this.sas(h);
    this.#addSa(h, 0, ++this.#version[host]);
    h.ipsec.sadb.delete(old!);
  }

  /** The receiver's SA is the one that the store's first frame will be under. */
  #syncReceiver(): void {
    if (this.workload.rekey === 0) return;
    const { sadb } = this.rx.ipsec;
    const spi = FIRST_SPI + this.#version[1];
    if (sadb.find(OUTER[1], spi) !== null) return;
    sadb.flush();
    this.#addSa(this.rx, 0, this.#version[1]);
  }

  /** Before frames [n, n + batch): whoever comes under a new SA finds it there. */
  #rekeyReceiver(n: number): void {
    const { store, rx } = this;
    const end = Math.min(n + this.workload.batchPackets, store.count);
    for (let i = n; i < end; i++) this.#countDown(1);
    const cardSa = this.sas(rx)[0]!.installs[0]?.cardSa ?? -1;
    for (let i = n; i < end; i++) if (store.sa[i]! >= 0) store.sa[i] = cardSa;
  }
}
