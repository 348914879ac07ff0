// SPDX-License-Identifier: BSD-2-Clause
import { CYCLES_PER_SECOND } from '../kern/clock.ts';
import type { Sa } from './sa.ts';

export const LIFETIME_UNITS = ['Bytes', 'Packets', 'Seconds'] as const;

export type LifetimeUnit = 'bytes' | 'packets' | 'seconds';

/**
 * RFC 4301 §4.4.2.1: how long an SA is good. At a soft limit somebody is told, at a hard one it
 * carries no more. Bytes are those of the payload, seconds count from when it was added.
 */
export interface SaLifetime {
  readonly softBytes?: number;
  readonly hardBytes?: number;
  readonly softPackets?: number;
  readonly hardPackets?: number;
  readonly softSeconds?: number;
  readonly hardSeconds?: number;
}

/** Which limit of this kind the SA has reached before its next packet, as Linux counts; or null. */
export function limitReached(
  sa: Sa,
  life: SaLifetime,
  kind: 'soft' | 'hard',
  cycle: number,
  countsCard: boolean,
): LifetimeUnit | null {
  const soft = kind === 'soft';
  const bytes = soft ? life.softBytes : life.hardBytes;
  const hwBytes = countsCard ? sa.hwBytes : 0;
  if (bytes !== undefined && hwBytes + sa.swBytes >= bytes) return 'bytes';
  const packets = soft ? life.softPackets : life.hardPackets;
  const hwPackets = countsCard ? sa.hwPackets : 0;
  if (packets !== undefined && hwPackets + sa.swPackets >= packets) return 'packets';
  const seconds = soft ? life.softSeconds : life.hardSeconds;
  const age = cycle - sa.addedCycle;
  if (seconds !== undefined && age >= seconds * CYCLES_PER_SECOND) return 'seconds';
  return null;
}
