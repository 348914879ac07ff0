import { WireOracle } from '../../../../src/harness/oracle/wire_oracle.ts';
import type { WirePolicy } from '../../../../src/harness/oracle/wire_policy.ts';
import type { WireSa } from '../../../../src/harness/oracle/wire_sa.ts';
import { Payloads } from '../../../../src/harness/payload.ts';
import { type EspOptions, esp, ether, ipv4, udp } from '../esp_frame.ts';

// Keys and addresses are made up here; packets are built with node:crypto in esp_frame.ts.
export const OUTER = ['10.0.0.1', '10.0.0.2'] as const;
export const INNER = ['192.168.1.1', '192.168.2.1'] as const;
export const SA: WireSa = {
  spi: 0x1001,
  dst: OUTER[1],
  mode: 'tunnel',
  alg: 'aes-gcm-16',
  key: Buffer.alloc(16, 7),
  salt: Buffer.from('01020304', 'hex'),
};
export const TUNNEL: WirePolicy = {
  src: '192.168.1.0/24',
  dst: '192.168.2.0/24',
  proto: 17,
  mode: 'tunnel',
  tunnelSrc: OUTER[0],
  tunnelDst: OUTER[1],
};
export const TRANSPORT: WirePolicy = { src: OUTER[0], dst: OUTER[1], proto: 17, mode: 'transport' };
export const SIZE = 100;
export const payloads = new Payloads(5, 8900);

export function oracle(policies: WirePolicy[] = [TUNNEL], sas: WireSa[] = [SA]): WireOracle {
  return new WireOracle({
    policies,
    sas,
    traffic: { payloads, sizeOf: () => SIZE, dstPort: 9 },
  });
}

/** Of the last frame shown. */
export let number = 0;

export function show(o: WireOracle, frame: Buffer, flags = 0): WireOracle {
  const bytes = Buffer.concat([Buffer.alloc(5), frame, Buffer.alloc(9)]);
  o.frame({
    bytes,
    offset: 5,
    lenBytes: frame.length,
    cycle: 1000 + number,
    arrivalCycle: 0,
    card: 0,
    flags,
    flipBit: 0,
    number: ++number,
  });
  return o;
}

export function datagram(
  index: number,
  ends: readonly [string, string],
  data = payload(index),
): Buffer {
  return udp(ends[0], ends[1], payloads.sourcePort(index), 9, data);
}

export function payload(index: number, size = SIZE): Buffer {
  const out = Buffer.alloc(size);
  payloads.fill(out, 0, size, index);
  return out;
}

/** The frame that carries packet `index`, or a broken relative of it. */
export function tunnelFrame(
  index: number,
  options: Partial<EspOptions> = {},
  datagramBytes = datagram(index, INNER),
): Buffer {
  const inner = ipv4({ proto: 17, src: INNER[0], dst: INNER[1] }, datagramBytes);
  const packet = esp({ sa: SA, seq: index + 1, nextHeader: 4, ...options }, inner);
  return ether(ipv4({ proto: 50, src: OUTER[0], dst: OUTER[1] }, packet));
}

export function tripped(o: WireOracle): string[] {
  return o.violations.map((v) => v.oracle);
}

export function innerPacket(index: number): Buffer {
  return ipv4({ proto: 17, src: INNER[0], dst: INNER[1] }, datagram(index, INNER));
}
