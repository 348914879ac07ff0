// SPDX-License-Identifier: BSD-2-Clause
// The cases of NetBSD's tests/net/ipsec, by the names that their scripts give them (t_ipsec_*.sh up to
// commit 5f075cfbec79).
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: titles as their source has them
import { is, isNot } from './cases.ts';

const MISC = 'rfc/netbsd_ipsec_misc.test.ts';
const TRANSFORMS = 'unit/netipsec/transforms.test.ts';
const EVERY_WAY = '%s, IPv%i in IPv%i';
const NO_TCP = 'there is no TCP; UDP and ICMP take the same way through IPsec';
const NO_IPCOMP = 'there is no IPComp; setkey(8) files that ask for it are refused';
const NO_L2TP = 'there is no l2tp(4) interface; gif(4) and if_ipsec(4) are the tunnels here';
const NO_SOCKET_POLICY = 'sockets have no policy of their own (IP_IPSEC_POLICY): the SPD decides';
const NO_SYSCTL = 'there is no sysctl tree; a host has IPsec, or NO_IPSEC in its place';

export const NETBSD = [
  is('ipsec_ah_<algo>_valid_keys', 'unit/netipsec/setkey.test.ts', '-E %s of %i bytes -A %s'),
  is(
    'ipsec_ah_<algo>_invalid_keys',
    'unit/netipsec/setkey.test.ts',
    'names the place of a mistake: %s',
  ),
  is('ipsec_esp_<algo>_valid_keys', 'unit/netipsec/setkey.test.ts', '-E %s of %i bytes -A %s'),
  is(
    'ipsec_esp_<algo>_invalid_keys',
    'unit/netipsec/setkey.test.ts',
    'names the place of a mistake: %s',
  ),
  is('ipsec_transport_{ipv4,ipv6}_{esp,ah}_<algo>', TRANSFORMS, EVERY_WAY),
  is('ipsec_tunnel_{ipv4,ipv6}_{esp,ah}_<algo>', TRANSFORMS, EVERY_WAY),
  is('ipsec_tunnel_{v4v6,v6v4}_{esp,ah}_<algo>', TRANSFORMS, EVERY_WAY),
  isNot('ipsec_tunnel_ipcomp_<calgo>_{ipv4,ipv6}_{esp,ah}_<algo>', NO_IPCOMP),
  is(
    'ipsec_lifetime_{ipv4,ipv6}_{esp,ah}_<algo>',
    MISC,
    'ipsec_lifetime_${family}_${proto}_${algo}',
  ),
  is('ipsec_update_sa_{esp,ah}_<algo>', MISC, 'ipsec_update_sa_${proto}_${algo}'),
  is('ipsec_update_sp_{esp,ah}_<algo>', MISC, 'ipsec_update_sp_${proto}_${algo}'),
  is(
    'ipsec_spi_{esp,ah}_<algo>_preferred_{new,old}_{delete,timeout}',
    MISC,
    'ipsec_spi_${proto}_${algo}_preferred_%s_%s',
  ),
  is('ipsec_nosa_{esp,ah}_<algo>', MISC, 'ipsec_nosa_${proto}_${algo}'),
  is('ipsec_multiple_sa_{esp,ah}_<algo>', MISC, 'ipsec_multiple_sa_${proto}_${algo}'),
  is('ipsec_getspi_update_{esp,ah}_<algo>', MISC, 'ipsec_getspi_update_${proto}_${algo}'),
  is(
    'ipsec_natt_transport_ipv4_<algo>',
    'rfc/rfc3948.test.ts',
    '§3.1.2: transport mode behind a NAT of addresses, the checksum inside is mended',
  ),
  is(
    'ipsec_natt_transport_ipv6_<algo>',
    'rfc/rfc3948_ip6.test.ts',
    '%i bytes: ESP behind UDP with a checksum, and out of it',
  ),
  is(
    'ipsec_sp_port_{ipv4,ipv6}_<algo>',
    'rfc/netbsd_ipsec_forwarding.test.ts',
    'ipsec_sp_port_${family}_rijndaelcbc',
  ),
  is(
    'ipsec_gif_{ipv4,ipv6}_{transport,tunnel}_{esp,ah}_<algo>',
    'rfc/netbsd_ipsec_gif.test.ts',
    'ipsec_gif_%s_%s_%s',
  ),
  isNot('ipsec_l2tp_{ipv4,ipv6}_{transport,tunnel}_{esp,ah}_<algo>', NO_L2TP),
  isNot('ipsec_IP_IPSEC_POLICY_{ipv4,ipv6}_{esp,ah}_<algo>', NO_SOCKET_POLICY),
  isNot('ipsec_IP_IPSEC_POLICY_{ipv4,ipv6}_ipcomp_<algo>', NO_IPCOMP),
  isNot('ipsec_sysctl0', NO_SYSCTL),
  isNot('ipsec_sysctl4', NO_SYSCTL),
  isNot('ipsec_sysctl6', NO_SYSCTL),
  isNot('ipsec_tcp_{ipv4,ipv6,ipv4mappedipv6}_{esp,ah}_<algo>', NO_TCP),
  isNot('ipsec_tcp_{ipv4,ipv6,ipv4mappedipv6}_none', NO_TCP),
  is(
    'flag_if_ipsec_sp',
    'unit/netipsec/if_ipsec.test.ts',
    'what is routed into it goes by ESP without any policy of the SPD, and comes by it',
  ),
  is(
    'flag_userland_sp',
    'unit/netipsec/setkey.test.ts',
    'understands every statement and extension of the manual page',
  ),
  isNot('t_ipsec_policy: privileges of policy on sockets', NO_SOCKET_POLICY),
];
