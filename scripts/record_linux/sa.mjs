// SPDX-License-Identifier: BSD-2-Clause
// The SAs of a capture: keys follow from its name, so that recording again gives the same ones.
import { createHash } from 'node:crypto';
import { AUTHS, CIPHERS } from './algorithms.mjs';

const OUTER = { 4: ['10.9.0.1', '10.9.0.2'], 6: ['fd09::1', 'fd09::2'] };
const INNER = { 4: ['192.168.1.1', '192.168.2.1'], 6: ['fd01::1', 'fd02::1'] };

export const outerEnds = (c) => OUTER[c.outer];
/** Where datagrams are sent between. */
export const trafficEnds = (c) => (c.mode === 'tunnel' ? INNER[c.inner] : OUTER[c.outer]);

const bytesOf = (text, length) => {
  let bytes = Buffer.alloc(0);
  for (let i = 0; bytes.length < length; i++) {
    bytes = Buffer.concat([bytes, createHash('sha256').update(`${text} ${i}`).digest()]);
  }
  return bytes.subarray(0, length);
};

/** SAs of a capture: for each direction the inner transform first. */
export function sasOf(c) {
  const [a, b] = outerEnds(c);
  const rows = [];
  for (const [src, dst] of [
    [a, b],
    [b, a],
  ]) {
    for (const proto of ['esp', 'ah']) {
      if (c[proto] === undefined) continue;
      const id = `${c.name} ${proto} ${src}`;
      const [cipherName, authName] = proto === 'esp' ? c.esp.split('+') : [null, c.ah];
      const cipher = cipherName === null ? null : CIPHERS[cipherName];
      const auth = authName === undefined ? null : AUTHS[authName];
      const isOutside = proto === 'ah' && c.esp !== undefined;
      rows.push({
        src,
        dst,
        proto,
        spi: bytesOf(`${id} spi`, 4).readUInt32BE() | 0x1000,
        mode: isOutside ? 'transport' : c.mode,
        cipher,
        auth,
        key: cipher === null ? null : bytesOf(`${id} key`, cipher.keyBytes),
        authKey: auth === null ? null : bytesOf(`${id} auth`, auth.keyBytes),
        esn: c.esn === true,
        tfcpad: proto === 'esp' ? (c.tfcpad ?? 0) : 0,
        encap: c.natt === undefined ? null : src === a ? c.natt : [...c.natt].reverse(),
        start: { hi: c.seqHi ?? 0, lo: c.seq ?? 0 },
      });
    }
  }
  return rows.map((sa) => ({ ...sa, spi: sa.spi >>> 0 }));
}

const hex = (bytes) => (bytes.length === 0 ? "''" : `0x${bytes.toString('hex')}`);

/** The line that adds it to Linux. */
export function ipXfrmState(sa, innerFamilyDiffers) {
  const words = ['ip xfrm state add src', sa.src, 'dst', sa.dst, 'proto', sa.proto];
  words.push(
    'spi',
    `0x${sa.spi.toString(16)}`,
    'mode',
    sa.mode,
    'reqid',
    sa.proto === 'ah' ? 2 : 1,
  );
  words.push('replay-window 32');
  const flags = [sa.esn && 'esn', innerFamilyDiffers && 'af-unspec'].filter(Boolean);
  if (flags.length > 0) words.push('flag', `"${flags.join(' ')}"`);
  if (sa.start.lo > 0) {
    const { lo, hi } = sa.start;
    words.push(`replay-seq ${lo} replay-oseq ${lo} replay-seq-hi ${hi} replay-oseq-hi ${hi}`);
  }
  if (sa.cipher?.kind === 'aead') {
    words.push('aead', `'${sa.cipher.linux}'`, hex(sa.key), 8 * sa.cipher.icvBytes);
  } else if (sa.cipher) {
    words.push('enc', `'${sa.cipher.linux}'`, hex(sa.key));
  }
  if (sa.auth)
    words.push('auth-trunc', `'${sa.auth.linux}'`, hex(sa.authKey), 8 * sa.auth.icvBytes);
  if (sa.encap) words.push('encap espinudp', ...sa.encap, sa.src.includes(':') ? '::' : '0.0.0.0');
  if (sa.tfcpad) words.push('tfcpad', sa.tfcpad);
  return words.join(' ');
}

/** The line that adds it by setkey(8); the window is in bytes there. */
export function setkeyAdd(sa) {
  const words = [
    'add',
    sa.src,
    sa.dst,
    sa.proto,
    `0x${sa.spi.toString(16)}`,
    '-m',
    sa.mode,
    '-r 4',
  ];
  if (sa.esn) words.push('-esn');
  if (sa.cipher) words.push('-E', sa.cipher.setkey, ...(sa.key.length > 0 ? [hex(sa.key)] : []));
  if (sa.auth) words.push('-A', sa.auth.setkey, hex(sa.authKey));
  return `${words.join(' ')};`;
}
