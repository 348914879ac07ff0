// SPDX-License-Identifier: BSD-2-Clause
// scripts/bootstrap.mjs, in a small project of its own so that nothing here is installed or built.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { which } from '../../src/verilator/find.ts';
import type { Ended } from './tagwire.ts';

const root = resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'tagwire-bootstrap-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(scratch, 'project-'));
  for (const name of ['package.json', 'tsconfig.json', 'scripts']) {
    cpSync(join(root, name), join(project, name), { recursive: true });
  }
  mkdirSync(join(project, 'src/cli'), { recursive: true });
  writeFileSync(
    join(project, 'src/cli/main.ts'),
    'console.log(JSON.stringify(process.argv.slice(2)));\nprocess.exitCode = 7;\n',
  );
  // As plain `npm install` leaves it: the packages, and no stamp of ours.
  mkdirSync(join(project, 'node_modules'));
  for (const name of [
    '.package-lock.json',
    'typescript',
    '@typescript',
    '@types',
    'undici-types',
  ]) {
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
});

/** A folder with node and the named programs alone. */
const onlyPrograms = (...names: string[]): string => {
  const bin = mkdtempSync(join(scratch, 'bin-'));
  symlinkSync(process.execPath, join(bin, 'node'));
  for (const name of names) symlinkSync(which(name) ?? '/bin/true', join(bin, name));
  return bin;
};

const bootstrap = (job: string, env: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<Ended> =>
  new Promise((done) => {
    execFile(
      process.execPath,
      [join(project, 'scripts/bootstrap.mjs'), job, ...args],
      { env: { ...process.env, TAGWIRE_NO_INSTALL: '1', ...env }, cwd: tmpdir() },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });

describe('bootstrap', () => {
  test('what is missing and may not be installed: exit 3 with the exact command', async () => {
    const env = { PATH: onlyPrograms('make', 'python3'), CXX: '', VERILATOR: '' };
    const { code, stdout, stderr } = await bootstrap('start', env);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('missing: g++, verilator');
    if (process.platform === 'linux') {
      expect(stderr).toMatch(
        /apt-get update && (sudo )?apt-get install -y --no-install-recommends g\+\+ verilator$/m,
      );
    }
  });

  test('npm packages missing and not to be installed: exit 3 with the command', async () => {
    rmSync(join(project, 'node_modules/.package-lock.json'));
    const { code, stderr } = await bootstrap('start');
    expect(code).toBe(3);
    expect(stderr).toContain('npm ci');
  });

  test('packages by plain npm install are taken; src is compiled once; arguments and exit code pass', async () => {
    const cold = await bootstrap('start', {}, '--packets', '5');
    expect(cold).toMatchObject({ code: 7, stdout: '["run","--packets","5"]\n' });
    expect(cold.stderr).toMatch(/^tagwire: compiled src in \d+ s$/m);

    const warm = await bootstrap('start');
    expect(warm).toEqual({ code: 7, stdout: '["run"]\n', stderr: '' });

    writeFileSync(join(project, 'src/cli/main.ts'), 'console.log("changed");\n');
    expect(await bootstrap('start')).toMatchObject({ code: 0, stdout: 'changed\n' });
  });

  test('a lock file with another version means installing again', async () => {
    expect((await bootstrap('start')).code).toBe(7);
    const lock = join(project, 'scripts/package-lock.json');
    const changed = JSON.parse(readFileSync(lock, 'utf8'));
    changed.packages['node_modules/zx'].version = '8.8.6';
    writeFileSync(lock, JSON.stringify(changed));
    const { code, stderr } = await bootstrap('start');
    expect(code).toBe(3);
    expect(stderr).toContain('missing: npm packages');
  });

  test('src that does not compile: exit 3, with the compiler’s words', async () => {
    writeFileSync(join(project, 'src/cli/main.ts'), 'const x: number = "text";\nexport { x };\n');
    const { code, stderr } = await bootstrap('start');
    expect(code).toBe(3);
    expect(stderr).toMatch(/main\.ts\(1,7\): error TS2322/);
    expect(existsSync(join(project, 'dist/.stamp'))).toBe(false);
  });

  test('where apt-get may run, the missing packages are installed and named', async () => {
    const bin = onlyPrograms('make', 'python3', 'verilator');
    // An apt-get that "installs" the compiler; as root it is called directly, else through sudo -n.
    writeFileSync(
      join(bin, 'apt-get'),
      `#!/bin/sh\necho "$*" >> ${bin}/log\n[ "$1" = install ] && ln -s /bin/true ${bin}/g++\nexit 0\n`,
    );
    writeFileSync(join(bin, 'sudo'), '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n');
    for (const name of ['apt-get', 'sudo']) chmodSync(join(bin, name), 0o755);
    for (const name of ['sh', 'ln', 'true']) {
      if (!existsSync(join(bin, name))) symlinkSync(which(name)!, join(bin, name));
    }
    const { code, stderr } = await bootstrap('start', {
      PATH: bin,
      CXX: '',
      VERILATOR: '',
      TAGWIRE_NO_INSTALL: '',
    });
    expect(stderr).toMatch(/^tagwire: installing system packages: g\+\+( zlib1g-dev)?$/m);
    expect(readFileSync(join(bin, 'log'), 'utf8')).toMatch(
      /^update\ninstall -y --no-install-recommends g\+\+( zlib1g-dev)?\n$/,
    );
    expect(code).toBe(7);
  });
});
