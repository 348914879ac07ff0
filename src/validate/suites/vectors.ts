// SPDX-License-Identifier: BSD-2-Clause
import { createCipheriv } from 'node:crypto';
import { openLoneCard } from '../../harness/lone_card.ts';
import { EspCard } from '../../harness/vectors/esp_card.ts';
import { openRtlEngine } from '../../harness/vectors/rtl_engine.ts';
import { runVectors } from '../../harness/vectors/run_vectors.ts';
import type { VectorCase } from '../../harness/vectors/vector_case.ts';
import { Rng } from '../../kern/rng.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';
import { pattern } from '../frames.ts';
import { GCM_VECTORS } from '../gcm_vectors.ts';

const TAP_BYTES = 1 << 18;

/** All through the engine, both ways, and with a wrong bit in each tag. */
async function throughEngine(c: CaseRun, cases: readonly VectorCase[]): Promise<void> {
  const { ffi, rtl } = c.settings;
  const engine = await openRtlEngine(ffi, undefined, undefined, rtl);
  try {
    const { run, failures, skips } = runVectors({ file: 'suite', format: 'cavp', cases }, engine);
    c.equal('vectors that are wrong', failures, []);
    c.equal('vectors that were skipped', skips, []);
    c.equal('vectors run', run, cases.length);
    c.cycles += engine.cycles;
    c.record('cycles', engine.cycles);
  } finally {
    engine.close();
  }
}

interface Shape {
  readonly keyBytes: number;
  readonly aadBytes: number;
  readonly textBytes: number;
}

/** A message with bytes that follow from its seed; node:crypto says what must come out. */
function vector({ keyBytes, aadBytes, textBytes }: Shape, seed: number): VectorCase {
  const [key, iv] = [pattern(keyBytes, seed), pattern(12, seed + 1)];
  const [aad, msg] = [pattern(aadBytes, seed + 2), pattern(textBytes, seed + 3)];
  const cipher = createCipheriv(`aes-${keyBytes * 8}-gcm` as 'aes-128-gcm', key, iv);
  cipher.setAAD(aad);
  const ct = cipher.update(msg);
  cipher.final();
  const id = `AAD ${aadBytes}, text ${textBytes}, seed ${seed}`;
  const rest = { comment: '', algorithm: 'aes-gcm', result: 'valid' } as const;
  return { id, key, iv, aad, msg, ct, tag: cipher.getAuthTag(), ...rest };
}

const published: readonly Case[] = GCM_VECTORS.map(
  (one): Case => ({
    id: `vectors/gcm-${one.id.replaceAll(' ', '-')}`,
    title: `${one.id} of the GCM specification, App. B: sealed, opened, refused with a wrong tag`,
    checks: 'NIST SP 800-38D §7; McGrew and Viega, App. B',
    parameters: { id: one.id },
    onlyNic: 'rtl',
    run: (c) => throughEngine(c, [one]),
  }),
);

const AADS = [0, 8, 12, 16, 20] as const;

const lengths: readonly Case[] = [16, 32].flatMap((keyBytes) =>
  AADS.map(
    (aadBytes): Case => ({
      id: `vectors/lengths-${keyBytes * 8}-aad-${aadBytes}`,
      title: `key of ${keyBytes * 8} bits, AAD of ${aadBytes} bytes, text of 0..66 bytes`,
      checks: 'NIST SP 800-38D §7; RFC 4106 §5',
      parameters: { keyBytes, aadBytes },
      onlyNic: 'rtl',
      run: (c) =>
        throughEngine(
          c,
          Array.from({ length: 67 }, (_, textBytes) =>
            vector({ keyBytes, aadBytes, textBytes }, 100 * keyBytes + textBytes),
          ),
        ),
    }),
  ),
);

const MIXES: readonly [string, number, number][] = [
  ['short', 200, 20],
  ['middle', 80, 300],
  ['long', 20, 9000],
];

/** Back to back: the key, its size and all lengths change with every message. */
const mixes: readonly Case[] = MIXES.map(
  ([name, count, maxBytes]): Case => ({
    id: `vectors/back-to-back-${name}`,
    title: `${count} messages of up to ${maxBytes} bytes back to back, each with a key of its own`,
    checks: 'NIST SP 800-38D §7; engine contract: messages are independent',
    parameters: { count, maxBytes },
    isRandom: true,
    onlyNic: 'rtl',
    run: (c) => {
      const rng = new Rng(c.seed);
      const cases = Array.from({ length: count }, () => {
        const keyBytes = rng.below(2) === 0 ? 16 : 32;
        const shape = { keyBytes, aadBytes: rng.below(33), textBytes: rng.below(maxBytes + 1) };
        return vector(shape, rng.below(1 << 30));
      });
      return throughEngine(c, cases);
    },
  }),
);

