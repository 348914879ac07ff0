// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/harness/create_world.ts';
import { finishRun } from '../../src/harness/finish_run.ts';
import type { RunReport } from '../../src/harness/run_report.ts';
import { BEHIND, INNER, OUTER } from '../../src/harness/topology.ts';
import type { World } from '../../src/harness/world.ts';
import { ipParse, ipTtl } from '../../src/header/ip.ts';
import { icmpEcho } from '../../src/netinet/icmp.ts';
import { runJson, tagwire } from '../lib/cli.ts';

/** What a gateway run must show, as the main job does. */
function expectGateway(r: RunReport, packets: number): void {
  expect(r.packets.sent).toBe(packets);
  expect(r.packets.delivered + r.packets.lost + r.packets.dropped).toBe(packets);
  expect(r.compared).toBe(r.packets.delivered);
  expect(r.mismatches + r.plaintextLeaks).toBe(0);
  expect(r.violations).toEqual([]);
  expect(r.packets.offloadedTx).toBe(packets);
  expect(r.packets.offloadedRx).toBe(packets - r.packets.lost);
  expect(r.packets.software).toBe(0);
  expect(r.tags).toEqual({
    txAllocsPerPacket: 1,
    rxAllocsPerPacket: 1,
    handoverAllocs: 0,
    leaked: 0,
  });
}

describe('gateways on real RTL: what they forward is offloaded as what they send (H10)', () => {
  it('both ways between end hosts, and to the far gateway itself', () => {
    const r = runJson('gateway', '--packets', '600');
    expectGateway(r, 600);
    expect(r.packets.delivered).toBe(600);
    expect(r.drops).toEqual({});
  });

  it('the Internet mix of sizes over a wire that loses 3 %, AES-GCM-256', () => {
    const r = runJson(
      ...['gateway', '--packets', '400', '--size', 'imix', '--loss', '3'],
      ...['--alg', 'aes-gcm-256'],
    );
    expectGateway(r, 400);
    expect(r.packets.lost).toBeGreaterThan(0);
    expect(r.packets.dropped).toBe(0);
  });

  it('one seed, one digest, with the model as with the RTL the same packets', () => {
    const args = ['gateway', '--packets', '150', '--seed', '7'];
    const rtl = runJson(...args);
    expect(runJson(...args).digest).toBe(rtl.digest);
    expect(runJson(...args, '--nic', 'model').packets).toEqual(rtl.packets);
  });

  it.each([
    [4, 6],
    [6, 4],
    [6, 6],
  ] as const)('IPv%i through a tunnel of IPv%i', async (inner, outer) => {
    const world = await createWorld({ gateways: true, nic: 'model', inner, outer });
    await world.duplex({ packets: 60, size: 'imix' });
    const r = await finishRun(world, 'families');
    expect(r.packets).toMatchObject({ sent: 120, delivered: 120 });
    expect([r.packets.offloadedTx, r.packets.software]).toEqual([120, 0]);
    expect(r.violations).toEqual([]);
    expect(r.drops).toEqual({});
    expect(r.compared).toBe(120);
  });

  it('without offload by software ESP', () => {
    const r = runJson('gateway', '--packets', '100', '--offload', 'off');
    expect(r.packets).toMatchObject({ sent: 100, delivered: 100, software: 200 });
    expect(r.mismatches + r.plaintextLeaks + r.tags.leaked).toBe(0);
  });

  it('transport mode is refused: a gateway has no traffic of its own in it (RFC 4301 §4.1)', () => {
    const r = tagwire(['run', 'gateway', '--mode', 'transport', '--nic', 'model']);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(/--mode: .*expected tunnel/);
  });
});

const model = () => createWorld({ gateways: true, nic: 'model' });
const END_B = ipParse(BEHIND[1]);

/** Runs until all hosts have nothing more to say. */
async function rest(world: World): Promise<void> {
  for (let i = 0; i < 6; i++) await world.settle();
}

describe('RFC 4303 §3.3.4: what does not fit the tunnel is cut before ESP', () => {
  it('each piece is encrypted by the one card, decrypted by the other, and they are put together', async () => {
    const world = await createWorld({ gateways: true, mtu: 1500 });
    await world.duplex({ packets: 40, size: 1472 });
    const r = await finishRun(world, 'cut first');
    expect(r.packets).toMatchObject({
      sent: 80,
      delivered: 80,
      offloadedTx: 160,
      offloadedRx: 160,
    });
    expect([r.packets.software, r.mismatches]).toEqual([0, 0]);
    expect(r.violations).toEqual([]);
    expect(world.nodes.map((n) => n.counters.get('reass.whole'))).toEqual([0, 0, 40, 40]);
  });
});

