// SPDX-License-Identifier: BSD-2-Clause
import * as R from '../../../src/dev/nic/nic_regs.ts';
import type { BareHost } from '../../../src/validate/bare_host.ts';
import type { Sa } from './card_host.ts';
import { buckets } from './esp_frames.ts';

/** Rows of the SA tables and of the match table, with any bits, by their registers. */

const words = (x: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Number((x >> BigInt(32 * i)) & 0xffffffffn));
/** Words, the lowest first, as one number. */
export const long = (values: readonly number[]): bigint =>
  values.reduceRight((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);

export interface Row {
  /** R.SA_TX or R.SA_RX. */
  readonly window: number;
  readonly idx: number;
  readonly sa: Sa;
  /** Packet offload. */
  readonly packet?: boolean;
  readonly spi: number;
  /** Transmit: last number given; receive: highest seen. */
  readonly seq: bigint;
  readonly seen?: bigint;
}

export function install(host: BareHost, row: Row): void {
  const { window, idx, sa, packet = false, spi, seq, seen = 0n } = row;
  const put = (at: number, values: readonly number[]): void =>
    values.forEach((value, i) => {
      host.bus.writeReg(window + at + 4 * i, value);
    });
  const flags = [
    [sa.key.length === 32, R.SA_KEY256],
    [sa.esn, R.SA_ESN],
    [sa.gmac, R.SA_GMAC],
    [packet, R.SA_PACKET],
  ] as const;
  put(R.SA_CTRL, [flags.reduce((sum, [on, bit]) => (on ? sum | bit : sum), R.SA_VALID)]);
  const bytes = Buffer.from([...sa.key, ...sa.salt]);
  for (let i = 0; i < sa.key.length; i += 4) put(R.SA_KEY0 + i, [bytes.readUInt32LE(i)]);
  put(R.SA_SALT, [bytes.readUInt32LE(sa.key.length)]);
  put(R.SA_SPI, [spi]);
  put(R.SA_SEQ_LO, words(seq, 2));
  if (window === R.SA_RX) {
    put(R.SA_WINDOW, [sa.window ?? 0]);
    put(R.SA_SEEN0, words(seen, 4));
  }
  put(R.SA_IDX, [(R.SA_WRITE + idx) >>> 0]);
}

/** dst: an IPv4 address, or the four words of an IPv6 one; way: 0..7, of both buckets. */
export function inMatch(
  host: BareHost,
  o: { idx: number; spi: number; dst: number | readonly number[]; way: number },
): void {
  const { bus } = host;
  const [first, ...rest] = typeof o.dst === 'number' ? [o.dst] : o.dst;
  bus.writeReg(R.SA_RX + R.SA_SPI, o.spi);
  bus.writeReg(R.SA_RX + R.SA_DST, first!);
  rest.forEach((word, i) => {
    bus.writeReg(R.SA_RX + R.SA_DST1 + 4 * i, word);
  });
  bus.writeReg(R.SA_RX + R.MATCH_SA, o.idx + (rest.length > 0 ? R.MATCH_V6 : 0));
  const slot = buckets(o.spi)[o.way >> 2]! * R.MATCH_WAYS + (o.way & 3);
  bus.writeReg(R.SA_RX + R.MATCH_IDX, (R.SA_WRITE + slot) >>> 0);
}

/** What the card has counted under an SA, and the numbers it has come to. */
export function state(host: BareHost, window: number, idx: number) {
  const { bus } = host;
  bus.writeReg(window, R.SA_READ + idx);
  while (bus.readReg(window) !== 0);
  const read = (at: number, count: number): bigint =>
    long(Array.from({ length: count }, (_, i) => bus.readReg(window + at + 4 * i)));
  const both = {
    seq: read(R.SA_SEQ_LO, 2),
    packets: read(R.SA_PACKETS_LO, 2),
    bytes: read(R.SA_BYTES_LO, 2),
    errors: read(R.SA_ERRORS, 1),
  };
  return window === R.SA_TX
    ? both
    : { ...both, seen: read(R.SA_SEEN0, 4), replays: read(R.SA_REPLAYS, 1) };
}
