// SPDX-License-Identifier: BSD-2-Clause
import { type IpAddr, ipAddrFamily, ipAddrParse } from '../header/ip_addr.ts';
import type { SetkeyLexer, Token } from './setkey_lexer.ts';

/** Upper protocols by the names of /etc/protocols that are of use in a policy. */
export const UPPERSPEC: Readonly<Record<string, number>> = {
  any: 0,
  icmp: 1,
  igmp: 2,
  ip4: 4,
  ip6: 41,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  icmp6: 58,
  sctp: 132,
};

/** address/prefixlen[port] */
export interface Range {
  readonly addr: IpAddr;
  readonly prefixLen: number;
  /** 0 = any. */
  readonly port: number;
}

const ADDRESS = 'an IPv4 or IPv6 address';

export function address(lex: SetkeyLexer, t: Token): IpAddr {
  if (t.kind !== 'word') throw lex.error(t, ADDRESS);
  try {
    return ipAddrParse(t.text);
  } catch {
    throw lex.error(t, ADDRESS);
  }
}

export function range(lex: SetkeyLexer): Range {
  const t = lex.word(`${ADDRESS} or address/prefixlen`);
  const slash = t.text.indexOf('/');
  const host = slash < 0 ? t : { ...t, text: t.text.slice(0, slash) };
  const addr = address(lex, host);
  const most = ipAddrFamily(addr) === 4 ? 32 : 128;
  let prefixLen = most;
  if (slash >= 0) {
    const len = { ...t, text: t.text.slice(slash + 1), column: t.column + slash + 1 };
    prefixLen = wholeNumber(lex, len, `a prefix length from 0 to ${most}`, 0, most);
  }
  return { addr, prefixLen, port: port(lex) };
}

/** [port] or [any], or nothing: 0. */
export function port(lex: SetkeyLexer): number {
  if (lex.peek().kind !== '[') return 0;
  lex.next();
  const t = lex.word('a port');
  const expected = 'a port from 0 to 65535 or "any"';
  const n = t.text === 'any' ? 0 : wholeNumber(lex, t, expected, 0, 65535);
  lex.expect(']');
  return n;
}

/** A decimal or 0x number in [min, max]. */
export function wholeNumber(
  lex: SetkeyLexer,
  t: Token,
  expected: string,
  min: number,
  max: number,
): number {
  const isNumber = t.kind === 'word' && /^(\d{1,16}|0[xX][0-9a-fA-F]{1,12})$/.test(t.text);
  const n = isNumber ? Number(t.text) : Number.NaN;
  if (!(n >= min && n <= max)) throw lex.error(t, expected);
  return n;
}

/** "characters" or 0x and an even number of hexadecimal digits. */
export function keyBytes(lex: SetkeyLexer, t: Token): Uint8Array {
  if (t.kind === 'string') return Uint8Array.from(Buffer.from(t.text, 'utf8'));
  if (t.kind !== 'word' || !/^0[xX]([0-9a-fA-F]{2})+$/.test(t.text)) {
    // The text is not repeated: it may be most of a key.
    const expected = 'a key: "characters", or 0x and an even number of hex digits';
    throw lex.error(t, expected, t.kind === 'word' ? 'something else' : undefined);
  }
  return Uint8Array.from(Buffer.from(t.text.slice(2), 'hex'));
}
