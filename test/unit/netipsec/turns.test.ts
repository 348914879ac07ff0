// SPDX-License-Identifier: BSD-2-Clause
// The rules at turns that no hazard of `run hazards` is about: each is taken out, and is missed.
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../../src/harness/create_world.ts';
import { HAZARDS } from '../../../src/harness/hazards/table.ts';
import { ipParse } from '../../../src/header/ip.ts';
import { Counters } from '../../../src/kern/counters.ts';
import { EACCES, EHOSTUNREACH } from '../../../src/kern/errno.ts';
import { MTAG_PERSISTENT, MTagPool, NO_TAG } from '../../../src/kern/m_tag.ts';
import { type Mbuf, MbufPool } from '../../../src/kern/mbuf.ts';
import { turnRules } from '../../../src/kern/turn_rule.ts';
import { BridgeIf } from '../../../src/net/if_bridge.ts';
import { epair } from '../../../src/net/if_epair.ts';
import { GifIf } from '../../../src/net/if_gif.ts';
import { IFCAP_IPSEC } from '../../../src/net/ifnet.ts';
import { attachInterface } from '../../../src/netinet/in_proto.ts';
import { ipForward } from '../../../src/netinet/ip_forward.ts';
import { IpsecIf } from '../../../src/netipsec/if_ipsec.ts';
import { PACKET_TAG_IPSEC_IN_CRYPTO_DONE, REQ_CARD_SA } from '../../../src/netipsec/pact.ts';
import { requestOf } from '../../../src/netipsec/request_fields.ts';
import { etherFrame, ipPacket } from '../../lib/packets.ts';
import { createRig, MemIf, type RigHost } from '../../lib/rig.ts';
import { createIpsecRig } from './ipsec_rig.ts';

const COOKIE = 0x1234;

/** A pool without a sanitiser: what a missing rule does is what is looked for. */
function newPool(): MbufPool {
  const config = { baseBytes: 0, sizeBytes: 1 << 15, frameBytes: 1514, jumboCount: 0 };
  return new MbufPool(new Uint8Array(1 << 15), new MTagPool(32), config);
}

function tagged(pool: MbufPool, id = 1): Mbuf {
  const m = pool.alloc();
  pool.append(m, 64);
  pool.tags.prepend(pool, m, pool.tags.alloc(COOKIE, id, 0));
  return m;
}

/** Ids of the tags on m. */
function idsOf(pool: MbufPool, m: Mbuf): number[] {
  const ids: number[] = [];
  for (let t = pool.tags.first(pool, m); t !== NO_TAG; t = pool.tags.next(t))
    ids.push(pool.tags.id(t));
  return ids;
}

/** A row for each rule: what is seen with it, and without. */
interface Turn {
  readonly with: unknown;
  readonly without: unknown;
  /** off: takes the rule out of a host. */
  see(off: (pool: MbufPool) => void): unknown;
}

