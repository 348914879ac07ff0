// SPDX-License-Identifier: BSD-2-Clause
import { ALLOCATION_FAULTS } from './allocation.ts';
import { BUS_FAULTS } from './bus.ts';
import { CARD_FAULTS } from './card.ts';
import { CLOCK_FAULTS } from './clock.ts';
import type { Fault } from './fault.ts';
import { INTERRUPT_FAULTS } from './interrupts.ts';
import { KEY_FAULTS } from './keys.ts';
import { RESET_FAULTS } from './reset.ts';
import { RING_FAULTS } from './rings.ts';
import { WIRE_FAULTS } from './wire.ts';

/** Everything that may go wrong round a card, each with its promise. */
export const FAULTS: readonly Fault[] = [
  ...BUS_FAULTS,
  ...INTERRUPT_FAULTS,
  ...RING_FAULTS,
  ...WIRE_FAULTS,
  ...ALLOCATION_FAULTS,
  ...CARD_FAULTS,
  ...KEY_FAULTS,
  ...RESET_FAULTS,
  ...CLOCK_FAULTS,
];
