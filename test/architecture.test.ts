// SPDX-License-Identifier: BSD-2-Clause
// The import table of the README, enforced: which folder of src may import which, and the rules that
// keep it so. Source of truth is `table` below; a folder that is not in it fails.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

const everything = ['*'];
const belowHost = [
  'kern',
  'header',
  'net',
  'opencrypto',
  'netinet',
  'netipsec',
  'dev',
  'model',
  'ffi',
  'verilator',
];
/** dev's bus contract: what a bus and the card's registers are, without the driver. */
const busContract = ['dev/nic/nic_bus.ts', 'dev/nic/nic_regs.ts'];

/** Folder (or file) of src → folders it may import; single files are named with their path. */
const table: Record<string, readonly string[]> = {
  kern: [],
  header: ['kern'],
  net: ['kern', 'header'],
  opencrypto: ['kern'],
  netinet: ['kern', 'header', 'net'],
  netipsec: ['kern', 'header', 'net', 'netinet', 'opencrypto'],
  dev: ['kern', 'header', 'net', 'netipsec/pact.ts'],
  model: ['kern', 'header', 'opencrypto', ...busContract],
  ffi: ['kern', ...busContract],
  verilator: [],
  'end_host.ts': belowHost,
  'host.ts': [...belowHost, 'end_host.ts'],
  harness: [...belowHost, 'end_host.ts', 'host.ts'],
  report: ['kern', 'header'],
  'index.ts': [...belowHost, 'end_host.ts', 'host.ts', 'harness', 'report', 'profile', 'validate'],
  profile: [...belowHost, 'end_host.ts', 'host.ts', 'harness', 'report'],
  validate: [...belowHost, 'end_host.ts', 'host.ts', 'harness', 'report'],
  cli: everything,
};

/** Stricter than its folder's row: the pact must mean the same to both sides of it. */
const strictFiles: Record<string, readonly string[]> = {
  'netipsec/pact.ts': ['kern'],
};

interface Import {
  from: string;
  specifier: string;
  /** Path below src, when it is a file of ours. */
  target: string | undefined;
}

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });

/** Import specifiers of a source text: static, dynamic, re-export, require; comments left out. */
const specifiers = (text: string): string[] => {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const forms =
    /(?:^|[;\s}])(?:import|export)\s[^'"`;]*?\sfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"$]+)['"]/gm;
  return [...code.matchAll(forms)].map((match) => (match[1] ?? match[2] ?? match[3])!);
};

const imports: Import[] = filesUnder(src).flatMap((path) =>
  specifiers(readFileSync(path, 'utf8')).map((specifier) => ({
    from: relative(src, path),
    specifier,
    target: specifier.startsWith('.')
      ? relative(src, resolve(dirname(path), specifier))
      : undefined,
  })),
);

const folderOf = (path: string): string => path.split('/')[0]!;

const isAllowed = (from: string, target: string): boolean => {
  const row = strictFiles[from] ?? table[folderOf(from)];
  if (row === undefined) return false;
  if (row === everything) return true;
  const strict = from in strictFiles;
  return (
    (!strict && folderOf(from) === folderOf(target) && from.includes('/')) ||
    row.includes(folderOf(target)) ||
    row.includes(target)
  );
};

const shown = (found: Import[]): string[] => found.map((i) => `${i.from} imports ${i.specifier}`);

describe('import table', () => {
  test('every folder of src has a row', () => {
    const folders = readdirSync(src, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() || filesUnder(join(src, entry.name)).length > 0)
      .map((entry) => entry.name);
    expect(folders.filter((name) => !(name in table))).toEqual([]);
  });

  test('a folder imports what its row allows, and nothing else', () => {
    const wrong = imports.filter((i) => i.target !== undefined && !isAllowed(i.from, i.target));
    expect(shown(wrong)).toEqual([]);
  });

  test('src never reaches outside itself', () => {
    expect(shown(imports.filter((i) => i.target?.startsWith('..')))).toEqual([]);
  });

  test('relative imports end in .ts and name a file', () => {
    const wrong = imports.filter(
      (i) =>
        i.target !== undefined && !(i.target.endsWith('.ts') && existsSync(join(src, i.target))),
    );
    expect(shown(wrong)).toEqual([]);
  });

  test('no cycles between folders', () => {
    // harness and the roots above it may know everything below: only equals can form one.
    const edges = new Map<string, Set<string>>();
    for (const { from, target } of imports) {
      if (target === undefined || folderOf(from) === folderOf(target)) continue;
      // The contracts that one side declares for the other are the seam itself.
      if (target === 'netipsec/pact.ts' || busContract.includes(target)) continue;
      const [a, b] = [folderOf(from), folderOf(target)];
      edges.set(a, (edges.get(a) ?? new Set()).add(b));
    }
    const reaches = (a: string, b: string, seen = new Set<string>()): boolean =>
      [...(edges.get(a) ?? [])].some(
        (next) => next === b || (!seen.has(next) && reaches(next, b, seen.add(next))),
      );
    expect([...edges.keys()].filter((folder) => reaches(folder, folder))).toEqual([]);
  });
});

