#!/usr/bin/env zx
// SPDX-License-Identifier: BSD-2-Clause
// All checks, the same here and in CI: format and lint, types, lock file, RTL lint, tests (with the
// import table). Every check runs; the end says which failed. `npm run check -- --fast`: no tests.
import { $, argv, chalk, fs, glob, path } from 'zx';

const root = path.resolve(import.meta.dirname, '..');
$.cwd = root;
$.preferLocal = root;
$.verbose = false;
$.nothrow = true;

const outputOf = async (command) => {
  const { exitCode, stdout, stderr } = await command;
  return exitCode === 0 ? '' : `${stdout}${stderr}`;
};

/** Name → what is wrong; '' when nothing is. */
const checks = {
  'format and lint': () => outputOf($`biome check --error-on-warnings .`),
};

checks.types = () => outputOf($`tsc --noEmit -p test/tsconfig.json`);

checks['lock file'] = async () => {
  const { dependencies, devDependencies, optionalDependencies } = await fs.readJson(
    path.join(root, 'package.json'),
  );
  const lock = await fs.readJson(path.join(root, 'scripts/package-lock.json'));
  const wanted = JSON.stringify({ dependencies, devDependencies, optionalDependencies });
  const { '': own, ...packages } = lock.packages;
  const held = JSON.stringify({
    dependencies: own.dependencies,
    devDependencies: own.devDependencies,
    optionalDependencies: own.optionalDependencies,
  });
  if (wanted !== held) return 'scripts/package-lock.json does not fit package.json';
  const hosts = Object.entries(packages).filter(([, one]) => 'resolved' in one);
  return hosts.length > 0 ? `the lock file names registry hosts: ${hosts[0][0]}` : '';
};

const waivers = () => glob('rtl/lint/*.vlt', { cwd: root });
for (const [list, top] of [
  ['rtl/nic.f', 'nic_top'],
  ['rtl/nic_gcm.f', 'nic_gcm'],
]) {
  checks[`RTL lint ${top}`] = async () =>
    outputOf($`verilator --lint-only -Wall --top-module ${top} ${await waivers()} -F ${list}`);
}

if (!argv.fast) {
  checks.tests = async () => {
    const { exitCode } = await $({ stdio: 'inherit' })`npm test`;
    return exitCode === 0 ? '' : 'npm test failed';
  };
}

const failed = [];
for (const [name, check] of Object.entries(checks)) {
  const since = Date.now();
  const wrong = await check();
  const seconds = `${((Date.now() - since) / 1000).toFixed(1)} s`;
  console.log(`${wrong === '' ? chalk.green('ok  ') : chalk.red('FAIL')} ${name} (${seconds})`);
  if (wrong !== '') {
    console.log(wrong);
    failed.push(name);
  }
}
if (failed.length > 0) {
  console.log(chalk.red(`failed: ${failed.join(', ')}`));
  process.exit(1);
}
