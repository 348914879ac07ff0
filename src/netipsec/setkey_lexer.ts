// SPDX-License-Identifier: BSD-2-Clause
import { type Place, SetkeyError } from './setkey_error.ts';

export type TokenKind = 'word' | 'string' | ';' | '[' | ']' | 'end';

export interface Token extends Place {
  readonly kind: TokenKind;
  /** A string's without its quotes. */
  readonly text: string;
}

const BLANK = /[ \t\r\n\f\v]/;
const PUNCTUATION = ';[]';
const MAYBE_KEY = /^(0[xX])?[0-9a-fA-F]{13,}/;

/** Words, "strings" and ; [ ] of a setkey(8) file. A comment runs from # to the end of its line. */
export class SetkeyLexer {
  readonly file: string;
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #peeked: Token | null = null;

  constructor(text: string, file: string) {
    this.#text = text;
    this.file = file;
  }

  /** The next token, still to be read. */
  peek(): Token {
    this.#peeked ??= this.#read();
    return this.#peeked;
  }

  next(): Token {
    const token = this.peek();
    this.#peeked = null;
    return token;
  }

  /** Reads the next token if it is this word. */
  takeWord(text: string): boolean {
    const t = this.peek();
    if (t.kind !== 'word' || t.text !== text) return false;
    this.next();
    return true;
  }

  /** The next word, for which `expected` is what a person would call it. */
  word(expected: string): Token {
    const t = this.next();
    if (t.kind !== 'word') throw this.error(t, expected);
    return t;
  }

  expect(kind: ';' | ']'): void {
    const t = this.next();
    if (t.kind !== kind) throw this.error(t, `"${kind}"`);
  }

  error(t: Token, expected: string, found: string = describe(t)): SetkeyError {
    return new SetkeyError(this.file, t, expected, found);
  }

  #read(): Token {
    this.#skipBlanks();
    const text = this.#text;
    const start = this.#at;
    const place = { line: this.#line, column: start - this.#lineStart + 1 };
    if (start >= text.length) return { kind: 'end', text: '', ...place };
    const c = text[start]!;
    if (c === '"') return this.#readString(place);
    if (PUNCTUATION.includes(c)) {
      this.#at++;
      return { kind: c as TokenKind, text: c, ...place };
    }
    while (this.#at < text.length && isWordChar(text[this.#at]!)) this.#at++;
    return { kind: 'word', text: text.slice(start, this.#at), ...place };
  }

  #readString(place: Place): Token {
    const end = this.#text.indexOf('"', this.#at + 1);
    if (end < 0) {
      throw new SetkeyError(this.file, place, 'a closing quote', 'the end of the file');
    }
    const text = this.#text.slice(this.#at + 1, end);
    if (text.includes('\n')) {
      throw new SetkeyError(this.file, place, 'a closing quote', 'the end of the line');
    }
    this.#at = end + 1;
    return { kind: 'string', text, ...place };
  }

  #skipBlanks(): void {
    const text = this.#text;
    while (this.#at < text.length) {
      const c = text[this.#at]!;
      if (c === '#') {
        const end = text.indexOf('\n', this.#at);
        this.#at = end < 0 ? text.length : end;
      } else if (BLANK.test(c)) {
        this.#at++;
        if (c === '\n') {
          this.#line++;
          this.#lineStart = this.#at;
        }
      } else {
        return;
      }
    }
  }
}

function isWordChar(c: string): boolean {
  return !BLANK.test(c) && !PUNCTUATION.includes(c) && c !== '"' && c !== '#';
}

/** What may be a key in the wrong place is not repeated: a string, or many hexadecimal digits. */
function describe(t: Token): string {
  if (t.kind === 'end') return 'the end of the file';
  if (t.kind === 'string') return 'a string';
  return MAYBE_KEY.test(t.text) ? 'a long number' : `"${t.text}"`;
}
