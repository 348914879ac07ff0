// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../header/ip.ts';
import { type IpAddr, ipAddrFamily } from '../header/ip_addr.ts';
import {
  AUTHS,
  type AuthAlg,
  authByName,
  CIPHERS,
  type CipherAlg,
  cipherByName,
} from '../opencrypto/algorithm.ts';
import { whyForbidden } from '../opencrypto/forbidden.ts';
import { type NattParams, UDP_ENCAP_PORT } from './natt.ts';
import type { DfBit, SaMode, SaParams } from './sa.ts';
import type { SaLifetime } from './sa_lifetime.ts';
import { checkParams } from './sa_params.ts';
import { SadbError } from './sadb_error.ts';
import type { SetkeyLexer, Token } from './setkey_lexer.ts';
import { address, keyBytes, port, wholeNumber } from './setkey_value.ts';

/** Remarks on what a file asks for and does not get. */
export type Note = (t: Token, text: string) => void;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Writable<SaParams>;
type Option = (lex: SetkeyLexer, sa: Draft, t: Token, note: Note) => void;

const MAX_REPLAY_BYTES = 8192;
const NO_KEY = new Uint8Array(0);

/** What names an SA but for its SPI. */
export interface SaEnds {
  readonly src: IpAddr;
  readonly dst: IpAddr;
  readonly proto: number;
  /** Of esp-udp. */
  readonly natt?: NattParams;
}

/** src[port] dst[port] protocol; -4, -6 and -n before them. */
export function parseEnds(lex: SetkeyLexer): SaEnds {
  let family = 0;
  for (let t = lex.peek(); t.kind === 'word' && /^-[46n]+$/.test(t.text); t = lex.peek()) {
    if (t.text.includes('6')) family = 6;
    if (t.text.includes('4')) family = 4;
    lex.next();
  }
  const first = lex.peek();
  const src = address(lex, lex.next());
  if (family !== 0 && ipAddrFamily(src) !== family) throw lex.error(first, `IPv${family} address`);
  const sport = port(lex);
  const second = lex.peek();
  const dst = address(lex, lex.next());
  if (ipAddrFamily(src) !== ipAddrFamily(dst)) {
    throw lex.error(second, `an IPv${ipAddrFamily(src)} address, as the source is`);
  }
  const dport = port(lex);
  // NetBSD's way to ask for UDP encapsulation (RFC 3948).
  if (!lex.takeWord('esp-udp')) return { src, dst, proto: parseProtocol(lex) };
  const natt = { sport: sport || UDP_ENCAP_PORT, dport: dport || UDP_ENCAP_PORT };
  return { src, dst, proto: IPPROTO_ESP, natt };
}

export function parseProtocol(lex: SetkeyLexer): number {
  const t = lex.word('protocol "esp" or "ah"');
  if (t.text === 'esp') return IPPROTO_ESP;
  if (t.text === 'ah') return IPPROTO_AH;
  throw lex.error(t, 'protocol "esp" or "ah" (no other is supported)');
}

// RFC 4303 §2.1: "SPI values in the range 1 through 255 are reserved".
export function parseSpi(lex: SetkeyLexer): number {
  return wholeNumber(lex, lex.next(), 'an SPI from 256 to 0xffffffff', 256, 0xffffffff);
}

/** The rest of `add`, after the SPI. */
export function parseSa(lex: SetkeyLexer, ends: SaEnds, spi: number, note: Note): SaParams {
  const sa: Draft = { ...ends, spi, cipher: 'null', key: NO_KEY };
  const first = lex.peek();
  let hasAlgorithm = false;
  while (lex.peek().kind !== ';') {
    const t = lex.word('an extension, an algorithm or ";"');
    const option = OPTIONS[t.text];
    if (option === undefined) throw lex.error(t, `one of ${Object.keys(OPTIONS).join(' ')}`);
    option(lex, sa, t, note);
    if (t.text === '-E' || t.text === '-A') hasAlgorithm = true;
  }
  if (!hasAlgorithm) throw lex.error(lex.peek(), 'an algorithm: -E name key, or -A name key');
  try {
    checkParams(sa);
  } catch (e) {
    if (e instanceof SadbError) throw lex.error(first, 'an SA that can be', e.message);
    throw e;
  }
  return sa;
}

