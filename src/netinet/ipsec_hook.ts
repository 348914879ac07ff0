// SPDX-License-Identifier: BSD-2-Clause
import type { Mbuf } from '../kern/mbuf.ts';
import type { Ifnet } from '../net/ifnet.ts';

/**
 * All that netinet knows of IPsec: the method table of FreeBSD's <netipsec/ipsec_support.h>. The
 * composition root installs netipsec's; NO_IPSEC passes everything.
 *
 * An output or input method may consume the packet. It then returns EINPROGRESS (it re-entered IP
 * with the packet, or will), or another errno after freeing and counting it. 0 means: go on with m.
 */
export interface IpsecMethods {
  /** ip_output, before fragmentation and routing are final; m starts at its IP header. */
  output(m: Mbuf, family: 4 | 6): number;
  /** Demux of ESP and AH, with m at its IP header and ipHeaderLen known; always consumes m. */
  input(m: Mbuf, family: 4 | 6, ipHeaderLen: number, proto: number): void;
  /** UDP, before policy looks at m: is it ESP in UDP (RFC 3948)? True: it is taken over. */
  udpInput(m: Mbuf, family: 4 | 6, ipHeaderLen: number): boolean;
  /**
   * ip_input, before m goes to an upper protocol: does policy let it in as it came?
   * 0, or EACCES (the caller frees it; the method has counted it).
   */
  checkIn(m: Mbuf, family: 4 | 6, ipHeaderLen: number, proto: number): number;
  /** Reassembly: did a and b come in through SAs that policy cannot tell apart (RFC 4301 §7)? */
  sameOrigin(a: Mbuf, b: Mbuf): boolean;
  /**
   * Last gate before ifp.transmit(m): a packet whose crypto is still to be done must be going out by
   * the interface it was meant for; else it is finished in software here, or refused (errno: the
   * caller frees it). ipOffset: distance from m's first byte to the IP header.
   */
  beforeTransmit(m: Mbuf, ifp: Ifnet, ipOffset: number): number;
  /**
   * The largest packet like m that passes uncut once it is protected, bytes; 0 = not protected, so
   * the interface of the route decides.
   */
  pathMtu(m: Mbuf, family: 4 | 6): number;
  /**
   * A router could not pass on an ESP or AH packet, or one of UDP that may be ESP in it. Its first
   * quotedLen bytes, from its IP header on, are quoted at quotedAt, and proto is upperOff bytes behind
   * that; mtu: what would have passed, 0 = it did not say. True: it is IPsec's, and believed.
   */
  tooBig(
    family: 4 | 6,
    quotedAt: number,
    quotedLen: number,
    upperOff: number,
    proto: number,
    mtu: number,
  ): boolean;
}

export const NO_IPSEC: IpsecMethods = {
  output: () => 0,
  input: () => {
    throw new Error('no IPsec is installed');
  },
  udpInput: () => false,
  checkIn: () => 0,
  sameOrigin: () => true,
  beforeTransmit: () => 0,
  pathMtu: () => 0,
  tooBig: () => false,
};
