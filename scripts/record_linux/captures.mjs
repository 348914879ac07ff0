// SPDX-License-Identifier: BSD-2-Clause
// What is recorded: one row a capture. `esp` is a cipher, or cipher+auth; `ah` an auth; with both
// it is a bundle, AH outside. outer and inner are IP versions. Ends: see guest.mjs.

const SMALL = '0,1,2,3,17,64,100,5,200,33';
const MIXED = `${SMALL},512,1300`;

const row = (name, mode, outer, inner, what) => ({
  name,
  mode,
  outer,
  inner,
  sizes: SMALL,
  ...what,
});
const transport = (name, version, what) =>
  row(`${name}-transport-v${version}`, 'transport', version, version, what);
const tunnel = (name, version, what) =>
  row(`${name}-tunnel-v${version}`, 'tunnel', version, version, what);
const across = (name, inner, outer, what) =>
  row(`${name}-tunnel-v${inner}-in-v${outer}`, 'tunnel', outer, inner, what);

const ESN = { esn: true, seq: 0xfffffff4, seqHi: 7, sizes: MIXED };
/** RFC 791 §3.1: no-op, then a record route that is full, then the end. */
const IPV4_OPTIONS = '0107080c0a09000100000000';
/** RFC 8200 §4.2: next header, length, a PadN of 4 bytes. */
const IPV6_OPTIONS = '0000010400000000';

export const CAPTURES = [
  transport('gcm128', 6, { esp: 'gcm128', sizes: MIXED }),
  tunnel('gcm256', 6, { esp: 'gcm256' }),
  across('gcm192', 4, 6, { esp: 'gcm192' }),
  across('gcm256-icv8', 6, 4, { esp: 'gcm256-icv8' }),
  transport('gcm128-icv12', 4, { esp: 'gcm128-icv12' }),
  tunnel('cbc256-sha512', 4, { esp: 'cbc256+sha512' }),
  transport('cbc128-sha1', 6, { esp: 'cbc128+sha1' }),
  tunnel('cbc256-sha384', 6, { esp: 'cbc256+sha384' }),
  across('cbc128-sha256', 4, 6, { esp: 'cbc128+sha256' }),
  transport('ctr128-sha1', 4, { esp: 'ctr128+sha1' }),
  tunnel('ctr256-sha256', 6, { esp: 'ctr256+sha256' }),
  transport('ccm128', 4, { esp: 'ccm128' }),
  tunnel('ccm256-icv8', 4, { esp: 'ccm256-icv8' }),
  transport('ccm192-icv12', 6, { esp: 'ccm192-icv12' }),
  transport('chacha20', 4, { esp: 'chacha20', sizes: MIXED }),
  across('chacha20', 6, 4, { esp: 'chacha20' }),
  transport('gmac128', 4, { esp: 'gmac128' }),
  tunnel('gmac256', 6, { esp: 'gmac256' }),
  transport('null-sha256', 4, { esp: 'null+sha256' }),
  tunnel('null-sha1', 6, { esp: 'null+sha1' }),
  transport('ah-sha1', 4, { ah: 'sha1' }),
  tunnel('ah-sha256', 4, { ah: 'sha256' }),
  transport('ah-sha256', 6, { ah: 'sha256' }),
  tunnel('ah-sha1', 6, { ah: 'sha1' }),
  transport('ah-sha512-options', 4, { ah: 'sha512', options: IPV4_OPTIONS }),
  transport('ah-sha256-extensions', 6, { ah: 'sha256', options: IPV6_OPTIONS }),
  transport('gcm128-extensions', 6, { esp: 'gcm128', options: IPV6_OPTIONS }),
  transport('natt-gcm128', 4, { esp: 'gcm128', natt: [4500, 4500] }),
  tunnel('natt-cbc128-sha256', 4, { esp: 'cbc128+sha256', natt: [40001, 4500] }),
  tunnel('natt-gcm256', 6, { esp: 'gcm256', natt: [4500, 4500] }),
  transport('esn-gcm128', 4, { esp: 'gcm128', ...ESN }),
  tunnel('esn-cbc128-sha256', 6, { esp: 'cbc128+sha256', ...ESN }),
  tunnel('esn-chacha20', 4, { esp: 'chacha20', ...ESN }),
  transport('esn-ah-sha256', 4, { ah: 'sha256', ...ESN }),
  tunnel('fragments-before-gcm128', 4, {
    esp: 'gcm128',
    raw: [
      [17, 1800, 600],
      [17, 2900, 1000],
    ],
  }),
  transport('fragments-after-gcm128', 4, { esp: 'gcm128', sizes: '100,1600,3000,1473' }),
  transport('fragments-after-cbc128-sha256', 6, {
    esp: 'cbc128+sha256',
    sizes: '100,1600,3000,1433',
  }),
  tunnel('tfc-gcm256', 4, { esp: 'gcm256', tfcpad: 300 }),
  transport('dummy-cbc128-sha256', 4, {
    esp: 'cbc128+sha256',
    raw: [
      [59, 40, 1000],
      [59, 1, 1000],
    ],
  }),
  transport('bundle-gcm128-ah-sha256', 4, { esp: 'gcm128', ah: 'sha256' }),
  tunnel('bundle-cbc128-sha1-ah-sha1', 6, { esp: 'cbc128+sha1', ah: 'sha1' }),
  transport('tampered-gcm128', 4, {
    esp: 'gcm128',
    tamper: 'dup=5 corrupt=4 swap=7 old=2',
    sizes: MIXED,
  }),
  tunnel('tampered-cbc256-sha256', 6, {
    esp: 'cbc256+sha256',
    tamper: 'dup=3 corrupt=5 swap=8 old=1',
    sizes: MIXED,
  }),
  transport('tampered-ah-sha256', 4, { ah: 'sha256', tamper: 'dup=5 corrupt=4 old=3' }),
  transport('natt-chacha20', 6, { esp: 'chacha20', natt: [4500, 40001] }),
  tunnel('esn-tampered-gcm256', 4, {
    esp: 'gcm256',
    ...ESN,
    tamper: 'dup=3 corrupt=4 swap=5 old=1',
  }),
  transport('fragments-natt-gcm128', 4, {
    esp: 'gcm128',
    natt: [4500, 4500],
    sizes: '100,1600,3000',
  }),
  transport('fragments-ah-sha256', 6, { ah: 'sha256', sizes: '100,1600,3000' }),
  tunnel('fragments-cbc256-sha1', 6, { esp: 'cbc256+sha1', sizes: '100,1440,1600' }),
].map((c, i) => ({ ...c, name: `${i + 10}-${c.name}` }));
