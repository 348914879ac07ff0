// Two hosts say hello through ESP; the second answers every datagram.
import { addressOf, defineScenario, OUTER } from 'tagwire';

export default defineScenario({
  summary: 'a UDP echo, both ways through ESP transport mode',
  world: { mode: 'transport', alg: 'aes-gcm-256', wire: { latencyCycles: 2500 } },

  async run(world) {
    const [alice, bob] = world.hosts;

    const server = bob!.udp().bind(0, 7);
    server.onMessage((bytes, address, port) => server.sendTo(bytes, address, port));

    const answers: string[] = [];
    const client = alice!.udp().connect(addressOf(OUTER[1]), 7);
    client.onMessage((bytes) => answers.push(Buffer.from(bytes).toString()));

    for (let i = 0; i < 100; i++) client.send(Buffer.from(`hello ${i}`));
    await world.runUntil(() => answers.length === 100, 'the answers');

    if (answers[99] !== 'hello 99') throw new Error(`the last answer was "${answers[99]}"`);
  },
});
