// SPDX-License-Identifier: BSD-2-Clause
// The guest's scripts: two network namespaces a and b, and the wire between them in the first one.
//
//   ns a: a0 ── wa ══ peer wire ══ wb ── b0 :ns b
//         lo 192.168.1.1, fd01::1          lo 192.168.2.1, fd02::1
import { ipXfrmState, outerEnds, sasOf, trafficEnds } from './sa.mjs';

export const MODULES =
  `veth xfrm_user xfrm_algo esp4 esp6 ah4 ah6 ctr ccm gcm cryptd crypto_simd aesni_intel
 ghash_clmulni_intel sha1_ssse3 sha256_ssse3 sha512_ssse3 drbg seqiv echainiv authenc authencesn
 crypto_null chacha20poly1305 poly1305_x86_64 chacha_x86_64 virtio_pci virtio_console`.split(/\s+/);

export const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
ip() { /sbin/ip "$@"; }
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
for m in ${MODULES.join(' ')}; do modprobe $m || echo "no module $m"; done
ip link set lo up
for ns in a b; do
  mkdir -p /run/netns; ip netns add $ns
  ip link add $ns"0" type veth peer name w$ns
  ip link set dev $ns"0" netns $ns
  ip link set dev w$ns up promisc on
  peer plain w$ns
  ip netns exec $ns /bin/peer plain $ns"0"
  n=$([ $ns = a ] && echo 1 || echo 2); other=$((3 - n))
  ip netns exec $ns /bin/busybox sh -c "
    echo 0 > /proc/sys/net/ipv6/conf/$ns""0/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$ns""0/router_solicitations
    /sbin/ip link set lo up; /sbin/ip link set dev $ns""0 up
    /sbin/ip addr add 10.9.0.$n/24 dev $ns""0; /sbin/ip addr add fd09::$n/64 dev $ns""0 nodad
    /sbin/ip addr add 192.168.$n.1/32 dev lo; /sbin/ip addr add fd0$n::1/128 dev lo nodad
    /sbin/ip route add 192.168.$other.0/24 via 10.9.0.$other src 192.168.$n.1
    /sbin/ip -6 route add fd0$other::/64 via fd09::$other src fd0$n::1"
done
for job in /jobs/*.sh; do . $job; done
ls -l /out
cd /out && tar cf /dev/vport0p1 . && sync
echo RECORDED
poweroff -f
`;

/** Counters of the kernel that grew, as `a.XfrmInStateSeqError=2`. */
const GROWN = 'NR==FNR {b[$1]=$2; next} $2!=b[$1] {print ns "." $1 "=" $2-b[$1]}';

/** What transport policies are about: over IPv6, neighbour discovery stays in clear. */
const SELECTED = {
  0: [''],
  4: [''],
  6: [' proto udp', ' proto ipv6-icmp type 128', ' proto ipv6-icmp type 129'],
};

/** The script of one capture: leaves NAME.pcap and NAME.txt (figures of the ends) in /out. */
export function jobOf(c) {
  const sas = sasOf(c);
  const crosses = c.inner !== c.outer;
  const [outA, outB] = outerEnds(c);
  const [a, b] = trafficEnds(c);
  const inNs = (ns, line) => `/sbin/ip netns exec ${ns} ${line.replace(/^ip /, '/sbin/ip ')}`;
  const policy = (ns, dir, src, dst, outSrc, outDst) => {
    const templates = ['esp', 'ah'].filter((proto) => c[proto] !== undefined);
    const tmpl = templates.map((proto, i) => {
      const mode = i > 0 ? 'transport' : c.mode;
      return `tmpl src ${outSrc} dst ${outDst} proto ${proto} reqid ${proto === 'ah' ? 2 : 1} mode ${mode}`;
    });
    const bits = src.includes(':') ? 64 : 24;
    const sel =
      c.mode === 'tunnel' ? `src ${src}/${bits} dst ${dst}/${bits}` : `src ${src} dst ${dst}`;
    return SELECTED[c.mode === 'transport' ? c.outer : 0].map((proto) =>
      inNs(ns, `ip xfrm policy add ${sel}${proto} dir ${dir} ${tmpl.join(' ')}`),
    );
  };
  const lines = [`echo "== ${c.name}"`];
  for (const ns of ['a', 'b']) {
    lines.push(inNs(ns, 'ip xfrm state flush'), inNs(ns, 'ip xfrm policy flush'));
    for (const sa of sas) lines.push(inNs(ns, ipXfrmState(sa, crosses)));
    const [here, there, outHere, outThere] = ns === 'a' ? [a, b, outA, outB] : [b, a, outB, outA];
    lines.push(...policy(ns, 'out', here, there, outHere, outThere));
    lines.push(...policy(ns, 'in', there, here, outThere, outHere));
    lines.push(inNs(ns, `cat /proc/net/xfrm_stat > /tmp/${ns}.before`));
  }
  lines.push(`peer wire wa wb /out/${c.name}.pcap ${c.tamper ?? ''} & wire=$!`);
  lines.push(`${inNs('b', '/bin/peer echo 7')} >> /out/${c.name}.txt 2>&1 & echo=$!`);
  lines.push('usleep 50000', 'natt=');
  if (c.natt) {
    const [pa, pb] = c.natt;
    lines.push(`${inNs('a', `/bin/peer natt ${outA} ${pa} ${outB} ${pb}`)} & natt=$!`);
    lines.push(`${inNs('b', `/bin/peer natt ${outB} ${pb} ${outA} ${pa}`)} & natt="$natt $!"`);
    lines.push('usleep 200000');
  }
  const opts = c.options ? ` opts=${c.options}` : '';
  lines.push(inNs('a', `/bin/peer udp ${b} 7 ${c.sizes}${opts} >> /out/${c.name}.txt 2>&1`));
  for (const [proto, size, mtu] of c.raw ?? []) {
    lines.push(
      inNs('a', `/bin/peer raw ${a} ${b} ${proto} ${size} ${mtu} >> /out/${c.name}.txt 2>&1`),
    );
  }
  lines.push(
    inNs('a', `ping ${c.inner === 6 ? '-6 ' : ''}-c 2 -i 0.05 -W 1 -s 40 ${b} > /dev/null`),
  );
  if (c.natt) lines.push('sleep 1');
  lines.push('usleep 100000; kill $wire; kill $echo $natt; usleep 250000');
  for (const ns of ['a', 'b']) {
    const after = inNs(ns, 'cat /proc/net/xfrm_stat');
    lines.push(`${after} | awk '${GROWN}' ns=${ns} /tmp/${ns}.before - >> /out/${c.name}.txt`);
  }
  return `${lines.join('\n')}\n`;
}
