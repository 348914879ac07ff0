// SPDX-License-Identifier: BSD-2-Clause
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exitCode } from './exit_code.ts';

/** Bad arguments or bad input: one line that says what was expected. Ends with exit code 2. */
export class UsageError extends Error {
  readonly exitCode = exitCode.usage;

  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

interface OptionBase {
  /** One line of `--help`. */
  help: string;
  short?: string;
  /** Environment variable that stands in for the option; the option wins. */
  env?: string;
}
interface FlagOption extends OptionBase {
  type: 'flag';
}
interface StringOption extends OptionBase {
  type: 'string';
  /** Placeholder in `--help`. */
  value: string;
  default?: string;
}
interface NumberOption extends OptionBase {
  type: 'integer' | 'number';
  value: string;
  min?: number;
  max?: number;
  default?: number;
}
interface ChoiceOption extends OptionBase {
  type: 'choice';
  choices: readonly string[];
  default?: string;
}
/** Given several times, or several values at once between commas. */
interface ListOption extends OptionBase {
  type: 'list';
  value: string;
}
export type Option = FlagOption | StringOption | NumberOption | ChoiceOption | ListOption;
export type OptionTable = Readonly<Record<string, Option>>;

type Optional<O, T> = O extends { default: unknown } ? T : T | undefined;
type Value<O> = O extends { type: 'flag' }
  ? boolean
  : O extends { type: 'list' }
    ? readonly string[]
    : O extends { type: 'integer' | 'number' }
      ? Optional<O, number>
      : O extends { choices: readonly (infer C)[] }
        ? Optional<O, C>
        : Optional<O, string>;
export type Values<T extends OptionTable> = { -readonly [K in keyof T]: Value<T[K]> };

/** Options that every command has. */
export const commonOptions = {
  json: { type: 'flag', help: 'print one JSON object on stdout and nothing else there' },
  seed: {
    type: 'integer',
    value: 'N',
    min: 0,
    max: 2 ** 32 - 1,
    env: 'SEED',
    help: 'seed of everything random (default 1)',
  },
  out: {
    type: 'string',
    value: 'DIR',
    default: 'out',
    help: 'directory for what the command writes',
  },
} as const satisfies OptionTable;

/** The known name nearest to a mistyped one, if it is near. */
export const suggest = (typed: string, known: readonly string[]): string | undefined => {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
        next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
      }
      row = next;
    }
    return row[b.length]!;
  };
  const near = known
    .map((name) => ({ name, far: name.startsWith(typed) ? 1 : distance(typed, name) }))
    .sort((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= Math.max(2, typed.length / 3) ? near.name : undefined;
};

/** "unknown thing 'typed'; did you mean 'name'?" */
export const unknown = (thing: string, typed: string, known: readonly string[]): UsageError => {
  const near = suggest(typed, known);
  const rest = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`;
  return new UsageError(`unknown ${thing} '${typed}'; ${rest}`);
};

const readValue = (where: string, option: Option, text: string): unknown => {
  switch (option.type) {
    case 'flag':
      return text !== '' && text !== '0' && text !== 'false';
    case 'string':
      return text;
    case 'list': {
      const parts = text.split(',').filter((part) => part !== '');
      if (parts.length === 0) throw new UsageError(`${where} needs a value`);
      return parts;
    }
    case 'choice':
      if (option.choices.includes(text)) return text;
      throw unknown(`value of ${where}:`, text, option.choices);
    default: {
      const number = /^-?(\d+\.?\d*|\.\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
      const { min = -Infinity, max = Infinity } = option;
      const whole = option.type === 'number' || Number.isSafeInteger(number);
      if (whole && number >= min && number <= max) return number;
      const kind = option.type === 'integer' ? 'a whole number' : 'a number';
      const bounds =
        min > -Infinity && max < Infinity
          ? ` from ${min} to ${max}`
          : min > -Infinity
            ? ` of at least ${min}`
            : '';
      throw new UsageError(`${where}: expected ${kind}${bounds}, got '${text}'`);
    }
  }
};

/**
 * Reads a command's arguments.
 * @param positionals how many arguments without a dash the command takes
 * @throws UsageError
 */
export const parseOptions = <const T extends OptionTable>(
  options: T,
  argv: readonly string[],
  positionals: { min: number; max: number; name: string } = { min: 0, max: 0, name: '' },
): { values: Values<T>; positionals: string[] } => {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, option]) => [
        name,
        {
          type: option.type === 'flag' ? ('boolean' as const) : ('string' as const),
          ...(option.short === undefined ? {} : { short: option.short }),
        },
      ]),
    ),
  });
  const values: Record<string, unknown> = {};
  const rest: string[] = [];
  for (const [name, option] of Object.entries(options)) {
    const fromEnv = option.env === undefined ? undefined : process.env[option.env];
    values[name] =
      fromEnv !== undefined && fromEnv !== ''
        ? readValue(`$${option.env}`, option, fromEnv)
        : option.type === 'flag'
          ? false
          : option.type === 'list'
            ? []
            : option.default;
  }
  for (const token of tokens) {
    if (token.kind === 'positional') rest.push(token.value);
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) {
      throw unknown(
        'option',
        token.rawName,
        Object.keys(options).map((name) => `--${name}`),
      );
    }
    if (option.type === 'flag') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      values[token.name] = true;
    } else {
      if (token.value === undefined) throw new UsageError(`${token.rawName} needs a value`);
      const value = readValue(token.rawName, option, token.value);
      const isList = option.type === 'list';
      values[token.name] = isList
        ? [...(values[token.name] as string[]), ...(value as string[])]
        : value;
    }
  }
  if (rest.length > positionals.max) {
    throw new UsageError(`unexpected argument '${rest[positionals.max]}'`);
  }
  if (rest.length < positionals.min) throw new UsageError(`missing ${positionals.name}`);
  return { values: values as Values<T>, positionals: rest };
};

/** The text of `--help`. */
export const helpText = (usage: string, about: string, options: OptionTable): string => {
  const rows = Object.entries(options).map(([name, option]) => {
    const value =
      option.type === 'flag'
        ? ''
        : ` ${option.type === 'choice' ? option.choices.join('|') : option.value}`;
    const short = option.short === undefined ? '' : `-${option.short}, `;
    const initial = option.type === 'flag' || option.type === 'list' ? undefined : option.default;
    const extra = [
      ...(initial === undefined ? [] : [`default ${initial}`]),
      ...(option.env === undefined ? [] : [`env ${option.env}`]),
    ];
    const note = extra.length > 0 ? ` (${extra.join(', ')})` : '';
    return [`  ${short}--${name}${value}`, `${option.help}${note}`] as const;
  });
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  const list = rows.map(([left, right]) =>
    left.length > width
      ? `${left}\n${' '.repeat(width + 2)}${right}`
      : `${left.padEnd(width + 2)}${right}`,
  );
  return `usage: ${usage}\n\n${about.trim()}\n\noptions:\n${list.join('\n')}\n`;
};

/** mkdir -p. Not Node's own `recursive`, which in a place like /proc tries for ever. */
export const makeDirectory = (path: string): void => {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path);
  }
};

/**
 * Makes the directory of `--out` and returns its full path.
 * @param files what the command will write there
 * @throws UsageError when it, or one of the files, cannot be written
 */
export const outDirectory = (name: string, files: readonly string[] = []): string => {
  const path = resolve(name);
  let what = name;
  try {
    makeDirectory(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    for (const file of files) {
      const existing = join(path, file);
      what = join(name, file);
      if (existsSync(existing)) closeSync(openSync(existing, constants.O_WRONLY));
    }
  } catch (error) {
    throw new UsageError(
      `--out ${what}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
    );
  }
  return path;
};
