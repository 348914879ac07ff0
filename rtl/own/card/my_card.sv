// SPDX-License-Identifier: BSD-2-Clause
//
// A card for tagwire: a small one to start from, with registers and rings of its own and no crypto.
// README.md says what each port means. Every output comes from a register.
//
//   0x00 ID        "MYC1"
//   0x04 CTRL      1: enable; both rings begin at slot 0 then
//   0x08 STATUS    bit 0: a frame is on its way
//   0x10 TX_BASE   0x14 TX_TAIL   0x18 TX_HEAD      64 slots of 9728 bytes each
//   0x20 RX_BASE   0x24 RX_TAIL   0x28 RX_HEAD
//   0x30 SEEN      heads that software has seen, 15:0 transmit, 31:16 receive: the interrupt line is
//                  high while there is more
//   0x34 DROPPED   frames that found no slot
module my_card (
  input  logic         clk_i,
  input  logic         rst_ni,
  // AXI4-Lite slave: registers.
  input  logic [15:0]  s_axil_awaddr_i,
  input  logic         s_axil_awvalid_i,
  output logic         s_axil_awready_o,
  input  logic [31:0]  s_axil_wdata_i,
  input  logic [3:0]   s_axil_wstrb_i,
  input  logic         s_axil_wvalid_i,
  output logic         s_axil_wready_o,
  output logic [1:0]   s_axil_bresp_o,
  output logic         s_axil_bvalid_o,
  input  logic         s_axil_bready_i,
  input  logic [15:0]  s_axil_araddr_i,
  input  logic         s_axil_arvalid_i,
  output logic         s_axil_arready_o,
  output logic [31:0]  s_axil_rdata_o,
  output logic [1:0]   s_axil_rresp_o,
  output logic         s_axil_rvalid_o,
  input  logic         s_axil_rready_i,
  // AXI4 master: host memory, reads.
  output logic [3:0]   m_axi_arid_o,
  output logic [63:0]  m_axi_araddr_o,
  output logic [7:0]   m_axi_arlen_o,
  output logic [2:0]   m_axi_arsize_o,
  output logic [1:0]   m_axi_arburst_o,
  output logic         m_axi_arvalid_o,
  input  logic         m_axi_arready_i,
  input  logic [3:0]   m_axi_rid_i,
  input  logic [255:0] m_axi_rdata_i,
  input  logic [1:0]   m_axi_rresp_i,
  input  logic         m_axi_rlast_i,
  input  logic         m_axi_rvalid_i,
  output logic         m_axi_rready_o,
  // AXI4 master: host memory, writes.
  output logic [3:0]   m_axi_awid_o,
  output logic [63:0]  m_axi_awaddr_o,
  output logic [7:0]   m_axi_awlen_o,
  output logic [2:0]   m_axi_awsize_o,
  output logic [1:0]   m_axi_awburst_o,
  output logic         m_axi_awvalid_o,
  input  logic         m_axi_awready_i,
  output logic [255:0] m_axi_wdata_o,
  output logic [31:0]  m_axi_wstrb_o,
  output logic         m_axi_wlast_o,
  output logic         m_axi_wvalid_o,
  input  logic         m_axi_wready_i,
  input  logic [3:0]   m_axi_bid_i,
  input  logic [1:0]   m_axi_bresp_i,
  input  logic         m_axi_bvalid_i,
  output logic         m_axi_bready_o,
  // AXI-Stream: MAC.
  output logic [127:0] m_axis_tx_tdata_o,
  output logic [15:0]  m_axis_tx_tkeep_o,
  output logic         m_axis_tx_tvalid_o,
  input  logic         m_axis_tx_tready_i,
  output logic         m_axis_tx_tlast_o,
  input  logic [127:0] s_axis_rx_tdata_i,
  input  logic [15:0]  s_axis_rx_tkeep_i,
  input  logic         s_axis_rx_tvalid_i,
  output logic         s_axis_rx_tready_o,
  input  logic         s_axis_rx_tlast_i,
  output logic         irq_o
);
  localparam logic [31:0] Id = 32'h4d594331;

  logic        enable, start;
  logic [31:0] tx_base, rx_base, dropped, seen;
  logic [15:0] tx_tail, rx_tail, tx_head, rx_head;
  logic        tx_busy, rx_busy;

  // ---- Registers: one access at a time.
  logic        aw_full, w_full;
  logic [15:0] aw;
  logic [31:0] w;
  assign s_axil_awready_o = !aw_full;
  assign s_axil_wready_o  = !w_full;
  assign s_axil_arready_o = !s_axil_rvalid_o;
  assign s_axil_bresp_o   = 2'b00;
  assign s_axil_rresp_o   = 2'b00;

  always_ff @(posedge clk_i) begin
    start <= 1'b0;
    if (!rst_ni) begin
      {aw_full, w_full, s_axil_bvalid_o, s_axil_rvalid_o, enable, irq_o} <= '0;
      {tx_tail, rx_tail, seen} <= '0;
    end else begin
      if (s_axil_awvalid_i && !aw_full) begin
        aw_full <= 1'b1;
        aw      <= s_axil_awaddr_i;
      end
      if (s_axil_wvalid_i && !w_full) begin
        w_full <= 1'b1;
        w      <= s_axil_wdata_i;
      end
      if (s_axil_bready_i) s_axil_bvalid_o <= 1'b0;
      if (aw_full && w_full && !s_axil_bvalid_o) begin
        {aw_full, w_full} <= '0;
        s_axil_bvalid_o   <= 1'b1;
        case (aw)
          16'h04: begin
            enable <= w[0];
            start  <= w[0] & ~enable;
            if (w[0] & ~enable) {tx_tail, rx_tail, seen} <= '0;
          end
          16'h10: tx_base <= w;
          16'h14: tx_tail <= w[15:0];
          16'h20: rx_base <= w;
          16'h24: rx_tail <= w[15:0];
          16'h30: seen    <= w;
          default: ;
        endcase
      end

      if (s_axil_rready_i) s_axil_rvalid_o <= 1'b0;
      if (s_axil_arvalid_i && s_axil_arready_o) begin
        s_axil_rvalid_o <= 1'b1;
        case (s_axil_araddr_i)
          16'h00:  s_axil_rdata_o <= Id;
          16'h04:  s_axil_rdata_o <= {31'd0, enable};
          16'h08:  s_axil_rdata_o <= {31'd0, tx_busy | rx_busy};
          16'h18:  s_axil_rdata_o <= {16'd0, tx_head};
          16'h28:  s_axil_rdata_o <= {16'd0, rx_head};
          16'h34:  s_axil_rdata_o <= dropped;
          default: s_axil_rdata_o <= '0;
        endcase
      end
      irq_o <= enable && !start && {rx_head, tx_head} != seen;
    end
  end

  // ---- The two ways.
  logic        mark_valid, mark_done;
  logic [63:0] mark_addr, mark_data;

  my_card_tx tx (
    .clk(clk_i), .rst_n(rst_ni), .start(start), .enable(enable & ~start), .base({32'd0, tx_base}),
    .tail(tx_tail), .head(tx_head), .busy(tx_busy),
    .ar_valid(m_axi_arvalid_o), .ar_ready(m_axi_arready_i), .ar_addr(m_axi_araddr_o),
    .ar_len(m_axi_arlen_o), .r_valid(m_axi_rvalid_i), .r_last(m_axi_rlast_i),
    .r_err(m_axi_rresp_i != 2'b00), .r_data(m_axi_rdata_i),
    .mark_valid(mark_valid), .mark_addr(mark_addr), .mark_data(mark_data), .mark_done(mark_done),
    .tx_data(m_axis_tx_tdata_o), .tx_keep(m_axis_tx_tkeep_o), .tx_valid(m_axis_tx_tvalid_o),
    .tx_last(m_axis_tx_tlast_o), .tx_ready(m_axis_tx_tready_i)
  );
  my_card_rx rx (
    .clk(clk_i), .rst_n(rst_ni), .start(start), .enable(enable & ~start), .base({32'd0, rx_base}),
    .tail(rx_tail), .head(rx_head), .busy(rx_busy), .dropped(dropped),
    .mark_valid(mark_valid), .mark_addr(mark_addr), .mark_data(mark_data), .mark_done(mark_done),
    .aw_valid(m_axi_awvalid_o), .aw_ready(m_axi_awready_i), .aw_addr(m_axi_awaddr_o),
    .aw_len(m_axi_awlen_o), .w_valid(m_axi_wvalid_o), .w_ready(m_axi_wready_i),
    .w_data(m_axi_wdata_o), .w_strb(m_axi_wstrb_o), .w_last(m_axi_wlast_o),
    .b_valid(m_axi_bvalid_i), .b_err(m_axi_bresp_i != 2'b00),
    .rx_data(s_axis_rx_tdata_i), .rx_keep(s_axis_rx_tkeep_i), .rx_valid(s_axis_rx_tvalid_i),
    .rx_last(s_axis_rx_tlast_i), .rx_ready(s_axis_rx_tready_o)
  );

  // Beats of 32 bytes, incrementing bursts, one at a time.
  assign m_axi_arid_o    = 4'd0;
  assign m_axi_arsize_o  = 3'd5;
  assign m_axi_arburst_o = 2'b01;
  assign m_axi_rready_o  = 1'b1;
  assign m_axi_awid_o    = 4'd0;
  assign m_axi_awsize_o  = 3'd5;
  assign m_axi_awburst_o = 2'b01;
  assign m_axi_bready_o  = 1'b1;

  logic unused;
  assign unused = &{1'b0, s_axil_wstrb_i, m_axi_rid_i, m_axi_bid_i};
endmodule
