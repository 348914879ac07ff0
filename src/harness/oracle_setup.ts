// SPDX-License-Identifier: BSD-2-Clause
import type { FlowTraffic } from './flow_traffic.ts';
import type { WireSa } from './oracle/esp_open.ts';
import { WireOracle } from './oracle/wire_oracle.ts';
import type { WirePolicy } from './oracle/wire_policy.ts';
import { ALGORITHMS, INNER, keyMaterial, OUTER, spiOf } from './topology.ts';
import type { WorldConfig } from './world_options.ts';

const PROTO_UDP = 17;

/** The oracle of a built-in world, told what is so, apart from what the stack was told. */
export function oracleFor(config: WorldConfig, traffic: FlowTraffic): WireOracle {
  const { mode, seed } = config;
  const alg = ALGORITHMS[config.alg];
  const ends = mode === 'tunnel' ? INNER : OUTER;
  const sas: WireSa[] = [];
  const policies: WirePolicy[] = [];
  for (const from of [0, 1] as const) {
    const to = 1 - from;
    const bytes = keyMaterial(seed, `key of host ${from}`, alg.keyBytes + alg.saltBytes);
    sas.push({
      spi: spiOf(from),
      dst: OUTER[to]!,
      mode,
      alg: alg.setkey,
      key: bytes.slice(0, alg.keyBytes),
      salt: bytes.slice(alg.keyBytes),
    });
    policies.push({
      src: ends[from],
      dst: ends[to]!,
      proto: PROTO_UDP,
      mode,
      ...(mode === 'tunnel' ? { tunnelSrc: OUTER[from], tunnelDst: OUTER[to]! } : {}),
    });
  }
  return new WireOracle({ policies, sas, traffic });
}
