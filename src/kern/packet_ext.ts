// SPDX-License-Identifier: BSD-2-Clause

/**
 * State that hangs on packets beside their tags and lives as long as they do: it has to be told what
 * m_freem(), m_dup() and the turns of a packet do to a tag list. Only measurements install one.
 */
export interface PacketExt {
  /** m is freed, or turns round and must lose what it was given on the way. */
  clear(m: number): void;
  /** `to`, which has nothing, gets what `from` has. 0, or ENOBUFS and `to` still has nothing. */
  copy(to: number, from: number): number;
}