describe('packages', () => {
  const bare = imports.filter((i) => i.target === undefined);

  test('native code is loaded in src/ffi alone', () => {
    const native = bare.filter((i) => /^(koffi|ffi-napi|ref-napi)(\/|$)/.test(i.specifier));
    expect(shown(native.filter((i) => folderOf(i.from) !== 'ffi'))).toEqual([]);
  });

  test("kern needs nothing, and Node's modules are named with node:", () => {
    const builtin = new Set(builtinModules);
    expect(shown(bare.filter((i) => builtin.has(i.specifier)))).toEqual([]);
    expect(shown(bare.filter((i) => folderOf(i.from) === 'kern'))).toEqual([]);
  });

  test('what src imports is a dependency of the package', () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    const known = new Set(Object.keys({ ...dependencies, ...optionalDependencies }));
    const wrong = bare.filter((i) => {
      const name = i.specifier.split('/', i.specifier.startsWith('@') ? 2 : 1).join('/');
      return !i.specifier.startsWith('node:') && !known.has(name);
    });
    expect(shown(wrong)).toEqual([]);
  });
});

describe('files', () => {
  const sources = filesUnder(src).map((path) => relative(src, path));

  test('every source file names its licence in the first line', () => {
    const licence = /^(#!.*\n)?\/\/ SPDX-License-Identifier: BSD-2-Clause\n/;
    expect(sources.filter((f) => !licence.test(readFileSync(join(src, f), 'utf8')))).toEqual([]);
  });

  test('no file is longer than 400 lines', () => {
    const long = sources.filter(
      (f) => readFileSync(join(src, f), 'utf8').trimEnd().split('\n').length > 400,
    );
    expect(long).toEqual([]);
  });

  test('no barrels: only index.ts files that list names', () => {
    const barrels = sources.filter((f) => /^export \*/m.test(readFileSync(join(src, f), 'utf8')));
    expect(barrels).toEqual([]);
  });

  test('the top level is a closed list', () => {
    // What git knows: a user's own scripts and tarballs are welcome. Without git, all there is.
    const git = spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' });
    const tracked = new Set(git.stdout?.split('\n').map((path) => path.split('/')[0]!));
    const visible = (git.status === 0 ? [...tracked] : readdirSync(root)).filter(
      (name) => name !== '' && !name.startsWith('.'),
    );
    // Ignored by git: made by npm, by tsc, and by the commands.
    const made = ['node_modules', 'dist', 'out', 'package-lock.json'];
    const allowed = ['package.json', 'tsconfig.json', 'README.md', 'LICENSE'];
    const folders = ['src', 'rtl', 'sim', 'test', 'scripts'];
    expect(visible.filter((n) => ![...made, ...allowed, ...folders].includes(n))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  test('specifiers are found in every form', () => {
    const text = [
      "import a, { type B } from './a.ts';",
      "import type {\n  C,\n} from './c.ts';",
      "import './d.ts';",
      "export { e } from './e.ts';",
      "const f = await import('./f.ts');",
      "// import './not.ts';",
      "/* import './nor.ts'; */",
    ].join('\n');
    expect(specifiers(text).sort()).toEqual(['./a.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });

  test.each([
    ['dev/nic/if_nic.ts', 'netipsec/pact.ts', true],
    ['dev/nic/if_nic.ts', 'netipsec/sadb.ts', false],
    ['netinet/ip_output.ts', 'netipsec/pact.ts', false],
    ['netipsec/pact.ts', 'kern/m_tag.ts', true],
    ['netipsec/pact.ts', 'netipsec/sadb.ts', false],
    ['netipsec/pact.ts', 'header/esp.ts', false],
    ['model/card.ts', 'dev/nic/nic_bus.ts', true],
    ['model/card.ts', 'dev/nic/if_nic.ts', false],
    ['ffi/world.ts', 'dev/nic/nic_bus.ts', true],
    ['ffi/world.ts', 'header/ip.ts', false],
    ['harness/library.ts', 'verilator/index.ts', true],
    ['ffi/world.ts', 'verilator/index.ts', false],
    ['kern/mbuf.ts', 'kern/errno.ts', true],
    ['kern/mbuf.ts', 'header/ip.ts', false],
    ['host.ts', 'harness/digest.ts', false],
    ['index.ts', 'cli/main.ts', false],
    ['elsewhere/x.ts', 'kern/mbuf.ts', false],
  ])('%s → %s: %s', (from, target, allowed) => {
    expect(isAllowed(from, target)).toBe(allowed);
  });
});
