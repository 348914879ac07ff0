// SPDX-License-Identifier: BSD-2-Clause
//
// nic_csr_queues: ring registers and interrupt causes of the queues behind queue 0, a block of 256
// bytes each: 0x0900, 0x0a00, 0x0b00, in it TX, RX, TXC and RXC as queue 0 has them at 0x0200. Their
// clock runs while one of the rings is on, and when software writes to one. Outputs of queue q lie at
// place q - 1. Reads are registered. Latency of a read and of a write 1 cycle; one of each a cycle.
//
//   wr, rd --> nic_ring_regs x 4 --> *_cfg_o      nic_irq_ring x 2 --> cause_o, due_o
module nic_csr_queues #(
  parameter int unsigned Queues = 1,                                  // 1 or 4
  localparam int unsigned More  = (Queues > 1) ? Queues - 1 : 1,
  localparam int unsigned W     = nic_pkg::RING_CFG_W
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              wr_valid_i,    // to one of the blocks
  input  logic [9:0]        wr_addr_i,
  input  logic [31:0]       wr_data_i,
  input  logic              rd_valid_i,
  input  logic [9:0]        rd_addr_i,
  output logic [31:0]       rd_data_o,     // in the cycle after rd_valid_i
  input  logic [15:0]       interval_i,
  input  logic [15:0]       count_i,
  output logic [More*W-1:0] tx_cfg_o,
  output logic [More*W-1:0] rx_cfg_o,
  output logic [More*W-1:0] txc_cfg_o,
  output logic [More*W-1:0] rxc_cfg_o,
  input  logic [More*16-1:0] tx_head_i,
  input  logic [More*16-1:0] rx_head_i,
  input  logic [More*16-1:0] txc_tail_i,
  input  logic [More*16-1:0] rxc_tail_i,
  input  logic [More*16-1:0] txc_issue_i,
  input  logic [More*16-1:0] rxc_issue_i,
  output logic              on_o,          // a ring is on
  output logic [More-1:0]   rx_on_o,       // both receive rings are
  output logic              err_o,         // an index was refused
  output logic [2*More-1:0] cause_o,       // {.., RXC, TXC}
  output logic [2*More-1:0] due_o
);
  if (Queues > 1) begin : gen_more
    logic            clk, on;
    logic [4*More-1:0] enable, err;
    logic [32*More-1:0] word_q;   // of each queue, 0 when it was not asked
    logic [31:0]     word;
    nic_clock_gate i_gate (.clk_i(clk_i), .en_i(~rst_ni | wr_valid_i | rd_valid_i | on), .clk_o(clk));
    assign on        = |enable;
    assign on_o      = on;
    assign err_o     = |err;

    for (genvar q = 0; q < int'(More); q++) begin : gen_queue
      nic_pkg::ring_cfg_t tx_cfg, rx_cfg, txc_cfg, rxc_cfg;
      logic [15:0] tx_head, tx_tail, rx_head, rx_tail, txc_head, txc_tail, rxc_head, rxc_tail;
      logic        here, txc_moved, rxc_moved, unused_tx_moved, unused_rx_moved;
      assign here = wr_valid_i && wr_addr_i[9:8] == 2'(q + 1) && !wr_addr_i[5];
      assign tx_cfg_o[q*W +: W]  = tx_cfg;
      assign rx_cfg_o[q*W +: W]  = rx_cfg;
      assign txc_cfg_o[q*W +: W] = txc_cfg;
      assign rxc_cfg_o[q*W +: W] = rxc_cfg;
      assign enable[4*q +: 4]    = {tx_cfg.enable, rx_cfg.enable, txc_cfg.enable, rxc_cfg.enable};

      nic_ring_regs #(.Completion(1'b0)) i_tx (
        .clk_i(clk), .rst_ni(rst_ni), .wr_valid_i(here && wr_addr_i[7:6] == 2'd0),
        .wr_word_i(wr_addr_i[4:2]), .wr_data_i(wr_data_i), .card_idx_i(tx_head_i[16*q +: 16]),
        .limit_i(16'd0), .cfg_o(tx_cfg), .head_o(tx_head), .tail_o(tx_tail),
        .moved_o(unused_tx_moved), .err_o(err[4*q])
      );
      nic_ring_regs #(.Completion(1'b0)) i_rx (
        .clk_i(clk), .rst_ni(rst_ni), .wr_valid_i(here && wr_addr_i[7:6] == 2'd1),
        .wr_word_i(wr_addr_i[4:2]), .wr_data_i(wr_data_i), .card_idx_i(rx_head_i[16*q +: 16]),
        .limit_i(16'd0), .cfg_o(rx_cfg), .head_o(rx_head), .tail_o(rx_tail),
        .moved_o(unused_rx_moved), .err_o(err[4*q+1])
      );
      nic_ring_regs #(.Completion(1'b1)) i_txc (
        .clk_i(clk), .rst_ni(rst_ni), .wr_valid_i(here && wr_addr_i[7:6] == 2'd2),
        .wr_word_i(wr_addr_i[4:2]), .wr_data_i(wr_data_i), .card_idx_i(txc_tail_i[16*q +: 16]),
        .limit_i(txc_issue_i[16*q +: 16]), .cfg_o(txc_cfg), .head_o(txc_head), .tail_o(txc_tail),
        .moved_o(txc_moved), .err_o(err[4*q+2])
      );
      nic_ring_regs #(.Completion(1'b1)) i_rxc (
        .clk_i(clk), .rst_ni(rst_ni), .wr_valid_i(here && wr_addr_i[7:6] == 2'd3),
        .wr_word_i(wr_addr_i[4:2]), .wr_data_i(wr_data_i), .card_idx_i(rxc_tail_i[16*q +: 16]),
        .limit_i(rxc_issue_i[16*q +: 16]), .cfg_o(rxc_cfg), .head_o(rxc_head), .tail_o(rxc_tail),
        .moved_o(rxc_moved), .err_o(err[4*q+3])
      );
      nic_irq_ring i_txc_irq (
        .clk_i(clk), .rst_ni(rst_ni), .tail_i(txc_tail), .head_i(txc_head), .moved_i(txc_moved),
        .interval_i(interval_i), .count_i(count_i), .cause_o(cause_o[2*q]), .due_o(due_o[2*q])
      );
      nic_irq_ring i_rxc_irq (
        .clk_i(clk), .rst_ni(rst_ni), .tail_i(rxc_tail), .head_i(rxc_head), .moved_i(rxc_moved),
        .interval_i(interval_i), .count_i(count_i), .cause_o(cause_o[2*q+1]), .due_o(due_o[2*q+1])
      );

      assign rx_on_o[q] = rx_cfg.enable & rxc_cfg.enable;

      always_ff @(posedge clk) begin
        if (!rst_ni) word_q[32*q +: 32] <= '0;
        else if (rd_valid_i) begin
          word_q[32*q +: 32] <= '0;
          if (rd_addr_i[9:8] == 2'(q + 1)) begin
            case (rd_addr_i[7:6])
              2'd0: word_q[32*q +: 32] <= nic_pkg::ring_word(tx_cfg.enable, tx_cfg.log2, tx_cfg.base,
                                                             tx_head, tx_tail, rd_addr_i[4:2]);
              2'd1: word_q[32*q +: 32] <= nic_pkg::ring_word(rx_cfg.enable, rx_cfg.log2, rx_cfg.base,
                                                             rx_head, rx_tail, rd_addr_i[4:2]);
              2'd2: word_q[32*q +: 32] <= nic_pkg::ring_word(txc_cfg.enable, txc_cfg.log2,
                                                             txc_cfg.base, txc_head, txc_tail,
                                                             rd_addr_i[4:2]);
              default: word_q[32*q +: 32] <= nic_pkg::ring_word(rxc_cfg.enable, rxc_cfg.log2,
                                                                rxc_cfg.base, rxc_head, rxc_tail,
                                                                rd_addr_i[4:2]);
            endcase
          end
        end
      end
      logic unused_moved;
      assign unused_moved = &{1'b0, unused_tx_moved, unused_rx_moved};
    end

    always_comb begin
      word = '0;
      for (int unsigned q = 0; q < More; q++) word = word | word_q[32*q +: 32];
    end
    assign rd_data_o = word;
  end else begin : gen_none
    assign on_o      = 1'b0;
    assign err_o     = 1'b0;
    assign rx_on_o   = '0;
    assign cause_o   = '0;
    assign due_o     = '0;
    assign rd_data_o = 32'd0;
    assign tx_cfg_o  = '0;
    assign rx_cfg_o  = '0;
    assign txc_cfg_o = '0;
    assign rxc_cfg_o = '0;
    logic unused_all;
    assign unused_all = &{1'b0, clk_i, rst_ni, wr_valid_i, wr_addr_i, wr_data_i, rd_valid_i, rd_addr_i,
                          interval_i, count_i, tx_head_i, rx_head_i, txc_tail_i, rxc_tail_i,
                          txc_issue_i, rxc_issue_i};
  end
  logic unused_low;
  assign unused_low = &{1'b0, wr_addr_i[1:0], rd_addr_i[5], rd_addr_i[1:0]};
endmodule
