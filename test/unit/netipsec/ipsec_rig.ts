// SPDX-License-Identifier: BSD-2-Clause
import type { MbufPool } from '../../../src/kern/mbuf.ts';
import { Ipsec } from '../../../src/netipsec/ipsec.ts';
import type { Carrier } from '../../../src/netipsec/pact.ts';
import { applySetkey, parseSetkey } from '../../../src/netipsec/setkey.ts';
import { createRig, type Rig, type RigConfig, type RigHost } from '../../lib/rig.ts';

export interface IpsecRig extends Rig {
  readonly ipsecA: Ipsec;
  readonly ipsecB: Ipsec;
  /** Gives a setkey(8) file to both hosts. */
  setkey(text: string): void;
  /** And to one of them. */
  setkeyOf(host: 'a' | 'b', text: string): void;
}

export interface IpsecRigConfig extends RigConfig {
  readonly offload?: boolean;
  readonly carrier?: (mbufs: MbufPool) => Carrier;
}

/** The rig of two hosts, each with IPsec. */
export function createIpsecRig(config: IpsecRigConfig = {}): IpsecRig {
  const rig = createRig(config);
  const { offload = false, carrier } = config;
  const [ipsecA, ipsecB] = [rig.a, rig.b].map((h: RigHost) => {
    const own = carrier === undefined ? {} : { carrier: carrier(h.pool) };
    const ipsec = new Ipsec({ inet: h.inet, offload, ...own });
    h.inet.ipsec = ipsec;
    return ipsec;
  }) as [Ipsec, Ipsec];
  const setkey = (text: string): void => {
    const file = parseSetkey(text);
    applySetkey(ipsecA, file);
    applySetkey(ipsecB, file);
  };
  const setkeyOf = (host: 'a' | 'b', text: string): void =>
    applySetkey(host === 'a' ? ipsecA : ipsecB, parseSetkey(text));
  return { ...rig, ipsecA, ipsecB, setkey, setkeyOf };
}

const A = '10.0.0.1';
const B = '10.0.0.2';
const GCM_AB = '0x000102030405060708090a0b0c0d0e0f10111213';
const GCM_BA = '0x202122232425262728292a2b2c2d2e2f30313233';

/** SAs both ways with AES-GCM-128. */
export const GCM_SAS = `
add ${A} ${B} esp 0x1001 -r 8 -E aes-gcm-16 ${GCM_AB};
add ${B} ${A} esp 0x1002 -r 8 -E aes-gcm-16 ${GCM_BA};
`;

/** One pair of policies of host A (out, in), and the mirrored pair; both hosts may have all four. */
export function policies(request: (src: string, dst: string) => string, upper = 'any'): string {
  return [
    `spdadd ${A} ${B} ${upper} -P out ipsec ${request(A, B)};`,
    `spdadd ${B} ${A} ${upper} -P in ipsec ${request(B, A)};`,
    `spdadd ${B} ${A} ${upper} -P out ipsec ${request(B, A)};`,
    `spdadd ${A} ${B} ${upper} -P in ipsec ${request(A, B)};`,
  ].join('\n');
}

export const TRANSPORT = policies(() => 'esp/transport//require');
export const TUNNEL = policies((src, dst) => `esp/tunnel/${src}-${dst}/require`);
