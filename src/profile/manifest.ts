// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../report/profile_report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where and from what a profile is made; call the result when it is done. */
export function beginManifest(
  seed: number,
  versions: Readonly<Record<string, string>>,
): (calibrationNs: readonly number[]) => Manifest {
  const startMs = performance.now();
  const startedAt = new Date().toISOString();
  const loadBefore = load();
  return (calibrationNs) => ({
    tagwire: JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).version,
    commit: commit(),
    seed,
    startedAt,
    seconds: Number(((performance.now() - startMs) / 1000).toFixed(1)),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch} ${release()}`,
      loadBefore,
      loadAfter: load(),
    },
    versions: {
      node: process.versions.node,
      v8: process.versions.v8,
      openssl: process.versions.openssl,
      ...versions,
    },
    calibrationNs: calibrationNs.map((ns) => Number(ns.toPrecision(5))),
  });
}

function load(): number {
  return Number(loadavg()[0]!.toFixed(2));
}

/** Of the repository that this file lies in, and of no other around it. */
function commit(): string | null {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  if (git('ls-files', '--error-unmatch', 'package.json') === undefined) return null;
  const hash = git('rev-parse', '--short=12', 'HEAD');
  if (hash === undefined) return null;
  return git('status', '--porcelain', '--untracked-files=no') === '' ? hash : `${hash}+`;
}
