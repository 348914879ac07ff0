// SPDX-License-Identifier: BSD-2-Clause
import { caseSeed } from '../seed.ts';
import { type FuzzCase, isLossless, packetsOf } from './fuzz_case.ts';
import { generate } from './generate.ts';
import { type Card, type Played, play } from './play.ts';
import { shrink } from './shrink.ts';

/** Something that fails, and the least that does. */
export interface Find {
  readonly reason: string;
  readonly shrunk: FuzzCase;
  /** Events and packets before it was shrunk. */
  readonly from: { readonly events: number; readonly packets: number };
}

export interface FuzzOptions {
  readonly seed: number;
  readonly cards: readonly Card[];
  /** Ends after the world in which so many have been sent, or after so long. */
  readonly packets: number;
  readonly seconds: number;
  readonly maxFinds: number;
  readonly signal: AbortSignal;
  readonly onWorld?: (worlds: number, packets: number, finds: number) => void;
}

export interface Fuzzed {
  readonly worlds: number;
  readonly packets: number;
  readonly finds: readonly Find[];
}

/** What is wrong with a case on these cards, or between them; '' when nothing is. */
export async function judge(fuzz: FuzzCase, cards: readonly Card[]): Promise<string> {
  const played: [Card, Played][] = [];
  for (const card of cards) {
    const p = await play(fuzz, card);
    if (p.reason !== '') return `${card}: ${p.reason}`;
    played.push([card, p]);
  }
  const [first] = played;
  if (first === undefined || !isLossless(fuzz)) return '';
  for (const [card, p] of played) {
    if (`${p.delivered}` === `${first[1].delivered}`) continue;
    return `${first[0]} delivers ${first[1].delivered}, ${card} ${p.delivered}`;
  }
  return '';
}

/** Random worlds, one after the other, on all cards; what fails is shrunk. */
export async function fuzz(o: FuzzOptions): Promise<Fuzzed> {
  const endMs = performance.now() + 1000 * o.seconds;
  const finds: Find[] = [];
  let worlds = 0;
  let packets = 0;
  while (packets < o.packets && performance.now() < endMs && !o.signal.aborted) {
    const one = generate(caseSeed(o.seed, 'fuzz', {}, worlds++));
    packets += packetsOf(one);
    const reason = await judge(one, o.cards);
    if (reason !== '') {
      const shrunk = await shrink(one, async (s) => (await judge(s, o.cards)) !== '');
      const from = { events: one.events.length, packets: packetsOf(one) };
      finds.push({ reason: await judge(shrunk, o.cards), shrunk, from });
    }
    o.onWorld?.(worlds, packets, finds.length);
    if (finds.length >= o.maxFinds) break;
  }
  return { worlds, packets, finds };
}
