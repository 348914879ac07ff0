// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_table: 1024 security associations of one direction. Written whole by the CSR window,
// zeroed by the scrub. Read data is valid in the cycle after rd_en_i and holds until the next read.
module nic_sa_table (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               scrub_i,
  input  logic [9:0]         scrub_row_i,
  input  nic_pkg::sa_write_t write_i,
  input  logic               rd_en_i,
  input  logic [9:0]         rd_idx_i,
  output nic_pkg::sa_entry_t rd_data_o
);
  localparam int unsigned Width = $bits(rd_data_o);
  logic [Width-1:0] mem [1024];
  logic [Width-1:0] rd_q;

  assign rd_data_o = rd_q;

  logic unused_seq;
  assign unused_seq = &{1'b0, write_i.seq};

  always_ff @(posedge clk_i) begin
    if (scrub_i) mem[scrub_row_i] <= '0;
    else if (write_i.valid) mem[write_i.idx] <= write_i.entry;
    // The key leaves the read register with reset, as the table is zeroed after it.
    if (!rst_ni) rd_q <= '0;
    else if (rd_en_i) rd_q <= mem[rd_idx_i];
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && write_i.valid) assert (!scrub_i)
      else $fatal(1, "nic_sa_table: write during scrub");
  end
`endif
endmodule
