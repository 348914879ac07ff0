// SPDX-License-Identifier: BSD-2-Clause
import { espSpi } from '../../header/esp.ts';
import { ETHERTYPE_IP, ETHERTYPE_IPV6, etherHeaderLen } from '../../header/ether.ts';
import { IPPROTO_ESP, ipHdrLen, ipOff, ipProto } from '../../header/ip.ts';
import { IP6_HDR_LEN, ip6Nxt } from '../../header/ip6.ts';
import { rssHash } from './nic_regs.ts';

/** Bytes of a frame that are looked at: Ethernet with a tag, IPv6, an SPI. */
const LOOK_BYTES = 18 + IP6_HDR_LEN + 4;
/** More fragments, and where this one lies. */
const IP_FRAGMENT = 0x3fff;

/** The receive queue of an SPI, as the card's table is filled. */
export function spiQueue(spi: number, queues: number): number {
  return rssHash(spi) % queues;
}

/**
 * The transmit queue of the frame at view[at]: by the SPI of ESP, else by the two addresses. So the
 * frames of a flow stay in order. What is neither, or too short, goes to queue 0.
 */
export function flowQueue(view: DataView, at: number, lenBytes: number, queues: number): number {
  if (lenBytes < LOOK_BYTES) return 0;
  const ip = at + etherHeaderLen(view, at);
  const type = view.getUint16(ip - 2);
  if (type === ETHERTYPE_IP) {
    const isEsp = ipProto(view, ip) === IPPROTO_ESP && (ipOff(view, ip) & IP_FRAGMENT) === 0;
    if (isEsp) return spiQueue(espSpi(view, ip + ipHdrLen(view, ip)), queues);
    return spiQueue(view.getUint32(ip + 12) ^ view.getUint32(ip + 16), queues);
  }
  if (type !== ETHERTYPE_IPV6) return 0;
  if (ip6Nxt(view, ip) === IPPROTO_ESP) return spiQueue(espSpi(view, ip + IP6_HDR_LEN), queues);
  return spiQueue(view.getUint32(ip + 20) ^ view.getUint32(ip + 36), queues);
}
