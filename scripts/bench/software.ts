// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { EndHost, poolBytes } from '../../src/end_host.ts';
import { ETHER_HDR_LEN } from '../../src/header/ether.ts';
import { IP_HDR_LEN, IPPROTO_UDP, ipParse, ipPut } from '../../src/header/ip.ts';
import { in6Words, ip6Parse } from '../../src/header/ip6.ts';
import { UDP_HDR_LEN } from '../../src/header/udp.ts';
import type { Mbuf, MbufPool } from '../../src/kern/mbuf.ts';
import { IFF_UP, type Ifnet } from '../../src/net/ifnet.ts';
import { addAddress } from '../../src/netinet/in_proto.ts';
import { addAddress6 } from '../../src/netinet/in6_proto.ts';
import { udpOutput } from '../../src/netinet/udp_output.ts';
import { udp6Output } from '../../src/netinet/udp6_output.ts';
import { Ipsec } from '../../src/netipsec/ipsec.ts';
import { newOffloadRequest, REQ_ESP } from '../../src/netipsec/pact.ts';
import type { Sa } from '../../src/netipsec/sa.ts';
import { INSIDE_PAYLOAD } from '../../src/netipsec/xform.ts';
import { XformEsp } from '../../src/netipsec/xform_esp.ts';

/**
 * Software ESP alone: two hosts with all of the stack, and a wire that carries a frame at once. No
 * card, no simulator, no oracle.
 */
const MTU = 1500;
const MBUFS = 256;
const PORT = 7;
const FIRST_SPORT = 10_000;
const ENDS = { 4: ['10.0.0.1', '10.0.0.2'], 6: ['fd00::1', 'fd00::2'] } as const;
const V4 = ENDS[4].map(ipParse) as [number, number];
const V6 = ENDS[6].map((text) => in6Words(ip6Parse(text))) as [Uint32Array, Uint32Array];

/** One end of the wire: what is sent is input at the other end before transmit() returns. */
class WireIf implements Ifnet {
  readonly name = 'wire0';
  readonly index = 1;
  readonly capabilities = 0;
  readonly lladdr: Uint8Array;
  mtu: number = MTU;
  flags: number = IFF_UP;
  input: (m: Mbuf) => void = () => {};
  peer: WireIf | null = null;
  readonly pool: MbufPool;

  constructor(pool: MbufPool, n: number) {
    this.pool = pool;
    this.lladdr = Uint8Array.of(2, 0, 0, 0, 0, n);
  }

  transmit(m: Mbuf): number {
    const { pool } = this;
    const peer = this.peer!;
    const len = pool.len[m]!;
    const to = peer.pool.allocFor(len);
    peer.pool.append(to, len);
    // Both pools lie in one arena.
    pool.data.copyWithin(peer.pool.off[to]!, pool.off[m]!, pool.off[m]! + len);
    peer.pool.rcvIf[to] = peer.index;
    pool.free(m);
    peer.input(to);
    return 0;
  }
}

export interface SoftwareOptions {
  readonly family: 4 | 6;
  /** As many SAs, and as many policies, each way. */
  readonly sas: number;
  readonly payloadBytes: number;
}

export class SoftwareBench {
  readonly #options: SoftwareOptions;
  readonly #a: EndHost;
  readonly #payload: Uint8Array;
  #received = 0;
  #next = 0;

  constructor(options: SoftwareOptions) {
    const hostBytes = poolBytes(MTU + ETHER_HDR_LEN, MBUFS);
    const arena = new Uint8Array(2 * hostBytes);
    const [a, b] = [1, 2].map((n) => {
      const host = newHost(arena, (n - 1) * hostBytes, n);
      const ifp = new WireIf(host.mbufs, n);
      host.addInterface(ifp);
      addAddress(host.inet, ifp, V4[n - 1]!, 24);
      addAddress6(host.inet, ifp, ip6Parse(ENDS[6][n - 1]!), 64);
      return { host, ifp };
    }) as [{ host: EndHost; ifp: WireIf }, { host: EndHost; ifp: WireIf }];
    a.ifp.peer = b.ifp;
    b.ifp.peer = a.ifp;
    this.#options = options;
    this.#a = a.host;
    this.#payload = new Uint8Array(options.payloadBytes).fill(0x42);
    const socket = b.host.udp().bind(options.family === 4 ? 0 : new Uint8Array(16), PORT);
    socket.onMessage(() => {
      this.#received++;
    });
    const { add, policy } = setkeyLines(options);
    a.host.setkey(`${add}${policy('out')}`, 'bench');
    b.host.setkey(`${add}${policy('in')}`, 'bench');
    this.run(16); // neighbours are found, and what waited for that has left
  }

