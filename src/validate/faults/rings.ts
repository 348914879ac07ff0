// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../dev/nic/nic_regs.ts';
import { finishRun } from '../../harness/finish_run.ts';
import type { RunReport } from '../../harness/run_report.ts';
import type { World } from '../../harness/world.ts';
import type { CaseRun } from '../case_run.ts';
import type { Fault } from './fault.ts';
import { RingTap } from './ring_tap.ts';
import { faultWorld, flowWith, worksAgain } from './scene.ts';

const PACKETS = 60;
/** One descriptor or completion in so many is hit. */
const EVERY = 5;
const HIT = PACKETS / EVERY;

interface Row {
  readonly id: string;
  readonly title: string;
  readonly injected: string;
  readonly delivered: string;
  readonly counted: string;
  readonly never: string;
  /** Changes the words of one descriptor or completion. */
  readonly corrupt: (words: Uint32Array) => void;
  /** Where it is counted, once for each, and nowhere else. */
  readonly counters: readonly string[];
  readonly lost: 'hit' | 'none';
  /** What the oracles have to say of it, once for each; the run does not pass otherwise. */
  readonly violations?: readonly string[];
}

async function tapped(c: CaseRun, n: 0 | 1): Promise<{ world: World; tap: RingTap }> {
  const world = await faultWorld(c);
  const tap = new RingTap(world.sim.buses[n]!);
  world.hosts[n]!.detach();
  world.hosts[n]!.attach();
  return { world, tap };
}

/** Runs it, checks what is delivered and counted, and what the oracles say. */
async function check(c: CaseRun, row: Row, world: World): Promise<void> {
  await worksAgain(c, world);
  const expected = row.violations;
  const r = expected === undefined ? await c.finish(world) : await violated(c, world, expected);
  const lost = r.packets.sent - r.packets.delivered;
  c.equal('packets lost', lost, row.lost === 'hit' ? HIT : 0);
  c.equal('what was counted', r.drops, Object.fromEntries(row.counters.map((name) => [name, HIT])));
}

/** These oracles must have seen it, and no other has anything to say. */
async function violated(c: CaseRun, world: World, oracles: readonly string[]): Promise<RunReport> {
  const r = await finishRun(world, 'validate');
  c.record('world', r.digest);
  c.equal('what the oracles say', [...new Set(r.violations.map((v) => v.oracle))].sort(), oracles);
  return r;
}

const NEVER_CLEAR = 'a frame in clear, or under the key of another SA';

const DESCRIPTORS: readonly Row[] = [
  {
    id: 'address',
    title: 'a transmit descriptor names memory that is not of its host',
    injected: 'word 0 of every fifth descriptor: the highest address',
    delivered: 'all others',
    counted: 'nic.txDmaErr: each',
    never: 'the memory of anybody else on the wire',
    corrupt: (words) => {
      words[0] = 0xffff_f000;
    },
    counters: ['host0.nic.txDmaErr'],
    lost: 'hit',
  },
  ...(
    [
      ['zero', 0],
      ['huge', 0xffff],
      // Of faultWorld(): its MTU is 2000, so that an ICV behind these does not fit any more.
      ['icv', 2006],
    ] as const
  ).map(
    ([name, len]): Row => ({
      id: `length-${name}`,
      title: `a transmit descriptor has a length of ${len}`,
      injected: `word 2 of every fifth descriptor: ${len} bytes`,
      delivered: 'all others',
      counted: 'nic.txBadLen: each',
      never: 'bytes beyond the frame on the wire',
      corrupt: (words) => {
        words[2] = (words[2]! & 0xffff0000) | len;
      },
      counters: ['host0.nic.txBadLen'],
      lost: 'hit',
    }),
  ),
  {
    id: 'esp-offset',
    title: 'a transmit descriptor says that ESP begins in the Ethernet header',
    injected: 'word 3 of every fifth descriptor: an ESP offset of 8',
    delivered: 'all others',
    counted: 'nic.txBadLen: each',
    never: NEVER_CLEAR,
    corrupt: (words) => {
      words[3] = (words[3]! & 0xff00ffff) | (8 << 16);
    },
    counters: ['host0.nic.txBadLen'],
    lost: 'hit',
  },
  {
    id: 'sa-unknown',
    title: 'a transmit descriptor names an SA that is not in the card',
    injected: 'word 3 of every fifth descriptor: SA 1000',
    delivered: 'all others',
    counted: 'nic.txNoSa: each',
    never: NEVER_CLEAR,
    corrupt: (words) => {
      words[3] = (words[3]! & 0xffff0000) | 1000;
    },
    counters: ['host0.nic.txNoSa'],
    lost: 'hit',
  },
  {
    id: 'sa-out-of-range',
    title: 'a transmit descriptor names an SA beyond the table',
    injected: 'word 3 of every fifth descriptor: SA 0xf000, whose low bits name one that is there',
    delivered: 'all others',
    counted: 'nic.txNoSa: each',
    never: NEVER_CLEAR,
    corrupt: (words) => {
      words[3] = words[3]! | 0xf000;
    },
    counters: ['host0.nic.txNoSa'],
    lost: 'hit',
  },
  {
    id: 'cookie',
    title: 'a transmit descriptor has the cookie of another mbuf',
    injected: 'word 5 of every fifth descriptor',
    delivered: 'all',
    counted: 'nic.cookie: each completion that does not name the oldest descriptor',
    never: 'an mbuf freed twice, or another one in its place',
    corrupt: (words) => {
      words[5] = words[5]! ^ 0x5555;
    },
    counters: ['host0.nic.cookie'],
    lost: 'none',
  },
  {
    id: 'crypto-bit',
    title: 'a transmit descriptor has lost the bit that asks for the crypto',
    injected: 'word 2 of every fifth descriptor: TXD_IPSEC cleared behind the back of the driver',
    delivered: 'all others: the receiver refuses what was not encrypted',
    counted:
      "host 1's nic.rxAuthFail; host 0's nic.txNotEncrypted says it when the completion comes",
    never: 'a leak that the oracle of the wire does not report',
    corrupt: (words) => {
      words[2] = words[2]! & ~(R.TXD_IPSEC << 16);
    },
    counters: ['host0.nic.txNotEncrypted', 'host1.ip.tooShort'],
    lost: 'hit',
    violations: ['leak', 'parse'],
  },
];

