// SPDX-License-Identifier: BSD-2-Clause
//
// nic_top: the card. This file only wires blocks together.
module nic_top (
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
  logic                  card_rst_n, reset_req, reset_busy, reset_hold, quiesce;
  logic                  wr_valid, wr_err, rd_valid, rd_err;
  logic [15:0]           wr_addr, rd_addr;
  logic [31:0]           wr_data, rd_data;
  logic                  scrub_busy, scrub_done;
  logic [9:0]            scrub_row;
  nic_pkg::cfg_t         cfg;
  nic_pkg::ring_cfg_t    tx_cfg, rx_cfg, txc_cfg, rxc_cfg;
  nic_pkg::sa_write_t    tx_sa_write, rx_sa_write;
  nic_pkg::match_write_t rx_match_write;

  nic_axil i_axil (
    .clk_i(clk_i), .rst_ni(rst_ni), .hold_i(reset_hold),
    .s_axil_awaddr_i(s_axil_awaddr_i), .s_axil_awvalid_i(s_axil_awvalid_i),
    .s_axil_awready_o(s_axil_awready_o), .s_axil_wdata_i(s_axil_wdata_i),
    .s_axil_wstrb_i(s_axil_wstrb_i), .s_axil_wvalid_i(s_axil_wvalid_i),
    .s_axil_wready_o(s_axil_wready_o), .s_axil_bresp_o(s_axil_bresp_o),
    .s_axil_bvalid_o(s_axil_bvalid_o), .s_axil_bready_i(s_axil_bready_i),
    .s_axil_araddr_i(s_axil_araddr_i), .s_axil_arvalid_i(s_axil_arvalid_i),
    .s_axil_arready_o(s_axil_arready_o), .s_axil_rdata_o(s_axil_rdata_o),
    .s_axil_rresp_o(s_axil_rresp_o), .s_axil_rvalid_o(s_axil_rvalid_o),
    .s_axil_rready_i(s_axil_rready_i),
    .wr_valid_o(wr_valid), .wr_addr_o(wr_addr), .wr_data_o(wr_data), .wr_err_i(wr_err),
    .rd_valid_o(rd_valid), .rd_addr_o(rd_addr), .rd_data_i(rd_data), .rd_err_i(rd_err)
  );

  nic_reset i_reset (
    .clk_i(clk_i), .rst_ni(rst_ni), .request_i(reset_req), .idle_i(1'b1), .busy_o(reset_busy),
    .quiesce_o(quiesce), .hold_o(reset_hold), .card_rst_no(card_rst_n)
  );

  nic_csr i_csr (
    .clk_i(clk_i), .rst_ni(card_rst_n),
    .wr_valid_i(wr_valid), .wr_addr_i(wr_addr), .wr_data_i(wr_data), .wr_err_o(wr_err),
    .rd_valid_i(rd_valid), .rd_addr_i(rd_addr), .rd_data_o(rd_data), .rd_err_o(rd_err),
    .cfg_o(cfg), .reset_req_o(reset_req), .reset_busy_i(reset_busy),
    .scrub_busy_i(scrub_busy), .scrub_done_i(scrub_done), .tx_busy_i(1'b0), .rx_busy_i(1'b0),
    .tx_cfg_o(tx_cfg), .rx_cfg_o(rx_cfg), .txc_cfg_o(txc_cfg), .rxc_cfg_o(rxc_cfg),
    .tx_head_i(16'd0), .rx_head_i(16'd0), .txc_tail_i(16'd0), .rxc_tail_i(16'd0),
    .tx_sa_write_o(tx_sa_write), .rx_sa_write_o(rx_sa_write), .rx_match_write_o(rx_match_write),
    .stat_i('0), .irq_o(irq_o)
  );

  nic_scrub i_scrub (
    .clk_i(clk_i), .rst_ni(card_rst_n), .busy_o(scrub_busy), .row_o(scrub_row), .done_o(scrub_done)
  );

  // Data paths follow; their ports are idle.
  assign {m_axi_arid_o, m_axi_araddr_o, m_axi_arlen_o, m_axi_arvalid_o} = '0;
  assign {m_axi_awid_o, m_axi_awaddr_o, m_axi_awlen_o, m_axi_awvalid_o} = '0;
  assign {m_axi_arsize_o, m_axi_arburst_o, m_axi_awsize_o, m_axi_awburst_o} = {3'd5, 2'd1, 3'd5, 2'd1};
  assign {m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o, m_axi_wvalid_o} = '0;
  assign {m_axi_rready_o, m_axi_bready_o, s_axis_rx_tready_o} = 3'b111;
  assign {m_axis_tx_tdata_o, m_axis_tx_tkeep_o, m_axis_tx_tvalid_o, m_axis_tx_tlast_o} = '0;
endmodule
