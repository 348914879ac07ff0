// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../header/ip.ts';
import { type IpAddr, ipAddrFamily, ipAddrWords, sameWords } from '../header/ip_addr.ts';
import { GENERATION } from '../kern/turn_rules.ts';
import { newAhSession } from '../opencrypto/ah_session.ts';
import { type AuthAlg, authByName, type CipherAlg, cipherByName } from '../opencrypto/algorithm.ts';
import { whyForbidden } from '../opencrypto/forbidden.ts';
import { NO_ESP_SESSION, newSession } from '../opencrypto/session.ts';
import { HashChains, hashAddr, hashWord } from './hash_chains.ts';
import { ReplayWindow } from './replay.ts';
import type { Sa, SaParams } from './sa.ts';
import { forEachOf, type SaOffloads } from './sa_offload.ts';
import { SenderKeys } from './sender_keys.ts';

export type SadbErrorCode =
  | 'badSpi'
  | 'twoFamilies'
  | 'duplicateSpi'
  | 'unknownAlgorithm'
  | 'forbiddenAlgorithm'
  | 'badKeyLength'
  | 'badReplayWindow'
  | 'noAuthentication'
  | 'keyInUse'
  | 'full';

/** An SA that cannot be. `code` is for programs, the message for people. */
export class SadbError extends Error {
  readonly code: SadbErrorCode;

  constructor(code: SadbErrorCode, message: string) {
    super(message);
    this.name = 'SadbError';
    this.code = code;
  }
}

const MAX_REPLAY_PACKETS = 65536;
const SEQ_LIMIT = 0xffff_ffff;
const NO_KEY = new Uint8Array(0);

/**
 * The security associations of a host. A slot number (handle) is used again after a delete; the
 * generation tells its users apart, so that a tag or a card's report can never mean the wrong SA.
 */
export class Sadb {
  /** Grows with every change: whoever caches an SA compares it. */
  changes = 0;
  readonly #slots: (Sa | null)[] = [];
  readonly #generations: Uint32Array;
  readonly #free: number[] = [];
  readonly #capacity: number;
  /** By destination and SPI; by both ends; by both ends and reqid. */
  readonly #bySpi: HashChains;
  readonly #byEnds: HashChains;
  readonly #byReqid: HashChains;
  readonly #offloads: SaOffloads;
  readonly #directionOf: (src: IpAddr, dst: IpAddr) => 'in' | 'out';
  readonly #keys = new SenderKeys();

  constructor(
    capacity: number,
    offloads: SaOffloads,
    directionOf: (src: IpAddr, dst: IpAddr) => 'in' | 'out',
  ) {
    this.#capacity = capacity;
    this.#generations = new Uint32Array(capacity);
    this.#bySpi = new HashChains(capacity);
    this.#byEnds = new HashChains(capacity);
    this.#byReqid = new HashChains(capacity);
    this.#offloads = offloads;
    this.#directionOf = directionOf;
  }