const COMPLETIONS: readonly Row[] = [
  {
    id: 'phase',
    title: 'a receive completion is lost: its phase bit says that it was never written',
    injected: 'bit 31 of word 3 of every fifth completion turned back',
    delivered: 'all others',
    counted: 'nic.rxDmaErr: each, when the card says that it wrote it',
    never: 'the ring that stands still behind it',
    corrupt: (words) => {
      words[3] = words[3]! ^ 0x8000_0000;
    },
    counters: ['host1.nic.rxDmaErr'],
    lost: 'hit',
  },
  {
    id: 'cookie',
    title: 'a receive completion has the cookie of another mbuf',
    injected: 'word 0 of every fifth completion',
    delivered: 'all: the ring knows which mbuf it was',
    counted: 'nic.cookie: each',
    never: 'another mbuf in its place',
    corrupt: (words) => {
      words[0] = words[0]! ^ 0x5555;
    },
    counters: ['host1.nic.cookie'],
    lost: 'none',
  },
  {
    id: 'code',
    title: 'a receive completion has a code that there is not',
    injected: 'code 15 in every fifth completion',
    delivered: 'all others',
    counted: 'nic.rxErr: each',
    never: 'a frame of which the card did not say that it is good',
    corrupt: (words) => {
      words[2] = words[2]! | 15;
    },
    counters: ['host1.nic.rxErr'],
    lost: 'hit',
  },
  {
    id: 'length',
    title: 'a receive completion is longer than the buffer',
    injected: '0xffff bytes in every fifth completion',
    delivered: 'all others',
    counted: 'nic.rxErr: each',
    never: 'bytes of another mbuf',
    corrupt: (words) => {
      words[1] = words[1]! | 0xffff;
    },
    counters: ['host1.nic.rxErr'],
    lost: 'hit',
  },
  {
    id: 'sa',
    title: 'a receive completion names an SA that is not that of the frame',
    injected: 'SA 77 in every fifth completion',
    delivered: 'all others',
    counted: 'nic.rxSaGone: each',
    never: 'plaintext accepted under another SA',
    corrupt: (words) => {
      words[1] = (words[1]! & 0xffff) | (77 << 16);
    },
    counters: ['host1.nic.rxSaGone'],
    lost: 'hit',
  },
  {
    id: 'esp-offset',
    title: 'a receive completion says that ESP begins behind the end of the frame',
    injected: 'no CPL_ESP_SEEN in every fifth completion',
    delivered: 'all others',
    counted: 'nic.rxErr: each',
    never: 'a report without a place',
    corrupt: (words) => {
      words[2] = words[2]! & ~R.CPL_ESP_SEEN;
    },
    counters: ['host1.nic.rxErr'],
    lost: 'hit',
  },
  {
    id: 'crypto-bit',
    title: 'a receive completion does not say that the card has decrypted',
    injected: 'CPL_SECP cleared in every fifth completion',
    delivered: 'all others: software takes the plaintext for ciphertext, and its ICV is wrong',
    counted: 'esp.badIcv: each; the ICV oracle says that nothing on the wire explains it',
    never: 'a packet decrypted twice and delivered',
    corrupt: (words) => {
      words[2] = words[2]! & ~R.CPL_SECP;
    },
    counters: ['host1.esp.badIcv'],
    lost: 'hit',
    violations: ['icv'],
  },
];

function descriptorFault(row: Row): Fault {
  return {
    id: `descriptor-${row.id}`,
    title: row.title,
    injected: row.injected,
    promise: row,
    needsOwnRegisters: true,
    async run(c) {
      const { world, tap } = await tapped(c, 0);
      let n = 0;
      tap.onTransmit = (words) => {
        if (n < PACKETS && n++ % EVERY === 2) row.corrupt(words);
      };
      await flowWith(world, PACKETS, () => {}, 300);
      tap.onTransmit = null;
      await check(c, row, world);
    },
  };
}

function completionFault(row: Row): Fault {
  return {
    id: `completion-${row.id}`,
    title: row.title,
    injected: row.injected,
    promise: row,
    needsOwnRegisters: true,
    async run(c) {
      const { world, tap } = await tapped(c, 1);
      const host = world.hosts[1]!;
      const poll = host.poll.bind(host);
      let seen = 0;
      host.poll = (irq) => {
        for (const words of tap.unread(R.RING_RXC)) if (seen++ % EVERY === 2) row.corrupt(words);
        poll(irq);
      };
      await flowWith(world, PACKETS, () => {}, 300);
      host.poll = poll;
      await check(c, row, world);
    },
  };
}

export const RING_FAULTS: readonly Fault[] = [
  ...DESCRIPTORS.map(descriptorFault),
  ...COMPLETIONS.map(completionFault),
];
