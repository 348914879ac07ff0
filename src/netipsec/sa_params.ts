// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../header/ip.ts';
import { ipAddrFamily } from '../header/ip_addr.ts';
import { type AuthAlg, authByName, type CipherAlg, cipherByName } from '../opencrypto/algorithm.ts';
import { whyForbidden } from '../opencrypto/forbidden.ts';
import type { SaParams } from './sa.ts';
import { LIFETIME_UNITS, type SaLifetime } from './sa_lifetime.ts';
import { SadbError } from './sadb_error.ts';

const MAX_REPLAY_PACKETS = 65536;

export interface CheckedAlgs {
  readonly cipher: CipherAlg;
  readonly auth: AuthAlg | null;
}

/** What is wrong with these parameters, as a SadbError thrown; or the algorithms' rows. */
export function checkParams(p: SaParams): CheckedAlgs {
  if (!(p.spi >= 256 && p.spi <= 0xffff_ffff)) {
    throw new SadbError('badSpi', `SPI ${p.spi} is not between 256 and 4294967295 (RFC 4303 §2.1)`);
  }
  if (ipAddrFamily(p.src) !== ipAddrFamily(p.dst)) {
    throw new SadbError('twoFamilies', 'source and destination are of two address families');
  }
  checkLifetime(p.lifetime ?? {});
  checkNatt(p);
  checkTfc(p);
  const cipher = cipherByName(p.cipher);
  if (cipher === undefined) throw noSuchAlgorithm('encryption', p.cipher);
  const lengths = cipher.keyBytes.map((n) => n + cipher.saltBytes);
  if (!lengths.includes(p.key.length)) {
    const want = lengths.join(', ');
    const salt = cipher.saltBytes > 0 ? ` (${cipher.saltBytes} of them salt)` : '';
    const text = `key of ${cipher.name} has ${p.key.length} bytes, expected ${want}${salt}`;
    throw new SadbError('badKeyLength', text);
  }
  const window = p.replayPackets ?? 0;
  if (window < 0 || window % 8 !== 0 || window > MAX_REPLAY_PACKETS) {
    const text = `replay window of ${window} packets is no multiple of 8 up to ${MAX_REPLAY_PACKETS}`;
    throw new SadbError('badReplayWindow', text);
  }
  if (p.esn === true && window === 0) {
    const text = 'extended sequence numbers need a replay window (RFC 4303 App. A)';
    throw new SadbError('badReplayWindow', text);
  }
  return { cipher, auth: checkAuth(p, cipher) };
}

function checkLifetime(life: SaLifetime): void {
  for (const [name, limit] of Object.entries(life)) {
    if (limit > 0) continue;
    throw new SadbError('badLifetime', `a lifetime of ${limit} (${name}) lets no packet pass`);
  }
  for (const unit of LIFETIME_UNITS) {
    const [soft, hard] = [life[`soft${unit}`], life[`hard${unit}`]];
    if (soft === undefined || hard === undefined || soft <= hard) continue;
    const text = `the soft lifetime of ${soft} ${unit} is beyond the hard one of ${hard}`;
    throw new SadbError('badLifetime', text);
  }
}

function checkNatt(p: SaParams): void {
  if (p.natt === undefined) return;
  const { sport, dport } = p.natt;
  const isPort = (n: number) => n > 0 && n <= 0xffff;
  if (!isPort(sport) || !isPort(dport)) {
    throw new SadbError('badNatt', `ports ${sport} and ${dport} are not from 1 to 65535`);
  }
  if ((p.proto ?? IPPROTO_ESP) !== IPPROTO_ESP) {
    throw new SadbError('badNatt', 'UDP encapsulation is for ESP (RFC 3948 §1)');
  }
}

function checkTfc(p: SaParams): void {
  if (p.tfcPadBytes === undefined && p.dummyEvery === undefined) return;
  if (p.proto === IPPROTO_AH) throw new SadbError('badTfc', 'AH hides nothing: TFC is for ESP');
  // RFC 4303 §2.7: the receiver must be able to tell where the packet ends.
  if (p.tfcPadBytes !== undefined && p.mode !== 'tunnel') {
    throw new SadbError('badTfc', 'TFC padding is for tunnel mode (RFC 4303 §2.7)');
  }
  const isCount = (n: number | undefined) => n === undefined || (n > 0 && n <= 0xffff);
  if (isCount(p.tfcPadBytes) && isCount(p.dummyEvery)) return;
  throw new SadbError('badTfc', 'TFC padding and dummy packets are counted from 1 to 65535');
}

function checkAuth(p: SaParams, cipher: CipherAlg): AuthAlg | null {
  if (p.proto === IPPROTO_AH && cipher.kind !== 'null') {
    throw new SadbError('unknownAlgorithm', `AH does not encrypt: ${cipher.name} is for ESP`);
  }
  const name = p.auth ?? 'null';
  if (name === 'null') {
    if (cipher.icvBytes > 0) return null;
    // RFC 8221 §4: encryption must be authenticated.
    const what = p.proto === IPPROTO_AH ? 'AH' : cipher.name;
    const text = `${what} without an authentication algorithm protects nothing (RFC 8221 §4)`;
    throw new SadbError('noAuthentication', text);
  }
  const auth = authByName(name);
  if (auth === undefined) throw noSuchAlgorithm('authentication', name);
  if (cipher.icvBytes > 0) {
    const text = `${cipher.name} brings its own integrity: "${name}" cannot be added to it`;
    throw new SadbError('unknownAlgorithm', text);
  }
  // RFC 4543 §4: the ICV field of AH holds the IV, that of ESP does not.
  if (auth.kind === 'gmac' && p.proto !== IPPROTO_AH) {
    throw new SadbError('unknownAlgorithm', `${name} is for AH: ESP has it as the cipher aes-gmac`);
  }
  const length = p.authKey?.length ?? 0;
  if (length !== auth.keyBytes) {
    const text = `key of ${auth.name} has ${length} bytes, expected ${auth.keyBytes}`;
    throw new SadbError('badKeyLength', text);
  }
  return auth;
}

function noSuchAlgorithm(what: string, name: string): SadbError {
  const why = whyForbidden(name);
  if (why !== undefined) return new SadbError('forbiddenAlgorithm', why);
  return new SadbError('unknownAlgorithm', `${what} algorithm "${name}" is unknown`);
}
