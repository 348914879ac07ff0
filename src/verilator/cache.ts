// SPDX-License-Identifier: BSD-2-Clause
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerilatorError } from './error.ts';
import type { Environment } from './find.ts';

// The cache directory:
//   <stem>-<hash>/          a finished build, complete from the moment its name exists
//   <stem>.lock             who builds it now: saves work, never needed for correctness
//   tmp-<host>-<pid>-<rnd>/ a build under way, renamed when finished
//   runtime/                objects of Verilator's runtime, shared by all builds
//   logs/                   what the tools printed when a build failed

/** The cache directory in force; nothing is created. */
export const cacheDirectory = (named?: string, env: Environment = process.env): string =>
  resolve(
    named ??
      (env.TAGWIRE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tagwire')),
  );

/** A full disk or a forbidden directory as one clear error; anything else is passed on. */
export const asCacheError = (error: unknown, dir: string): unknown => {
  const code = (error as NodeJS.ErrnoException)?.code;
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EACCES: 'no permission to write',
    EPERM: 'no permission to write',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is not a directory',
    EEXIST: 'a part of the path is not a directory',
  };
  const reason = code === undefined ? undefined : reasons[code];
  if (reason === undefined) return error;
  return new VerilatorError(
    'cache',
    `Cache directory ${dir}: ${reason}. Name another one in $TAGWIRE_CACHE, or free it.`,
  );
};

const here = (): string => hostname().replace(/[^\w.]/g, '_');

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const unusedDays = 30;

/** Marks a build as used today. */
export const touch = (entry: string): void => {
  const now = new Date();
  try {
    utimesSync(entry, now, now);
  } catch {
    // a cache that may only be read is as good
  }
};

/** True for what nobody needs any more: left by a dead process, or a build not used for long. */
const isStale = (dir: string, name: string): boolean => {
  const [, host, pid] = /^tmp-(.+)-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
  if (host !== undefined) return host === here() && !isAlive(Number(pid));
  if (!/-[0-9a-f]{20}-[0-9a-f]{12}$/.test(name)) return false;
  // Another process may take it away at this moment.
  const usedMs = statSync(join(dir, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - usedMs > unusedDays * 86_400_000;
};

/** Makes the directory if need be, and clears what is stale in it. */
export const openCache = (dir: string): void => {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK | constants.X_OK);
    for (const name of readdirSync(dir)) {
      if (isStale(dir, name)) rmSync(join(dir, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw asCacheError(error, dir);
  }
};

/** A private directory beside the entries: same file system, so the rename is atomic. */
export const temporaryDirectory = (dir: string): string => {
  const path = join(dir, `tmp-${here()}-${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(path);
  return path;
};

/** Moves a finished build to its name. False when another process was first: its build stands. */
export const publish = (temporary: string, entry: string): boolean => {
  try {
    renameSync(temporary, entry);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || !existsSync(entry)) throw error;
    rmSync(temporary, { recursive: true, force: true });
    return false;
  }
};

/** Takes an entry away in one step; processes that have the library open keep it. */
export const discard = (entry: string, dir: string): void => {
  const grave = join(temporaryDirectory(dir), 'old');
  try {
    renameSync(entry, grave);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  rmSync(resolve(grave, '..'), { recursive: true, force: true });
};

const staleLockMs = 30 * 60_000;

/** True when the process that wrote the lock can no longer be building. */
const isStaleLock = (path: string): boolean => {
  try {
    const [host, pid] = readFileSync(path, 'utf8').trim().split(' ');
    if (host === here() && pid !== undefined) return !isAlive(Number(pid));
    return Date.now() - statSync(path).mtimeMs > staleLockMs;
  } catch {
    return false; // gone meanwhile: the next try takes it
  }
};

/**
 * Waits until nobody else builds this entry, then holds its lock. A lock that was stolen by mistake
 * costs a second build and nothing more, since entries appear by rename.
 * @returns release
 */
export const lockEntry = async (
  entry: string,
  onWait: () => void,
  signal?: AbortSignal,
): Promise<() => void> => {
  const path = `${entry}.lock`;
  const own = `${path}-${process.pid}-${randomBytes(4).toString('hex')}`;
  for (let tries = 0; ; tries++) {
    try {
      // Linked when written: nobody ever sees a lock without its owner's name.
      writeFileSync(own, `${here()} ${process.pid}\n`);
      linkSync(own, path);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(own, { force: true });
    }
    if (isStaleLock(path)) rmSync(path, { force: true });
    else {
      if (tries === 0) onWait();
      await sleep(100, undefined, { signal });
    }
  }
};
