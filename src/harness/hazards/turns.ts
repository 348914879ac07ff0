// SPDX-License-Identifier: BSD-2-Clause
import { IPPROTO_ESP, IPPROTO_ICMP, ipProto } from '../../header/ip.ts';
import type { Host } from '../../host.ts';
import { icmpEcho } from '../../netinet/icmp.ts';
import { addressOf, keyMaterial, OUTER } from '../topology.ts';
import type { Figures, Hazard } from './hazard.ts';
import type { Lab } from './lab.ts';

const PINGS = 5;
const [SELF] = OUTER;

/** Pings from a host to its own address; ESP is required both ways. What loopback sees is counted. */
async function pingSelf(lab: Lab): Promise<Figures> {
  const world = await lab.world();
  const host = world.hosts[0]!;
  const key = Buffer.from(keyMaterial(lab.seed, 'key of loopback', 20)).toString('hex');
  host.setkey(
    `add ${SELF} ${SELF} esp 0x2001 -m transport -r 32 -E aes-gcm-16 0x${key};
     spdadd ${SELF} ${SELF} icmp -P out ipsec esp/transport//require;
     spdadd ${SELF} ${SELF} icmp -P in ipsec esp/transport//require;`,
    'loopback',
  );
  const seen = watchLoopback(host);
  for (let i = 0; i < PINGS; i++) icmpEcho(host.inet, addressOf(SELF), 1, i, new Uint8Array(32));
  while (host.loop.poll() > 0);
  const echoed = host.counters.get('icmp.echoed');
  return lab.figures({ echoed, encrypted: seen.esp, plaintextLeaks: seen.clear });
}

function watchLoopback({ loop, mbufs }: Host): { esp: number; clear: number } {
  const seen = { esp: 0, clear: 0 };
  const transmit = loop.transmit.bind(loop);
  loop.transmit = (m) => {
    const proto = ipProto(mbufs.view, mbufs.off[m]!);
    if (proto === IPPROTO_ESP) seen.esp++;
    if (proto === IPPROTO_ICMP) seen.clear++;
    return transmit(m);
  };
  return seen;
}

const expected = {
  withRule: { echoed: PINGS, encrypted: 2 * PINGS, 'violations.tagsan': 0 },
  withoutRule: { encrypted: PINGS, plaintextLeaks: PINGS },
};

export const TURN_HAZARDS: readonly Hazard[] = [
  {
    id: 'H1',
    title: 'loopback keeps tags',
    rule: 'loopback',
    alsoOff: ['reflect'],
    reason:
      'a ping to the own address goes round with OUT_DONE on, its reply looks done and leaves in clear; ' +
      'the strip at loopback prevents it, also where the reflection does not',
    expected,
    run: pingSelf,
  },
  {
    id: 'H2',
    title: 'an echo reply carries the tags of its request',
    rule: 'reflect',
    alsoOff: ['loopback'],
    reason:
      'the same ping, with a loopback that keeps tags: the reflection takes them off the reply, or it ' +
      'carries both OUT_DONE and IN_DONE and skips IPsec',
    expected,
    run: pingSelf,
  },
  {
    id: 'H34',
    title: 'tags erased too early, or kept too long',
    rule: 'keep-till-policy',
    reason:
      'tags hold no reference and die with the mbuf, so they pin no SA; taken off before the inner ' +
      'packet meets its policy, every good packet is refused',
    expected: {
      withRule: { sent: 10, delivered: 10 },
      withoutRule: { sent: 10, 'host1.ipsec.inPolicy': 10 },
    },
    async run(lab) {
      const world = await lab.world({ mode: 'tunnel' });
      await world.flow(0, { packets: 10, size: 100 });
      return lab.figures();
    },
  },
];
