// SPDX-License-Identifier: BSD-2-Clause
import { addressOf, INNER, keyMaterial, OUTER } from '../../harness/topology.ts';
import type { World } from '../../harness/world.ts';
import { SadbError } from '../../netipsec/sadb_error.ts';
import type { Case } from '../case.ts';
import type { CaseRun } from '../case_run.ts';

const [A, B] = OUTER;
const PACKETS = 10;
const PORT = 4242;

function key(c: CaseRun, name: string): string {
  return `0x${Buffer.from(keyMaterial(c.seed, name, 20)).toString('hex')}`;
}

function sa(c: CaseRun, words = '', spi = 0x2001): string {
  return `add ${A} ${B} esp ${spi} -m transport -r 32 ${words} -E aes-gcm-16 ${key(c, `SA ${spi}`)};\n`;
}

/** What was seen of a few datagrams. */
interface Seen {
  readonly heard: number;
  readonly esp: number;
  readonly clear: number;
}

/** PACKETS datagrams from host 0 to 1, port 4242, and what the wire saw of them. */
async function say(world: World, port = PORT): Promise<Seen> {
  const seen = { heard: 0, esp: 0, clear: 0 };
  world.onFrame = (f) => {
    if (f.bytes[f.offset + 23] === 50) seen.esp++;
    else seen.clear++;
  };
  const server = world.hosts[1]!.udp().bind(0, port);
  server.onMessage(() => seen.heard++);
  const client = world.hosts[0]!.udp().bind(0, 999).connect(addressOf(B), port);
  for (let i = 0; i < PACKETS; i++) client.send(new Uint8Array(100).fill(i));
  await world.settle();
  client.close();
  server.close();
  world.onFrame = null;
  return seen;
}

/** Counters by 'host.name', where they are not 0. */
function counted(world: World, names: readonly string[]): Record<string, number> {
  const entries = names.map((name): [string, number] => {
    const host = world.hosts[Number(name[4])]!;
    return [name, host.counters.get(name.slice(6))];
  });
  return Object.fromEntries(entries);
}

interface Row {
  readonly name: string;
  readonly title: string;
  readonly checks: string;
  /** setkey(8) text of the hosts. */
  readonly files: (c: CaseRun) => readonly [string, string];
  readonly port?: number;
  /** The oracle, to which all that policy names must be protected, is not asked. */
  readonly isUnwatched?: boolean;
  readonly seen: Seen;
  readonly counters?: Readonly<Record<string, number>>;
}

const REQUIRE = 'ipsec esp/transport//require';
const out = (what: string, port = ''): string => `spdadd ${A} ${B}${port} udp -P out ${what};\n`;
const into = (what: string, port = ''): string => `spdadd ${A} ${B}${port} udp -P in ${what};\n`;

const all = { heard: PACKETS, esp: PACKETS, clear: 0 };
const clear = { heard: PACKETS, esp: 0, clear: PACKETS };
const nothing = { heard: 0, esp: 0, clear: 0 };

