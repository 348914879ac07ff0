// SPDX-License-Identifier: BSD-2-Clause
import type { Case } from '../case.ts';
import {
  ESP_DST,
  ESP_DST6,
  ESP_DST6_WORDS,
  type EspShape,
  espClear,
  espSealed,
  hex,
  pattern,
  placesOf,
  testSa,
} from '../frames.ts';
import { install, sendOffload, withoutIcv } from '../offload_frames.ts';

/** What may be round ESP, and where that is said. */
interface Form {
  readonly name: string;
  readonly title: string;
  readonly checks: string;
  readonly shape: Partial<EspShape>;
}

const FORMS: readonly Form[] = [
  { name: 'v4', title: 'IPv4', checks: 'RFC 4303 §3.1', shape: {} },
  { name: 'v6', title: 'IPv6', checks: 'RFC 4303 §3.1; RFC 8200', shape: { family: 6 } },
  { name: 'udp', title: 'UDP', checks: 'RFC 3948 §2.1', shape: { udpPort: 4500 } },
  {
    ...{ name: 'udp-own-port', title: 'UDP to a port of its own' },
    ...{ checks: 'RFC 3948 §2.1', shape: { udpPort: 5999 } },
  },
  { name: 'vlan', title: 'IPv4 with a VLAN tag', checks: 'IEEE 802.1Q', shape: { vlan: true } },
  {
    ...{ name: 'vlan-v6', title: 'IPv6 with a VLAN tag' },
    ...{ checks: 'IEEE 802.1Q; RFC 8200', shape: { vlan: true, family: 6 } },
  },
];

const ALGS = ['aes-gcm-16', 'aes-gmac'] as const;
const PAYLOADS = [1, 10, 14, 33, 64, 700, 1400, 8000];

const U32 = 2 ** 32;

const matrix: readonly Case[] = FORMS.flatMap(({ name, title, checks, shape: form }) =>
  ALGS.flatMap((alg) =>
    [false, true].map(
      (esn): Case => ({
        id: `esp/form-${name}-${alg}${esn ? '-esn' : ''}`,
        title: `ESP in ${title}, ${alg}${esn ? ', ESN' : ''}: sealed as node:crypto does, open behind`,
        checks: `${checks}; ${alg === 'aes-gmac' ? 'RFC 4543 §3' : 'RFC 4106 §5'}`,
        parameters: { name, alg, esn },
        async run(c) {
          const rig = await c.rig();
          const { family = 4, udpPort = 0 } = form;
          const to = family === 6 ? { dst: ESP_DST6 } : {};
          const more = { ...to, family, udpPort, alg, esn, key: pattern(esn ? 32 : 16, 7) };
          const sa = testSa('out', 0x4100, more);
          const cardSa = install(rig.a, sa);
          install(rig.b, { ...sa, direction: 'in' });
          const shapes = PAYLOADS.map((payloadBytes, i) => ({
            ...{ to: 1, spi: sa.spi, seq: i + 1, payloadBytes, ...form },
          }));
          for (const shape of shapes) c.equal('errno', sendOffload(rig.a, shape, sa, cardSa), 0);
          rig.settle();
          const got = rig.b.received;
          const text = (frames: readonly Uint8Array[]) => hex(frames.map(withoutIcv));
          c.equal('texts', text(got.map((r) => r.bytes)), text(shapes.map(espClear)));
          c.equal(
            'ICVs',
            hex(got.map((r) => r.bytes.subarray(-16))),
            hex(shapes.map((shape) => espSealed(shape, sa).subarray(-16))),
          );
          const [dst0, dst1, dst2, dst3] = family === 6 ? ESP_DST6_WORDS : [ESP_DST, 0, 0, 0];
          const { ip, esp } = placesOf(shapes[0]!);
          const about = { family, espOffset: esp - ip, dst0, dst1, dst2, dst3, spi: sa.spi };
          for (const { report } of got) c.figures('report', report ?? {}, about);
        },
      }),
    ),
  ),
);

/** A receiver with ESN, at so many times 2^32, finds the high half that is not on the wire. */
const highHalves: readonly Case[] = ALGS.flatMap((alg) =>
  [1, 5, 2 ** 20].map(
    (high): Case => ({
      id: `esp/high-half-${alg}-${high}`,
      title: `${alg}: the card finds the high half on both sides of ${high} times 2^32`,
      checks: 'RFC 4303 App. A2; H25',
      parameters: { alg, high },
      async run(c) {
        const rig = await c.rig();
        const turn = high * U32;
        const sa = testSa('in', 0x3004, { alg, esn: true, receivedSeq: turn - 3 });
        install(rig.b, sa);
        const seqs = [-2, -1, 1, 0, 2, 40, 39, 7].map((n) => turn + n);
        const shapeOf = (seq: number): EspShape => {
          return { to: 1, spi: sa.spi, seq: seq % U32, payloadBytes: 40 };
        };
        for (const seq of seqs) {
          rig.inject(1, espSealed(shapeOf(seq), sa, Math.floor(seq / U32)), 0);
          // The card's guess goes by the verdicts that are there by then.
          rig.settle();
        }
        const highs = rig.b.received.map((r) => r.report?.esnHi);
        c.equal(
          'high halves',
          highs,
          seqs.map((seq) => Math.floor(seq / U32)),
        );
        c.equal(
          'texts',
          hex(rig.b.received.map((r) => withoutIcv(r.bytes))),
          hex(seqs.map((seq) => withoutIcv(espClear(shapeOf(seq))))),
        );
      },
    }),
  ),
);

export const ESP_FORMS: readonly Case[] = [...matrix, ...highHalves];
