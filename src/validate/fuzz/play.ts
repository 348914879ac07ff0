// SPDX-License-Identifier: BSD-2-Clause
import { createWorld } from '../../harness/create_world.ts';
import { finishRun } from '../../harness/finish_run.ts';
import { violationText } from '../../harness/oracle/violation.ts';
import type { WorldOptions } from '../../harness/world_options.ts';
import { type FuzzCase, isLossless } from './fuzz_case.ts';
import { Stage } from './stage.ts';

/** Who does the crypto. */
export const CARDS = ['rtl', 'model', 'software'] as const;
export type Card = (typeof CARDS)[number];

/** What came of a case on one kind of card. */
export interface Played {
  /** '' when nothing is wrong. */
  readonly reason: string;
  readonly digest: string;
  readonly sent: number;
  /** By each direction. */
  readonly delivered: readonly number[];
}

/** Plays a case to its end, with all oracles on. */
export async function play(
  fuzz: FuzzCase,
  card: Card,
  options: Pick<WorldOptions, 'ffi' | 'maxCycles'> = {},
): Promise<Played> {
  const on =
    card === 'software'
      ? ({ nic: 'model', offload: false } as const)
      : ({ nic: card, offload: true } as const);
  const world = await createWorld({ tagsan: true, ...fuzz.world, ...options, ...on });
  try {
    const stage = new Stage(world, fuzz, card === 'software');
    for (const e of fuzz.events) {
      stage.act(e);
      await world.breathe();
    }
    await stage.end();
    const delivered = stage.flows.map((f) => f.delivered);
    const sent = stage.flows.reduce((n, f) => n + f.sent, 0);
    const r = await finishRun(world, 'fuzz');
    const wrong = r.violations.map(violationText);
    if (stage.wrong !== '') wrong.push(stage.wrong);
    const lost = isLossless(fuzz) ? stage.missing : 0;
    if (lost !== 0) wrong.push(`${lost} packets are lost, and nothing loses any`);
    return { reason: wrong[0] ?? '', digest: r.digest, sent, delivered };
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'VerilatorError' || name === 'BindingError') throw error;
    return { reason: `${name}: ${message}`, digest: '', sent: 0, delivered: [] };
  } finally {
    world.close();
  }
}
