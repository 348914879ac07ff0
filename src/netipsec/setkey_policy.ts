// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../header/ip.ts';
import { type IpAddr, ipAddrFamily } from '../header/ip_addr.ts';
import { IPPROTO_ICMPV6 } from '../header/ip6.ts';
import type { SetkeyLexer, Token } from './setkey_lexer.ts';
import { address, type Range, range, UPPERSPEC, wholeNumber } from './setkey_value.ts';
import type { Action, Direction, IpsecRequest, Level, Policy, Selector } from './spd.ts';

/** src_range dst_range upperspec -P direction */
export function parseSelector(lex: SetkeyLexer): Selector {
  const src = range(lex);
  const at = lex.peek();
  const dst = range(lex);
  if (ipAddrFamily(src.addr) !== ipAddrFamily(dst.addr)) {
    throw lex.error(at, `a range of IPv${ipAddrFamily(src.addr)}, as the source is`);
  }
  const proto = parseUpperspec(lex);
  const [type, code] = proto === IPPROTO_ICMPV6 ? parseIcmpType(lex) : [src.port, dst.port];
  if (!lex.takeWord('-P')) throw lex.error(lex.peek(), '"-P" and the policy');
  const direction = parseDirection(lex);
  return toSelector(direction, { ...src, port: type }, { ...dst, port: code }, proto);
}

/** The rest of spdadd: `discard`, `none`, or `ipsec` and its requests. */
export function parsePolicy(lex: SetkeyLexer): Policy {
  const selector = parseSelector(lex);
  const t = lex.word('"discard", "none" or "ipsec"');
  if (t.text !== 'discard' && t.text !== 'none' && t.text !== 'ipsec') {
    throw lex.error(t, '"discard", "none" or "ipsec"');
  }
  const action: Action = t.text;
  const requests: IpsecRequest[] = [];
  if (action === 'ipsec') {
    do requests.push(parseRequest(lex));
    while (lex.peek().kind === 'word');
  }
  return { ...selector, action, requests };
}

function parseUpperspec(lex: SetkeyLexer): number {
  const expected = 'an upper protocol: any, icmp, icmp6, tcp, udp, esp, or a number';
  const t = lex.word(expected);
  const known = UPPERSPEC[t.text];
  if (known !== undefined) return known;
  return wholeNumber(lex, t, expected, 0, 255);
}

/** `icmp6 135,0`: type and code; 0 is any, as in KAME. */
function parseIcmpType(lex: SetkeyLexer): [number, number] {
  const t = lex.peek();
  if (t.kind !== 'word' || !/^\d/.test(t.text)) return [0, 0];
  lex.next();
  const [type = '', code = '0', ...more] = t.text.split(',');
  const expected = 'an ICMPv6 type, or type,code';
  if (more.length > 0) throw lex.error(t, expected);
  const number = (text: string) => wholeNumber(lex, { ...t, text }, expected, 0, 255);
  return [number(type), number(code)];
}

function parseDirection(lex: SetkeyLexer): Direction {
  const t = lex.word('"in" or "out"');
  if (t.text !== 'in' && t.text !== 'out') throw lex.error(t, '"in" or "out"');
  return t.text;
}

/** esp/transport//require, esp/tunnel/src-dst/unique:7 */
function parseRequest(lex: SetkeyLexer): IpsecRequest {
  const t = lex.word('protocol/mode/src-dst/level');
  const parts = t.text.split('/');
  const piece = (i: number): Token => {
    const before = parts.slice(0, i).join('/').length + (i > 0 ? 1 : 0);
    return { kind: 'word', text: parts[i] ?? '', line: t.line, column: t.column + before };
  };
  if (parts[0] !== 'esp' && parts[0] !== 'ah') {
    throw lex.error(piece(0), '"esp" or "ah" (IPComp is not supported)');
  }
  const mode = parts[1];
  if (mode !== 'transport' && mode !== 'tunnel') {
    throw lex.error(piece(1), '"transport" or "tunnel"');
  }
  if (parts.length > 4) throw lex.error(piece(4), 'no more than protocol/mode/src-dst/level');
  const ends = parts[2] ?? '';
  let src: IpAddr = 0;
  let dst: IpAddr = 0;
  if (mode === 'tunnel') {
    const dash = ends.indexOf('-');
    if (dash < 0) throw lex.error(piece(2), "the tunnel's ends, src-dst");
    const from = piece(2);
    src = address(lex, { ...from, text: ends.slice(0, dash) });
    const to = { ...from, text: ends.slice(dash + 1), column: from.column + dash + 1 };
    dst = address(lex, to);
    if (ipAddrFamily(src) !== ipAddrFamily(dst)) {
      throw lex.error(to, `an IPv${ipAddrFamily(src)} address, as the other end is`);
    }
  }
  const proto = parts[0] === 'ah' ? IPPROTO_AH : IPPROTO_ESP;
  return { proto, mode, src, dst, ...parseLevel(lex, piece(3)) };
}

function parseLevel(lex: SetkeyLexer, t: Token): { level: Level; reqid: number } {
  // Fail closed: the kernel's default is a sysctl; here "default" means require.
  if (t.text === '' || t.text === 'default' || t.text === 'require') {
    return { level: 'require', reqid: 0 };
  }
  if (t.text === 'use') return { level: 'use', reqid: 0 };
  if (t.text === 'unique') return { level: 'unique', reqid: 0 };
  if (t.text.startsWith('unique:')) {
    const id = { ...t, text: t.text.slice(7), column: t.column + 7 };
    return { level: 'unique', reqid: wholeNumber(lex, id, 'an id from 1 to 32767', 1, 32767) };
  }
  throw lex.error(t, 'a level: default, use, require, unique or unique:number');
}

function toSelector(direction: Direction, src: Range, dst: Range, proto: number): Selector {
  return {
    direction,
    src: src.addr,
    srcPrefixLen: src.prefixLen,
    dst: dst.addr,
    dstPrefixLen: dst.prefixLen,
    proto,
    sport: src.port,
    dport: dst.port,
  };
}
