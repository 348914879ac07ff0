// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../header/ip.ts';
import { ipAddrFamily, ipAddrWords } from '../header/ip_addr.ts';
import { newAhSession } from '../opencrypto/ah_session.ts';
import { NO_ESP_SESSION, newSession } from '../opencrypto/session.ts';
import { newNatt } from './natt.ts';
import { ReplayWindow } from './replay.ts';
import type { Sa, SaParams } from './sa.ts';
import type { CheckedAlgs } from './sa_params.ts';

const SEQ_LIMIT = 0xffff_ffff;
const NO_KEY = new Uint8Array(0);

/** An SA as it is when it is new. */
export function makeSa(
  p: SaParams,
  { cipher, auth }: CheckedAlgs,
  handle: number,
  generation: number,
  direction: 'in' | 'out',
  cycle: number,
): Sa {
  const esn = p.esn ?? false;
  const proto = p.proto ?? IPPROTO_ESP;
  const isAh = proto === IPPROTO_AH;
  const keyBytes = p.key.length - cipher.saltBytes;
  const key = p.key.slice(0, keyBytes);
  const salt = p.key.slice(keyBytes);
  const authKey = auth === null ? NO_KEY : p.authKey!.slice();
  return {
    // What each packet asks for comes first, so that it is together in memory.
    handle,
    generation,
    family: ipAddrFamily(p.dst),
    proto,
    spi: p.spi,
    mode: p.mode ?? 'any',
    reqid: p.reqid ?? 0,
    esn,
    direction,
    alive: true,
    dying: false,
    dstWords: ipAddrWords(p.dst),
    srcWords: ipAddrWords(p.src),
    session: isAh ? NO_ESP_SESSION : newSession(cipher, key, salt, auth, authKey, esn),
    ah: isAh ? newAhSession(auth!, authKey, esn) : null,
    replay: new ReplayWindow(p.replayPackets ?? 0, p.receivedSeq ?? 0),
    seq: p.sentSeq ?? 0,
    seqLimit: esn ? Number.MAX_SAFE_INTEGER : SEQ_LIMIT,
    swPackets: 0,
    swBytes: 0,
    installs: [],
    inPacket: false,
    lifetime: p.lifetime ?? null,
    natt: p.natt === undefined ? null : newNatt(p.natt),
    tfcPadBytes: p.tfcPadBytes ?? 0,
    dummyEvery: p.dummyEvery ?? 0,
    pmtu: 0,
    pmtuDueCycle: 0,
    df: p.df ?? 'copy',
    dscp: p.dscp ?? null,
    src: p.src,
    dst: p.dst,
    cipher,
    auth,
    key,
    salt,
    authKey,
    hwif: p.hwif ?? null,
    offload: p.offload ?? 'crypto',
    offloadStrict: p.offloadStrict ?? false,
    refusal: null,
    packetRefusal: null,
    addedCycle: cycle,
    sinceDummy: 0,
    hwPackets: 0,
    hwBytes: 0,
    authFailed: 0,
    replayed: 0,
  };
}

/** Leaves no key behind. */
export function scrubSa(sa: Sa): void {
  sa.session.scrub();
  sa.key.fill(0);
  sa.salt.fill(0);
  sa.authKey.fill(0);
}
