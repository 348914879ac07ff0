// SPDX-License-Identifier: BSD-2-Clause

import type { DriverModule } from '../dev/nic/nic_driver.ts';
import type { OwnRtl } from '../harness/own_rtl.ts';
import type { OwnLevel } from '../harness/rtl_contract.ts';
import { IFCAP_IPSEC } from '../net/ifnet.ts';
import { type Case, groupOf } from './case.ts';

/** What all cases of a run have in common. Pure data: it goes to the child processes as JSON. */
export interface Settings {
  /** Master seed. */
  readonly seed: number;
  readonly nic: 'rtl' | 'model';
  readonly ffi: 'koffi' | 'ffi-napi';
  /** An engine or a card from elsewhere in the place of ours. */
  readonly rtl?: OwnRtl;
  /** Which of the two it is. */
  readonly level?: OwnLevel;
  /** File that brings the driver of a card from elsewhere. */
  readonly driver?: string;
  /** Cycles after which a simulation is given up, and its case has failed. */
  readonly timeoutCycles: number;
  /** Folder of the run; a failing case writes below it. */
  readonly out: string;
  /** Does a failing case run again, for its capture and waveform? Yes unless told otherwise. */
  readonly explains?: boolean;
}

const NO_ENGINE = 'it is for an engine alone, and this is a whole card';
export const NO_ESP = 'the card does no ESP';
export const OTHER_DRIVER = "it goes by the registers or the driver of this project's card";
const OWN_WORLDS = "it plays its worlds on this project's card";
const OWN_BUDGETS = "its budgets are those of this project's card";
/** Groups whose every case is about what a card that does ESP does. */
const ABOUT_OFFLOAD = ['hazards', 'faults', 'rekey', 'replay', 'leaks'];

/** Why a case cannot be run with these settings; '' when it can. */
export function cannotRun(c: Case, settings: Settings, driver: DriverModule | null): string {
  if (c.onlyNic !== undefined && c.onlyNic !== settings.nic) {
    return `for a card of ${c.onlyNic}, and this is ${settings.nic}`;
  }
  if (settings.level === 'card' && groupOf(c.id) === 'vectors') return NO_ENGINE;
  if (settings.rtl !== undefined && groupOf(c.id) === 'fuzz') return OWN_WORLDS;
  if (driver === null) return '';
  if (c.needsOwnRegisters === true) return OTHER_DRIVER;
  if (groupOf(c.id) === 'performance') return OWN_BUDGETS;
  const doesEsp = (driver.capabilities & IFCAP_IPSEC) !== 0;
  return doesEsp || !ABOUT_OFFLOAD.includes(groupOf(c.id)) ? '' : NO_ESP;
}
