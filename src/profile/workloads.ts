// SPDX-License-Identifier: BSD-2-Clause
import { BASE_WORKLOAD, type Workload } from './sample.ts';

type Change = Partial<Omit<Workload, 'name'>>;

const vary = (name: string, change: Change): Workload => ({ ...BASE_WORKLOAD, name, ...change });

const sizes = (...bytes: number[]): Workload[] =>
  bytes.map((sizeBytes) => vary(`size-${sizeBytes}`, { sizeBytes }));
const batches = (...packets: number[]): Workload[] =>
  packets.map((batchPackets) => vary(`batch-${batchPackets}`, { batchPackets }));

/** One thing changed at a time from the base workload: what a tag costs when packets are others. */
export const SWEEPS: readonly Workload[] = [
  ...sizes(64, 256, 512),
  ...batches(1, 128),
  vary('sas-16', { sas: 16 }),
  vary('sas-512', { sas: 512 }),
  vary('miss-100', { missPercent: 100 }),
  vary('clones-4', { clones: 4 }),
  vary('loopback', { loopback: true }),
  vary('rekey-1024', { rekey: 1024 }),
];

/** The ones that `--quick` has time for. */
export const QUICK_SWEEPS: readonly Workload[] = SWEEPS.filter(({ name }) =>
  ['size-64', 'clones-4'].includes(name),
);

/** UDP payloads that the whole simulation runs with, beside the base workload's, bytes. */
export const COSIM_SIZES: readonly number[] = [64, 512];
export const QUICK_COSIM_SIZES: readonly number[] = [64];