const TURNS: Readonly<Record<string, Turn>> = {
  persistent: {
    with: [MTAG_PERSISTENT | 1],
    without: [],
    see(off) {
      const pool = newPool();
      off(pool);
      const m = tagged(pool, MTAG_PERSISTENT | 1);
      pool.tags.deleteNonpersistent(pool, m);
      return idsOf(pool, m);
    },
  },
  epair: {
    with: [],
    without: [1],
    see(off) {
      const pool = newPool();
      off(pool);
      const end = { pool, counters: new Counters() };
      const [a, b] = epair(0, { ...end, index: 1 }, { ...end, index: 2 });
      let ids: number[] = [];
      b.input = (m) => {
        ids = idsOf(pool, m);
      };
      a.transmit(tagged(pool));
      b.poll();
      return ids;
    },
  },
  'tunnel-in': {
    with: [],
    without: [1],
    see(off) {
      const pool = newPool();
      off(pool);
      const gif = new GifIf({ name: 'gif0', index: 1, pool, counters: new Counters() });
      let ids: number[] = [];
      gif.input = (m) => {
        ids = idsOf(pool, m);
      };
      gif.received(tagged(pool));
      return ids;
    },
  },
  'gif-marker': {
    with: EHOSTUNREACH,
    without: 0,
    see(off) {
      const pool = newPool();
      off(pool);
      const gif = new GifIf({ name: 'gif0', index: 1, pool, counters: new Counters() });
      const later: Mbuf[] = [];
      gif.encap = (m) => later.push(m) && 0;
      gif.transmit(tagged(pool));
      return gif.transmit(later[0]!);
    },
  },
  forward: {
    with: [],
    without: [1],
    see(off) {
      const rig = createRig({ tagsan: false });
      const { a, b } = rig;
      off(a.pool);
      a.inet.forward = ipForward;
      a.inet.arp.addStatic(a.ifp.index, b.addr, b.ifp.lladdr);
      a.inet.routes.add(ipParse('192.168.9.0'), 24, a.ifp, b.addr);
      let ids: number[] = [];
      a.ifp.afterWire = (m) => a.pool.tags.prepend(a.pool, m, a.pool.tags.alloc(COOKIE, 1, 0));
      a.ifp.beforeWire = (m) => {
        ids = idsOf(a.pool, m);
        return 0;
      };
      const packet = ipPacket({
        src: b.addr,
        dst: ipParse('192.168.9.9'),
        proto: 17,
        payload: new Uint8Array(8),
      });
      a.ifp.inject(etherFrame(a.ifp.lladdr, b.ifp.lladdr, 0x0800, packet));
      a.ifp.poll();
      return ids;
    },
  },
  'decrypted-stays': {
    with: EACCES,
    without: 0,
    see(off) {
      const { a, ipsecA } = createIpsecRig({ tagsan: false });
      off(a.pool);
      const m = a.pool.alloc();
      ipsecA.carrier.report(m, PACKET_TAG_IPSEC_IN_CRYPTO_DONE, requestOf());
      return ipsecA.beforeTransmit(m, a.ifp, 0);
    },
  },
  'ipsec-if-once': {
    with: EHOSTUNREACH,
    without: 'applied again',
    see(off) {
      const { a, b, ipsecA } = createIpsecRig({ tagsan: false });
      off(a.pool);
      const { inet, pool } = a;
      ipsecA.carrier.request = () => 0;
      const ends = { src: a.addr, dst: b.addr };
      const ifp = new IpsecIf({ name: 'ipsec0', index: 9, inet, ipsec: ipsecA, reqid: 7, ...ends });
      attachInterface(inet, ifp);
      ipsecA.hasApplied = () => true;
      const m = pool.alloc();
      const packet = ipPacket({ src: 1, dst: 2, proto: 17, payload: new Uint8Array(8) });
      pool.append(m, packet.length);
      pool.data.set(packet, pool.off[m]!);
      const errno = ifp.transmit(m);
      return a.counters.get('ifIpsec.sent') === 1 ? 'applied again' : errno;
    },
  },
  'bridge-once': {
    with: { asked: ['none', 'mem2', 'mem3'] },
    without: { asked: ['mem2', 'mem3'] },
    see(off) {
      const { a, clock } = createRig({ tagsan: false });
      off(a.pool);
      const asked: string[] = [];
      const bridge = bridgeOf(a, clock, (name) => asked.push(name));
      const m = a.pool.alloc();
      a.pool.append(m, 60);
      bridge.transmit(m);
      return { asked };
    },
  },
};

/** A bridge with two members, and a gate that writes down for whom it was asked. */
function bridgeOf(a: RigHost, clock: { cycle: number }, asked: (name: string) => void): BridgeIf {
  const { pool, counters } = a;
  const bridge = new BridgeIf({
    ...{
      name: 'bridge0',
      index: 9,
      lladdr: Uint8Array.of(2, 0, 0, 0, 0, 9),
      pool,
      counters,
      clock,
    },
    gate: (_m, ifp) => {
      asked(ifp.name);
      return 0;
    },
  });
  bridge.addMember(a.ifp);
  bridge.addMember(new MemIf(pool, 3, 3, 1500, IFCAP_IPSEC));
  return bridge;
}

describe('a rule at a turn is missed when it is taken out', () => {
  it.each(Object.entries(TURNS))('%s', (id, turn) => {
    expect(turn.see(() => {})).toEqual(turn.with);
    expect(turn.see((pool) => pool.rules.off(id))).toEqual(turn.without);
  });

  // A card is given another SA's index: with the rule software does it, else the wrong key does.
  it('driver-match', async () => {
    const run = async (rulesOff: string[]) => {
      const world = await createWorld({ nic: 'model', mode: 'transport', mtu: 1500, rulesOff });
      const [host, peer] = world.hosts;
      const { nic, ipsec } = host!;
      const sa = ipsec.sadb.list().find((s) => s.direction === 'out')!;
      const other = ipsec.sadb.add({
        ...{ src: sa.src, dst: ipParse('10.0.0.77'), spi: 0x9999, cipher: 'aes-gcm-16' },
        key: new Uint8Array(20).fill(7),
      });
      const transmit = nic.transmit.bind(nic);
      const take = ipsec.carrier.take.bind(ipsec.carrier);
      nic.transmit = (m) => {
        ipsec.carrier.take = (x) => {
          const at = take(x);
          ipsec.carrier.words[at + REQ_CARD_SA] = other.installs[0]!.cardSa;
          return at;
        };
        const error = transmit(m);
        ipsec.carrier.take = take;
        return error;
      };
      await world.flow(0, { packets: 5, size: 100 });
      const { software } = { software: sa.swPackets };
      const refused = peer!.counters.get('nic.rxAuthFail');
      world.close();
      return { software, refused };
    };
    expect(await run([])).toEqual({ software: 5, refused: 0 });
    expect(await run(['driver-match'])).toEqual({ software: 0, refused: 5 });
  });

  it('every rule of the table is missed: here, or by a hazard; a tap cannot touch tags', () => {
    const seen = [...Object.keys(TURNS), 'driver-match', 'tap', ...HAZARDS.map((h) => h.rule)];
    expect(
      turnRules()
        .map((r) => r.id)
        .filter((id) => !seen.includes(id)),
    ).toEqual([]);
  });
});
