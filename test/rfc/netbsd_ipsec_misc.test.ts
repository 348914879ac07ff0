// SPDX-License-Identifier: BSD-2-Clause
/**
 * The cases of NetBSD's tests/net/ipsec/t_ipsec_misc.sh by their names, for each of its algorithms
 * that RFC 8221 has not thrown out since: rijndael-cbc with HMAC-SHA-1 for ESP, HMAC-SHA-1 and
 * HMAC-SHA-2-512 for AH.
 */
import { describe, expect, it } from 'vitest';
import { giveAddress, HOST } from '../../src/harness/addressing.ts';
import { ipAddrParse } from '../../src/header/ip_addr.ts';
import { secondsToCycles } from '../../src/kern/clock.ts';
import { UdpSocket } from '../../src/netinet/socket.ts';
import { createIpsecRig, type IpsecRig } from '../unit/netipsec/ipsec_rig.ts';

type Proto = 'esp' | 'ah';

/** Host A, host B, and B's second address. */
const ENDS = {
  ipv4: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  ipv6: ['2001:db8::1', '2001:db8::2', '2001:db8::3'],
} as const;

const ALGORITHMS: readonly (readonly [Proto, string, (n: number) => string])[] = [
  ['esp', 'rijndaelcbc', (n) => `-E rijndael-cbc 0x${hex(n, 16)} -A hmac-sha1 0x${hex(n, 20)}`],
  ['ah', 'hmacsha1', (n) => `-A hmac-sha1 0x${hex(n, 20)}`],
  ['ah', 'hmacsha512', (n) => `-A hmac-sha2-512 0x${hex(n, 64)}`],
];

function hex(n: number, bytes: number): string {
  return n.toString(16).padStart(2, '0').repeat(bytes);
}

/** Two hosts, and what their SAs are made of. */
class Pair {
  readonly rig: IpsecRig = createIpsecRig();
  readonly proto: Proto;
  readonly #algorithm: (n: number) => string;
  readonly #ends: readonly [string, string, string];
  #got = 0;

  constructor(family: 'ipv4' | 'ipv6', proto: Proto, algorithm: (n: number) => string) {
    this.proto = proto;
    this.#algorithm = algorithm;
    this.#ends = ENDS[family];
    const any = family === 'ipv4' ? 0 : new Uint8Array(16);
    const { b } = this.rig;
    giveAddress(b.inet, b.ifp, ipAddrParse(ENDS[family][2]), HOST);
    new UdpSocket(b.inet).bind(any, 7).onMessage(() => {
      this.#got++;
    });
  }

  /** An SA from A to B, on both hosts. */
  sa(spi: number, options = '', op = 'add', to: 'first' | 'second' = 'first'): this {
    const [a, b, second] = this.#ends;
    const dst = to === 'first' ? b : second;
    const alg = this.#algorithm(spi & 255);
    // B gave the SPI out; A has it from B.
    const line = (word: string): string =>
      `${word} ${a} ${dst} ${this.proto} ${spi} ${options} ${alg};`;
    this.rig.setkeyOf('b', line(op));
    this.rig.setkeyOf('a', line(this.seq(spi) === -1 ? 'add' : op));
    return this;
  }

