// SPDX-License-Identifier: BSD-2-Clause
import type { Violation } from './oracle/violation.ts';

/** Packets, or SAs, that a card did not do, for one reason of OFFLOAD_REASONS. */
export interface NotOffloaded {
  readonly reason: string;
  readonly count: number;
  /** What SAs were told when they were offered to a card; empty when the reason says all. */
  readonly texts: readonly string[];
}

/** The result of a run, as `tagwire run --json` prints it. Times are wall seconds. */
export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  /** SHA-256 over frames, completions, verdicts and tag states, with the cycle of each. */
  readonly digest: string;
  readonly packets: {
    readonly sent: number;
    readonly delivered: number;
    /** Frames that the wire lost. */
    readonly lost: number;
    /** ESP packets that the sender's card encrypted, and that the receiver's card decrypted. */
    readonly offloadedTx: number;
    readonly offloadedRx: number;
    /** ESP packets that either host processed in software. */
    readonly software: number;
    /** Packets that a host dropped; `drops` has their names. */
    readonly dropped: number;
  };
  /** Delivered packets compared byte for byte with what was sent; the ones that differed. */
  readonly compared: number;
  readonly mismatches: number;
  readonly plaintextLeaks: number;
  /** From the tag pools, per offloaded ESP packet and transform; `leaked` counts mbufs, tags, descriptors. */
  readonly tags: {
    readonly txAllocsPerPacket: number;
    readonly rxAllocsPerPacket: number;
    readonly handoverAllocs: number;
    readonly leaked: number;
  };
  readonly rtl: {
    /** From the cards being ready to the last thing that moved. */
    readonly cycles: number;
    readonly cyclesPerPacket: number;
    /** Payload bits delivered in a cycle. */
    readonly bitsPerCycle: number;
  };
  readonly time: {
    readonly wallSeconds: number;
    readonly cyclesPerSecond: number;
    readonly packetsPerSecond: number;
    readonly split: {
      readonly rtl: number;
      readonly ffi: number;
      readonly stack: number;
      readonly oracles: number;
      readonly other: number;
    };
  };
  readonly ffi: {
    readonly binding: string;
    readonly calls: number;
    readonly callsPerPacket: number;
  };
  /** Why ESP packets were not offloaded. */
  readonly notOffloaded: readonly NotOffloaded[];
  /** What the hosts' setkey(8) files asked for and did not get, or say against themselves. */
  readonly notes: readonly string[];
  /** Drop counters that are not zero, `host.name`. */
  readonly drops: Readonly<Record<string, number>>;
  /** What came in between, by the seed; there in runs that let something come. */
  readonly schedule?: readonly string[];
  readonly violations: readonly Violation[];
  readonly artefacts: Readonly<Record<string, string>>;
}
