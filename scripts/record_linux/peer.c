// SPDX-License-Identifier: BSD-2-Clause
// What the guest needs beside busybox and iproute2: a wire that records and tampers, and UDP ends
// whose payload is known. Linked statically; runs as root inside the guest only.
//
//   peer plain IF                    no checksum, segmentation or receive offload on IF
//   peer wire IF IF FILE [k=N …]     passes frames between two interfaces, and writes FILE (pcap);
//                                    dup=N corrupt=N swap=N: every Nth IPsec packet is sent twice,
//                                    preceded by a copy with a wrong bit, or overtaken by the next;
//                                    old=N: the Nth comes once more at the end
//   peer echo PORT                   sends datagrams back to where they come from
//   peer udp ADDR PORT SIZE,… [df=N] [opts=HEX]   sends them one by one, each awaits its echo
//   peer natt ADDR PORT ADDR PORT    the UDP encapsulation socket of RFC 3948; sends a keep-alive
//                                    and a packet with the non-ESP marker, then waits
//   peer raw SRC DST PROTO SIZE MTU  an IPv4 packet of PROTO in fragments of MTU bytes
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int option(int argc, char **argv, const char *name) {
  size_t n = strlen(name);
  for (int i = 0; i < argc; i++)
    if (!strncmp(argv[i], name, n) && argv[i][n] == '=') return atoi(argv[i] + n + 1);
  return 0;
}

static int plain(const char *name) {
  static const uint32_t commands[] = {ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SSG,
                                      ETHTOOL_STSO,    ETHTOOL_SGSO,    ETHTOOL_SGRO};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++) {
    struct ethtool_value off = {commands[i], 0};
    struct ifreq r = {0};
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    r.ifr_data = (void *)&off;
    ioctl(s, SIOCETHTOOL, &r);  // what it does not have is off already
  }
  return 0;
}

// ---- the wire ----

static volatile sig_atomic_t ending;
static void on_term(int sig) {
  (void)sig;
  ending = 1;
}

static FILE *pcap;

static void record(const uint8_t *frame, uint32_t len) {
  struct timeval now;
  gettimeofday(&now, NULL);
  uint32_t head[4] = {now.tv_sec, now.tv_usec, len, len};
  fwrite(head, 4, 4, pcap);
  fwrite(frame, 1, len, pcap);
}

static int raw_socket(const char *name) {
  int s = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  struct sockaddr_ll at = {.sll_family = AF_PACKET,
                           .sll_protocol = htons(ETH_P_ALL),
                           .sll_ifindex = if_nametoindex(name)};
  if (s < 0 || bind(s, (void *)&at, sizeof at)) die(name);
  return s;
}

// Offset behind the IP header of an unfragmented IPsec packet, 0 for all else.
static int ipsec_at(const uint8_t *f, int len) {
  if (len < 60) return 0;
  int proto = f[12] == 0x08 ? f[23] : f[12] == 0x86 ? f[20] : 0;
  int at = f[12] == 0x08 ? 14 + 4 * (f[14] & 15) : 54;
  if (f[12] == 0x08 && ((f[20] & 0x3f) | f[21])) return 0;
  int natt = proto == 17 && at + 12 < len && ((f[at] << 8) | f[at + 1]) == 4500 &&
             (f[at + 8] | f[at + 9] | f[at + 10] | f[at + 11]);
  return proto == 50 || proto == 51 || natt ? at : 0;
}

struct kept {
  uint8_t frame[2048];
  int len, to;
};

static void put(int to, const uint8_t *frame, int len) {
  record(frame, len);
  if (send(to, frame, len, 0) < 0) perror("send");
}

