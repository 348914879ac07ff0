// SPDX-License-Identifier: BSD-2-Clause
/** What a session hands to node:crypto beside the packet. */
export type ScratchUse = 'key' | 'nonce' | 'aad' | 'tag';

const arrays = new Map<string, Uint8Array>();

/**
 * An array that all sessions share: each fills it in before a call of node:crypto, and nothing stays
 * in it for the next. An array that node:crypto sees is taken off V8's heap for good; with four of
 * them in each session, ten thousand SAs are out of every cache.
 */
export function scratch(use: ScratchUse, lenBytes: number): Uint8Array {
  const name = `${use} ${lenBytes}`;
  let array = arrays.get(name);
  if (array === undefined) {
    array = new Uint8Array(lenBytes);
    arrays.set(name, array);
  }
  return array;
}