  /** Makes the SA, and puts it into the cards that take it. Throws SadbError. */
  add(p: SaParams): Sa {
    const checked = checkParams(p);
    if (this.find(p.dst, p.spi, p.proto) !== null) {
      throw new SadbError('duplicateSpi', `SPI ${p.spi} for this destination is in use`);
    }
    const handle = this.#free.at(-1) ?? this.#slots.length;
    if (handle >= this.#capacity) {
      throw new SadbError('full', `the SADB holds ${this.#capacity} SAs already`);
    }
    const generation = (this.#generations[handle]! + 1) >>> 0;
    const sa = makeSa(p, checked, handle, generation, this.#directionOf(p.src, p.dst));
    if (sa.direction === 'out' && !this.#keys.take(sa)) {
      const text = 'another SA sends with this key: IVs would come twice (RFC 4106 §3.1)';
      throw new SadbError('keyInUse', text);
    }
    this.#free.pop();
    this.#generations[handle] = generation;
    this.#slots[handle] = sa;
    this.#link(sa);
    this.changes++;
    try {
      this.#offloads.install(sa);
    } catch (e) {
      this.delete(sa);
      throw e;
    }
    return sa;
  }

  /**
   * The card lets go of the SA first; then its handle may be used again. Throws what a card throws
   * that does not answer; the SA is gone all the same.
   */
  delete(sa: Sa): void {
    if (!sa.alive) throw new TypeError(`SA ${sa.handle} is deleted twice`);
    sa.alive = false;
    if (sa.direction === 'out') this.#keys.release(sa);
    this.#slots[sa.handle] = null;
    this.#bySpi.remove(sa.handle);
    this.#byEnds.remove(sa.handle);
    this.#byReqid.remove(sa.handle);
    this.changes++;
    try {
      this.#offloads.remove(sa);
    } finally {
      sa.session.scrub();
      sa.key.fill(0);
      sa.salt.fill(0);
      sa.authKey.fill(0);
      this.#free.push(sa.handle);
    }
  }

  /** Deletes all. Throws, at the end, what a card threw first. */
  flush(): void {
    forEachOf(this.list(), (sa) => this.delete(sa));
  }

  /** Deletes the SAs from src to dst. Throws as flush() does. */
  deleteBetween(src: IpAddr, dst: IpAddr, proto: number = IPPROTO_ESP): void {
    const family = ipAddrFamily(dst);
    const from = ipAddrWords(src);
    const to = ipAddrWords(dst);
    const sas = this.list().filter((sa) => sa.proto === proto && hasEnds(sa, family, from, to));
    forEachOf(sas, (sa) => this.delete(sa));
  }

  /** RFC 4301 §4.1: a received packet's SA, by destination, SPI and protocol. */
  find(dst: IpAddr, spi: number, proto: number = IPPROTO_ESP): Sa | null {
    return this.lookup(ipAddrFamily(dst), ipAddrWords(dst), spi, proto);
  }

  /** find() of the packet path. */
  lookup(family: 4 | 6, dst: Uint32Array, spi: number, proto: number): Sa | null {
    const chains = this.#bySpi;
    for (let i = chains.first(hashSpi(dst, spi)); i !== -1; i = chains.after(i)) {
      const sa = this.#slots[i]!;
      if (sa.spi !== spi || sa.family !== family || sa.proto !== proto) continue;
      if (sameWords(sa.dstWords, dst)) return sa;
    }
    return null;
  }

  /** The SA with this handle, if it still is the same one. */
  byHandle(handle: number, generation: number): Sa | null {
    const sa = this.#slots[handle];
    if (sa === undefined || sa === null) return null;
    const isSame = sa.generation === generation || this.#offloads.rules.on[GENERATION] === 0;
    return isSame ? sa : null;
  }

  /** The newest outbound SA between two ends; reqid 0 takes any. */
  findOut(
    src: IpAddr,
    dst: IpAddr,
    mode: 'transport' | 'tunnel',
    reqid: number,
    proto: number = IPPROTO_ESP,
  ): Sa | null {
    const [from, to] = [ipAddrWords(src), ipAddrWords(dst)];
    return this.select(ipAddrFamily(dst), from, to, mode === 'tunnel', reqid, proto);
  }

  /** findOut() of the packet path. */
  select(
    family: 4 | 6,
    src: Uint32Array,
    dst: Uint32Array,
    tunnel: boolean,
    reqid: number,
    proto: number,
  ): Sa | null {
    const chains = reqid === 0 ? this.#byEnds : this.#byReqid;
    const ends = hashEnds(src, dst);
    const start = chains.first(reqid === 0 ? ends : hashWord(ends, reqid));
    for (let i = start; i !== -1; i = chains.after(i)) {
      const sa = this.#slots[i]!;
      if (sa.direction !== 'out' || sa.proto !== proto || !hasMode(sa, tunnel)) continue;
      if (reqid !== 0 && sa.reqid !== reqid) continue;
      if (hasEnds(sa, family, src, dst)) return sa;
    }
    return null;
  }

  list(): Sa[] {
    return this.#slots.filter((sa) => sa !== null);
  }

  #link(sa: Sa): void {
    const ends = hashEnds(sa.srcWords, sa.dstWords);
    this.#bySpi.insert(hashSpi(sa.dstWords, sa.spi), sa.handle);
    this.#byEnds.insert(ends, sa.handle);
    this.#byReqid.insert(hashWord(ends, sa.reqid), sa.handle);
  }
}

function hashSpi(dst: Uint32Array, spi: number): number {
  return hashWord(hashAddr(0, dst), spi);
}

function hashEnds(src: Uint32Array, dst: Uint32Array): number {
  return hashAddr(hashAddr(0, src), dst);
}

function hasMode(sa: Sa, tunnel: boolean): boolean {
  return sa.mode === 'any' || (sa.mode === 'tunnel') === tunnel;
}

function hasEnds(sa: Sa, family: 4 | 6, src: Uint32Array, dst: Uint32Array): boolean {
  return sa.family === family && sameWords(sa.dstWords, dst) && sameWords(sa.srcWords, src);
}

interface CheckedAlgs {
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

function makeSa(
  p: SaParams,
  { cipher, auth }: CheckedAlgs,
  handle: number,
  generation: number,
  direction: 'in' | 'out',
): Sa {
  const esn = p.esn ?? false;
  const proto = p.proto ?? IPPROTO_ESP;
  const isAh = proto === IPPROTO_AH;
  const keyBytes = p.key.length - cipher.saltBytes;
  const key = p.key.slice(0, keyBytes);
  const salt = p.key.slice(keyBytes);
  const authKey = auth === null ? NO_KEY : p.authKey!.slice();
  return {
    handle,
    generation,
    family: ipAddrFamily(p.dst),
    src: p.src,
    dst: p.dst,
    srcWords: ipAddrWords(p.src),
    dstWords: ipAddrWords(p.dst),
    spi: p.spi,
    proto,
    mode: p.mode ?? 'any',
    reqid: p.reqid ?? 0,
    direction,
    cipher,
    auth,
    key,
    salt,
    authKey,
    esn,
    hwif: p.hwif ?? null,
    session: isAh ? NO_ESP_SESSION : newSession(cipher, key, salt, auth, authKey, esn),
    ah: isAh ? newAhSession(auth!, authKey, esn) : null,
    replay: new ReplayWindow(p.replayPackets ?? 0),
    seq: p.sentSeq ?? 0,
    seqLimit: esn ? Number.MAX_SAFE_INTEGER : SEQ_LIMIT,
    installs: [],
    refusal: null,
    alive: true,
    hwPackets: 0,
    hwBytes: 0,
    swPackets: 0,
    swBytes: 0,
    authFailed: 0,
    replayed: 0,
  };
}
