// SPDX-License-Identifier: BSD-2-Clause
import { counter } from '../../kern/counters.ts';

/** What the driver counts. Everything it drops, it drops under one of these names. */
export const NIC_TX_DOWN = counter('nic.txDown', 'sent to an interface that is not attached');
export const NIC_TX_TOO_BIG = counter('nic.txTooBig', 'frame is longer than the card takes');
export const NIC_TX_TOO_SHORT = counter('nic.txTooShort', 'frame is shorter than its header');
export const NIC_TX_RING_FULL = counter('nic.txRingFull', 'transmit ring full');
export const NIC_TX_OFFLOADED = counter('nic.txOffloaded', 'frames whose crypto the card does');
export const NIC_TX_SOFTWARE = counter(
  'nic.txFinishedInSoftware',
  'offload request did not fit; ESP was finished in software',
);
export const NIC_TX_MISFIT = counter(
  'nic.txOffloadMisfit',
  'offload request did not fit, and software could not finish it',
);
export const NIC_TX_BAD_LEN = counter('nic.txBadLen', 'card refused a frame: length');
export const NIC_TX_NO_SA = counter('nic.txNoSa', 'card refused a frame: SA not valid');
export const NIC_TX_DMA_ERR = counter('nic.txDmaErr', 'card could not read a frame from memory');
export const NIC_TX_KEY_ERR = counter(
  'nic.txKeyErr',
  'card refused a frame: parity error in the memory of its key',
);
export const NIC_TX_SEQ_END = counter(
  'nic.txSeqEnd',
  'packet offload: the SA has given its last number',
);
export const NIC_TX_ERR = counter('nic.txErr', 'card refused a frame: another reason');
export const NIC_TX_CLEAR = counter(
  'nic.txNotEncrypted',
  'card says that it sent a frame without the crypto asked for',
);
export const NIC_TX_DISCARDED = counter('nic.txDiscarded', 'in the ring when the card was stopped');

export const NIC_RX_OFFLOADED = counter('nic.rxOffloaded', 'frames that the card decrypted');
export const NIC_RX_AUTH_FAIL = counter('nic.rxAuthFail', 'card found a wrong ICV');
export const NIC_RX_REPLAY = counter(
  'nic.rxReplay',
  'packet offload: number was seen, or is too old',
);
export const NIC_RX_BAD_PAD = counter(
  'nic.rxBadPad',
  'packet offload: padding is not 1, 2, 3 …, or too long',
);
export const NIC_RX_TOO_BIG = counter('nic.rxTooBig', 'frame larger than the buffer for it');
export const NIC_RX_DMA_ERR = counter('nic.rxDmaErr', 'card could not write a frame to memory');
export const NIC_RX_ERR = counter('nic.rxErr', 'completion with a length or code that cannot be');
export const NIC_RX_KEY_ERR = counter(
  'nic.rxKeyErr',
  'frame left encrypted: parity error in the memory of its key',
);
export const NIC_RX_NO_TAG = counter(
  'nic.rxNoTag',
  'decrypted frame, but no tag was left to say so',
);
export const NIC_RX_SA_GONE = counter(
  'nic.rxSaGone',
  'decrypted under an SA that was removed meanwhile',
);
export const NIC_RX_NO_MBUF = counter('nic.rxNoMbuf', 'no mbuf to refill the receive ring with');

export const NIC_COOKIE = counter('nic.cookie', 'completion does not name the oldest descriptor');
export const NIC_STRAY = counter('nic.stray', 'completion without a descriptor');
export const NIC_DMA_ERRORS = counter(
  'nic.dmaErrors',
  'card reported an error: DMA, doorbell or key parity',
);
