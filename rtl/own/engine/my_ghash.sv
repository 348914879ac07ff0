// SPDX-License-Identifier: BSD-2-Clause
//
// GHASH (SP 800-38D section 6.4), a byte a cycle: y = (y ^ x) * h takes 16 cycles.
// Byte k of x, h and y is bits [8k+7:8k].
module my_ghash (
  input  logic         clk,
  input  logic         rst_n,
  input  logic         clear,   // y = 0
  input  logic         start,
  input  logic [127:0] h,
  input  logic [127:0] x,
  output logic         busy,
  output logic [127:0] y
);
  // The first bit of the field is the most significant of byte 0: in here, bit 0.
  function automatic logic [127:0] flip(input logic [127:0] a);
    for (int k = 0; k < 16; k++) begin
      for (int j = 0; j < 8; j++) flip[8*k + j] = a[8*k + 7 - j];
    end
  endfunction

  logic [4:0]   left;              // bytes left
  logic [127:0] factor, multiple;  // what is left of y ^ x; h * t^(bits done)
  logic [127:0] sum;

  logic [127:0] next_sum, next_multiple;
  always_comb begin
    next_sum      = sum;
    next_multiple = multiple;
    for (int i = 0; i < 8; i++) begin
      if (factor[i]) next_sum = next_sum ^ next_multiple;
      next_multiple = {next_multiple[126:0], 1'b0} ^ (next_multiple[127] ? 128'h87 : 128'h0);
    end
  end

  always_ff @(posedge clk) begin
    if (!rst_n || clear) begin
      left <= 5'd0;
      sum  <= '0;
    end else if (start) begin
      left     <= 5'd16;
      factor   <= sum ^ flip(x);
      multiple <= flip(h);
      sum      <= '0;
    end else if (left != 5'd0) begin
      left     <= left - 5'd1;
      factor   <= factor >> 8;
      multiple <= next_multiple;
      sum      <= next_sum;
    end
  end
  assign busy = left != 5'd0;
  assign y    = flip(sum);
endmodule
