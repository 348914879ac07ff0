// SPDX-License-Identifier: BSD-2-Clause
/** Why a packet's crypto was not a card's: every packet that software did counts one of them. */
export const OFFLOAD_REASONS = [
  'offloadOff',
  'noCapableInterface',
  'hwifOther',
  'algorithmNotSupported',
  'saTableFull',
  'saNotInstalled',
  'needsFragmentation',
  'innerTransform',
  'interfaceChanged',
  'cardDidNotDecrypt',
  'saAsksForSoftware',
  'noPacketOffload',
  'familyNotSupported',
  'handedBack',
] as const;

export type OffloadReason = (typeof OFFLOAD_REASONS)[number];

/** Offload is switched off for the host. */
export const R_OFFLOAD_OFF = 0;
/** The interface of the route, or of the packet's arrival, has no IFCAP_IPSEC. */
export const R_NO_CAPABLE_INTERFACE = 1;
/** The SA is bound to another interface by -hwif. */
export const R_HWIF_OTHER = 2;
/** The card does not know the algorithm, or not this form of it. */
export const R_ALGORITHM = 3;
/** The card's SA table was full when the SA was added. */
export const R_SA_TABLE_FULL = 4;
/** The SA is not in this card, for another reason. */
export const R_SA_NOT_INSTALLED = 5;
/** With ESP the packet is larger than the MTU: fragments of ESP are made in software. */
export const R_NEEDS_FRAGMENTATION = 6;
/** Another transform goes round this one: a card does the outermost alone. */
export const R_INNER_TRANSFORM = 7;
/** The packet left by another interface than its request was made for. */
export const R_INTERFACE_CHANGED = 8;
/** Received: the SA is in the card, but the packet came up encrypted (a fragment, mostly). */
export const R_CARD_DID_NOT_DECRYPT = 9;
/** The SA was added with offload `no`. */
export const R_SA_SAYS_NO = 10;
/** Counted once for each SA that asks for packet offload: it gets crypto offload, or software. */
export const R_PACKET_OFFLOAD = 11;
/** The card does not do ESP in this family of addresses. */
export const R_FAMILY = 12;

/** It was under packet offload, and one packet needed software: since then software has it. */
export const R_HANDED_BACK = 13;

/** The counts of one host. */
export class OffloadReasons {
  readonly tx: Float64Array = new Float64Array(OFFLOAD_REASONS.length);
  readonly rx: Float64Array = new Float64Array(OFFLOAD_REASONS.length);

  /** Rows that are not zero. */
  list(): { direction: 'tx' | 'rx'; reason: OffloadReason; count: number }[] {
    const rows: { direction: 'tx' | 'rx'; reason: OffloadReason; count: number }[] = [];
    for (let i = 0; i < OFFLOAD_REASONS.length; i++) {
      const reason = OFFLOAD_REASONS[i]!;
      if (this.tx[i]! > 0) rows.push({ direction: 'tx', reason, count: this.tx[i]! });
      if (this.rx[i]! > 0) rows.push({ direction: 'rx', reason, count: this.rx[i]! });
    }
    return rows;
  }
}
