// SPDX-License-Identifier: BSD-2-Clause
import { CarrierInPlace } from '../../netipsec/carrier_in_place.ts';

/**
 * No offload: software does all ESP, and ipsec's own tag says only what was done. Its strategy
 * switches offload off, so nothing is ever requested or reported.
 */
export class CarrierNone extends CarrierInPlace {
  override readonly name = 'none';
}
