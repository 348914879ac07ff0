// SPDX-License-Identifier: BSD-2-Clause
// Brings in what is missing, then does the job:  start | test | test:long | setup | build.
// Plain Node, no packages: it runs before there are any. When nothing is missing it only looks at
// a few files (milliseconds). TAGWIRE_NO_INSTALL=1 forbids it to install anything.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...parts) => join(root, ...parts);
const environmentFailure = 3;

const say = (text) => process.stderr.write(`tagwire: ${text}\n`);
const fail = (...lines) => {
  for (const line of lines) say(line);
  process.exit(environmentFailure);
};

/* ---- system packages ---- */

const canRun = (program) =>
  (program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const macos = process.platform === 'darwin';
const zlibHeaders = ['/usr/include/zlib.h', '/usr/local/include/zlib.h'];

/** What a build needs. The compiler comes first: one npm package compiles itself. */
const required = [
  { name: 'g++', here: () => canRun(process.env.CXX || 'g++') },
  { name: 'make', here: () => canRun('make') },
  { name: 'python3', here: () => canRun('python3') },
  { name: 'verilator', here: () => canRun(process.env.VERILATOR || 'verilator') },
  { name: 'zlib1g-dev', brew: 'zlib', here: () => macos || zlibHeaders.some(existsSync) },
];

/** What some tests like to have; they say so and skip without it. */
const forTests = [
  { name: 'tshark', brew: 'wireshark', here: () => canRun('tshark') },
  { name: 'chromium', here: () => canRun('chromium') || canRun('google-chrome') },
];

const installCommand = (packages) => {
  if (macos) return `brew install ${packages.map((p) => p.brew ?? p.name).join(' ')}`;
  const sudo = process.getuid() === 0 ? '' : 'sudo ';
  const names = packages.map((p) => p.name).join(' ');
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`;
};

/** ['apt-get'] or ['sudo', '-n', 'apt-get'], or undefined where we may not install. */
const aptGet = () => {
  if (process.env.TAGWIRE_NO_INSTALL || macos || !canRun('apt-get')) return undefined;
  if (process.getuid() === 0) return ['apt-get'];
  const allowed =
    canRun('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return allowed ? ['sudo', '-n', 'apt-get'] : undefined;
};

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(0)} s`;

/** Runs a command to its end; what it printed is shown only when it fails. */
const quietly = (command, args) => {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return { ok: status === 0, output: error ? String(error) : `${stdout}${stderr}` };
};

const install = (apt, packages) => {
  const since = performance.now();
  const names = packages.map((p) => p.name);
  say(`installing system packages: ${names.join(' ')}`);
  quietly(apt[0], [...apt.slice(1), 'update']); // old lists may do when the network does not
  const args = ['install', '-y', '--no-install-recommends', ...names];
  const { ok, output } = quietly(apt[0], [...apt.slice(1), ...args]);
  if (ok) say(`installed in ${seconds(since)}`);
  return { ok, output };
};

const ensureSystem = (withTests) => {
  const missing = required.filter((p) => !p.here());
  const wished = withTests ? forTests.filter((p) => !p.here()) : [];
  if (missing.length + wished.length === 0) return;
  const apt = aptGet();
  const lacking = `missing: ${missing.map((p) => p.name).join(', ')}`;
  if (missing.length > 0) {
    if (apt === undefined) fail(lacking, `install it with: ${installCommand(missing)}`);
    const { ok, output } = install(apt, missing);
    if (!ok) {
      process.stderr.write(output.split('\n').slice(-15).join('\n'));
      fail(`${lacking}, and installing failed; try: ${installCommand(missing)}`);
    }
  }
  // One by one: a distribution that lacks one of them may well have the others.
  const lost = wished.filter((p) => apt === undefined || !install(apt, [p]).ok);
  if (lost.length > 0) {
    const names = lost.map((p) => p.name).join(', ');
    say(`without ${names}: tests that need it are skipped (${installCommand(lost)})`);
  }
};

/* ---- npm packages ---- */

const lock = inRoot('scripts/package-lock.json');
const stamp = inRoot('node_modules/.tagwire-stamp');
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const packagesKey = () =>
  createHash('sha256')
    .update(read(lock))
    .update(JSON.stringify(JSON.parse(read(inRoot('package.json'))), dependenciesOnly))
    .update(process.versions.modules)
    .digest('hex');

function dependenciesOnly(key, value) {
  return key === '' || /ependencies$/.test(key) || typeof value === 'string' ? value : undefined;
}

/** True when node_modules, however it was made, holds what the lock file says. */
const isInstalled = () => {
  const hidden = read(inRoot('node_modules/.package-lock.json'));
  if (hidden === '') return false;
  const installed = JSON.parse(hidden).packages;
  return Object.entries(JSON.parse(read(lock)).packages).every(
    ([path, { version, optional }]) =>
      path === '' || optional || installed[path]?.version === version,
  );
};

const ensurePackages = () => {
  const key = packagesKey();
  if (read(stamp) === key) return;
  if (!isInstalled()) {
    const since = performance.now();
    const command = 'npm ci --no-audit --no-fund';
    if (process.env.TAGWIRE_NO_INSTALL) {
      fail(
        'missing: npm packages',
        `install them with: cp scripts/package-lock.json . && ${command}`,
      );
    }
    say('installing npm packages (one of them compiles)');
    // The lock file lives in scripts/; npm wants it here (git ignores it).
    copyFileSync(lock, inRoot('package-lock.json'));
    const { ok, output } = quietly('npm', command.split(' ').slice(1));
    if (!ok) {
      process.stderr.write(output.split('\n').slice(-25).join('\n'));
      fail(`npm packages could not be installed; try: ${command}`);
    }
    say(`installed in ${seconds(since)}`);
    if (!existsSync(inRoot('node_modules/ffi-napi'))) {
      say('ffi-napi did not compile: --ffi ffi-napi is not available, koffi is');
    }
  }
  writeFileSync(stamp, key);
};

/* ---- dist ---- */

const filesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });

