// SPDX-License-Identifier: BSD-2-Clause
import type { Kind, Point } from './points.ts';

/** Points that cannot be reached, and why. */
export interface Exclusion {
  /** From the package; '*' for any. */
  readonly file: string;
  readonly kind: Kind;
  /** A regular expression that the point's whole name matches. */
  readonly name: string;
  readonly reason: string;
}

/** Those of one reason, as test/rtl/coverage_exclusions.json has them. */
export interface ExclusionClass extends Pick<Exclusion, 'kind' | 'reason'> {
  /** Names by file. */
  readonly of: Readonly<Record<string, string>>;
}

export const exclusionsOf = (classes: readonly ExclusionClass[]): Exclusion[] =>
  classes.flatMap(({ of, kind, reason }) =>
    Object.entries(of).map(([file, name]) => ({ file, kind, name, reason })),
  );

/**
 * The points that count: those that no entry excludes. `wrong` are entries that exclude nothing, or
 * something that was reached after all.
 */
export function exclude(
  points: readonly Point[],
  list: readonly Exclusion[],
): { left: Point[]; wrong: Exclusion[] } {
  const used = new Set<Exclusion>();
  const reached = new Set<Exclusion>();
  const patterns = list.map((entry) => ({ entry, name: new RegExp(`^(?:${entry.name})$`) }));
  const left = points.filter((point) => {
    const found = patterns.filter(
      ({ entry, name }) =>
        entry.kind === point.kind &&
        (entry.file === '*' || entry.file === point.file) &&
        name.test(point.name),
    );
    for (const { entry } of found) (point.count > 0 ? reached : used).add(entry);
    return point.count > 0 || found.length === 0;
  });
  return { left, wrong: list.filter((entry) => !used.has(entry) || reached.has(entry)) };
}
