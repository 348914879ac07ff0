// SPDX-License-Identifier: BSD-2-Clause
import type { VectorCase } from '../harness/vectors/vector_case.ts';

/**
 * Test cases 1..4 and 13..16 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega, App. B:
 * those with keys of 128 and 256 bits and an IV of 96 bits.
 */

const KEY = 'feffe9928665731c6d6a8f9467308308';
const IV = 'cafebabefacedbaddecaf888';
const TEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
  '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
const AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
const CT_128 =
  '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
  '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985';
const CT_256 =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
  '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';
const ZEROS = '00'.repeat(16);
const NO_IV = '00'.repeat(12);
const SHORT = 120;

type Row = readonly [
  id: number,
  key: string,
  iv: string,
  aad: string,
  msg: string,
  ct: string,
  tag: string,
];

const ROWS: readonly Row[] = [
  [1, ZEROS, NO_IV, '', '', '', '58e2fccefa7e3061367f1d57a4e7455a'],
  [
    ...([2, ZEROS, NO_IV, '', ZEROS] as const),
    ...(['0388dace60b6a392f328c2b971b2fe78', 'ab6e47d42cec13bdf53a67b21257bddf'] as const),
  ],
  [3, KEY, IV, '', TEXT, CT_128, '4d5c2af327cd64a62cf35abd2ba6fab4'],
  [
    ...([4, KEY, IV, AAD, TEXT.slice(0, SHORT), CT_128.slice(0, SHORT)] as const),
    '5bc94fbc3221a5db94fae95ae7121a47',
  ],
  [13, ZEROS + ZEROS, NO_IV, '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  [
    ...([14, ZEROS + ZEROS, NO_IV, '', ZEROS] as const),
    ...(['cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'] as const),
  ],
  [15, KEY + KEY, IV, '', TEXT, CT_256, 'b094dac5d93471bdec1a502270e3cc6c'],
  [
    ...([16, KEY + KEY, IV, AAD, TEXT.slice(0, SHORT), CT_256.slice(0, SHORT)] as const),
    '76fc6ece0f4e1768cddf8853bb2d551b',
  ],
];

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

export const GCM_VECTORS: readonly VectorCase[] = ROWS.map(([id, key, iv, aad, msg, ct, tag]) => ({
  id: `test case ${id}`,
  comment: '',
  algorithm: 'aes-gcm',
  key: bytes(key),
  iv: bytes(iv),
  aad: bytes(aad),
  msg: bytes(msg),
  ct: bytes(ct),
  tag: bytes(tag),
  result: 'valid',
}));
