// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_window: the register window through which software installs SAs, transmit or receive. Data
// registers are filled first; a write of SA_IDX with WRITE or CLEAR then updates the whole table
// entry in one cycle and zeroes the key and salt registers. A write with READ takes the counters of
// the SA, all of one moment, and the numbers it has come to into the state registers. The receive
// window also commits match table slots. A commit waits while the tables are being scrubbed; the
// index register reads non-zero until it is done, and while a READ is under way. SA_PARITY names
// parity bits that the next WRITE stores wrong, as a flipped bit in the table would look. Latency of
// a commit 1 cycle, of a READ 3 or more.
//
//   data registers --(SA_IDX: WRITE, CLEAR)--> sa_write_o    --(MATCH_IDX)--> match_write_o
//   state registers <--(SA_IDX: READ)-- state_i
module nic_sa_window #(
  parameter bit Rx = 1'b0,
  parameter bit Packet = 1'b1   // there is packet offload
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  scrub_busy_i,
  input  logic                  wr_valid_i,
  input  logic [5:0]            wr_word_i,   // register number in the window
  input  logic [31:0]           wr_data_i,
  input  logic                  rd_en_i,     // else rd_data_o is 0
  input  logic [5:0]            rd_word_i,
  output logic [31:0]           rd_data_o,
  output nic_pkg::sa_write_t    sa_write_o,
  output nic_pkg::match_write_t match_write_o,
  output logic                  state_read_o,   // one cycle; the SA is that of sa_write_o.idx
  input  logic                  state_busy_i,
  input  nic_pkg::sa_state_t    state_i
);
  localparam logic [5:0] SA_IDX = 6'd0, SA_CTRL = 6'd1, SA_SALT = 6'd2;
  localparam logic [5:0] SA_KEY0 = 6'd4, SA_KEY7 = 6'd11, SA_SPI = 6'd12, SA_DST = 6'd13;
  localparam logic [5:0] MATCH_IDX = 6'd16, MATCH_SA = 6'd17;
  localparam logic [5:0] SA_DST1 = 6'd18, SA_DST2 = 6'd19, SA_DST3 = 6'd20;
  localparam logic [5:0] SA_WINDOW = 6'd21, SA_SEQ_LO = 6'd22, SA_SEQ_HI = 6'd23;
  localparam logic [5:0] SA_PACKETS_LO = 6'd24, SA_PACKETS_HI = 6'd25;
  localparam logic [5:0] SA_BYTES_LO = 6'd26, SA_BYTES_HI = 6'd27, SA_ERRORS = 6'd28, SA_PARITY = 6'd31;
  localparam logic [5:0] SA_SEEN0 = 6'd32, SA_SEEN1 = 6'd33, SA_SEEN2 = 6'd34, SA_SEEN3 = 6'd35;
  localparam logic [5:0] SA_REPLAYS = 6'd36;

  nic_pkg::sa_entry_t sa_q;
  logic               sa_write_q, sa_clear_q;
  logic [9:0]         sa_idx_q, match_sa_q;
  logic               v6_q, state_read_q;
  logic [31:0]        spi_q;
  logic [127:0]       dst_q;
  logic [63:0]        seq_q;
  logic [nic_pkg::SA_PARITY_BITS-1:0] flip_q;
  logic [127:0]       seen_q;
  logic               match_write_q, match_clear_q;
  logic [11:0]        match_slot_q;
  logic               commit_sa, commit_match;

  // From a register of this clock: so what is written is put together only while software writes.
  logic scrub_q;
  always_ff @(posedge clk_i) scrub_q <= scrub_busy_i;

  assign commit_sa    = (sa_write_q | sa_clear_q) & ~scrub_q;
  assign commit_match = (match_write_q | match_clear_q) & ~scrub_q;

  assign sa_write_o.valid         = commit_sa;
  assign sa_write_o.idx           = sa_idx_q;
  assign sa_write_o.entry         = sa_q;
  assign sa_write_o.seq           = seq_q;
  assign sa_write_o.flip          = flip_q;
  assign sa_write_o.seen          = seen_q;
  assign state_read_o             = state_read_q;
  assign match_write_o.valid      = commit_match;
  assign match_write_o.slot       = match_slot_q;
  assign match_write_o.entry.valid  = match_write_q;
  assign match_write_o.entry.spi    = spi_q;
  assign match_write_o.entry.v6     = v6_q;
  assign match_write_o.entry.dst    = v6_q ? dst_q : {96'd0, dst_q[31:0]};
  assign match_write_o.entry.sa_idx = match_sa_q;

  always_comb begin
    rd_data_o = 32'd0;
    if (rd_en_i) case (rd_word_i)
      SA_IDX:    rd_data_o = {sa_write_q, sa_clear_q, state_read_q | state_busy_i, 29'd0};
      SA_CTRL:   rd_data_o = {27'd0, sa_q.packet, sa_q.gmac, sa_q.esn, sa_q.key256, sa_q.valid};
      SA_SPI:    rd_data_o = Rx ? spi_q : sa_q.spi;
      SA_DST:    rd_data_o = dst_q[31:0];
      SA_DST1:   rd_data_o = dst_q[63:32];
      SA_DST2:   rd_data_o = dst_q[95:64];
      SA_DST3:   rd_data_o = dst_q[127:96];
      MATCH_IDX: rd_data_o = {match_write_q, match_clear_q, 30'd0};
      MATCH_SA:  rd_data_o = {v6_q, 21'd0, match_sa_q};
      SA_WINDOW: rd_data_o = {16'd0, sa_q.window};
      SA_SEQ_LO: rd_data_o = state_i.seq[31:0];
      SA_SEQ_HI: rd_data_o = state_i.seq[63:32];
      SA_PACKETS_LO: rd_data_o = state_i.packets[31:0];
      SA_PACKETS_HI: rd_data_o = state_i.packets[63:32];
      SA_BYTES_LO: rd_data_o = state_i.bytes[31:0];
      SA_BYTES_HI: rd_data_o = state_i.bytes[63:32];
      SA_ERRORS:   rd_data_o = state_i.errors;
      SA_PARITY:   rd_data_o = 32'(flip_q);
      SA_SEEN0:    rd_data_o = state_i.seen[31:0];
      SA_SEEN1:    rd_data_o = state_i.seen[63:32];
      SA_SEEN2:    rd_data_o = state_i.seen[95:64];
      SA_SEEN3:    rd_data_o = state_i.seen[127:96];
      SA_REPLAYS:  rd_data_o = state_i.replays;
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
      v6_q          <= 1'b0;
      seq_q         <= '0;
      flip_q        <= '0;
      seen_q        <= '0;
      state_read_q  <= 1'b0;
      match_sa_q    <= '0;
      match_write_q <= 1'b0;
      match_clear_q <= 1'b0;
      match_slot_q  <= '0;
    end else begin
      state_read_q <= 1'b0;
      if (commit_sa) begin
        sa_write_q <= 1'b0;
        sa_clear_q <= 1'b0;
        sa_q.key   <= '0;
        sa_q.salt  <= '0;
        seq_q      <= '0;
        flip_q     <= '0;
        seen_q     <= '0;
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
            state_read_q <= (wr_data_i[31:29] == 3'd1) & ~state_busy_i;
            if (wr_data_i[30]) begin         // CLEAR writes the empty entry
              sa_q   <= '0;
              flip_q <= '0;
            end
          end
          SA_CTRL: begin
            sa_q.valid  <= wr_data_i[0];
            sa_q.key256 <= wr_data_i[1];
            sa_q.esn    <= wr_data_i[2];
            sa_q.gmac   <= wr_data_i[3];
            sa_q.packet <= wr_data_i[4] & Packet;
          end
          SA_SALT: sa_q.salt <= wr_data_i;
          SA_PARITY: flip_q <= wr_data_i[nic_pkg::SA_PARITY_BITS-1:0];
          SA_SPI: begin
            if (Rx) spi_q <= wr_data_i;
            else sa_q.spi <= wr_data_i;
          end
          SA_DST:  if (Rx) dst_q[31:0] <= wr_data_i;
          SA_DST1: if (Rx) dst_q[63:32] <= wr_data_i;
          SA_DST2: if (Rx) dst_q[95:64] <= wr_data_i;
          SA_DST3: if (Rx) dst_q[127:96] <= wr_data_i;
          SA_WINDOW: if (Rx) sa_q.window <= wr_data_i[15:0];
          SA_SEQ_LO: seq_q[31:0] <= wr_data_i;
          SA_SEQ_HI: seq_q[63:32] <= wr_data_i;
          SA_SEEN0: if (Rx) seen_q[31:0] <= wr_data_i;
          SA_SEEN1: if (Rx) seen_q[63:32] <= wr_data_i;
          SA_SEEN2: if (Rx) seen_q[95:64] <= wr_data_i;
          SA_SEEN3: if (Rx) seen_q[127:96] <= wr_data_i;
          MATCH_IDX: begin
            if (Rx) begin
              match_slot_q  <= wr_data_i[11:0];
              match_write_q <= wr_data_i[31] & ~wr_data_i[30];
              match_clear_q <= wr_data_i[30];
            end
          end
          MATCH_SA: begin
            if (Rx) begin
              match_sa_q <= wr_data_i[9:0];
              v6_q       <= wr_data_i[31];
            end
          end
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
