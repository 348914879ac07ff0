// SPDX-License-Identifier: BSD-2-Clause
/**
 * Every row of the transform table between two hosts, in both modes and all pairings of families; what
 * is on the wire is judged by test/reference.
 */
import { describe, expect, it } from 'vitest';
import { IPPROTO_AH, IPPROTO_ESP } from '../../../src/header/ip.ts';
import { UdpSocket } from '../../../src/netinet/socket.ts';
import { AUTHS, authByName, CIPHERS, cipherByName } from '../../../src/opencrypto/algorithm.ts';
import { refAhIcv } from '../../reference/ah.ts';
import { refOpen } from '../../reference/esp.ts';
import { createIpsecRig } from './ipsec_rig.ts';

interface Row {
  readonly proto: number;
  readonly cipher: string;
  readonly auth: string;
}

const ROWS: readonly Row[] = [
  ...CIPHERS.filter((c) => c.icvBytes > 0).map((c) => ({
    proto: IPPROTO_ESP,
    cipher: c.name,
    auth: '',
  })),
  ...CIPHERS.filter((c) => c.icvBytes === 0).flatMap((c) =>
    AUTHS.filter((a) => a.kind !== 'gmac').map((a) => ({
      proto: IPPROTO_ESP,
      cipher: c.name,
      auth: a.name,
    })),
  ),
  ...AUTHS.map((a) => ({ proto: IPPROTO_AH, cipher: 'null', auth: a.name })),
];

const ENDS = { 4: ['10.0.0.1', '10.0.0.2'], 6: ['2001:db8::1', '2001:db8::2'] } as const;
/** Mode, family of the packet, family of what carries it. */
const WAYS = [
  ['transport', 4, 4],
  ['transport', 6, 6],
  ['tunnel', 4, 4],
  ['tunnel', 6, 6],
  ['tunnel', 4, 6],
  ['tunnel', 6, 4],
] as const;
const SIZES = [...Array.from({ length: 21 }, (_, i) => i), 500, 1300];
const SPI = 0x1001;

const some = (n: number, first: number) => Uint8Array.from({ length: n }, (_, i) => first + i);
const hex = (b: Uint8Array) => `0x${Buffer.from(b).toString('hex')}`;

/** The keys of a row, with the salt at the end. */
function keysOf({ cipher, auth }: Row) {
  const c = cipherByName(cipher)!;
  const keyBytes = c.keyBytes[0]!;
  return {
    key: some(keyBytes, 1),
    salt: some(c.saltBytes, 100),
    authKey: some(auth === '' ? 0 : authByName(auth)!.keyBytes, 50),
  };
}

function setkey(row: Row, [mode, inner, outer]: (typeof WAYS)[number]): string {
  const { key, salt, authKey } = keysOf(row);
  const [src, dst] = ENDS[outer];
  const name = row.proto === IPPROTO_AH ? 'ah' : 'esp';
  const all = Buffer.concat([key, salt]);
  const cipher = row.cipher === 'null' ? '' : `-E ${row.cipher} ${hex(all)}`;
  const auth = row.auth === '' ? '' : `-A ${row.auth} ${hex(authKey)}`;
  const request =
    mode === 'tunnel' ? `${name}/tunnel/${src}-${dst}/require` : `${name}/transport//require`;
  const [from, to] = ENDS[inner];
  return `
add ${src} ${dst} ${name} ${SPI} -m ${mode} -r 32 ${cipher} ${auth};
spdadd ${from} ${to} udp -P out ipsec ${request};
spdadd ${from} ${to} udp -P in ipsec ${request};`;
}

/** Is what the wire had the same as the reference makes or opens? */
function expectRight(row: Row, packet: Buffer, next: number, tunnelLen: number): void {
  const { key, salt, authKey } = keysOf(row);
  const headerLen = packet[0]! >> 4 === 4 ? 20 : 40;
  const auth = row.auth === '' ? null : authByName(row.auth)!;
  const hash = auth === null ? undefined : auth.kind === 'hmac' ? auth.openssl : auth.kind;
  expect(packet[headerLen === 20 ? 9 : 6]).toBe(row.proto);
  if (row.proto === IPPROTO_AH) {
    expect(packet[headerLen]).toBe(next);
    const icvLen = auth!.icvBytes;
    const icv = packet.subarray(headerLen + 12, headerLen + 12 + icvLen);
    expect(icv).toEqual(refAhIcv({ hash: hash!, key: authKey, icvLen }, packet, headerLen));
    return;
  }
  const icvLen = auth?.icvBytes ?? cipherByName(row.cipher)!.icvBytes;
  const mac = hash === undefined ? {} : { hash, authKey };
  const sa = { spi: SPI, cipher: row.cipher, key, salt, icvLen, ...mac };
  const opened = refOpen(sa, packet.subarray(headerLen))!;
  expect(opened.nextHeader).toBe(next);
  expect(opened.payload.length).toBe(tunnelLen);
}

describe.each(ROWS)('transform $proto $cipher $auth', (row) => {
  it.each(WAYS)('%s, IPv%i in IPv%i', (mode, inner, outer) => {
    const rig = createIpsecRig();
    rig.setkey(setkey(row, [mode, inner, outer] as (typeof WAYS)[number]));
    const wire: Buffer[] = [];
    let flips = false;
    rig.a.ifp.onWire = (data, at, len) => {
      const type = (data[at + 12]! << 8) | data[at + 13]!;
      const packet = Buffer.from(data.subarray(at + 14, at + len));
      const proto = type === 0x0800 ? packet[9] : type === 0x86dd ? packet[6] : 0;
      if (proto !== row.proto) return true;
      wire.push(packet);
      // The last byte: of the ICV in ESP, of the payload in AH.
      if (flips) data[at + len - 1]! ^= 1;
      return true;
    };
    const got: number[] = [];
    const b = new UdpSocket(rig.b.inet).bind(inner === 4 ? rig.b.addr : rig.b.addr6, 7);
    b.onMessage((bytes) => {
      expect(bytes.every((x) => x === 0x5a)).toBe(true);
      got.push(bytes.length);
    });
    const a = new UdpSocket(rig.a.inet);
    const send = (size: number): void => {
      const to = inner === 4 ? rig.b.addr : rig.b.addr6;
      expect(a.sendTo(new Uint8Array(size).fill(0x5a), to, 7)).toBe(0);
      rig.pump();
    };
    for (const size of SIZES) send(size);
    expect(got).toEqual(SIZES);
    expect(wire.length).toBe(SIZES.length);
    const ipLen = mode === 'transport' ? 0 : inner === 4 ? 20 : 40;
    const next = mode === 'transport' ? 17 : inner === 4 ? 4 : 41;
    wire.forEach((p, i) => void expectRight(row, p, next, ipLen + 8 + SIZES[i]!));
    flips = true;
    send(100);
    expect(got.length).toBe(SIZES.length);
    const counter = row.proto === IPPROTO_AH ? 'ah.badIcv' : 'esp.badIcv';
    expect(rig.b.counters.get(counter)).toBe(1);
    rig.end();
  });
});