const ROWS: readonly Row[] = [
  {
    ...{
      name: 'require',
      title: 'level require with an SA: all by ESP',
      checks: 'RFC 4301 §4.4.1',
    },
    files: (c) => [sa(c) + out(REQUIRE), sa(c) + into(REQUIRE)],
    seen: all,
  },
  {
    ...{ name: 'require-no-sa', title: 'level require without an SA: nothing leaves' },
    checks: 'RFC 4301 §5.1; fail closed',
    files: () => [out(REQUIRE), ''],
    seen: nothing,
    counters: { 'host0.ipsec.noSa': PACKETS },
  },
  {
    ...{ name: 'use-no-sa', title: 'level use without an SA: in clear, and counted' },
    checks: 'setkey(8): level use',
    files: () => [out('ipsec esp/transport//use'), ''],
    isUnwatched: true,
    seen: clear,
    counters: { 'host0.ipsec.useNoSa': PACKETS },
  },
  {
    ...{ name: 'use', title: 'level use with an SA: by ESP', checks: 'setkey(8): level use' },
    files: (c) => [sa(c) + out('ipsec esp/transport//use'), sa(c)],
    seen: all,
  },
  {
    ...{ name: 'unique', title: 'level unique: the SA of its reqid, and no other' },
    checks: 'RFC 4301 §4.4.1.2; setkey(8): level unique',
    files: (c) => {
      const sas = sa(c, '-u 7', 0x2007) + sa(c, '-u 8', 0x2008);
      return [sas + out('ipsec esp/transport//unique:7'), sas + into(REQUIRE)];
    },
    seen: all,
  },
  {
    ...{ name: 'unique-other', title: 'level unique without an SA of its reqid: nothing leaves' },
    checks: 'RFC 4301 §4.4.1.2; fail closed',
    files: (c) => [sa(c, '-u 8') + out('ipsec esp/transport//unique:7'), sa(c)],
    seen: nothing,
    counters: { 'host0.ipsec.noSa': PACKETS },
  },
  {
    ...{ name: 'discard-out', title: 'discard on the way out: nothing leaves, and is counted' },
    checks: 'RFC 4301 §5.1: discard',
    files: (c) => [sa(c) + out('discard'), sa(c)],
    seen: nothing,
    counters: { 'host0.ipsec.discard': PACKETS },
  },
  {
    ...{ name: 'discard-in', title: 'discard on the way in, though it came by ESP' },
    checks: 'RFC 4301 §5.2; H30',
    files: (c) => [sa(c) + out(REQUIRE), sa(c) + into('discard')],
    seen: { ...all, heard: 0 },
    counters: { 'host1.ipsec.discard': PACKETS },
  },
  {
    ...{ name: 'clear-refused', title: 'in clear where policy asks for ESP: refused' },
    checks: 'RFC 4301 §5.2',
    files: (c) => ['', sa(c) + into(REQUIRE)],
    seen: { ...clear, heard: 0 },
    counters: { 'host1.ipsec.inPolicy': PACKETS },
  },
  {
    ...{ name: 'bypass-port', title: 'IKE passes by where all else is protected', port: 500 },
    checks: 'RFC 4301 §5.1: bypass',
    files: (c) => [
      sa(c) + out('none', '[500]') + out(REQUIRE),
      sa(c) + into('none', '[500]') + into(REQUIRE),
    ],
    seen: clear,
  },
  {
    ...{ name: 'beside-bypass', title: 'what is beside a bypassed port is protected' },
    checks: 'RFC 4301 §4.4.1',
    files: (c) => [
      sa(c) + out('none', '[500]') + out(REQUIRE),
      sa(c) + into('none', '[500]') + into(REQUIRE),
    ],
    seen: all,
  },
  {
    ...{ name: 'first-decides', title: 'of two policies that fit the first decides' },
    checks: 'RFC 4301 §4.4.1: the SPD is ordered',
    files: (c) => [sa(c) + out('discard', `[${PORT}]`) + out(REQUIRE), sa(c)],
    seen: nothing,
    counters: { 'host0.ipsec.discard': PACKETS },
  },
  {
    ...{ name: 'no-policy', title: 'an SA without a policy: nothing is protected by it' },
    checks: 'RFC 4301 §4.4.2: policy decides',
    files: (c) => [sa(c), sa(c)],
    seen: clear,
  },
  {
    ...{ name: 'offload-no', title: '-offload no: the card leaves it to software' },
    checks: 'setkey(8) of this project: -offload',
    files: (c) => [sa(c, '-offload no') + out(REQUIRE), sa(c) + into(REQUIRE)],
    seen: all,
    counters: { 'host0.nic.txOffloaded': 0 },
  },
  {
    ...{ name: 'hwif-other', title: '-hwif names another card: software' },
    checks: 'setkey(8) of FreeBSD: -hwif',
    files: (c) => [sa(c, '-hwif nic7') + out(REQUIRE), sa(c) + into(REQUIRE)],
    seen: all,
    counters: { 'host0.nic.txOffloaded': 0 },
  },
];

