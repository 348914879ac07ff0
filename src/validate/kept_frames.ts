// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { addressOf, keyMaterial, OUTER } from '../harness/topology.ts';
import type { World } from '../harness/world.ts';
import type { SaParams } from '../netipsec/sa.ts';
import type { CaseRun } from './case_run.ts';

const PORT = 4343;
const SPI = 0x3001;
/** Packets that fit rings and buffers together. */
const AT_ONCE = 100;

export interface Numbers {
  readonly window: number;
  readonly esn?: boolean;
  /** Of the last packet sent, and received, already. */
  readonly sentSeq?: number;
  readonly receivedSeq?: number;
}

/**
 * Packets that a host has sent and the wire has kept, to be put on it in any order: what the receiver
 * makes of their sequence numbers.
 */
export class Kept {
  readonly world: World;
  readonly frames: Uint8Array[] = [];
  /** Numbers of the packets that the receiver's socket got, from 0. */
  readonly heard: number[] = [];

  constructor(world: World) {
    this.world = world;
    world.onFrame = (f) => this.frames.push(f.bytes.slice(f.offset, f.offset + f.lenBytes));
    const server = world.hosts[1]!.udp().bind(0, PORT);
    server.onMessage((bytes) => this.heard.push(bytes[0]! | (bytes[1]! << 8)));
  }

  async send(packets: number): Promise<void> {
    const client = this.world.hosts[0]!.udp().connect(addressOf(OUTER[1]), PORT);
    for (let i = 0; i < packets; i++) {
      client.send(Uint8Array.of(i, i >> 8, ...new Uint8Array(38)));
      if (i % AT_ONCE === AT_ONCE - 1) await this.world.settle();
    }
    client.close();
    await this.world.settle();
    this.world.onFrame = null;
  }

  /** The kept frames of these numbers reach the receiver, in this order. */
  async deliver(order: readonly number[]): Promise<void> {
    for (let at = 0; at < order.length; at += AT_ONCE) {
      for (const n of order.slice(at, at + AT_ONCE)) {
        this.world.sim.inject(1, this.frames[n]!, 1);
      }
      await this.world.settle();
    }
  }

  /** From here on the receiver's card opens nothing: the high half is guessed by software. */
  withoutCard(): void {
    const { ipsec, nic } = this.world.hosts[1]!;
    ipsec.detachOffload(nic);
  }

  count(...names: string[]): number {
    return names.reduce((sum, name) => sum + this.world.hosts[1]!.counters.get(name), 0);
  }
}

/** Key and salt of the SA of keep(). */
export function keyOf(c: CaseRun): Uint8Array {
  return keyMaterial(c.seed, 'replay', 20);
}

/**
 * The frame as its sender would have sealed it under another number, which is its IV as well, once its
 * text was changed.
 */
export function resealed(
  frame: Uint8Array,
  key: Uint8Array,
  seq: number,
  change: (text: Uint8Array) => void = () => {},
): Uint8Array {
  const [esp, text, icv] = [34, 50, frame.length - 16];
  const nonce = (f: Uint8Array) => Buffer.concat([key.subarray(16), f.subarray(esp + 8, text)]);
  const open = createDecipheriv('aes-128-gcm', key.subarray(0, 16), nonce(frame));
  const clear = open.update(frame.subarray(text, icv));
  change(clear);
  const out = frame.slice();
  const view = new DataView(out.buffer);
  view.setUint32(esp + 4, seq);
  view.setBigUint64(esp + 8, BigInt(seq));
  const seal = createCipheriv('aes-128-gcm', key.subarray(0, 16), nonce(out));
  seal.setAAD(out.subarray(esp, esp + 8));
  out.set(seal.update(clear), text);
  seal.final();
  out.set(seal.getAuthTag(), icv);
  return out;
}

/** A world whose wire keeps all that host 0 sends: so many datagrams, by one SA. */
export async function keep(c: CaseRun, n: Numbers, packets: number): Promise<Kept> {
  const world = await c.world({ mode: 'transport', mtu: 1500, wire: { lossPercent: 100 } });
  world.addSa(saOf(c, n));
  const kept = new Kept(world);
  await kept.send(packets);
  return kept;
}

/** The SA of keep(). */
export function saOf(c: CaseRun, { window: replayPackets, ...numbers }: Numbers): SaParams {
  return {
    ...{ src: addressOf(OUTER[0]), dst: addressOf(OUTER[1]), spi: SPI, mode: 'transport' },
    ...{ cipher: 'aes-gcm-16', key: keyOf(c), replayPackets, ...numbers },
  };
}

/** The frame's IPv4 packet in two fragments of one identification. */
export function inPieces(frame: Uint8Array, id: number): Uint8Array[] {
  const [ip, at] = [14, 34];
  const cut = 24;
  return [0, 1].map((n) => {
    const bytes = n === 0 ? frame.subarray(at, at + cut) : frame.subarray(at + cut);
    const piece = new Uint8Array(at + bytes.length);
    piece.set(frame.subarray(0, at));
    piece.set(bytes, at);
    const v = new DataView(piece.buffer);
    v.setUint16(ip + 2, 20 + bytes.length);
    v.setUint16(ip + 4, 0x5500 + id);
    v.setUint16(ip + 6, n === 0 ? 0x2000 : cut / 8);
    v.setUint16(ip + 10, 0);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += v.getUint16(ip + i);
    v.setUint16(ip + 10, ~((sum & 0xffff) + (sum >>> 16)));
    return piece;
  });
}
