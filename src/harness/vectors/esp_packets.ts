// SPDX-License-Identifier: BSD-2-Clause
import {
  hexBytes,
  isObject,
  lineOf,
  type VectorCase,
  type VectorFile,
  VectorsError,
} from './vector_case.ts';

const EMPTY = new Uint8Array(0);

/** 'AES-GCM-16-256' to 'aes-gcm', and so on; an unknown name stays as it is. */
function algorithmOf(name: string): string {
  if (/^AES-GCM-16-\d+$/.test(name)) return 'aes-gcm';
  if (/^ENCR_NULL_AUTH_AES_GMAC-\d+$/.test(name)) return 'aes-gmac';
  if (/^AES-CBC-\d+$/.test(name)) return 'aes-cbc';
  return name === 'CHACHA20-POLY1305' ? 'chacha20-poly1305' : name;
}

/**
 * Whole ESP packets with their keys: a JSON array of {name, alg, key, salt, spi, seq, esn, iv, pt,
 * aad, ct, icv, packet}, all bytes in hex. Throws VectorsError.
 */
export function readEspPackets(file: string, text: string, json: readonly unknown[]): VectorFile {
  if (json.length === 0) throw new VectorsError(file, 1, 'an array of ESP packets was expected');
  return { file, format: 'esp', cases: json.map((item, i) => readCase(file, text, item, i)) };
}

function readCase(file: string, text: string, item: unknown, i: number): VectorCase {
  if (!isObject(item) || typeof item.name !== 'string' || typeof item.alg !== 'string') {
    throw new VectorsError(file, 0, `[${i}]: an ESP packet with "name" and "alg" was expected`);
  }
  const { name, alg } = item;
  const algorithm = algorithmOf(alg);
  const field = (key: string): Uint8Array => {
    const bytes = hexBytes(item[key]);
    if (bytes !== undefined) return bytes;
    const at = text.indexOf(JSON.stringify(name));
    const line = at < 0 ? 0 : lineOf(text, at);
    throw new VectorsError(file, line, `${name}: "${key}" expected bytes in hex`);
  };
  const salt = field('salt');
  const iv = field('iv');
  const packet = field('packet');
  const spi = field('spi');
  const gmac = algorithm === 'aes-gmac';
  const key = field('key');
  const pt = field('pt');
  return {
    id: name,
    comment: alg,
    algorithm,
    key,
    iv: algorithm === 'aes-cbc' ? iv : Buffer.concat([salt, iv]), // RFC 4106 §4
    aad: field('aad'),
    msg: gmac ? EMPTY : pt, // RFC 4543 §3: all of it is AAD
    ct: gmac ? EMPTY : field('ct'),
    tag: field('icv'),
    result: 'valid',
    esp: {
      spi: Buffer.from(spi).readUIntBE(0, spi.length),
      esn: item.esn === true,
      salt,
      packet,
      nextHeader: pt.at(-1) ?? 0,
    },
  };
}
