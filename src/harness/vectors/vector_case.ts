// SPDX-License-Identifier: BSD-2-Clause

/** One published test case, whatever file it came from. Bytes as they go into the algorithm. */
export interface VectorCase {
  /** As its file names it: 'tcId 7', 'line 40', 'RFC 7634 App. A'. */
  readonly id: string;
  readonly comment: string;
  /** aes-gcm, aes-gmac, chacha20-poly1305, aes-cbc, hmac-sha1...; or one that nothing here knows. */
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  /** Plaintext; for a MAC its text. Empty when the file gives none (a case that must be refused). */
  readonly msg: Uint8Array;
  readonly ct: Uint8Array;
  readonly tag: Uint8Array;
  /** 'invalid' must be refused; 'acceptable' may be. */
  readonly result: 'valid' | 'invalid' | 'acceptable';
  /** Set for cases that are whole ESP packets. */
  readonly esp?: EspPacket;
}

/** An ESP packet as it goes over a wire, from its SPI to its ICV. */
export interface EspPacket {
  readonly spi: number;
  readonly esn: boolean;
  readonly salt: Uint8Array;
  readonly packet: Uint8Array;
  readonly nextHeader: number;
}

export interface VectorFile {
  readonly file: string;
  readonly format: 'wycheproof' | 'cavp' | 'esp';
  readonly cases: readonly VectorCase[];
}

/** A vectors file that is not one: where, and what was expected there. Ends with exit code 2. */
export class VectorsError extends Error {
  readonly exitCode = 2;
  readonly file: string;
  /** From 1; 0 when no line can be named. */
  readonly line: number;

  constructor(file: string, line: number, text: string) {
    super(line > 0 ? `${file}:${line}: ${text}` : `${file}: ${text}`);
    this.name = 'VectorsError';
    this.file = file;
    this.line = line;
  }
}

const HEX = /^(?:[0-9a-f]{2})*$/i;

/** Bytes of a hex string, or undefined when it is not one. */
export function hexBytes(text: unknown): Uint8Array | undefined {
  return typeof text === 'string' && HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/** Line, from 1, of a character of a text. */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

/** JSON of a file. Throws VectorsError with the line where it stops being JSON. */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    const at = /position (\d+)/.exec(message)?.[1];
    const line = lineOf(text, at === undefined ? text.length : Number(at));
    throw new VectorsError(file, line, `JSON was expected (${message})`);
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