/** Compiles src to dist when a file of src is not as it was the last time. */
const ensureDist = (force = false) => {
  const inputs = [...filesUnder(inRoot('src')), inRoot('tsconfig.json'), inRoot('package.json')];
  const hash = createHash('sha256');
  for (const path of inputs.sort()) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path}\0${mtimeMs}\0${size}\0`);
  }
  const key = hash.digest('hex');
  const built = inRoot('dist/.stamp');
  if (!force && read(built) === key && existsSync(inRoot('dist/cli/main.js'))) return;
  const since = performance.now();
  rmSync(inRoot('dist'), { recursive: true, force: true });
  const { ok, output } = quietly(process.execPath, [
    inRoot('node_modules/typescript/bin/tsc'),
    '-p',
    inRoot('tsconfig.json'),
  ]);
  if (!ok) {
    process.stderr.write(output);
    fail('src does not compile');
  }
  writeFileSync(built, key);
  say(`compiled src in ${seconds(since)}`);
};

/* ---- jobs ---- */

/** Hands over to a program: signals go to it, and its exit code is ours. */
const handOver = (args, env = {}) => {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...env,
      PATH: `${inRoot('node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`,
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
};

const vitest = [
  inRoot('node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  inRoot('test/vitest.config.ts'),
];

const [job, ...rest] = process.argv.slice(2);
const ready = (withTests) => {
  ensureSystem(withTests);
  ensurePackages();
  ensureDist();
};
switch (job) {
  case 'start':
    ready(false);
    handOver([inRoot('dist/cli/main.js'), 'run', ...rest]);
    break;
  case 'test':
    ready(true);
    handOver([...vitest, '--exclude', '**/*.long.test.ts', ...rest]);
    break;
  case 'test:long':
    ready(true);
    // With a name: only that. Names widen what is run, so not beside the pattern of all.
    handOver([...vitest, ...(rest.length === 0 ? ['.long.test.'] : rest)], { TAGWIRE_LONG: '1' });
    break;
  case 'setup':
    ready(false);
    break;
  case 'build':
    ensurePackages();
    ensureDist(true);
    break;
  default:
    say('usage: node scripts/bootstrap.mjs start | test | test:long | setup | build');
    process.exit(2);
}
