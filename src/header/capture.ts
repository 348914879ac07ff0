// SPDX-License-Identifier: BSD-2-Clause
import { isLinkType, linkTypesText } from './link_type.ts';

export type CaptureFault = 'unreadable' | 'not-a-capture' | 'truncated' | 'link-type' | 'malformed';

/** The capture cannot be read (on): which file, at which byte, why. */
export class CaptureError extends Error {
  readonly path: string;
  readonly offset: number;
  readonly fault: CaptureFault;

  constructor(path: string, offset: number, fault: CaptureFault, message: string) {
    super(`${path}: byte ${offset}: ${message}`);
    this.name = 'CaptureError';
    this.path = path;
    this.offset = offset;
    this.fault = fault;
  }
}

export interface Frame {
  /** The bytes captured; a view into the file's. */
  readonly bytes: Uint8Array;
  /** Length on the wire; more than bytes.length when the capture cut the packet. */
  readonly originalLen: number;
  readonly linkType: number;
  /** Since 1970, or since whatever the file counts from. */
  readonly timeNs: bigint;
  /** Of its record in the file. */
  readonly offset: number;
}

/** Throws CaptureError when nothing here reads packets of this link type. */
export function checkLinkType(path: string, offset: number, linkType: number): void {
  if (isLinkType(linkType)) return;
  const message = `link type ${linkType}; expected one of ${linkTypesText()}`;
  throw new CaptureError(path, offset, 'link-type', message);
}