  /** Sends packets over all SAs in turn; each is received before the next. Milliseconds of CPU. */
  run(packets: number): number {
    const { family, sas } = this.#options;
    const { inet, mbufs } = this.#a;
    const payload = this.#payload;
    const before = this.#received;
    const t0 = cpuMs();
    for (let i = 0; i < packets; i++) {
      const m = mbufs.alloc();
      mbufs.append(m, payload.length);
      mbufs.data.set(payload, mbufs.off[m]!);
      const sport = FIRST_SPORT + this.#next;
      if (++this.#next === sas) this.#next = 0;
      const error =
        family === 4
          ? udpOutput(inet, m, V4[0], sport, V4[1], PORT)
          : udp6Output(inet, m, V6[0], sport, V6[1], PORT);
      if (error !== 0) throw new Error(`udp_output: errno ${error}`);
    }
    const ms = cpuMs() - t0;
    const lost = packets - (this.#received - before);
    if (lost !== 0) throw new Error(`${lost} of ${packets} packets were lost`);
    return ms;
  }
}

function setkeyLines({ family, sas }: SoftwareOptions) {
  const [a, b] = ENDS[family];
  const ids = Array.from({ length: sas }, (_, i) => i);
  const key = (i: number) => `0x${(i + 1).toString(16).padStart(8, '0').repeat(5)}`;
  const add = ids.map(
    (i) =>
      `add ${a} ${b} esp ${0x1000 + i} -m transport -u ${i + 1} -r 8 -E aes-gcm-16 ${key(i)};\n`,
  );
  const policy = (direction: 'in' | 'out') =>
    ids
      .map(
        (i) =>
          `spdadd ${a}[${FIRST_SPORT + i}] ${b} udp -P ${direction} ` +
          `ipsec esp/transport//unique:${i + 1};\n`,
      )
      .join('');
  return { add: add.join(''), policy };
}

/** ESP alone, as its row of the transform table: a datagram is encapsulated, sealed, opened. */
export class EspBench {
  readonly #pool: MbufPool;
  readonly #xform: XformEsp;
  readonly #out: Sa;
  readonly #in: Sa;
  readonly #request = newOffloadRequest();
  readonly #ipLen: number;

  constructor(payloadBytes: number) {
    const arena = new Uint8Array(poolBytes(MTU + ETHER_HDR_LEN, MBUFS));
    const { inet, mbufs } = newHost(arena, 0, 1);
    const ipsec = (receiveOnly: boolean) => new Ipsec({ inet, offload: false, receiveOnly });
    this.#pool = mbufs;
    this.#xform = new XformEsp(inet, () => {});
    const sa = { src: V4[0], dst: V4[1], spi: 0x1000, cipher: 'aes-gcm-16', replayPackets: 64 };
    const key = new Uint8Array(20).fill(0x11);
    this.#out = ipsec(false).sadb.add({ ...sa, key });
    this.#in = ipsec(true).sadb.add({ ...sa, key });
    this.#ipLen = IP_HDR_LEN + UDP_HDR_LEN + payloadBytes;
  }

  /** Milliseconds of CPU. */
  run(packets: number): number {
    const mb = this.#pool;
    const r = this.#request;
    const m = mb.alloc();
    mb.append(m, this.#ipLen);
    ipPut(mb.view, mb.off[m]!, IP_HDR_LEN, 0, this.#ipLen, 1, 0, 64, IPPROTO_UDP);
    const t0 = cpuMs();
    for (let i = 0; i < packets; i++) {
      const error = this.#xform.encapsulate(m, this.#out, false, r);
      this.#xform.seal(m, this.#out, 0, r[REQ_ESP]! & 0xffff, 0);
      const inside = this.#xform.input(m, this.#in, IP_HDR_LEN, false, 0);
      if (error !== 0 || inside !== INSIDE_PAYLOAD) throw new Error('ESP was refused');
    }
    const ms = cpuMs() - t0;
    mb.free(m);
    return ms;
  }
}

function newHost(arena: Uint8Array, baseBytes: number, n: number): EndHost {
  return new EndHost({
    name: `host${n}`,
    arena,
    baseBytes,
    mbufCount: MBUFS,
    frameBytes: MTU + ETHER_HDR_LEN,
    clock: { cycle: 0 },
    offload: false,
    seed: n,
  });
}

/** The node:crypto calls of one packet there and back, and nothing else. Milliseconds of CPU. */
export function bareLoop(packets: number, payloadBytes: number): number {
  const textBytes = (payloadBytes + 8 + 2 + 3) & ~3;
  const key = createSecretKey(Buffer.alloc(16, 0x11));
  const nonce = new Uint8Array(12);
  const aad = new Uint8Array(8);
  const text = new Uint8Array(textBytes).fill(0x42);
  const sealed = new Uint8Array(textBytes);
  const tag = new Uint8Array(16);
  const options = { authTagLength: 16 };
  const t0 = cpuMs();
  for (let i = 0; i < packets; i++) {
    new DataView(nonce.buffer).setUint32(8, i);
    const c = createCipheriv('aes-128-gcm', key, nonce, options);
    c.setAAD(aad);
    sealed.set(c.update(text));
    c.final();
    tag.set(c.getAuthTag());
    const d = createDecipheriv('aes-128-gcm', key, nonce, options);
    d.setAuthTag(tag);
    d.setAAD(aad);
    text.set(d.update(sealed));
    d.final();
  }
  return cpuMs() - t0;
}

/** Time that this process had, so that others on the machine do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