static int wire(int argc, char **argv) {
  int s[2] = {raw_socket(argv[0]), raw_socket(argv[1])};
  pcap = fopen(argv[2], "w");
  uint32_t head[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1};
  fwrite(head, 4, 6, pcap);
  int dup = option(argc, argv, "dup"), corrupt = option(argc, argv, "corrupt");
  int swap = option(argc, argv, "swap"), old = option(argc, argv, "old");
  signal(SIGTERM, on_term);
  static struct kept first, held;
  int count = 0;
  while (!ending) {
    struct pollfd p[2] = {{s[0], POLLIN, 0}, {s[1], POLLIN, 0}};
    if (poll(p, 2, 50) <= 0) continue;
    for (int i = 0; i < 2; i++) {
      if (!(p[i].revents & POLLIN)) continue;
      struct sockaddr_ll from;
      socklen_t n = sizeof from;
      uint8_t f[2048];
      int len = recvfrom(s[i], f, sizeof f, 0, (void *)&from, &n);
      if (len <= 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
      int at = ipsec_at(f, len), to = s[!i];
      if (at) count++;
      if (at && count == old) {
        memcpy(first.frame, f, len);
        first.len = len;
        first.to = to;
      }
      if (at && swap && count % swap == 0 && !held.len) {
        memcpy(held.frame, f, len);
        held.len = len;
        held.to = to;
        continue;
      }
      if (at && corrupt && count % corrupt == 0) {
        int bit = count % 2 ? len - 3 : len / 2 + at / 2;  // the ICV, or the text
        f[bit] ^= 0x10;
        put(to, f, len);
        f[bit] ^= 0x10;
      }
      put(to, f, len);
      if (at && dup && count % dup == 0) put(to, f, len);
      if (held.len && at) {
        put(held.to, held.frame, held.len);
        held.len = 0;
      }
    }
  }
  if (held.len) put(held.to, held.frame, held.len);
  if (first.len) put(first.to, first.frame, first.len);
  usleep(100000);
  fclose(pcap);
  return 0;
}

// ---- UDP ends ----

static socklen_t address(struct sockaddr_storage *at, const char *text, int port) {
  struct sockaddr_in *v4 = (void *)at;
  struct sockaddr_in6 *v6 = (void *)at;
  memset(at, 0, sizeof *at);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) die(text);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return sizeof *v6;
}

// The payload of a datagram follows from its length.
static void fill(uint8_t *data, int size) {
  for (int i = 0; i < size; i++) data[i] = size + 7 * i;
}

static int echo(int port) {
  int s = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (s < 0 || bind(s, (void *)&any, sizeof any)) die("echo");
  int good = 0, bad = 0;
  signal(SIGTERM, on_term);
  while (!ending) {
    struct pollfd p = {s, POLLIN, 0};
    if (poll(&p, 1, 50) <= 0) continue;
    struct sockaddr_storage from;
    socklen_t n = sizeof from;
    static uint8_t data[65536], expected[65536];
    int size = recvfrom(s, data, sizeof data, 0, (void *)&from, &n);
    if (size < 0) continue;
    fill(expected, size);
    if (memcmp(data, expected, size)) bad++;
    else good++;
    sendto(s, data, size, 0, (void *)&from, n);
  }
  printf("echoGood=%d echoBad=%d\n", good, bad);
  return 0;
}

static int udp(int argc, char **argv) {
  struct sockaddr_storage to;
  socklen_t n = address(&to, argv[0], atoi(argv[1]));
  int s = socket(to.ss_family, SOCK_DGRAM, 0);
  int is6 = to.ss_family == AF_INET6;
  // 0: never DF, and what is too long is fragmented here
  int df = option(argc, argv, "df") ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
  setsockopt(s, is6 ? IPPROTO_IPV6 : IPPROTO_IP, is6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &df,
             sizeof df);
  for (int i = 3; i < argc; i++) {
    if (strncmp(argv[i], "opts=", 5)) continue;
    // IPv4: options; IPv6: hop-by-hop and destination options, each with a PadN
    uint8_t bytes[40];
    int len = 0;
    for (const char *c = argv[i] + 5; c[0] && c[1]; c += 2) {
      unsigned byte = 0;
      sscanf(c, "%2x", &byte);
      bytes[len++] = byte;
    }
    if (!is6 && setsockopt(s, IPPROTO_IP, IP_OPTIONS, bytes, len)) die("IP_OPTIONS");
    if (is6 && setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, bytes, len)) die("IPV6_HOPOPTS");
    if (is6 && setsockopt(s, IPPROTO_IPV6, IPV6_DSTOPTS, bytes, len)) die("IPV6_DSTOPTS");
  }
  if (connect(s, (void *)&to, n)) die("connect");
  struct timeval patience = {.tv_usec = 600000};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  int sent = 0, back = 0;
  for (char *size = strtok(argv[2], ","); size; size = strtok(NULL, ",")) {
    static uint8_t data[65536], answer[65536];
    int len = atoi(size);
    fill(data, len);
    if (send(s, data, len, 0) < 0) perror("send");
    sent++;
    int got;
    do got = recv(s, answer, sizeof answer, 0);
    while (got >= 0 && got != len);  // an echo of one before, that came late
    if (got == len && !memcmp(data, answer, len)) back++;
  }
  printf("udpSent=%d udpBack=%d\n", sent, back);
  return 0;
}

