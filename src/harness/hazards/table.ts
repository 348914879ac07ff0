// SPDX-License-Identifier: BSD-2-Clause
import { CARD_HAZARDS } from './cards.ts';
import { COPY_HAZARDS } from './copies.ts';
import { DETOUR_HAZARDS } from './detours.ts';
import type { Hazard } from './hazard.ts';
import { LINK_HAZARDS } from './links.ts';
import { NUMBER_HAZARDS } from './numbers.ts';
import { POLICY_HAZARDS } from './policies.ts';
import { SA_HAZARDS } from './sa_life.ts';
import { TURN_HAZARDS } from './turns.ts';

/** Those that can happen here. */
export const HAZARDS: readonly Hazard[] = [
  ...TURN_HAZARDS,
  ...COPY_HAZARDS,
  ...DETOUR_HAZARDS,
  ...NUMBER_HAZARDS,
  ...SA_HAZARDS,
  ...POLICY_HAZARDS,
  ...CARD_HAZARDS,
  ...LINK_HAZARDS,
];
