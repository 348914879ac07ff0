// SPDX-License-Identifier: BSD-2-Clause
import { ipAddrText } from '../header/ip_addr.ts';
import type { SaParams } from '../netipsec/sa.ts';
import { parseSetkey } from '../netipsec/setkey.ts';
import type { Policy } from '../netipsec/spd.ts';
import type { FlowTraffic } from './flow_traffic.ts';
import { espSaltBytes } from './oracle/esp_open.ts';
import { WireOracle } from './oracle/wire_oracle.ts';
import type { WirePolicy } from './oracle/wire_policy.ts';
import type { WireSa } from './oracle/wire_sa.ts';
import { ALGORITHMS, addressesOf, keyMaterial, macKey, protectedIn, spiOf } from './topology.ts';
import type { WorldConfig } from './world_options.ts';

const PROTO_UDP = 17;
const PROTO_ESP = 50;

/** The oracle of a world, told what is so: by the topology, or by the hosts' own setkey(8) files. */
export function oracleFor(config: WorldConfig, traffic: FlowTraffic): WireOracle {
  return config.setkey === null ? builtIn(config, traffic) : fromFiles(config.setkey, traffic);
}

/** Told apart from what the stack was told. */
function builtIn(config: WorldConfig, traffic: FlowTraffic): WireOracle {
  const { mode, seed } = config;
  const alg = ALGORITHMS[config.alg];
  const addresses = addressesOf(config.inner, config.outer);
  const { outer } = addresses;
  const { ends, proto } = protectedIn(mode, config.gateways, addresses);
  const sas: WireSa[] = [];
  const policies: WirePolicy[] = [];
  for (const from of [0, 1] as const) {
    const to = from === 0 ? 1 : 0;
    const bytes = keyMaterial(seed, `key of host ${from}`, alg.keyBytes + alg.saltBytes);
    sas.push({
      spi: spiOf(from),
      dst: outer[to],
      mode,
      alg: alg.setkey,
      key: bytes.slice(0, alg.keyBytes),
      salt: bytes.slice(alg.keyBytes),
      ...(alg.mac === null
        ? {}
        : { auth: { alg: alg.mac.auth, key: macKey(seed, from, alg.mac.authKeyBytes) } }),
    });
    policies.push({
      src: ends[from],
      dst: ends[to],
      ...(proto === 'udp' ? { proto: PROTO_UDP } : {}),
      mode,
      ...(mode === 'tunnel' ? { tunnelSrc: outer[from], tunnelDst: outer[to] } : {}),
    });
  }
  return new WireOracle({ policies, sas, traffic });
}

/** What the hosts send with (their `-P out` policies) and every SA of the files. */
function fromFiles(files: readonly string[], traffic: FlowTraffic): WireOracle {
  const sas = new Map<string, WireSa>();
  const policies: WirePolicy[] = [];
  const parsed = files.map((text, i) => parseSetkey(text, `setkey of host ${i}`));
  for (const { statements } of parsed) {
    for (const s of statements) {
      if (s.op === 'add')
        sas.set(`${ipAddrText(s.sa.dst)} ${s.sa.spi} ${s.sa.proto}`, wireSa(s.sa));
      if (s.op === 'spdadd' && s.policy.direction === 'out') policies.push(wirePolicy(s.policy));
    }
  }
  return new WireOracle({ policies, sas: [...sas.values()], traffic });
}

/** An SA as the oracle knows it. */
export function wireSa(sa: SaParams): WireSa {
  const saltBytes = espSaltBytes(sa.cipher);
  const keyBytes = sa.key.length - saltBytes;
  return {
    spi: sa.spi,
    dst: ipAddrText(sa.dst),
    mode: sa.mode === 'tunnel' ? 'tunnel' : 'transport',
    ...(sa.proto === undefined ? {} : { proto: sa.proto }),
    alg: sa.cipher,
    key: sa.key.slice(0, keyBytes),
    salt: sa.key.slice(keyBytes),
    ...(sa.auth === undefined || sa.authKey === undefined
      ? {}
      : { auth: { alg: sa.auth, key: sa.authKey } }),
    ...(sa.esn === undefined ? {} : { esn: sa.esn }),
    ...(sa.sentSeq === undefined ? {} : firstNumber(sa.sentSeq + 1)),
    ...(sa.natt === undefined ? {} : { udpPort: sa.natt.dport }),
    tfc: sa.tfcPadBytes !== undefined,
  };
}

function firstNumber(seq: number): Pick<WireSa, 'seqHi' | 'seqLo'> {
  return { seqHi: Math.floor(seq / 2 ** 32), seqLo: seq >>> 0 };
}

function wirePolicy(p: Policy): WirePolicy {
  const outermost = p.requests.at(-1);
  const tunnel = outermost?.mode === 'tunnel';
  return {
    src: `${ipAddrText(p.src)}/${p.srcPrefixLen}`,
    dst: `${ipAddrText(p.dst)}/${p.dstPrefixLen}`,
    ...(p.proto === 0 ? {} : { proto: p.proto }),
    ...(p.sport === 0 ? {} : { srcPort: p.sport }),
    ...(p.dport === 0 ? {} : { dstPort: p.dport }),
    action: p.action === 'none' ? 'bypass' : 'protect',
    mode: tunnel ? 'tunnel' : 'transport',
    esp: p.requests.length === 0 || p.requests.some((r) => r.proto === PROTO_ESP),
    ...(tunnel
      ? { tunnelSrc: ipAddrText(outermost.src), tunnelDst: ipAddrText(outermost.dst) }
      : {}),
  };
}
