// SPDX-License-Identifier: BSD-2-Clause
// The package as a user gets it: packed, installed in an empty project, run by npx.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ended } from './tagwire.ts';

const root = resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'tagwire-package-'));
const user = join(scratch, 'user');
const installed = join(user, 'node_modules/tagwire');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const run = (cwd: string, program: string, ...args: string[]): Promise<Ended> =>
  new Promise((done) => {
    execFile(program, args, { cwd, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });

const must = async (...args: Parameters<typeof run>): Promise<string> => {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(`${args.slice(1).join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
};

beforeAll(async () => {
  // Built in a copy: dist of this tree may be stale, or in use.
  const copy = join(scratch, 'copy');
  mkdirSync(copy);
  const parts = ['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'src', 'rtl', 'sim'];
  for (const name of parts) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  await must(copy, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.');
  await must(copy, 'npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', scratch);

  mkdirSync(user);
  writeFileSync(
    join(user, 'package.json'),
    '{ "name": "user", "private": true, "type": "module" }\n',
  );
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'))!;
  // Without scripts, so that ffi-napi does not compile: koffi and tsx bring finished binaries.
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--silent'];
  await must(user, 'npm', 'install', ...flags, join(scratch, tarball));
}, 120_000);

describe('the package, installed in an empty project', () => {
  test('carries what a run needs, and no tests, scripts or sources', () => {
    for (const name of [
      'dist/cli/main.js',
      'dist/index.d.ts',
      'rtl/nic.f',
      'sim/include/tagwire_sim.h',
      'LICENSE',
      'README.md',
    ]) {
      expect(existsSync(join(installed, name)), name).toBe(true);
    }
    for (const name of ['src', 'test', 'scripts', 'tsconfig.json', 'dist/.stamp']) {
      expect(existsSync(join(installed, name)), name).toBe(false);
    }
  });

  test('npx tagwire doctor works there', async () => {
    const { code, stdout } = await run(user, 'npx', '--no-install', 'tagwire', 'doctor', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ healthy: true });
    expect(code).toBe(0);
  });

  test('npx tagwire run works there, with the library that the same sources gave here', async () => {
    const args = ['tagwire', 'run', '--packets', '40', '--size', '200', '--json'];
    const { code, stdout } = await run(user, 'npx', '--no-install', ...args);
    expect(JSON.parse(stdout)).toMatchObject({
      packets: { sent: 40, delivered: 40 },
      compared: 40,
      mismatches: 0,
    });
    expect(code).toBe(0);
    expect(existsSync(join(user, 'out'))).toBe(true);
  }, 300_000);

  test('its modules load by their public names', async () => {
    const script =
      "const { verilate } = await import('tagwire/verilator'); const { createWorld } = await import('tagwire');" +
      'console.log(typeof verilate, typeof createWorld)';
    expect(await must(user, process.execPath, '--input-type=module', '-e', script)).toBe(
      'function function\n',
    );
  });

  test('its types are found, without those of Node.js; inner paths are closed', async () => {
    writeFileSync(
      join(user, 'use.ts'),
      "import { createWorld } from 'tagwire';\nimport { type VerilateOptions, verilate } from 'tagwire/verilator';\n" +
        "const options: VerilateOptions = { top: 'card' };\nexport const both = [createWorld, () => verilate(options)];\n" +
        "// @ts-expect-error not exported\nexport type Inner = typeof import('tagwire/dist/kern/mbuf.js');\n",
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    expect(await run(user, process.execPath, tsc, ...flags, 'use.ts')).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  test.each([
    ['module', '{ "type": "module" }'],
    ['CommonJS, which npm init makes', '{ "type": "commonjs" }'],
    ['no type', '{}'],
  ])('a TypeScript scenario runs in a project of %s', async (_what, json) => {
    const folder = mkdtempSync(join(user, 'project-'));
    writeFileSync(join(folder, 'package.json'), json);
    cpSync(join(root, 'test/data/scenarios/echo.ts'), join(folder, 'echo.ts'));
    const main = join(installed, 'dist/cli/main.js');
    const args = [main, 'run', 'echo.ts', '--nic', 'model', '--json'];
    const { code, stdout } = await run(folder, process.execPath, ...args);
    expect(JSON.parse(stdout)).toMatchObject({ scenario: 'echo', packets: { delivered: 200 } });
    expect(code).toBe(0);
  });
});
