// SPDX-License-Identifier: BSD-2-Clause
/**
 * AES (FIPS-197) and GCM (SP 800-38D) as the texts tell them, bit by bit where they do: the
 * readable twin of rtl/crypto, with which it shares no table and no trick. 96-bit IV, 128-bit tag.
 */

/** FIPS-197 §4.2.1: times x in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1. */
const xtime = (a: number): number => ((a << 1) ^ (a & 0x80 ? 0x1b : 0)) & 0xff;

/** FIPS-197 §4.2. */
function times(a: number, b: number): number {
  let product = 0;
  for (let power = a; b > 0; b >>= 1, power = xtime(power)) if (b & 1) product ^= power;
  return product;
}

/** FIPS-197 §5.1.1: the multiplicative inverse (0 stays), then the affine map. */
function subByte(a: number): number {
  let inverse = 1; // a^254
  for (let i = 0; i < 254; i++) inverse = times(inverse, a);
  const bit = (i: number): number => (inverse >> (i % 8)) & 1;
  let s = 0;
  for (let i = 0; i < 8; i++) {
    s |= (bit(i) ^ bit(i + 4) ^ bit(i + 5) ^ bit(i + 6) ^ bit(i + 7) ^ ((0x63 >> i) & 1)) << i;
  }
  return s;
}

const sBox = Array.from({ length: 256 }, (_, a) => subByte(a));

type Word = readonly number[];
const xor = (a: Word, b: Word): number[] => a.map((byte, i) => byte ^ b[i]!);

/** FIPS-197 §5.2: the key as 4 (Nr + 1) words of 4 bytes. */
function keyExpansion(key: Uint8Array): Word[] {
  const nk = key.length / 4;
  const words: Word[] = [];
  for (let i = 0; i < nk; i++) words.push([...key.subarray(4 * i, 4 * i + 4)]);
  let rcon = 1;
  for (let i = nk; i < 4 * (nk + 7); i++) {
    let temp = words[i - 1]!;
    if (i % nk === 0) {
      temp = [temp[1]!, temp[2]!, temp[3]!, temp[0]!].map((byte) => sBox[byte]!);
      temp = xor(temp, [rcon, 0, 0, 0]);
      rcon = xtime(rcon);
    } else if (nk > 6 && i % nk === 4) {
      temp = temp.map((byte) => sBox[byte]!);
    }
    words.push(xor(words[i - nk]!, temp));
  }
  return words;
}

/** FIPS-197 §5.1: one block of 16 bytes. Byte r + 4c is row r of column c of the state. */
export function refAesEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const words = keyExpansion(key);
  const rounds = key.length / 4 + 6;
  const roundKey = (round: number): number[] => words.slice(4 * round, 4 * round + 4).flat();
  let state = xor([...block], roundKey(0));
  for (let round = 1; round <= rounds; round++) {
    state = state.map((byte) => sBox[byte]!);
    state = state.map((_, i) => state[(i + 4 * (i % 4)) % 16]!); // ShiftRows
    if (round < rounds) {
      state = state.map((_, i) => {
        const at = (row: number): number => state[4 * Math.floor(i / 4) + ((i + row) % 4)]!;
        return times(2, at(0)) ^ times(3, at(1)) ^ at(2) ^ at(3); // MixColumns
      });
    }
    state = xor(state, roundKey(round));
  }
  return Uint8Array.from(state);
}

const toNumber = (block: Uint8Array): bigint =>
  BigInt(`0x${Buffer.concat([block, Buffer.alloc(16 - block.length)]).toString('hex')}`);

const toBytes = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(32, '0'), 'hex');

/** SP 800-38D §6.3, algorithm 1: bit 0 is the most significant one. */
function multiply(x: bigint, y: bigint): bigint {
  const r = 0xe1n << 120n;
  let z = 0n;
  let v = y;
  for (let i = 127n; i >= 0n; i--) {
    if ((x >> i) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ r : v >> 1n;
  }
  return z;
}

/** Blocks of 16 bytes, the last one possibly shorter. */
const blocks = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) =>
    bytes.subarray(16 * i, 16 * i + 16),
  );

/** SP 800-38D §6.4 over padded AAD, padded ciphertext and the block of lengths in bits. */
export function refGhash(h: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Buffer {
  const lengths = (BigInt(8 * aad.length) << 64n) | BigInt(8 * ciphertext.length);
  const all = [...blocks(aad), ...blocks(ciphertext), toBytes(lengths)];
  return toBytes(all.reduce((y, block) => multiply(y ^ toNumber(block), toNumber(h)), 0n));
}

/** SP 800-38D §6.5 with counter blocks IV ‖ 2, IV ‖ 3, … (§7.1 for a 96-bit IV). */
function gctr(key: Uint8Array, iv: Uint8Array, text: Uint8Array): Buffer {
  return Buffer.concat(
    blocks(text).map((block, i) => {
      const mask = refAesEncrypt(key, counterBlock(iv, i + 2));
      return Buffer.from(block.map((byte, at) => byte ^ mask[at]!));
    }),
  );
}

function counterBlock(iv: Uint8Array, count: number): Buffer {
  const block = Buffer.alloc(16);
  block.set(iv);
  block.writeUInt32BE(count, 12);
  return block;
}

function tagOf(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Buffer {
  const s = refGhash(refAesEncrypt(key, new Uint8Array(16)), aad, ciphertext);
  return Buffer.from(xor([...s], [...refAesEncrypt(key, counterBlock(iv, 1))]));
}

/** SP 800-38D §7.1. */
export function refGcmSeal(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): { ciphertext: Buffer; tag: Buffer } {
  const ciphertext = gctr(key, iv, plaintext);
  return { ciphertext, tag: tagOf(key, iv, aad, ciphertext) };
}

/** SP 800-38D §7.2: null is the text's FAIL. */
export function refGcmOpen(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Buffer | null {
  return tagOf(key, iv, aad, ciphertext).equals(tag) ? gctr(key, iv, ciphertext) : null;
}
