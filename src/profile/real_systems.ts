// SPDX-License-Identifier: BSD-2-Clause
import type { RealSystem } from '../report/profile_report.ts';

/**
 * What a packet costs in the systems that the strategies come from: allocations, and bytes on LP64,
 * computed from the structures in their sources. They stand beside our own figures, and are no
 * measurement of ours.
 */
export const REAL_SYSTEMS: Readonly<Record<string, readonly RealSystem[]>> = {
  'in-place': [
    {
      system: 'FreeBSD and OpenBSD 2003, under notyet: tdb_ident tag',
      txAllocs: 1,
      txBytes: '60 (FreeBSD), 56 (OpenBSD)',
      rxAllocs: 1,
      rxBytes: '60, 56',
    },
    {
      system: 'NetBSD: OUT_DONE as a mark, no offload',
      txAllocs: 1,
      txBytes: '16',
      rxAllocs: 1,
      rxBytes: '52',
    },
  ],
  'strip-add': [
    {
      system: 'proposed on tech-net, 2003',
      txAllocs: 2,
      txBytes: 'about 120',
      rxAllocs: 2,
      rxBytes: 'about 120',
      note: 'and 2 frees: the tag of layer 3 goes early',
    },
  ],
  'accel-tag': [
    {
      system: 'FreeBSD ipsec_accel',
      txAllocs: 1,
      txBytes: '56 asked for, 32 needed',
      rxAllocs: 1,
      rxBytes: '64',
      note: 'a bypass policy pays it too; OUT_DONE, which our stack keeps besides, is one more here',
    },
  ],
  'sec-path': [
    {
      system: 'Linux skb extension, crypto offload',
      txAllocs: 1,
      txBytes: '96 at least, 208 with all extensions',
      rxAllocs: 1,
      rxBytes: '96 to 208',
      note: 'and one reference to the SA',
    },
  ],
  'mbuf-field': [
    { system: 'DPDK dynfield and flag', txAllocs: 0, txBytes: '8', rxAllocs: 0, rxBytes: '8' },
  ],
};
