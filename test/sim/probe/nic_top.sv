// SPDX-License-Identifier: BSD-2-Clause
//
// A card that only pokes the world around it: it has the ports of the real card, and registers that
// start single DMA bursts, frames and failures and count what came back. Tests of sim/ use it, so
// that they need neither the real card nor its timing.
module nic_top (
    input  logic         clk_i,
    input  logic         rst_ni,
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
  // Registers, by word.
  localparam logic [15:0] CYCLE = 16'h04, IRQ = 16'h10, FATAL_AT = 16'h14;
  localparam logic [15:0] RD_ADDR = 16'h20, RD_LEN = 16'h24, RD_GO = 16'h28, RD_LATENCY = 16'h2c;
  localparam logic [15:0] RD_RESP = 16'h30, RD_SUM = 16'h34, RD_BEATS = 16'h38, RD_ORDER = 16'h3c;
  localparam logic [15:0] WR_ADDR = 16'h40, WR_DATA = 16'h44, WR_GO = 16'h48, WR_RESP = 16'h4c;
  localparam logic [15:0] WR_DONE = 16'h50, WR_STRB = 16'h54;
  localparam logic [15:0] TX_LEN = 16'h60, TX_GO = 16'h64;
  localparam logic [15:0] RX_FRAMES = 16'h70, RX_LEN = 16'h74, RX_FIRST = 16'h78, RX_SUM = 16'h7c;
  localparam logic [15:0] FATAL = 16'h80, ASSERT = 16'h84, FINISH = 16'h88, DISPLAY = 16'h8c;
  localparam logic [15:0] MUTE = 16'h90;

  // Register accesses: address and data are latched, then answered in the next cycle.
  logic aw_q, w_q, ar_q, wr_en;
  logic [15:0] waddr_q, raddr_q;
  logic [31:0] wdata_q, cycle_q, mute_q, assert_q, fatal_at_q;
  logic muted;
  assign muted = mute_q != 0;
  assign s_axil_awready_o = !aw_q && !muted;
  assign s_axil_wready_o = !w_q && !muted;
  assign s_axil_arready_o = !ar_q && !s_axil_rvalid_o && !muted;
  assign wr_en = aw_q && w_q && !s_axil_bvalid_o;

  logic [31:0] rd_addr_q, rd_len_q, rd_go_q, rd_start_q, rd_latency_q, rd_resp_q, rd_sum_q;
  logic [31:0] rd_beats_q, rd_order_q, wr_addr_q, wr_data_q, wr_strb_q, wr_resp_q, wr_done_q;
  logic [31:0] tx_len_q, tx_go_q, tx_at_q, rx_frames_q, rx_len_q, rx_at_q, rx_first_q, rx_sum_q;
  logic rd_timed_q;
  logic [2:0] irq_q;  // the line follows the register three cycles late

  logic [31:0] rvalue;
  logic rknown;
  always_comb begin
    rknown = 1'b1;
    case (raddr_q)
      16'h00: rvalue = 32'h50524f42;
      CYCLE: rvalue = cycle_q;
      IRQ: rvalue = {31'd0, irq_q[0]};
      RD_LATENCY: rvalue = rd_latency_q;
      RD_RESP: rvalue = rd_resp_q;
      RD_SUM: rvalue = rd_sum_q;
      RD_BEATS: rvalue = rd_beats_q;
      RD_ORDER: rvalue = rd_order_q;
      WR_RESP: rvalue = wr_resp_q;
      WR_DONE: rvalue = wr_done_q;
      RX_FRAMES: rvalue = rx_frames_q;
      RX_LEN: rvalue = rx_len_q;
      RX_FIRST: rvalue = rx_first_q;
      RX_SUM: rvalue = rx_sum_q;
      default: begin
        rvalue = 32'd0;
        rknown = 1'b0;
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    cycle_q <= cycle_q + 1;
    if (muted) mute_q <= mute_q - 1;
    if (s_axil_awvalid_i && s_axil_awready_o) begin
      aw_q <= 1'b1;
      waddr_q <= s_axil_awaddr_i;
    end
    if (s_axil_wvalid_i && s_axil_wready_o) begin
      w_q <= 1'b1;
      wdata_q <= s_axil_wdata_i;
    end
    if (wr_en) begin
      aw_q <= 1'b0;
      w_q <= 1'b0;
      s_axil_bvalid_o <= 1'b1;
      s_axil_bresp_o <= waddr_q > MUTE ? 2'd2 : 2'd0;
    end else if (s_axil_bready_i) s_axil_bvalid_o <= 1'b0;
    if (s_axil_arvalid_i && s_axil_arready_o) begin
      ar_q <= 1'b1;
      raddr_q <= s_axil_araddr_i;
    end
    if (ar_q) begin
      ar_q <= 1'b0;
      s_axil_rvalid_o <= 1'b1;
      s_axil_rdata_o <= rvalue;
      s_axil_rresp_o <= rknown ? 2'd0 : 2'd2;
    end else if (s_axil_rready_i) s_axil_rvalid_o <= 1'b0;
    if (wr_en) begin
      case (waddr_q)
        IRQ: irq_q[0] <= wdata_q[0];
        FATAL_AT: fatal_at_q <= wdata_q;
        RD_ADDR: rd_addr_q <= wdata_q;
        RD_LEN: rd_len_q <= wdata_q;
        WR_ADDR: wr_addr_q <= wdata_q;
        WR_DATA: wr_data_q <= wdata_q;
        WR_STRB: wr_strb_q <= wdata_q;
        TX_LEN: tx_len_q <= wdata_q;
        MUTE: mute_q <= wdata_q;
        ASSERT: assert_q <= wdata_q;
        FATAL: $fatal(1, "the probe was told to fail with %0d", wdata_q);
        FINISH: $finish;
        DISPLAY: $display("the probe says %0d", wdata_q);
        default: ;
      endcase
    end
    {irq_o, irq_q[2:1]} <= irq_q;
    if (rst_ni && cycle_q == fatal_at_q) $fatal(1, "the probe fails in its cycle %0d", cycle_q);
    if (!rst_ni) begin
      {aw_q, w_q, ar_q, s_axil_bvalid_o, s_axil_rvalid_o, irq_o, irq_q} <= '0;
      cycle_q <= '0;
      mute_q <= '0;
      assert_q <= '0;
      fatal_at_q <= '1;
      wr_strb_q <= '1;
    end
  end

  // Reads: rd_go_q bursts, one behind the other in memory, identities 0, 1, 2, 3, 0, ...; the sum of
  // the first word of each beat. Every burst of an identity must come in order: word 1 of a beat is
  // expected to be its number in memory (test's data), rising within an identity.
  assign m_axi_arsize_o = 3'd5;
  assign m_axi_arburst_o = 2'd1;
  assign m_axi_arlen_o = rd_len_q[7:0];
  assign m_axi_arvalid_o = rd_go_q != 0;
  assign m_axi_rready_o = 1'b1;
  logic [31:0] last_q[4];
  always_ff @(posedge clk_i) begin
    if (wr_en && waddr_q == RD_GO) begin
      rd_go_q <= wdata_q;
      m_axi_araddr_o <= {32'd0, rd_addr_q};
      m_axi_arid_o <= '0;
      rd_timed_q <= 1'b0;
      for (int i = 0; i < 4; i++) last_q[i] <= '0;
    end else if (m_axi_arvalid_o && m_axi_arready_i) begin
      rd_go_q <= rd_go_q - 1;
      m_axi_araddr_o <= m_axi_araddr_o + 32 * (64'(rd_len_q) + 1);
      m_axi_arid_o <= (m_axi_arid_o + 4'd1) & 4'd3;
      if (!rd_timed_q) rd_start_q <= cycle_q;
    end
    if (m_axi_rvalid_i) begin
      if (!rd_timed_q) rd_latency_q <= cycle_q - rd_start_q;
      rd_timed_q <= 1'b1;
      rd_beats_q <= rd_beats_q + 1;
      rd_sum_q <= rd_sum_q + m_axi_rdata_i[31:0];
      if (m_axi_rresp_i != 0) rd_resp_q <= 32'(m_axi_rresp_i);
      if (m_axi_rdata_i[63:32] < last_q[m_axi_rid_i[1:0]]) rd_order_q <= rd_order_q + 1;
      last_q[m_axi_rid_i[1:0]] <= m_axi_rdata_i[63:32];
    end
    if (!rst_ni) begin
      rd_go_q <= '0;
      {rd_resp_q, rd_sum_q, rd_beats_q, rd_order_q, rd_len_q} <= '0;
    end
  end

  // Writes: one beat, all its words WR_DATA, under WR_STRB.
  assign m_axi_awid_o = 4'd3;
  assign m_axi_awaddr_o = {32'd0, wr_addr_q};
  assign m_axi_awlen_o = 8'd0;
  assign m_axi_awsize_o = 3'd5;
  assign m_axi_awburst_o = 2'd1;
  assign m_axi_wdata_o = {8{wr_data_q}};
  assign m_axi_wstrb_o = wr_strb_q;
  assign m_axi_wlast_o = 1'b1;
  assign m_axi_bready_o = 1'b1;
  always_ff @(posedge clk_i) begin
    if (wr_en && waddr_q == WR_GO) begin
      m_axi_awvalid_o <= 1'b1;
      m_axi_wvalid_o <= 1'b1;
    end else begin
      if (m_axi_awready_i) m_axi_awvalid_o <= 1'b0;
      if (m_axi_wready_i) m_axi_wvalid_o <= 1'b0;
    end
    if (m_axi_bvalid_i) begin
      wr_done_q <= wr_done_q + 1;
      wr_resp_q <= 32'(m_axi_bresp_i);
    end
    if (!rst_ni) begin
      {m_axi_awvalid_o, m_axi_wvalid_o} <= '0;
      {wr_done_q, wr_resp_q} <= '0;
    end
  end

  // Frames: TX_GO of them, TX_LEN bytes each, byte i of a frame is i; without a pause between.
  logic [31:0] tx_left;
  assign tx_left = tx_len_q - tx_at_q;
  assign m_axis_tx_tvalid_o = tx_go_q != 0;
  assign m_axis_tx_tlast_o = tx_left <= 16;
  assign m_axis_tx_tkeep_o = m_axis_tx_tlast_o ? 16'hffff >> (16 - tx_left[4:0]) : 16'hffff;
  for (genvar i = 0; i < 16; i++) begin : gen_lane
    assign m_axis_tx_tdata_o[8*i+:8] = tx_at_q[7:0] + i;
  end
  always_ff @(posedge clk_i) begin
    if (wr_en && waddr_q == TX_GO) tx_go_q <= wdata_q;
    else if (m_axis_tx_tvalid_o && m_axis_tx_tready_i) begin
      tx_at_q <= m_axis_tx_tlast_o ? 0 : tx_at_q + 16;
      if (m_axis_tx_tlast_o) tx_go_q <= tx_go_q - 1;
    end
    if (!rst_ni) {tx_go_q, tx_at_q} <= '0;
  end

  assign s_axis_rx_tready_o = 1'b1;
  always_ff @(posedge clk_i) begin
    if (s_axis_rx_tvalid_i) begin
      if (rx_at_q == 0) rx_first_q <= cycle_q;
      rx_at_q <= s_axis_rx_tlast_i ? 0 : rx_at_q + 16;
      for (int i = 0; i < 16; i++) begin
        if (s_axis_rx_tkeep_i[i]) rx_sum_q = rx_sum_q + 32'(s_axis_rx_tdata_i[8*i+:8]);
      end
      if (s_axis_rx_tlast_i) begin
        rx_frames_q <= rx_frames_q + 1;
        rx_len_q <= rx_at_q + 32'($countones(s_axis_rx_tkeep_i));
      end
    end
    if (!rst_ni) begin
      {rx_frames_q, rx_len_q, rx_at_q} <= '0;
      rx_sum_q = '0;
    end
  end

  a_told: assert property (@(posedge clk_i) assert_q == 0)
    else $error("the assertion of the probe does not hold");
endmodule