const edges: readonly Case[] = [
  {
    id: 'vectors/longest',
    title: 'AAD and text of 65535 bytes: 4096 blocks under one counter',
    checks: 'NIST SP 800-38D §5.2.1.1',
    onlyNic: 'rtl',
    run: (c) => throughEngine(c, [vector({ keyBytes: 32, aadBytes: 65535, textBytes: 65535 }, 1)]),
  },
  {
    id: 'vectors/gmac',
    title: 'AAD alone: GMAC of 1..100 bytes',
    checks: 'NIST SP 800-38D §6.4; RFC 4543 §3',
    onlyNic: 'rtl',
    run: (c) =>
      throughEngine(
        c,
        Array.from({ length: 100 }, (_, i) =>
          vector({ keyBytes: i % 2 === 0 ? 16 : 32, aadBytes: i + 1, textBytes: 0 }, i),
        ),
      ),
  },
  {
    id: 'vectors/each-tag-bit',
    title: 'each of the 128 bits of a tag wrong: refused, and no byte of text comes out',
    checks: 'NIST SP 800-38D §7.2; plaintext is released behind the verdict',
    onlyNic: 'rtl',
    run: (c) => {
      const good = vector({ keyBytes: 16, aadBytes: 8, textBytes: 24 }, 8);
      const cases = Array.from({ length: 128 }, (_, bit): VectorCase => {
        const tag = Uint8Array.from(good.tag);
        tag[bit >> 3]! ^= 1 << (bit & 7);
        return { ...good, id: `bit ${bit}`, tag, result: 'invalid' };
      });
      return throughEngine(c, cases);
    },
  },
];

/** An ESP packet as it goes over a wire, RFC 4106, made by node:crypto. */
function espVector(keyBytes: number, esn: boolean, textBytes: number, seed: number): VectorCase {
  const [key, salt, msg] = [
    pattern(keyBytes, seed),
    pattern(4, seed + 1),
    pattern(textBytes, seed),
  ];
  const padBytes = 2;
  msg.set([1, 2, padBytes, 17], textBytes - 4);
  const head = pattern(16, seed + 3);
  head[0]! |= 1; // an SPI of at least 256
  const spi = Buffer.from(head).readUInt32BE(0);
  const high = esn ? pattern(4, seed + 4) : new Uint8Array(0);
  const aad = Buffer.concat([head.subarray(0, 4), high, head.subarray(4, 8)]);
  const iv = Buffer.concat([salt, head.subarray(8)]);
  const cipher = createCipheriv(`aes-${keyBytes * 8}-gcm` as 'aes-128-gcm', key, iv);
  cipher.setAAD(aad);
  const ct = cipher.update(msg);
  cipher.final();
  const tag = cipher.getAuthTag();
  const packet = Buffer.concat([head, ct, tag]);
  return {
    ...{ id: `text ${textBytes}`, comment: '', algorithm: 'aes-gcm', result: 'valid' },
    ...{ key, iv, aad, msg, ct, tag, esp: { spi, esn, salt, packet, nextHeader: 17 } },
  };
}

const wholePackets: readonly Case[] = [16, 32].flatMap((keyBytes) =>
  [false, true].map(
    (esn): Case => ({
      id: `vectors/esp-${keyBytes * 8}${esn ? '-esn' : ''}`,
      title: `whole ESP packets${esn ? ' with ESN' : ''}, key of ${keyBytes * 8} bits, through a whole card`,
      checks: 'RFC 4106 §3, §5',
      parameters: { keyBytes, esn },
      async run(c) {
        const { capture: _, ...options } = c.worldOptions;
        const sim = await openLoneCard(options, TAP_BYTES);
        try {
          const card = new EspCard(sim);
          const texts = [4, 8, 16, 20, 32, 64, 100, 256, 1400, 8000];
          const cases = texts.map((n) => espVector(keyBytes, esn, n, 50 + n));
          const { transmit, receive } = card.run({ file: 'suite', format: 'esp', cases });
          c.equal('sealed wrong', transmit.failures, []);
          c.equal('opened wrong', receive.failures, []);
          c.equal('sealed', transmit.run, cases.length);
          card.close();
          c.cycles += sim.cycle;
          c.record('cycles', sim.cycle);
        } finally {
          sim.close();
        }
      },
    }),
  ),
);

export const VECTORS: readonly Case[] = [
  ...published,
  ...lengths,
  ...mixes,
  ...edges,
  ...wholePackets,
];