describe('a tunnel between gateways carries all that their networks say', () => {
  it('RFC 4301 §5.1.2.1: the TTL is one less at each gateway, whatever the tunnel is long', async () => {
    const world = await model();
    const [, , a, b] = world.nodes;
    const ttls: number[] = [];
    b!.inet.protosw.unregister(17);
    b!.inet.protosw.register(17, (inet, m) => {
      ttls.push(ipTtl(inet.pool.view, inet.pool.off[m]!));
      inet.pool.free(m);
    });
    a!.udp({ ttl: 40 }).sendTo(Buffer.from('x'), END_B, 9);
    await rest(world);
    expect(ttls).toEqual([38]);
    await finishRun(world, 'ttl');
  });

  it('RFC 1812 §5.3.1 through RFC 4301 §6: time exceeded at either gateway comes back, protected', async () => {
    for (const ttl of [1, 2]) {
      const world = await model();
      const [, , a] = world.nodes;
      const socket = a!.udp({ ttl });
      const errors: unknown[] = [];
      socket.onError((...e) => errors.push(e.slice(0, 2)));
      socket.connect(END_B, 9);
      socket.send(Buffer.from('x'));
      await rest(world);
      expect(errors).toEqual([[11, 0]]);
      const report = await finishRun(world, 'ttl');
      expect(report.violations).toEqual([]);
      // From the far gateway it crosses the wire, and nothing crosses it in clear.
      const { frames, esp } = world.oracle!.figures;
      expect([frames, esp]).toEqual(ttl === 1 ? [0, 0] : [2, 2]);
    }
  });

  it('echo from end to end, and port unreachable back from the far end host', async () => {
    const world = await model();
    const [, , a, b] = world.nodes;
    icmpEcho(a!.inet, END_B, 1, 1, new Uint8Array(56));
    icmpEcho(b!.inet, ipParse(INNER[0]), 1, 1, new Uint8Array(56));
    const socket = a!.udp();
    const errors: unknown[] = [];
    socket.onError((...e) => errors.push(e.slice(0, 2)));
    socket.connect(END_B, 9);
    socket.send(Buffer.from('x'));
    await rest(world);
    expect([a, b].map((n) => n!.counters.get('icmp.echoed'))).toEqual([1, 1]);
    expect(errors).toEqual([[3, 3]]);
    const report = await finishRun(world, 'echo');
    expect(report.violations).toEqual([]);
    expect(report.tags.leaked).toBe(0);
  });

  it('RFC 4301 §5.2: what comes in clear for a protected network is not forwarded', async () => {
    const world = await createWorld({
      gateways: true,
      nic: 'model',
      oracles: false,
      setkey: [
        '',
        `spdadd 192.168.1.0/24 192.168.2.0/24 any -P in ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;`,
      ],
    });
    await world.flow(0, { packets: 10, size: 100 });
    const report = await finishRun(world, 'clear');
    expect(report.packets).toMatchObject({ sent: 10, delivered: 0, dropped: 10 });
    expect(report.drops['host1.forward.refusedByPolicy']).toBe(10);
  });

  it('RFC 4301 §4.4.1: policy says discard, and nothing of it crosses the wire', async () => {
    const policy = (d: string) => `spdadd 192.168.1.0/24 192.168.2.0/24 any -P ${d} discard;`;
    const world = await createWorld({
      ...{ gateways: true, nic: 'model', oracles: false },
      setkey: [policy('out'), policy('in')],
    });
    await world.flow(0, { packets: 10, size: 100 });
    const report = await finishRun(world, 'discard');
    expect(world.totals().wireFrames).toBe(0);
    expect(report.drops['host0.ipsec.discard']).toBe(10);
  });

  it('fail closed: policy says protect, the SA is gone, and nothing crosses the wire', async () => {
    const world = await model();
    for (const host of world.hosts) host.ipsec.sadb.flush();
    await world.flow(0, { packets: 10, size: 100 });
    const report = await finishRun(world, 'no SA');
    expect(world.totals().wireFrames).toBe(0);
    expect(report.drops['host0.ipsec.noSa']).toBe(10);
  });
});

describe('the card of a gateway is removed while packets wait in its ring', () => {
  it('they are freed and counted, its SAs are taken back, and it may come again', async () => {
    const world = await createWorld({ gateways: true });
    const [host] = world.hosts;
    const { inet, nic, ipsec } = host!;
    const socket = world.nodes[2]!.udp();
    for (let i = 0; i < 5; i++) socket.sendTo(Buffer.from('x'), END_B, 9);
    for (const node of world.nodes) node.pollSoft();
    expect(nic.txOutstanding).toBe(5);

    host!.removeInterface(nic);
    expect(nic.txOutstanding).toBe(0);
    expect(ipsec.sadb.list().flatMap((sa) => sa.installs)).toEqual([]);
    const [near, far] = OUTER.map(ipParse) as [number, number];
    expect([inet.addrs.isLocal(near), inet.routeTo(far)]).toEqual([false, null]);
    socket.sendTo(Buffer.from('x'), END_B, 9);
    for (const node of world.nodes) node.pollSoft();
    expect(host!.counters.get('forward.noRoute')).toBe(1);

    host!.addInterface(nic);
    host!.addAddress(near, 24);
    host!.addRoute(ipParse(INNER[1]), 24, far);
    inet.arp.addStatic(nic.index, far, world.hosts[1]!.nic.lladdr);
    await world.flow(0, { packets: 20, size: 200 });
    const r = await finishRun(world, 'removed');
    expect(r.packets).toMatchObject({ sent: 20, delivered: 20 });
    expect([r.violations, r.tags.leaked, r.mismatches]).toEqual([[], 0, 0]);
  });
});
