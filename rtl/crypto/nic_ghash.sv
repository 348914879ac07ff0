// SPDX-License-Identifier: BSD-2-Clause
//
// nic_ghash: GHASH of SP 800-38D section 6.4, one block a cycle: Y = (Y ^ X) * H. Latency 1 cycle.
//
// Byte order at the ports: byte k of a block is bits [8k+7:8k].
// Bit order inside: SP 800-38D section 6.3 numbers bits from the most significant bit of byte 0,
// and bit i is the coefficient of x^i. Bytes are swapped on the way in and out, so inside the
// coefficient of x^i is bit 127-i: multiplying by x is a shift to the RIGHT.
// "hi" is bits [127:64] (x^0..x^63) and "lo" bits [63:0] (x^64..x^127).
//
// add_i is added to the product: what the other lanes of a wide GHASH contribute (nic_ghash_lanes).
//
// There are two forms of the product, with the same answers in the same cycle:
//   Tables: t[n] = n * H for the 16 nibbles n (most significant bit: x^0), made when H comes. The 32
//     nibbles of Y ^ X choose table rows, which are added at their 4-bit offsets into 256 bits
//     (Horner: 16 steps, each two rows, 64 bits apart). It simulates fast, and would be 35 000 LUTs.
//   Otherwise a tree of XORs adds 128 shifted copies of H, each masked with a bit of Y ^ X: a third of
//     the LUTs, half the levels. It is for synthesis.
// Both are reduced by x^128 = x^7 + x^2 + x + 1.
module nic_ghash #(
`ifdef SYNTHESIS
  parameter bit Tables = 1'b0
`else
  parameter bit Tables = 1'b1
`endif
) (
  input  logic         clk_i,
  input  logic         h_valid_i,   // new H; the block of the same cycle still meets the old one
  input  logic [127:0] h_i,
  input  logic         valid_i,
  input  logic         first_i,     // first block of a message: Y starts from 0
  input  logic [127:0] x_i,
  input  logic [127:0] add_i,       // Y = (Y ^ X) * H ^ add
  output logic [127:0] y_o
);
  function automatic logic [63:0] swap(input logic [63:0] v);
    swap = {v[7:0], v[15:8], v[23:16], v[31:24], v[39:32], v[47:40], v[55:48], v[63:56]};
  endfunction

  logic [127:0] y_q;           // in port order
  assign y_o = y_q;

  if (Tables) begin : gen_tables
    // v * x mod the polynomial.
    function automatic logic [127:0] times_x(input logic [127:0] v);
      times_x = {1'b0, v[127:1]} ^ {{8{v[0]}} & 8'he1, 120'h0};
    endfunction

    logic [63:0] t_hi [16];
    logic [63:0] t_lo [16];

    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        logic [127:0] sum;
        logic [63:0]  hi, lo;            // Y ^ X
        logic [63:0]  z0, z1, z2, z3;    // the product: z0 holds x^0..x^63, ..., z3 x^192..x^255
        sum = x_i ^ (first_i ? 128'h0 : y_q);
        hi = swap(sum[63:0]);
        lo = swap(sum[127:64]);
        z0 = '0;
        z1 = '0;
        z2 = '0;
        z3 = '0;
        for (int j = 0; j < 16; j++) begin   // from the highest power down
          z3 = {z2[3:0], z3[63:4]};
          z2 = {z1[3:0], z2[63:4]} ^ t_lo[lo[4*j +: 4]];
          z1 = {z0[3:0], z1[63:4]} ^ t_lo[hi[4*j +: 4]] ^ t_hi[lo[4*j +: 4]];
          z0 = {4'h0, z0[63:4]} ^ t_hi[hi[4*j +: 4]];
        end
        // x^128 = x^7 + x^2 + x + 1 folds z3 into z1 and z2, then z2 into z0 and z1.
        z1 = z1 ^ z3 ^ (z3 >> 1) ^ (z3 >> 2) ^ (z3 >> 7);
        z2 = z2 ^ (z3 << 63) ^ (z3 << 62) ^ (z3 << 57);
        z0 = z0 ^ z2 ^ (z2 >> 1) ^ (z2 >> 2) ^ (z2 >> 7);
        z1 = z1 ^ (z2 << 63) ^ (z2 << 62) ^ (z2 << 57);
        y_q <= {swap(z1), swap(z0)} ^ add_i;
      end
      // After the product, which still reads the old table: plain assignments in one process do the
      // same as registers and simulate without a shadow copy of each row.
      if (h_valid_i) begin
        logic [127:0] h8, h4, h2, h1, row;
        h8 = {swap(h_i[63:0]), swap(h_i[127:64])};
        h4 = times_x(h8);
        h2 = times_x(h4);
        h1 = times_x(h2);
        for (int n = 0; n < 16; n++) begin
          row = ((n & 8) != 0 ? h8 : 128'h0) ^ ((n & 4) != 0 ? h4 : 128'h0)
              ^ ((n & 2) != 0 ? h2 : 128'h0) ^ ((n & 1) != 0 ? h1 : 128'h0);
          t_hi[n] = row[127:64];
          t_lo[n] = row[63:0];
        end
      end
    end
  end else begin : gen_tree
    logic [127:0] h_q, sum, a;
    logic [254:0] z;         // [k]: coefficient of x^(254-k) of the product
    logic [127:0] folded;
    assign sum = x_i ^ (first_i ? 128'h0 : y_q);
    assign a   = {swap(sum[63:0]), swap(sum[127:64])};

    // A heap: node n is the sum of nodes 2n and 2n+1, its 128 leaves are a[j] * H shifted by j.
    for (genvar n = 255; n > 0; n--) begin : gen_node
      logic [254:0] v;
      if (n > 127) begin : gen_leaf
        assign v = {127'h0, {128{a[n-128]}} & h_q} << (n - 128);
      end else begin : gen_sum
        assign v = gen_node[2*n].v ^ gen_node[2*n+1].v;
      end
    end
    assign z = gen_node[1].v;
    // Bits [254:127] are x^0 .. x^127, bits [126:0] x^128 .. x^254.
    logic [127:0] over, over_low;
    assign over     = {z[126:0], 1'b0};
    assign over_low = (over << 127) ^ (over << 126) ^ (over << 121);
    assign folded   = z[254:127] ^ over ^ (over >> 1) ^ (over >> 2) ^ (over >> 7)
                      ^ over_low ^ (over_low >> 1) ^ (over_low >> 2) ^ (over_low >> 7);
    always_ff @(posedge clk_i) begin
      if (h_valid_i) h_q <= {swap(h_i[63:0]), swap(h_i[127:64])};
      if (valid_i) y_q <= {swap(folded[63:0]), swap(folded[127:64])} ^ add_i;
    end
  end
endmodule
