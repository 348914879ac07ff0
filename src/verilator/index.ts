// SPDX-License-Identifier: BSD-2-Clause
// The wrapper round Verilator, usable by itself: import { verilate } from 'tagwire/verilator'.
export { cacheDirectory } from './cache.ts';
export { VerilatorError, type VerilatorErrorKind } from './error.ts';
export {
  type CompilerInfo,
  findCompiler,
  findVerilator,
  type VerilatorInfo,
  verilatorTested,
} from './find.ts';
export { type Diagnostic, lint } from './lint.ts';
export type { Progress, RtlOptions, VerilateOptions } from './options.ts';
export { type Port, type TopModule, topModule } from './ports.ts';
export { type Verilated, verilate } from './verilate.ts';
