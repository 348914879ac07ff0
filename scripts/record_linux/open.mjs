// SPDX-License-Identifier: BSD-2-Clause
// ESP and AH as the RFCs tell them, by node:crypto: what the .json of a capture says was inside. It
// shares nothing with src.
import { createDecipheriv, createHmac } from 'node:crypto';

const u32 = (n) => {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
};

/** The text of an ESP packet (from SPI to ICV), or null when the ICV is wrong. */
export function openEsp(sa, esp, seqHi) {
  const { cipher, auth } = sa;
  const icvBytes = cipher.icvBytes ?? auth.icvBytes;
  const iv = esp.subarray(8, 8 + cipher.ivBytes);
  const text = esp.subarray(8 + cipher.ivBytes, esp.length - icvBytes);
  const icv = esp.subarray(esp.length - icvBytes);
  if (cipher.kind === 'aead') return openAead(sa, esp, iv, text, icv, seqHi);
  // RFC 4303 §2.2.1: the high half is authenticated behind the text, and not sent.
  const covered = [esp.subarray(0, esp.length - icvBytes), ...(sa.esn ? [u32(seqHi)] : [])];
  if (!mac(sa, covered).equals(icv)) return null;
  if (cipher.kind === 'null') return text;
  const bits = 8 * (sa.key.length - (cipher.kind === 'ctr' ? 4 : 0));
  const isCtr = cipher.kind === 'ctr';
  // RFC 3686 §4: nonce, IV, and a block counter that begins at 1.
  const block = isCtr ? Buffer.concat([sa.key.subarray(-4), iv, u32(1)]) : iv;
  const key = isCtr ? sa.key.subarray(0, -4) : sa.key;
  const d = createDecipheriv(`aes-${bits}-${cipher.kind}`, key, block).setAutoPadding(false);
  return Buffer.concat([d.update(text), d.final()]);
}

function openAead(sa, esp, iv, text, icv, seqHi) {
  const { node, saltBytes, gmac } = sa.cipher;
  const key = sa.key.subarray(0, sa.key.length - saltBytes);
  const nonce = Buffer.concat([sa.key.subarray(key.length), iv]);
  const d = createDecipheriv(node, key, nonce, { authTagLength: icv.length });
  d.setAuthTag(icv);
  // RFC 4106 §5: SPI, with ESN the high half, and the low half.
  const head = sa.esn
    ? Buffer.concat([esp.subarray(0, 4), u32(seqHi), esp.subarray(4, 8)])
    : esp.subarray(0, 8);
  try {
    // RFC 4543 §3.3: all is authenticated, nothing encrypted.
    if (gmac) d.setAAD(Buffer.concat([head, iv, text]));
    else d.setAAD(head, { plaintextLength: text.length });
    const out = gmac ? text : d.update(text);
    d.final();
    return out;
  } catch {
    return null;
  }
}

/** Is the ICV of this IP packet right, whose AH begins at `at`? RFC 4302 §3.3.3. */
export function checkAh(sa, packet, at, seqHi) {
  const p = Buffer.from(packet);
  const icv = Buffer.from(p.subarray(at + 12, at + 12 + sa.auth.icvBytes));
  p.fill(0, at + 12, at + 12 + sa.auth.icvBytes);
  if (p[0] >> 4 === 4) {
    p[1] = 0; // DSCP, ECN
    p.fill(0, 6, 9); // flags, offset, TTL
    p.fill(0, 10, 12); // checksum
    zeroOptions4(p, 20, at);
  } else {
    p.writeUInt32BE(0x60000000, 0); // traffic class, flow label
    p[7] = 0; // hop limit
  }
  return mac(sa, [p, ...(sa.esn ? [u32(seqHi)] : [])]).equals(icv);
}

/** RFC 4302 Appendix A1: security, router alert and few others stay; the rest may change on the way. */
function zeroOptions4(p, from, to) {
  for (let at = from; at < to && p[at] !== 0; ) {
    const length = p[at] === 1 ? 1 : Math.max(2, p[at + 1]);
    if (![1, 130, 133, 134, 148, 149].includes(p[at])) p.fill(0, at, at + length);
    at += length;
  }
}

function mac(sa, parts) {
  const h = createHmac(sa.auth.hash, sa.authKey);
  for (const part of parts) h.update(part);
  return h.digest().subarray(0, sa.auth.icvBytes);
}
