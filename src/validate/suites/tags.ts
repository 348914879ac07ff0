// SPDX-License-Identifier: BSD-2-Clause
import { DetourIf } from '../../harness/detour_if.ts';
import { MARKER, sendMarked } from '../../harness/hazards/detours.ts';
import { say } from '../../harness/hazards/lab.ts';
import { addressOf, OUTER } from '../../harness/topology.ts';
import type { Host } from '../../host.ts';
import { MTAG_PAYLOAD_BYTES, MTAG_PERSISTENT, NO_TAG } from '../../kern/m_tag.ts';
import type { Mbuf } from '../../kern/mbuf.ts';
import { BridgeIf } from '../../net/if_bridge.ts';
import { icmpEcho } from '../../netinet/icmp.ts';
import {
  ipsecTagName,
  NO_REQUEST,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_SA_HANDLE,
  REQ_SPI,
} from '../../netipsec/pact.ts';
import { requestOf } from '../../netipsec/request_fields.ts';
import { putRequest } from '../../netipsec/request_words.ts';
import type { Case } from '../case.ts';

const PACKETS = 10;
/** Owner of tags that IPsec knows nothing of. */
const FOREIGN = 0x666f7265;
/** An id of that owner. */
const NOTE = 7;

/** A tag of another owner on m; its payload claims the host's first SA of this direction. */
function hangForeign({ ipsec, mbufs, nic }: Host, m: Mbuf, id: number, way: 'in' | 'out'): void {
  const { tags } = mbufs;
  const sa = ipsec.sadb.list().find((s) => s.direction === way)!;
  const { spi, handle: saHandle, generation } = sa;
  const names = { spi, saHandle, generation, ifIndex: nic.index, dst0: sa.dstWords[0]! };
  const t = tags.alloc(FOREIGN, id, MTAG_PAYLOAD_BYTES, true);
  putRequest(tags.words, tags.payload(t, FOREIGN), requestOf(names));
  tags.prepend(mbufs, m, t);
}

/** What is done to each packet before the host's ip_output has IPsec look at it. */
function beforeOutput({ inet }: Host, act: (m: Mbuf) => void): void {
  const output = inet.ipsec.output.bind(inet.ipsec);
  inet.ipsec.output = (m, family) => {
    act(m);
    return output(m, family);
  };
}

const foreignOut: readonly Case[] = [
  PACKET_TAG_IPSEC_OUT_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
].map((id) => {
  const name = ipsecTagName(id);
  return {
    id: `hazards/foreign-${name.toLowerCase().replaceAll('_', '-')}`,
    title: `a tag that has the id of ${name} and another cookie: the packet is protected all the same`,
    checks: 'm_tag(9): an id means something under its cookie alone',
    parameters: { name },
    async run(c) {
      const world = await c.world({ mode: 'transport', mtu: 1500 });
      const [host] = world.hosts;
      beforeOutput(host!, (m) => hangForeign(host!, m, id, 'out'));
      const onWire = { esp: 0, other: 0 };
      world.onFrame = (f) => void (f.bytes[f.offset + 23] === 50 ? onWire.esp++ : onWire.other++);
      c.equal('heard', await say(world, PACKETS), PACKETS);
      c.equal('on the wire', onWire, { esp: PACKETS, other: 0 });
      await c.finish(world);
    },
  };
});

const foreignIn: Case = {
  id: 'hazards/foreign-in-done',
  title: 'a tag that has the id of IN_DONE and another cookie: what came in clear is refused',
  checks: 'm_tag(9): an id means something under its cookie alone; RFC 4301 §5.2',
  async run(c) {
    const world = await c.world({ mode: 'transport', mtu: 1500, oracles: false });
    const [from, to] = world.hosts;
    from!.setkey('spdflush;', 'in clear');
    const input = to!.nic.input;
    to!.nic.input = (m) => {
      hangForeign(to!, m, PACKET_TAG_IPSEC_IN_DONE, 'in');
      input(m);
    };
    c.equal('heard', await say(world, PACKETS), 0);
    c.equal('ipsec.inPolicy', to!.counters.get('ipsec.inPolicy'), PACKETS);
    await c.finish(world);
  },
};

/** Ids of the foreign tags on m, the newest first. */
function notesOn({ mbufs }: Host, m: Mbuf): number[] {
  const { tags } = mbufs;
  const ids: number[] = [];
  for (let t = tags.first(mbufs, m); t !== NO_TAG; t = tags.next(t)) ids.push(tags.id(t));
  return ids;
}

