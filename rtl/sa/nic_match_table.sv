// SPDX-License-Identifier: BSD-2-Clause
//
// nic_match_table: (family, destination, SPI) -> SA index, 1024 buckets of 4 ways, one memory a way. A read
// compares a whole bucket; hit_o, hit_sa_o refer to the bucket read two cycles before.
// Latency 2 cycles; a look-up a cycle.
//
//   bucket --> 4 ways --> rd_q --> compare --> way_hit_q --> hit_o, hit_sa_o
module nic_match_table (
  input  logic                  clk_i,
  input  logic                  scrub_i,
  input  logic [9:0]            scrub_row_i,
  input  nic_pkg::match_write_t write_i,
  input  logic                  rd_en_i,
  input  logic [9:0]            rd_bucket_i,
  input  logic                  v6_i,        // in the cycle after the read
  input  logic [31:0]           spi_i,
  input  logic [127:0]          dst_i,
  output logic                  hit_o,
  output logic [9:0]            hit_sa_o
);
  localparam int unsigned Width = 172;  // nic_pkg::match_entry_t
  logic            compare_q;
  logic [3:0]      way_hit_q;
  logic [3:0][9:0] way_sa_q;

  always_ff @(posedge clk_i) compare_q <= rd_en_i;

  for (genvar w = 0; w < 4; w++) begin : gen_way
    logic [Width-1:0]      mem [1024];
    logic [Width-1:0]      rd_q;
    nic_pkg::match_entry_t entry;
    assign entry      = rd_q;
    always_ff @(posedge clk_i) begin
      if (scrub_i) mem[scrub_row_i] <= '0;
      else if (write_i.valid && write_i.slot[1:0] == 2'(w)) begin
        mem[write_i.slot[11:2]] <= write_i.entry;
      end
      if (rd_en_i) rd_q <= mem[rd_bucket_i];
      if (compare_q) begin
        way_hit_q[w] <= entry.valid && entry.v6 == v6_i && entry.spi == spi_i
                        && entry.dst == dst_i;
        way_sa_q[w]  <= entry.sa_idx;
      end
    end
  end

  assign hit_o    = |way_hit_q;
  assign hit_sa_o = way_hit_q[0] ? way_sa_q[0] : way_hit_q[1] ? way_sa_q[1]
                    : way_hit_q[2] ? way_sa_q[2] : way_sa_q[3];
endmodule