const OPTIONS: Readonly<Record<string, Option>> = {
  '-m': (lex, sa) => {
    const t = lex.word('a mode: transport, tunnel or any');
    const isMode = t.text === 'transport' || t.text === 'tunnel' || t.text === 'any';
    if (!isMode) throw lex.error(t, 'a mode: transport, tunnel or any');
    sa.mode = t.text as SaMode;
  },
  '-r': (lex, sa) => {
    // In octets of the bitmap: an eighth of the window in packets.
    const expected = `a replay window in bytes, at most ${MAX_REPLAY_BYTES}`;
    sa.replayPackets = 8 * wholeNumber(lex, lex.next(), expected, 0, MAX_REPLAY_BYTES);
  },
  '-u': (lex, sa) => {
    sa.reqid = wholeNumber(lex, lex.next(), 'an id from 0 to 32767', 0, 32767);
  },
  '-f': (lex, _sa, _option, note) => {
    const expected = 'zero-pad, random-pad, seq-pad or nocyclic-seq';
    const t = lex.word(expected);
    if (t.text === 'seq-pad' || t.text === 'nocyclic-seq') return;
    if (t.text !== 'zero-pad' && t.text !== 'random-pad') throw lex.error(t, expected);
    note(t, `${t.text}: padding is always 1, 2, 3 … (RFC 4303 §2.4)`);
  },
  '-E': (lex, sa) => {
    const t = lex.word('an encryption algorithm');
    const alg = cipherByName(t.text);
    if (alg === undefined) {
      throw lex.error(t, `an encryption algorithm: ${names(CIPHERS)}`, whyForbidden(t.text));
    }
    sa.cipher = alg.name;
    sa.key = alg.openssl === '' ? NO_KEY : parseKey(lex, cipherKeyBytes(alg));
  },
  '-A': (lex, sa) => {
    const t = lex.word('an authentication algorithm');
    if (t.text === 'null') return;
    const alg = authByName(t.text);
    if (alg === undefined) {
      const expected = `an authentication algorithm: ${names(AUTHS)}, null`;
      throw lex.error(t, expected, whyForbidden(t.text));
    }
    sa.auth = alg.name;
    sa.authKey = parseKey(lex, authKeyBytes(alg));
  },
  '-esn': (_lex, sa) => {
    sa.esn = true;
  },
  '-df': (lex, sa) => {
    const t = lex.word('copy, set or clear');
    const isDf = t.text === 'copy' || t.text === 'set' || t.text === 'clear';
    if (!isDf) throw lex.error(t, 'copy, set or clear');
    sa.df = t.text as DfBit;
  },
  '-dscp': (lex, sa) => {
    sa.dscp = wholeNumber(lex, lex.next(), 'a DSCP from 0 to 63', 0, 63);
  },
  '-hwif': (lex, sa) => {
    sa.hwif = lex.word('the name of an interface').text;
  },
  // Not in setkey(8): what `ip xfrm` has as `offload packet` and `offload crypto`.
  '-offload': (lex, sa) => {
    const expected = 'packet, crypto or no, and `-strict` behind it when nothing less will do';
    const t = lex.word(expected);
    if (t.text !== 'packet' && t.text !== 'crypto' && t.text !== 'no') throw lex.error(t, expected);
    sa.offload = t.text;
    if (lex.takeWord('-strict')) sa.offloadStrict = true;
  },
  // Of this package: setkey(8) cannot ask for them.
  '-tfcpad': (lex, sa) => {
    sa.tfcPadBytes = wholeNumber(lex, lex.next(), 'bytes, from 1 to 65535', 1, 65535);
  },
  '-dummy': (lex, sa) => {
    sa.dummyEvery = wholeNumber(lex, lex.next(), 'packets, from 1 to 65535', 1, 65535);
  },
  '-lh': lifetime('hardSeconds'),
  '-ls': lifetime('softSeconds'),
  '-bh': lifetime('hardBytes'),
  '-bs': lifetime('softBytes'),
  // FreeBSD's way: -natt oai[sport] oar[dport], the addresses before NAT.
  '-natt': (lex, sa) => {
    address(lex, lex.next());
    const sport = port(lex) || UDP_ENCAP_PORT;
    address(lex, lex.next());
    sa.natt = { sport, dport: port(lex) || UDP_ENCAP_PORT };
  },
  '-natt_mtu': (lex, _sa, t, note) => {
    wholeNumber(lex, lex.next(), 'a size in bytes', 0, 65535);
    note(t, '-natt_mtu: fragments are as large as the MTU lets them be');
  },
};

function lifetime(limit: keyof SaLifetime): Option {
  return (lex, sa) => {
    const expected = 'a lifetime, a whole number above 0';
    const n = wholeNumber(lex, lex.next(), expected, 1, Number.MAX_SAFE_INTEGER);
    sa.lifetime = { ...sa.lifetime, [limit]: n };
  };
}

function parseKey(lex: SetkeyLexer, lengths: readonly number[]): Uint8Array {
  const t = lex.next();
  const key = keyBytes(lex, t);
  if (!lengths.includes(key.length)) {
    throw lex.error(
      t,
      `a key of ${lengths.join(', ')} bytes`,
      key.length === 1 ? '1 byte' : `${key.length} bytes`,
    );
  }
  return key;
}

function cipherKeyBytes(alg: CipherAlg): number[] {
  return alg.keyBytes.map((n) => n + alg.saltBytes);
}

function authKeyBytes(alg: AuthAlg): number[] {
  return [alg.keyBytes];
}

function names(algs: readonly { readonly name: string }[]): string {
  return algs.map((a) => a.name).join(', ');
}
