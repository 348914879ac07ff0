// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_window: the register window through which software installs SAs, transmit or receive. Data
// registers are filled first; a write of SA_IDX with WRITE or CLEAR then updates the whole table
// entry in one cycle and zeroes the key and salt registers. The receive window also commits match
// table slots. A commit waits while the tables are being scrubbed; the index register reads
// non-zero until it is done.
module nic_sa_window #(
  parameter bit Rx = 1'b0
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  scrub_busy_i,
  input  logic                  wr_valid_i,
  input  logic [4:0]            wr_word_i,   // register number in the window
  input  logic [31:0]           wr_data_i,
  input  logic [4:0]            rd_word_i,
  output logic [31:0]           rd_data_o,
  output nic_pkg::sa_write_t    sa_write_o,
  output nic_pkg::match_write_t match_write_o
);
  localparam logic [4:0] SA_IDX = 5'd0, SA_CTRL = 5'd1, SA_SALT = 5'd2;
  localparam logic [4:0] SA_KEY0 = 5'd4, SA_KEY7 = 5'd11, SA_SPI = 5'd12, SA_DST = 5'd13;
  localparam logic [4:0] MATCH_IDX = 5'd16, MATCH_SA = 5'd17;

  nic_pkg::sa_entry_t sa_q;
  logic               sa_write_q, sa_clear_q;
  logic [9:0]         sa_idx_q, match_sa_q;
  logic [31:0]        spi_q, dst_q;
  logic               match_write_q, match_clear_q;
  logic [11:0]        match_slot_q;
  logic               commit_sa, commit_match;

  assign commit_sa    = (sa_write_q | sa_clear_q) & ~scrub_busy_i;
  assign commit_match = (match_write_q | match_clear_q) & ~scrub_busy_i;

  assign sa_write_o.valid         = commit_sa;
  assign sa_write_o.idx           = sa_idx_q;
  assign sa_write_o.entry         = sa_q;
  assign match_write_o.valid      = commit_match;
  assign match_write_o.slot       = match_slot_q;
  assign match_write_o.entry.valid  = match_write_q;
  assign match_write_o.entry.spi    = spi_q;
  assign match_write_o.entry.dst    = dst_q;
  assign match_write_o.entry.sa_idx = match_sa_q;

  always_comb begin
    rd_data_o = 32'd0;
    case (rd_word_i)
      SA_IDX:    rd_data_o = {sa_write_q, sa_clear_q, 30'd0};
      SA_CTRL:   rd_data_o = {29'd0, sa_q.esn, sa_q.key256, sa_q.valid};
      SA_SPI:    rd_data_o = spi_q;
      SA_DST:    rd_data_o = dst_q;
      MATCH_IDX: rd_data_o = {match_write_q, match_clear_q, 30'd0};
      MATCH_SA:  rd_data_o = {22'd0, match_sa_q};
      default:   ;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sa_q          <= '0;
      sa_write_q    <= 1'b0;
      sa_clear_q    <= 1'b0;
      sa_idx_q      <= '0;
      spi_q         <= '0;
      dst_q         <= '0;
      match_sa_q    <= '0;
      match_write_q <= 1'b0;
      match_clear_q <= 1'b0;
      match_slot_q  <= '0;
    end else begin
      if (commit_sa) begin
        sa_write_q <= 1'b0;
        sa_clear_q <= 1'b0;
        sa_q.key   <= '0;
        sa_q.salt  <= '0;
      end
      if (commit_match) begin
        match_write_q <= 1'b0;
        match_clear_q <= 1'b0;
      end
      if (wr_valid_i) begin
        case (wr_word_i)
          SA_IDX: begin
            sa_idx_q   <= wr_data_i[9:0];
            sa_write_q <= wr_data_i[31] & ~wr_data_i[30];
            sa_clear_q <= wr_data_i[30];
            if (wr_data_i[30]) sa_q <= '0;   // CLEAR writes the empty entry
          end
          SA_CTRL: begin
            sa_q.valid  <= wr_data_i[0];
            sa_q.key256 <= wr_data_i[1];
            sa_q.esn    <= wr_data_i[2];
          end
          SA_SALT: sa_q.salt <= wr_data_i;
          SA_SPI:  if (Rx) spi_q <= wr_data_i;
          SA_DST:  if (Rx) dst_q <= wr_data_i;
          MATCH_IDX: begin
            if (Rx) begin
              match_slot_q  <= wr_data_i[11:0];
              match_write_q <= wr_data_i[31] & ~wr_data_i[30];
              match_clear_q <= wr_data_i[30];
            end
          end
          MATCH_SA: if (Rx) match_sa_q <= wr_data_i[9:0];
          default: begin
            if (wr_word_i >= SA_KEY0 && wr_word_i <= SA_KEY7) begin
              sa_q.key[{~wr_word_i[2], wr_word_i[1:0], 5'd0} +: 32] <= wr_data_i;
            end
          end
        endcase
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (commit_sa || commit_match)) begin
      assert (!(sa_write_q && sa_clear_q)) else $fatal(1, "nic_sa_window: write and clear");
      assert (Rx || !commit_match) else $fatal(1, "nic_sa_window: match write on tx");
    end
  end
`endif
endmodule
