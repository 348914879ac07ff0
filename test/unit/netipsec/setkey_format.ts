// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_AH, IPPROTO_ESP } from '../../../src/header/ip.ts';
import { ipAddrText } from '../../../src/header/ip_addr.ts';
import { IPPROTO_ICMPV6 } from '../../../src/header/ip6.ts';
import type { SaParams } from '../../../src/netipsec/sa.ts';
import { UPPERSPEC } from '../../../src/netipsec/setkey_value.ts';
import type { IpsecRequest, Policy } from '../../../src/netipsec/spd.ts';

/** An SA as setkey's `add` line. It holds the keys. */
export function saToSetkey(sa: SaParams): string {
  const ends = [ipAddrText(sa.src), ipAddrText(sa.dst)];
  const words = ['add', ...ends, protoName(sa.proto ?? IPPROTO_ESP), `0x${sa.spi.toString(16)}`];
  if (sa.mode !== undefined) words.push('-m', sa.mode);
  if (sa.replayPackets !== undefined) words.push('-r', String(sa.replayPackets / 8));
  if (sa.reqid !== undefined) words.push('-u', String(sa.reqid));
  if (sa.esn === true) words.push('-esn');
  if (sa.hwif !== undefined) words.push('-hwif', sa.hwif);
  words.push('-E', sa.cipher);
  if (sa.key.length > 0) words.push(hex(sa.key));
  if (sa.auth !== undefined && sa.authKey !== undefined) words.push('-A', sa.auth, hex(sa.authKey));
  return `${words.join(' ')};`;
}

/** A policy as setkey's `spdadd` line. */
export function policyToSetkey(p: Policy): string {
  const isIcmp6 = p.proto === IPPROTO_ICMPV6;
  const port = (n: number) => (isIcmp6 ? '' : `[${n === 0 ? 'any' : n}]`);
  const src = `${ipAddrText(p.src)}/${p.srcPrefixLen}${port(p.sport)}`;
  const dst = `${ipAddrText(p.dst)}/${p.dstPrefixLen}${port(p.dport)}`;
  const name = Object.keys(UPPERSPEC).find((n) => UPPERSPEC[n] === p.proto) ?? p.proto;
  const proto = isIcmp6 ? `icmp6 ${p.sport},${p.dport}` : name;
  const rest = [p.action, ...p.requests.map(requestText)].join(' ');
  return `spdadd ${src} ${dst} ${proto} -P ${p.direction} ${rest};`;
}

function requestText(r: IpsecRequest): string {
  const ends = r.mode === 'tunnel' ? `${ipAddrText(r.src)}-${ipAddrText(r.dst)}` : '';
  const level = r.reqid === 0 ? r.level : `${r.level}:${r.reqid}`;
  return `${protoName(r.proto)}/${r.mode}/${ends}/${level}`;
}

function protoName(proto: number): string {
  return proto === IPPROTO_AH ? 'ah' : 'esp';
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
