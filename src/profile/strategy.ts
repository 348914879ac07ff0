// SPDX-License-Identifier: BSD-2-Clause
import type { MbufPool } from '../kern/mbuf.ts';
import { CarrierInPlace } from '../netipsec/carrier_in_place.ts';
import type { Carrier } from '../netipsec/pact.ts';
import { CarrierAccelTag } from './carrier/accel_tag.ts';
import { CarrierMbufField, MBUF_FIELD_BYTES } from './carrier/mbuf_field.ts';
import { CarrierNone } from './carrier/none.ts';
import { CarrierSecPath } from './carrier/sec_path.ts';
import { CarrierSideTable } from './carrier/side_table.ts';
import { CarrierStripAdd } from './carrier/strip_add.ts';

/** One answer to the question how an offload request gets from ipsec to the driver. */
export interface Strategy {
  readonly name: string;
  /** Who does it so. */
  readonly origin: string;
  readonly offload: boolean;
  /** The carrier of one host. It may make itself mbufs.ext. */
  readonly newCarrier: (mbufs: MbufPool) => Carrier;
  /** Bytes that a request takes in fields laid out beforehand; 0 where storage is allocated. */
  readonly fieldBytes: number;
  /** What is known to go wrong with it, with the number of the hazard where it has one. */
  readonly hazards: readonly string[];
}

const TAG_LOST =
  'H5: a copy of the packet made under memory pressure has no tag; sent, it would be plaintext';

export const STRATEGIES: readonly Strategy[] = [
  {
    name: 'in-place',
    origin: 'tech-net 2003 (Leffler): the private ipsec tag, which the driver consumes',
    offload: true,
    newCarrier: (mbufs) => new CarrierInPlace(mbufs),
    fieldBytes: 0,
    hazards: [
      'H1, H2: the tag stays on a packet that turns round, unless that turn strips it',
      TAG_LOST,
    ],
  },
  {
    name: 'strip-add',
    origin: 'tech-net 2003 (itojun): ip_output strips the tags and adds one for layer 2',
    offload: true,
    newCarrier: (mbufs) => new CarrierStripAdd(mbufs),
    fieldBytes: 0,
    hazards: [
      'H4, H6: behind ip_output nothing says what was done to a packet; put in again, it is protected twice',
      'the second tag can be refused when the sequence number is already spent: a gap in the stream',
      TAG_LOST,
    ],
  },
  {
    name: 'accel-tag',
    origin: "FreeBSD's ipsec_accel: a second tag with a 16-bit number of the SA",
    offload: true,
    newCarrier: (mbufs) => new CarrierAccelTag(mbufs),
    fieldBytes: 0,
    hazards: [
      'H15: the tag names its SA by a number that is given out again; a packet held over a delete is sent under the next SA',
      'packets that policy lets pass in clear pay for a tag too',
      TAG_LOST,
    ],
  },
  {
    name: 'sec-path',
    origin: 'Linux: a reference-counted skb extension that holds its SAs',
    offload: true,
    newCarrier: (mbufs) => new CarrierSecPath(mbufs),
    fieldBytes: 0,
    hazards: [
      'H34: a packet that waits in a socket or a queue pins the state of its SA, deleted or not',
      'H36: room for one offload, and for six transforms',
    ],
  },
  {
    name: 'mbuf-field',
    origin: 'DPDK: fields of the mbuf and a bit of ol_flags, with all that the tag says',
    offload: true,
    newCarrier: (mbufs) => new CarrierMbufField(mbufs),
    fieldBytes: MBUF_FIELD_BYTES,
    hazards: [
      'H7: a copy made by hand does not know the fields; sent, it would be plaintext',
      'H36: room for two transforms, laid out in every mbuf whether it needs them or not',
    ],
  },
  {
    name: 'side-table',
    origin: 'proposed for Linux: a table keyed by packet, instead of storage in each',
    offload: true,
    newCarrier: (mbufs) => new CarrierSideTable(mbufs),
    fieldBytes: 0,
    hazards: [
      'a packet freed without telling the table leaves its entry to the next packet in the same mbuf',
    ],
  },
  {
    name: 'none',
    origin: 'no offload: software ESP',
    offload: false,
    newCarrier: (mbufs) => new CarrierNone(mbufs),
    fieldBytes: 0,
    hazards: [],
  },
];

/** The built-in strategy of that name; undefined when there is none. */
export function strategyByName(name: string): Strategy | undefined {
  return STRATEGIES.find((s) => s.name === name);
}
