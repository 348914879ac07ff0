#!/usr/bin/env zx
// SPDX-License-Identifier: BSD-2-Clause
// Clones HEAD into an empty directory and runs the README's two commands there, as a newcomer would:
// its own cache, its own node_modules, and only what is committed.
//   npm run fresh-clone [-- start | test]
import { $, argv, chalk, fs, os, path } from 'zx';

const root = path.resolve(import.meta.dirname, '..');
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'tagwire-fresh-'));
const clone = path.join(home, 'tagwire');

try {
  await $({ quiet: true })`git clone --quiet --no-local ${root} ${clone}`;
  const dirty = (await $({ cwd: root, quiet: true })`git status --porcelain`).stdout.trim();
  if (dirty !== '') console.log(chalk.yellow('uncommitted changes here are not in the clone'));

  const readme = fs.readFileSync(path.join(clone, 'README.md'), 'utf8');
  const chosen = argv._.map((job) => `npm ${job}`);
  for (const command of chosen.length > 0 ? chosen : ['npm start', 'npm test']) {
    if (!readme.includes(command)) throw new Error(`README.md does not mention \`${command}\``);
    const since = Date.now();
    const [program, ...args] = command.split(' ');
    await $({
      cwd: clone,
      stdio: 'inherit',
      env: { ...process.env, TAGWIRE_CACHE: path.join(home, 'cache') },
    })`${program} ${args}`;
    console.log(chalk.green(`${command}: ${((Date.now() - since) / 1000).toFixed(0)} s`));
  }
  const left = (await $({ cwd: clone, quiet: true })`git status --porcelain`).stdout.trim();
  if (left !== '') throw new Error(`the commands leave files behind:\n${left}`);
} finally {
  fs.rmSync(home, { recursive: true, force: true });
}