const persistent: Case = {
  id: 'hazards/persistent-stays',
  title:
    'a persistent tag goes round by loopback and into the reply, an ordinary one does not, and neither goes over the wire',
  checks: 'turn rules loopback, reflect, persistent; m_tag(9): m_tag_delete_nonpersistent',
  async run(c) {
    const world = await c.world({ mode: 'transport', mtu: 1500, setkey: ['', ''], oracles: false });
    const [host, peer] = world.hosts;
    const seen: Record<string, number[]> = {};
    const note = (at: Host, where: string, m: Mbuf): void => {
      seen[where] = notesOn(at, m);
    };
    let isRequest = true;
    beforeOutput(host!, (m) => {
      if (!isRequest) return note(host!, 'reply', m);
      isRequest = false;
      const { mbufs } = host!;
      for (const id of [NOTE, NOTE | MTAG_PERSISTENT]) {
        mbufs.tags.prepend(mbufs, m, mbufs.tags.alloc(FOREIGN, id, 4));
      }
    });
    const { loop, nic } = host!;
    const looped = loop.input;
    loop.input = (m) => {
      if (!('round by loopback' in seen)) note(host!, 'round by loopback', m);
      looped(m);
    };
    icmpEcho(host!.inet, addressOf(OUTER[0]), 1, 1, new Uint8Array(32));
    while (loop.poll() > 0);
    const stays = [NOTE | MTAG_PERSISTENT];
    c.equal('tags', seen, { 'round by loopback': stays, reply: stays });

    isRequest = true;
    beforeOutput(peer!, (m) => note(peer!, 'reply of another host', m));
    const input = nic.input;
    nic.input = (m) => {
      note(host!, 'back from another host', m);
      input(m);
    };
    icmpEcho(host!.inet, addressOf(OUTER[1]), 1, 2, new Uint8Array(32));
    await world.settle();
    c.figures('tags', seen, { 'reply of another host': [], 'back from another host': [] });
    await c.finish(world);
  },
};

const decryptedStays: Case = {
  id: 'hazards/decrypted-stays',
  title: 'what the card decrypted for this host is not bridged out in clear, and is counted',
  checks: 'turn rule decrypted-stays; H30',
  async run(c) {
    const world = await c.world({ mode: 'transport', mtu: 1500 });
    const [from, to] = world.hosts;
    const { inet, mbufs, counters, nic } = to!;
    const bridge = new BridgeIf({
      ...{ name: 'bridge0', index: to!.newIndex(), lladdr: Uint8Array.of(2, 0, 0, 0, 0, 0x50) },
      ...{ pool: mbufs, counters, clock: inet.clock },
      gate: (m, ifp, ipOffset) => inet.ipsec.beforeTransmit(m, ifp, ipOffset),
    });
    const other = new DetourIf(to!, MARKER);
    bridge.addMember(nic);
    bridge.addMember(other);
    for (let i = 0; i < PACKETS; i++) sendMarked(from!);
    await world.settle();
    c.equal('bridged in clear, bridged', [other.clear, other.encrypted], [0, 0]);
    c.equal('ipsec.decryptedLeaves', counters.get('ipsec.decryptedLeaves'), PACKETS);
    c.equal('bridge.gateRefused', counters.get('bridge.gateRefused'), PACKETS);
    await c.finish(world);
  },
};

const cutElsewhere: Case = {
  id: 'hazards/cut-after-tagging',
  title: 'the route moves, after tagging, to an interface that has to cut: no piece is in clear',
  checks: 'turn rule fragment; H7, H26',
  async run(c) {
    const world = await c.world({ mode: 'transport', mtu: 1500 });
    const host = world.hosts[0]!;
    const peer = addressOf(OUTER[1]);
    const detour = new DetourIf(host, MARKER);
    detour.mtu = 100;
    const { routes, arp } = host.inet;
    arp.addStatic(detour.index, peer, world.hosts[1]!.nic.lladdr);
    const { carrier } = host.ipsec;
    const request = carrier.request.bind(carrier);
    carrier.request = (...args) => {
      routes.add(peer, 32, detour);
      return request(...args);
    };
    for (let i = 0; i < PACKETS; i++) {
      sendMarked(host);
      routes.delete(peer, 32);
    }
    await world.settle();
    c.equal('pieces in clear', detour.clear, 0);
    c.ok(detour.encrypted >= 2 * PACKETS, 'they were cut');
    await c.finish(world);
  },
};

/** What a report must say as the packet's own SA has it. */
const SAYS: readonly [string, number][] = [
  ['generation', REQ_GENERATION],
  ['handle', REQ_SA_HANDLE],
  ['spi', REQ_SPI],
  ['interface', REQ_IF_INDEX],
];

const otherReports: readonly Case[] = SAYS.map(
  ([name, word]): Case => ({
    id: `hazards/report-other-${name}`,
    title: `a report of the card with another ${name} than the packet's SA has: the packet is refused`,
    checks: 'pact: ipsec_input checks what a card reports; H15',
    parameters: { name },
    async run(c) {
      const world = await c.world({ mode: 'transport', mtu: 1500 });
      const { counters, ipsec, nic } = world.hosts[1]!;
      const { carrier } = ipsec;
      const { input } = nic;
      nic.input = (m) => {
        const r = carrier.read(m);
        if (r !== NO_REQUEST) carrier.words[r + word]! += 1;
        input(m);
      };
      c.equal('heard', await say(world, PACKETS), 0);
      c.equal('esp.reportMisfit', counters.get('esp.reportMisfit'), PACKETS);
      await c.finish(world);
    },
  }),
);

/** Tags of others than IPsec, and where a packet's tags forbid what would be done to it. */
export const TAG_CASES: readonly Case[] = [
  ...foreignOut,
  foreignIn,
  ...otherReports,
  persistent,
  decryptedStays,
  cutElsewhere,
];
