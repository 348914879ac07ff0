// SPDX-License-Identifier: BSD-2-Clause
/** The probe counts cycles from the end of reset, the world from its start. */
export const RESET_CYCLES = 8;

/** Registers of probe/nic_top.sv. */
export const PROBE = {
  id: 0x00,
  cycle: 0x04,
  irq: 0x10,
  /** The probe's cycle in which it fails. */
  fatalAt: 0x14,
  rdAddr: 0x20,
  /** Beats of a burst, less one. */
  rdLen: 0x24,
  /** Starts this many bursts, one behind the other in memory, IDs 0 1 2 3 0 … */
  rdGo: 0x28,
  /** Cycles from the first address taken to the first beat. */
  rdLatency: 0x2c,
  /** Last response that was not OKAY. */
  rdResp: 0x30,
  /** Sum of word 0 of each beat. */
  rdSum: 0x34,
  rdBeats: 0x38,
  /** Beats whose word 1 was smaller than the one before it of the same ID. */
  rdOrder: 0x3c,
  wrAddr: 0x40,
  wrData: 0x44,
  /** Starts the write of one beat. */
  wrGo: 0x48,
  wrResp: 0x4c,
  wrDone: 0x50,
  wrStrb: 0x54,
  txLen: 0x60,
  /** Starts this many frames; byte i of a frame is i. */
  txGo: 0x64,
  rxFrames: 0x70,
  /** Length of the last frame. */
  rxLen: 0x74,
  /** The probe's cycle at the first beat of the last frame. */
  rxFirst: 0x78,
  /** Sum of all bytes of all frames. */
  rxSum: 0x7c,
  fatal: 0x80,
  assert: 0x84,
  finish: 0x88,
  display: 0x8c,
  /** No register access is taken for this many cycles. */
  mute: 0x90,
  /** Answered with SLVERR. */
  nowhere: 0x94,
} as const;

export const SLVERR = 2;
export const DECERR = 3;
