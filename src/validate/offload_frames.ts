// SPDX-License-Identifier: BSD-2-Clause
import type { NicDriver } from '../dev/nic/nic_driver.ts';
import { ipSetLen } from '../header/ip_len.ts';
import { type OffloadSa, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED } from '../netipsec/pact.ts';
import { requestOf } from '../netipsec/request_fields.ts';
import { ESP_DST, type EspShape, espClear, padOf, placesOf } from './frames.ts';
import type { RigHost } from './rig.ts';

/** Installs an SA, which must be possible. */
export function install(host: RigHost<NicDriver>, sa: OffloadSa): number {
  const answer = host.nic.sa.saInstall(sa);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.cardSa;
}

/** Sends an ESP frame in clear under a request, as ipsec_output and ip_output would; its errno. */
export function sendOffload(
  host: RigHost<NicDriver>,
  shape: EspShape,
  sa: OffloadSa,
  cardSa: number,
  more: { readonly ifIndex?: number; readonly esnHi?: number } = {},
): number {
  const m = host.mbuf(espClear(shape));
  const { spi, saHandle, generation } = sa;
  const { ifIndex = host.nic.index, esnHi = 0 } = more;
  const { ip, esp } = placesOf(shape);
  const names = { spi, saHandle, generation, ifIndex, cardSa, dst0: ESP_DST };
  const r = requestOf({ ...names, espOffset: esp - ip, esnHi });
  host.carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
  return host.nic.transmit(m);
}

/** A received frame without the ICV that the card leaves as it was. */
export function withoutIcv(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - 16);
}

/** The frame as packet offload has it in memory: no ESP header, no trailer, IP's length the final one. */
export function bareOf(shape: EspShape): Uint8Array {
  const frame = espClear(shape);
  const { esp } = placesOf(shape);
  const payload = frame.subarray(esp + 16, frame.length - 18 - padOf(shape));
  const bare = new Uint8Array(esp + payload.length);
  bare.set(frame.subarray(0, esp));
  bare.set(payload, esp);
  return bare;
}

/** What the driver hands up of a frame that the card took ESP off: IP's length is what is left. */
export function openedOf(shape: EspShape): Uint8Array {
  const bare = bareOf(shape);
  const { ip } = placesOf(shape);
  ipSetLen(new DataView(bare.buffer), ip, bare.length - ip);
  return bare;
}

/** Sends a packet under packet offload, as ipsec_output and ip_output would; its errno. */
export function sendWhole(
  host: RigHost,
  shape: EspShape,
  sa: OffloadSa,
  cardSa: number,
  next = 17,
): number {
  const m = host.mbuf(bareOf(shape));
  const { spi, saHandle, generation } = sa;
  const { ip, esp } = placesOf(shape);
  const names = { spi, saHandle, generation, ifIndex: host.nic.index, cardSa, dst0: ESP_DST };
  const r = requestOf({ ...names, espOffset: esp - ip, next });
  host.carrier.request(m, PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED, r);
  return host.nic.transmit(m);
}
