// SPDX-License-Identifier: BSD-2-Clause
// A project of three lines of RTL and ten of C++, for the tests of the wrapper.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerilateOptions } from '../../../src/verilator/index.ts';

const counterSv = `\`include "start.svh"
\`ifndef STEP
\`define STEP 1
\`endif
module counter #(parameter int unsigned Width = 16) (
  input  logic             clk_i,
  input  logic             rst_ni,
  output logic             unused,
  output logic [Width-1:0] q_o
);
  // extra
  always_ff @(posedge clk_i)
    if (!rst_ni) q_o <= Width'(\`START);
    else q_o <= q_o + Width'(\`STEP);
endmodule
`;

export const counterCpp = `#include VM_PREFIX_INCLUDE
#include "bias.h"
#include <cstdint>
#include <memory>
extern "C" uint32_t counter_run(uint32_t cycles) {
  auto context = std::make_unique<VerilatedContext>();
  auto top = std::make_unique<VM_PREFIX>(context.get());
  for (uint32_t i = 0; i <= cycles; i++) {
    top->rst_ni = i != 0;
    top->clk_i = 0;
    top->eval();
    top->clk_i = 1;
    top->eval();
  }
  return top->q_o + BIAS;
}
`;

export const writeCounter = (project: string): void => {
  for (const folder of ['rtl', 'include', 'cpp']) mkdirSync(join(project, folder));
  writeFileSync(join(project, 'rtl/counter.sv'), counterSv);
  writeFileSync(join(project, 'include/start.svh'), '`define START 0\n');
  writeFileSync(join(project, 'counter.f'), '// the design\n-f more.f\nrtl/counter.sv\n');
  writeFileSync(join(project, 'more.f'), '+incdir+include\n');
  writeFileSync(join(project, 'cpp/bias.h'), '#define BIAS 0\n');
  writeFileSync(join(project, 'cpp/counter.cpp'), counterCpp);
};

export const counterOptions = (project: string, cacheDir: string): VerilateOptions => ({
  top: 'counter',
  cwd: project,
  fileLists: ['counter.f'],
  cppSources: ['cpp/counter.cpp'],
  cppIncludeDirs: ['cpp'],
  flags: ['-Wno-UNDRIVEN'],
  optimize: '-O0',
  cacheDir,
});