static int natt(char **argv) {
  struct sockaddr_storage here, there;
  socklen_t n = address(&here, argv[0], atoi(argv[1]));
  address(&there, argv[2], atoi(argv[3]));
  int s = socket(here.ss_family, SOCK_DGRAM, 0), type = UDP_ENCAP_ESPINUDP;
  int is6 = here.ss_family == AF_INET6;
  struct xfrm_userpolicy_info pass = {.action = XFRM_POLICY_ALLOW,
                                      .sel = {.family = here.ss_family}};
  for (int dir = XFRM_POLICY_IN; dir <= XFRM_POLICY_OUT; dir++) {
    pass.dir = dir;
    if (setsockopt(s, is6 ? IPPROTO_IPV6 : IPPROTO_IP, is6 ? IPV6_XFRM_POLICY : IP_XFRM_POLICY,
                   &pass, sizeof pass))
      die("bypass");
  }
  if (setsockopt(s, IPPROTO_UDP, UDP_ENCAP, &type, sizeof type)) die("UDP_ENCAP");
  if (bind(s, (void *)&here, n)) die("bind");
  sleep(1);
  uint8_t keepalive = 0xff, ike[32] = {0, 0, 0, 0, 'I', 'K', 'E'};
  sendto(s, &keepalive, 1, 0, (void *)&there, n);
  sendto(s, ike, sizeof ike, 0, (void *)&there, n);
  for (;;) pause();
  return 0;
}

static int raw(char **argv) {
  int s = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  int proto = atoi(argv[2]), size = atoi(argv[3]), step = (atoi(argv[4]) - 20) & ~7;
  struct sockaddr_storage from, to;
  address(&from, argv[0], 0);
  socklen_t n = address(&to, argv[1], 0);
  static uint8_t data[4096], packet[4096];
  fill(data, size);
  if (proto == 17) {
    uint16_t head[4] = {htons(7000), htons(7), htons(size), 0};  // no checksum
    memcpy(data, head, 8);
    fill(data + 8, size - 8);
  }
  for (int at = 0; at < size; at += step) {
    int len = size - at < step ? size - at : step;
    struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = proto, .id = htons(77)};
    ip.tot_len = htons(20 + len);
    ip.frag_off = htons(at / 8 | (at + len < size ? 0x2000 : 0));
    ip.saddr = ((struct sockaddr_in *)&from)->sin_addr.s_addr;
    ip.daddr = ((struct sockaddr_in *)&to)->sin_addr.s_addr;
    memcpy(packet, &ip, 20);
    memcpy(packet + 20, data + at, len);
    if (sendto(s, packet, 20 + len, 0, (void *)&to, n) < 0) perror("raw");
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *job = argc > 1 ? argv[1] : "";
  if (!strcmp(job, "plain") && argc == 3) return plain(argv[2]);
  if (!strcmp(job, "wire") && argc >= 5) return wire(argc - 2, argv + 2);
  if (!strcmp(job, "echo") && argc == 3) return echo(atoi(argv[2]));
  if (!strcmp(job, "udp") && argc >= 5) return udp(argc - 2, argv + 2);
  if (!strcmp(job, "natt") && argc == 6) return natt(argv + 2);
  if (!strcmp(job, "raw") && argc == 7) return raw(argv + 2);
  fprintf(stderr, "peer: see the head of peer.c\n");
  return 2;
}
