// SPDX-License-Identifier: BSD-2-Clause
/**
 * Named counters. A module declares each of its counters once, at load time, and counts by index:
 *
 *     const IP_BAD_SUM = counter('ip.badSum', 'IPv4 header checksum wrong');
 *     counters.n[IP_BAD_SUM]++;
 *
 * Whatever the packet path drops, it drops under such a name.
 */
const names: string[] = [];
const texts: string[] = [];
const CAPACITY = 512;

/** Declares a counter and returns its index. `name` is `module.whatHappened`. */
export function counter(name: string, text: string): number {
  if (names.includes(name)) throw new Error(`counter "${name}" is declared twice`);
  if (names.length === CAPACITY) throw new RangeError(`more than ${CAPACITY} counters`);
  names.push(name);
  texts.push(text);
  return names.length - 1;
}

/** What a counter's name means, for help texts and reports. */
export function counterText(name: string): string | undefined {
  return texts[names.indexOf(name)];
}

/** The counters of one host. */
export class Counters {
  readonly n: Float64Array = new Float64Array(CAPACITY);

  get(name: string): number {
    return this.n[this.indexOf(name)]!;
  }

  /** Index into `n` of a counter that some module has declared. Throws RangeError. */
  indexOf(name: string): number {
    const i = names.indexOf(name);
    if (i < 0) throw new RangeError(`no counter is called "${name}"`);
    return i;
  }

  /** All counters that are not zero, by name. */
  nonZero(): Record<string, number> {
    const out: Record<string, number> = {};
    for (let i = 0; i < names.length; i++) if (this.n[i] !== 0) out[names[i]!] = this.n[i]!;
    return out;
  }
}
