// SPDX-License-Identifier: BSD-2-Clause
//
// nic_ring_regs: the register block of one ring (BASE_LO, BASE_HI, LOG2_SIZE, CTRL, HEAD, TAIL).
// Indices are free-running 16-bit counters. Software's index moves forward: a tail up to the card's
// head and the size of the ring, a head up to what the card has issued. Any other is ignored and
// reported on err_o. Base and size are fixed while the ring is enabled.
// Takes effect one cycle after the write. One write a cycle; reads are outputs.
//
//   write --> is it allowed? --> base_q, log2_q, enable_q, index --> cfg_o
//                         '--> err_o
module nic_ring_regs #(
  parameter bit Completion = 1'b0   // software owns 0: TAIL (TX, RX), 1: HEAD (TXC, RXC)
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               wr_valid_i,
  input  logic [2:0]         wr_word_i,   // register number in the block
  input  logic [31:0]        wr_data_i,
  input  logic [15:0]        card_idx_i,  // the index the card owns
  input  logic [15:0]        limit_i,     // completion ring: what software may take at most
  output nic_pkg::ring_cfg_t cfg_o,
  output logic [15:0]        head_o,
  output logic [15:0]        tail_o,
  output logic               moved_o,     // software's index moves with the next edge
  output logic               err_o        // one cycle: index refused
);
  localparam logic [2:0] BASE_LO = 3'd0, BASE_HI = 3'd1, LOG2_SIZE = 3'd2, CTRL = 3'd3;
  localparam logic [2:0] SW_IDX  = Completion ? 3'd4 : 3'd5;

  logic        flush_q, enable_q, err_q;
  logic [3:0]  log2_q;
  logic [63:0] base_q;
  logic [15:0] sw_idx_q;
  logic [15:0] left, left_was, size;
  logic        sw_write, legal;

  assign cfg_o.flush  = flush_q;
  assign cfg_o.enable = enable_q;
  assign cfg_o.log2   = log2_q;
  assign cfg_o.base   = base_q;
  assign cfg_o.sw_idx = sw_idx_q;
  assign err_o  = err_q;
  assign head_o = Completion ? sw_idx_q : card_idx_i;
  assign tail_o = Completion ? card_idx_i : sw_idx_q;
  assign size   = 16'd1 << log2_q;
  // How far software's index is from the one that it may not pass.
  always_comb begin
    left     = '0;
    left_was = '0;
    if (wr_valid_i) begin
      left     = (Completion ? limit_i : card_idx_i + size) - wr_data_i[15:0];
      left_was = (Completion ? limit_i : card_idx_i + size) - sw_idx_q;
    end
  end
  assign sw_write = wr_valid_i && wr_word_i == SW_IDX;
  assign legal    = left <= left_was;
  assign moved_o  = sw_write && legal && left != left_was;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flush_q  <= 1'b0;
      enable_q <= 1'b0;
      log2_q   <= 4'd4;
      base_q   <= '0;
      sw_idx_q <= '0;
      err_q    <= 1'b0;
    end else begin
      flush_q <= 1'b0;
      err_q       <= 1'b0;
      if (wr_valid_i) begin
        case (wr_word_i)
          BASE_LO:   if (!enable_q) base_q[31:0]  <= {wr_data_i[31:6], 6'd0};
          BASE_HI:   if (!enable_q) base_q[63:32] <= wr_data_i;
          LOG2_SIZE: if (!enable_q) begin
            if (wr_data_i < 32'd4) log2_q <= 4'd4;
            else if (wr_data_i > 32'd12) log2_q <= 4'd12;
            else log2_q <= wr_data_i[3:0];
          end
          CTRL: begin
            enable_q <= wr_data_i[0];
            if (wr_data_i[0]) begin
              flush_q  <= 1'b1;
              sw_idx_q <= 16'd0;
            end
          end
          SW_IDX: begin
            if (!legal) err_q <= 1'b1;
            else sw_idx_q <= wr_data_i[15:0];
          end
          default: ;
        endcase
      end
    end
  end

  logic unused_limit;
  assign unused_limit = &{1'b0, limit_i};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && wr_valid_i) assert (log2_q >= 4'd4 && log2_q <= 4'd12)
      else $fatal(1, "nic_ring_regs: size");
  end
`endif
endmodule
