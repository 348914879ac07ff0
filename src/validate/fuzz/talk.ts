// SPDX-License-Identifier: BSD-2-Clause
import type { World } from '../../harness/world.ts';
import type { UdpSocket } from '../../netinet/socket.ts';

const SERVER_PORT = 7;
const CLIENT_PORT = 4000;
const DATAGRAM_BYTES = 40;

/** One way of a pair of sockets: all its packets are of one flow, which caches may remember. */
export class Talk {
  sent = 0;
  heard = 0;
  readonly #client: UdpSocket;
  readonly #server: UdpSocket;

  constructor(world: World, from: 0 | 1) {
    const [near, far] = [world.flowEnds[from]!, world.flowEnds[1 - from]!];
    this.#server = far.host.udp().bind(far.address, SERVER_PORT);
    this.#server.onMessage(() => this.heard++);
    this.#client = near.host.udp().bind(near.address, CLIENT_PORT);
    this.#client.connect(far.address, SERVER_PORT);
  }

  say(packets: number): void {
    for (let i = 0; i < packets; i++) {
      this.#client.send(new Uint8Array(DATAGRAM_BYTES).fill(this.sent));
      this.sent++;
    }
  }

  close(): void {
    this.#client.close();
    this.#server.close();
  }
}