  /** SADB_GETSPI of the host that is to receive. */
  getSpi(): number {
    return this.rig.ipsecB.sadb.getSpi(ipAddrParse(this.#ends[1]), this.proto === 'esp' ? 50 : 51);
  }

  policy(level = 'require', op = 'spdadd'): this {
    const [a, b] = this.#ends;
    for (const d of ['out', 'in']) {
      this.rig.setkey(`${op} ${a} ${b} udp -P ${d} ipsec ${this.proto}/transport//${level};`);
    }
    return this;
  }

  policyForAll(): this {
    const [a] = this.#ends;
    const all = a.includes(':') ? '::/0' : '0.0.0.0/0';
    for (const d of ['out', 'in']) {
      this.rig.setkey(`spdadd ${a} ${all} udp -P ${d} ipsec ${this.proto}/transport//require;`);
    }
    return this;
  }

  /** How many of n datagrams arrive. */
  send(n: number, to: 'first' | 'second' = 'first'): number {
    const before = this.#got;
    const socket = new UdpSocket(this.rig.a.inet);
    for (let i = 0; i < n; i++) {
      socket.sendTo(Uint8Array.of(i), ipAddrParse(this.#ends[to === 'first' ? 1 : 2]), 7);
      this.rig.pump();
    }
    return this.#got - before;
  }

  /** Last number that A's SA gave out; -1: it is not there. */
  seq(spi: number): number {
    return this.rig.ipsecA.sadb.list().find((sa) => sa.spi === spi)?.seq ?? -1;
  }

  delete(spi: number): void {
    const { sadb } = this.rig.ipsecA;
    sadb.delete(sadb.list().find((sa) => sa.spi === spi)!);
  }

  at(seconds: number): void {
    this.rig.clock.cycle = secondsToCycles(seconds);
    for (const ipsec of [this.rig.ipsecA, this.rig.ipsecB]) ipsec.timers();
  }
}

const families = ['ipv4', 'ipv6'] as const;

describe.each(ALGORITHMS)('t_ipsec_misc, %s %s', (proto, algo, algorithm) => {
  describe.each(families)('%s', (family) => {
    const pair = () => new Pair(family, proto, algorithm);

    it(`ipsec_lifetime_${family}_${proto}_${algo}`, () => {
      const p = pair().sa(10_000, '-ls 3 -lh 6').policy();
      expect(p.send(1)).toBe(1);
      p.at(4);
      expect(p.rig.a.counters.get('ipsec.softExpired')).toBe(1);
      expect(p.send(1)).toBe(1);
      p.at(7);
      expect(p.seq(10_000)).toBe(-1);
      expect(p.rig.ipsecA.sadb.all()).toEqual([]);
      expect(p.send(1)).toBe(0);
      p.rig.end();
    });

    it(`ipsec_update_sa_${proto}_${algo}`, () => {
      const p = pair().sa(10_000, '-lh 6').policy();
      expect(p.send(2)).toBe(2);
      p.sa(10_000, '-lh 60', 'update');
      p.at(7);
      expect(p.send(1)).toBe(1);
      expect(p.seq(10_000)).toBe(3);
      p.rig.end();
    });

    it(`ipsec_update_sp_${proto}_${algo}`, () => {
      const p = pair().sa(10_000, '-u 5').policy('unique:4');
      expect(p.send(1)).toBe(0);
      p.policy('unique:5', 'spdupdate');
      expect(p.send(1)).toBe(1);
      p.rig.end();
    });

    it.each([
      ['new', 'delete'],
      ['new', 'timeout'],
      ['old', 'delete'],
      ['old', 'timeout'],
    ])(`ipsec_spi_${proto}_${algo}_preferred_%s_%s`, (preferred, end) => {
      const isOld = preferred === 'old';
      const first = isOld ? 10_000 : 10_010;
      const second = isOld ? 10_010 : 10_000;
      const life = (spi: number) => (end === 'timeout' && spi === first ? '-lh 5' : '-lh 50');
      const p = pair();
      p.rig.ipsecA.sadb.preferOld = isOld;
      p.sa(10_000, life(10_000)).policy();
      expect(p.send(1)).toBe(1);
      p.sa(10_010, life(10_010));
      const before = p.seq(second);
      expect(p.send(3)).toBe(3);
      expect(p.seq(second)).toBe(before);
      if (end === 'delete') p.delete(first);
      else p.at(6);
      expect(p.seq(first)).toBe(-1);
      expect(p.send(3)).toBe(3);
      expect(p.seq(second)).toBe(before + 3);
      p.rig.end();
    });

    it(`ipsec_nosa_${proto}_${algo}`, () => {
      const p = pair().policy();
      expect(p.send(2)).toBe(0);
      expect(p.rig.a.counters.get('ipsec.noSa')).toBe(2);
      p.sa(10_000);
      expect(p.send(2)).toBe(2);
      p.rig.end();
    });

    it(`ipsec_multiple_sa_${proto}_${algo}`, () => {
      const p = pair().policyForAll();
      expect([p.send(1), p.send(1, 'second')]).toEqual([0, 0]);
      p.sa(10_000);
      expect([p.send(1), p.send(1, 'second')]).toEqual([1, 0]);
      p.sa(10_010, '', 'add', 'second');
      expect([p.send(1), p.send(2, 'second')]).toEqual([1, 2]);
      expect([p.seq(10_000), p.seq(10_010)]).toEqual([2, 2]);
      p.rig.end();
    });

    it(`ipsec_getspi_update_${proto}_${algo}`, () => {
      const p = pair().policy();
      const spi = p.getSpi();
      expect(p.send(1)).toBe(0);
      p.sa(spi, '', 'update');
      expect(p.send(2)).toBe(2);
      expect([p.seq(spi), p.rig.ipsecB.sadb.larvals]).toEqual([2, 0]);
      p.rig.end();
    });
  });
});