const table: readonly Case[] = ROWS.map(
  ({ name, title, checks, files, port, isUnwatched = false, seen, counters = {} }): Case => ({
    id: `policy/${name}`,
    title,
    checks,
    parameters: { name },
    async run(c) {
      const setkey = files(c);
      const world = await c.world({ mode: 'transport', mtu: 1500, setkey, oracles: !isUnwatched });
      c.equal('seen', await say(world, port), seen);
      c.equal('counters', counted(world, Object.keys(counters)), counters);
      await c.finish(world);
    },
  }),
);

const rest: readonly Case[] = [
  {
    id: 'policy/strict-refused',
    title:
      '-offload packet -strict, a window that no card has: the SA is refused, nothing is installed',
    checks: 'Linux xfrm: packet offload is all or nothing',
    async run(c) {
      const world = await c.world({ mode: 'transport' });
      const { sadb } = world.hosts[0]!.ipsec;
      const before = sadb.list().length;
      try {
        sadb.add({
          ...{ src: addressOf(B), dst: addressOf(A), spi: 0x2001, mode: 'transport' },
          ...{ cipher: 'aes-gcm-16', key: keyMaterial(c.seed, 'strict', 20) },
          ...{ offload: 'packet', offloadStrict: true, replayPackets: 8192 },
        });
        c.fail('the SA was taken');
      } catch (error) {
        if (!(error instanceof SadbError)) throw error;
      }
      c.equal('SAs', sadb.list().length, before);
      await world.flow(0, { packets: PACKETS, size: 100 });
      c.equal('delivered', (await c.finish(world)).packets.delivered, PACKETS);
    },
  },
  {
    id: 'policy/inner-address-forged',
    title:
      'a peer sends another inner address through its tunnel: what the SPD does not name is discarded',
    checks: 'RFC 4301 §5.2 step 4',
    async run(c) {
      const world = await c.world({ mode: 'tunnel', mtu: 1500 });
      const [a, b] = world.hosts;
      const other = addressOf('192.168.9.9');
      const tunnel = `ipsec esp/tunnel/${A}-${B}/require`;
      a!.setkey(`spdadd 192.168.9.9 ${INNER[1]} udp -P out ${tunnel};`, 'forger');
      a!.addAddress(other, 32);
      b!.setkey(`spdadd 0.0.0.0/0 ${INNER[1]} any -P in discard;`, 'all the rest');
      let heard = 0;
      const server = b!.udp().bind(0, PORT);
      server.onMessage(() => heard++);
      const client = a!.udp().bind(other, 0);
      client.sendTo(new Uint8Array(50), addressOf(INNER[1]), PORT);
      await world.settle();
      c.equal('heard', heard, 0);
      c.equal('esp.inOk', b!.counters.get('esp.inOk'), 1);
      c.equal('ipsec.discard', b!.counters.get('ipsec.discard'), 1);
      world.close();
    },
  },
  {
    id: 'policy/changes-in-flow',
    title: 'a policy comes and goes in a flow: each packet by the policy of its time',
    checks: 'RFC 4301 §4.4.1; H37',
    async run(c) {
      const world = await c.world({
        ...{ mode: 'transport', mtu: 1500, oracles: false },
        setkey: [sa(c), sa(c)],
      });
      const [host] = world.hosts;
      for (let round = 0; round < 3; round++) {
        c.equal(`round ${round}, without`, await say(world), clear);
        host!.setkey(out(REQUIRE), 'on');
        c.equal(`round ${round}, with`, await say(world), all);
        host!.setkey(`spddelete ${A} ${B} udp -P out;\n`, 'off');
      }
      await c.finish(world);
    },
  },
];

export const POLICY: readonly Case[] = [...table, ...rest];
