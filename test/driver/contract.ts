// SPDX-License-Identifier: BSD-2-Clause
import { describe } from 'vitest';
import type { MakeWorld } from '../../src/validate/rig.ts';
import { espContract } from './contract_esp.ts';
import { faultContract } from './contract_fault.ts';
import { irqContract } from './contract_irq.ts';
import { keyContract } from './contract_key.ts';
import { packetContract } from './contract_packet.ts';
import { plainContract } from './contract_plain.ts';
import { rawContract } from './contract_raw.ts';
import { ringContract } from './contract_ring.ts';
import { saContract } from './contract_sa.ts';

/** What driver and card must do together, whatever the card is made of. */
export function driverContract(name: string, makeWorld: MakeWorld): void {
  describe(`driver on ${name}`, () => {
    plainContract(makeWorld);
    ringContract(makeWorld);
    espContract(makeWorld);
    saContract(makeWorld);
    packetContract(makeWorld);
    irqContract(makeWorld);
    keyContract(makeWorld);
    faultContract(makeWorld);
    rawContract(makeWorld);
  });
}
