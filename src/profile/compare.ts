// SPDX-License-Identifier: BSD-2-Clause
import { PROFILE_VERSION, type ProfileReport } from '../report/profile_report.ts';
import { rounded } from './figure.ts';
import { judgeRuns, noiseNote } from './judge.ts';
import { type MetricValue, metricsOf } from './metrics.ts';
import { median } from './stats.ts';

/** Not a profile, or one whose fields mean something else. */
export class ProfileFileError extends Error {
  readonly exitCode = 2;
  constructor(file: string, message: string) {
    super(`${file}: ${message}`);
    this.name = 'ProfileFileError';
  }
}

export interface Change {
  readonly strategy: string;
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** after − before as a part of before; null when there was nothing before. */
  readonly change: number | null;
  readonly verdict: 'less' | 'more' | 'no difference';
  readonly note: string;
}

export interface ProfileComparison {
  /** What is different beyond noise, the largest first. */
  readonly changed: readonly Change[];
  /** How many metrics are the same as far as can be told, and those too noisy to tell. */
  readonly same: number;
  readonly noisy: readonly Change[];
  /** How much slower the machine itself was the second time: 1.05 is 5 %. */
  readonly machine: number;
  /** Strategies and metrics that only one of the two has. */
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  /** What the two did not have in common, so that changes may come from there. */
  readonly notes: readonly string[];
}

/** Reads profile.json. Throws ProfileFileError. */
export function parseProfile(text: string, file: string): ProfileReport {
  let report: Partial<ProfileReport>;
  try {
    report = JSON.parse(text);
  } catch (error) {
    throw new ProfileFileError(file, `expected profile.json: ${(error as Error).message}`);
  }
  const expected = 'expected profile.json as tagwire profile writes it';
  if (report?.schema !== 'tagwire-profile') throw new ProfileFileError(file, expected);
  if (report.version !== PROFILE_VERSION) {
    const what = `has schema version ${report.version}, expected ${PROFILE_VERSION}`;
    throw new ProfileFileError(file, `${what}: profile again with this tagwire`);
  }
  const { strategies, manifest, base } = report;
  const isWhole =
    Array.isArray(strategies) &&
    strategies.every((s) => s?.tx?.stages && s.rx?.stages && Array.isArray(s.cosim)) &&
    Array.isArray(manifest?.calibrationNs) &&
    base !== undefined;
  if (!isWhole) throw new ProfileFileError(file, `${expected}: parts are missing`);
  return report as ProfileReport;
}

/** What changed from one profile to another, beyond what the machine does by itself. */
export function compareProfiles(a: ProfileReport, b: ProfileReport): ProfileComparison {
  const before = allMetrics(a);
  const after = allMetrics(b);
  const both = [...before.keys()].filter((key) => after.has(key));
  const timed = both.filter((key) => before.get(key)!.figure !== undefined);
  const machine = driftOf(a, b);
  const changes = both.map((key) =>
    changeOf(key, before.get(key)!, after.get(key)!, timed.length, Math.abs(machine - 1)),
  );
  const size = (c: Change): number => Math.abs(c.change ?? Infinity);
  return {
    changed: changes.filter((c) => c.verdict !== 'no difference').sort((x, y) => size(y) - size(x)),
    same: changes.filter((c) => c.verdict === 'no difference' && c.note === '').length,
    noisy: changes.filter((c) => c.verdict === 'no difference' && c.note !== ''),
    machine: rounded(machine),
    onlyInA: [...before.keys()].filter((key) => !after.has(key)),
    onlyInB: [...after.keys()].filter((key) => !before.has(key)),
    notes: setting(a).flatMap(([what, x], i) => {
      const y = setting(b)[i]![1];
      return x === y ? [] : [`not the same ${what}: ${x}, then ${y}`];
    }),
  };
}

/** What must be the same for a comparison to speak of the code. */
function setting({ scenario, base, quick, manifest }: ProfileReport): [string, string][] {
  const { sizeBytes, sas } = base;
  return [
    ['scenario', scenario],
    ['workload', `${sizeBytes} bytes, ${sas} SAs`],
    ['length', quick ? 'quick' : 'full'],
    ['machine', `${manifest.machine.cpu}, ${manifest.machine.cores} cores`],
    ['Node.js', manifest.versions.node ?? 'unknown'],
  ];
}

const SEPARATOR = ' ';

function allMetrics(report: ProfileReport): Map<string, MetricValue> {
  return new Map(
    report.strategies.flatMap((s) =>
      [...metricsOf(s)].map(([name, value]) => [`${s.name}${SEPARATOR}${name}`, value] as const),
    ),
  );
}

/** The machine's own pace, from arithmetic that has nothing to do with the project. */
function driftOf(a: ProfileReport, b: ProfileReport): number {
  return median(b.manifest.calibrationNs) / median(a.manifest.calibrationNs);
}

function changeOf(
  key: string,
  a: MetricValue,
  b: MetricValue,
  family: number,
  drift: number,
): Change {
  const [strategy, metric] = key.split(SEPARATOR) as [string, string];
  const names = { strategy, metric, before: a.value, after: b.value };
  if (a.figure === undefined || b.figure === undefined) {
    const by = b.value - a.value;
    const verdict = by > a.tolerance ? 'more' : by < -a.tolerance ? 'less' : 'no difference';
    const change = a.value === 0 ? (b.value === 0 ? 0 : null) : rounded(b.value / a.value - 1);
    return { ...names, change, verdict, note: '' };
  }
  const judgement = judgeRuns(a.figure.rounds, b.figure.rounds, family, drift);
  const { verdict, ratio } = judgement;
  return { ...names, change: rounded(ratio), verdict, note: noiseNote(judgement) };
}
