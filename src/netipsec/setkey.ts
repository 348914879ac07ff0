// SPDX-License-Identifier: BSD-2-Clause
import type { SaParams } from './sa.ts';
import type { Sadb } from './sadb.ts';
import { SadbError, type SadbErrorCode } from './sadb_error.ts';
import { SetkeyChecks } from './setkey_check.ts';
import { type Place, SetkeyError } from './setkey_error.ts';
import { SetkeyLexer } from './setkey_lexer.ts';
import { parsePolicy, parseSelector } from './setkey_policy.ts';
import { parseEnds, parseProtocol, parseSa, parseSpi, type SaEnds } from './setkey_sa.ts';
import { type Policy, type Selector, type Spd, SpdError, type SpdErrorCode } from './spd.ts';

/** One statement of a setkey(8) file, as FreeBSD documents them; `at` is where it can go wrong. */
export type SetkeyStatement = { readonly at: Place } & (
  | { readonly op: 'add' | 'update'; readonly sa: SaParams }
  | ({ readonly op: 'get' | 'delete'; readonly spi: number } & SaEnds)
  | ({ readonly op: 'deleteall' } & SaEnds)
  | { readonly op: 'flush' | 'dump' | 'spdflush' | 'spddump' }
  | { readonly op: 'spdadd' | 'spdupdate'; readonly policy: Policy }
  | { readonly op: 'spddelete'; readonly selector: Selector }
);

/** Something that the file asks for, and that is not done. */
export interface SetkeyNote extends Place {
  readonly text: string;
}

export interface SetkeyFile {
  readonly file: string;
  readonly statements: readonly SetkeyStatement[];
  readonly notes: readonly SetkeyNote[];
}

const OPS =
  'add, update, get, delete, deleteall, flush, dump, spdadd, spdupdate, spddelete, spdflush or spddump';

/** The notes of a file, each with its place. */
export function setkeyNotes({ file, notes }: SetkeyFile): string[] {
  return notes.map(({ line, column, text }) => `${file}:${line}:${column}: ${text}`);
}

/** Parses the text of a setkey(8) file. Throws SetkeyError. */
export function parseSetkey(text: string, file = 'setkey'): SetkeyFile {
  const lex = new SetkeyLexer(text, file);
  const statements: SetkeyStatement[] = [];
  const notes: SetkeyNote[] = [];
  const checks = new SetkeyChecks(file, notes);
  while (lex.peek().kind !== 'end') {
    if (lex.peek().kind === ';') {
      lex.next();
      continue;
    }
    const s = parseStatement(lex, notes);
    lex.expect(';');
    checks.see(s);
    statements.push(s);
  }
  return { file, statements, notes };
}

function parseStatement(lex: SetkeyLexer, notes: SetkeyNote[]): SetkeyStatement {
  const t = lex.word(OPS);
  const at: Place = { line: t.line, column: t.column };
  const note = ({ line, column }: Place, text: string) => notes.push({ line, column, text });
  switch (t.text) {
    case 'add':
    case 'update': {
      const ends = parseEnds(lex);
      const { line, column } = lex.peek();
      const spi = parseSpi(lex);
      return { op: t.text, at: { line, column }, sa: parseSa(lex, ends, spi, note) };
    }
    case 'get':
    case 'delete': {
      if (t.text === 'get') note(t, 'get: nothing is shown');
      const ends = parseEnds(lex);
      return { op: t.text, at, ...ends, spi: parseSpi(lex) };
    }
    case 'deleteall':
      return { op: t.text, at, ...parseEnds(lex) };
    case 'flush':
    case 'dump':
      if (t.text === 'dump') note(t, 'dump: nothing is shown');
      if (lex.peek().kind !== ';') parseProtocol(lex);
      return { op: t.text, at };
    case 'spdadd':
    case 'spdupdate':
      skipFamily(lex);
      return { op: t.text, at, policy: parsePolicy(lex) };
    case 'spddelete':
      skipFamily(lex);
      return { op: t.text, at, selector: parseSelector(lex) };
    case 'spddump':
      note(t, 'spddump: nothing is shown');
      return { op: t.text, at };
    case 'spdflush':
      return { op: t.text, at };
    default:
      throw lex.error(t, OPS);
  }
}

function skipFamily(lex: SetkeyLexer): void {
  while (['-4', '-6', '-n', '-4n', '-6n', '-46n'].some((w) => lex.takeWord(w)));
}

/** What would have been right where a database refused. */
const EXPECTED: Readonly<Partial<Record<SadbErrorCode | SpdErrorCode, string>>> = {
  duplicateSpi: 'an SPI that this destination does not have yet',
  keyInUse: 'a key that no SA sends with',
  noSa: 'an SA that is there',
  full: 'room for one more SA',
  offloadRefused: 'an offload that a card gives',
  policyExists: 'selectors that no policy has yet',
  noPolicy: 'a policy that is there',
};

/** Does what the file says, in its order. Throws SetkeyError; what came before it stays done. */
export function applySetkey(to: { readonly sadb: Sadb; readonly spd: Spd }, f: SetkeyFile): void {
  for (const s of f.statements) {
    try {
      applyStatement(to.sadb, to.spd, s, f.file);
    } catch (e) {
      if (e instanceof SadbError || e instanceof SpdError) {
        throw new SetkeyError(f.file, s.at, EXPECTED[e.code] ?? 'an SA that can be', e.message);
      }
      throw e;
    }
  }
}

function applyStatement(sadb: Sadb, spd: Spd, s: SetkeyStatement, file: string): void {
  switch (s.op) {
    case 'add':
      sadb.add(s.sa);
      return;
    case 'delete': {
      const sa = sadb.find(s.dst, s.spi, s.proto);
      if (sa === null) throw new SetkeyError(file, s.at, 'an SA that is there', `SPI ${s.spi}`);
      sadb.delete(sa);
      return;
    }
    case 'deleteall':
      sadb.deleteBetween(s.src, s.dst, s.proto);
      return;
    case 'flush':
      sadb.flush();
      return;
    case 'update':
      sadb.update(s.sa);
      return;
    case 'spdadd':
      spd.add(s.policy);
      return;
    case 'spdupdate':
      spd.update(s.policy);
      return;
    case 'spddelete':
      spd.delete(s.selector);
      return;
    case 'spdflush':
      spd.flush();
      return;
    case 'get':
    case 'dump':
    case 'spddump':
      return;
  }
}
