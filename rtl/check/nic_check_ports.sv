// SPDX-License-Identifier: BSD-2-Clause
//
// nic_check_ports: hangs a checker on every port of the card, by bind, so that nic_top and synthesis
// know nothing of it. It has the names of nic_top's ports; data that no rule is about is left out.
module nic_check_ports #(
  parameter int unsigned Lanes = 1
) (
  input logic         clk_i,
  input logic         rst_ni,
  input logic [15:0]  s_axil_awaddr_i,
  input logic         s_axil_awvalid_i,
  input logic         s_axil_awready_o,
  input logic [31:0]  s_axil_wdata_i,
  input logic [3:0]   s_axil_wstrb_i,
  input logic         s_axil_wvalid_i,
  input logic         s_axil_wready_o,
  input logic [1:0]   s_axil_bresp_o,
  input logic         s_axil_bvalid_o,
  input logic         s_axil_bready_i,
  input logic [15:0]  s_axil_araddr_i,
  input logic         s_axil_arvalid_i,
  input logic         s_axil_arready_o,
  input logic [31:0]  s_axil_rdata_o,
  input logic [1:0]   s_axil_rresp_o,
  input logic         s_axil_rvalid_o,
  input logic         s_axil_rready_i,
  input logic [3:0]   m_axi_arid_o,
  input logic [63:0]  m_axi_araddr_o,
  input logic [7:0]   m_axi_arlen_o,
  input logic [2:0]   m_axi_arsize_o,
  input logic [1:0]   m_axi_arburst_o,
  input logic         m_axi_arvalid_o,
  input logic         m_axi_arready_i,
  input logic [3:0]   m_axi_rid_i,
  input logic [256*Lanes-1:0] m_axi_rdata_i,
  input logic [1:0]   m_axi_rresp_i,
  input logic         m_axi_rlast_i,
  input logic         m_axi_rvalid_i,
  input logic         m_axi_rready_o,
  input logic [3:0]   m_axi_awid_o,
  input logic [63:0]  m_axi_awaddr_o,
  input logic [7:0]   m_axi_awlen_o,
  input logic [2:0]   m_axi_awsize_o,
  input logic [1:0]   m_axi_awburst_o,
  input logic         m_axi_awvalid_o,
  input logic         m_axi_awready_i,
  input logic [256*Lanes-1:0] m_axi_wdata_o,
  input logic [32*Lanes-1:0]  m_axi_wstrb_o,
  input logic         m_axi_wlast_o,
  input logic         m_axi_wvalid_o,
  input logic         m_axi_wready_i,
  input logic [3:0]   m_axi_bid_i,
  input logic [1:0]   m_axi_bresp_i,
  input logic         m_axi_bvalid_i,
  input logic         m_axi_bready_o,
  input logic [128*Lanes-1:0] m_axis_tx_tdata_o,
  input logic [16*Lanes-1:0]  m_axis_tx_tkeep_o,
  input logic         m_axis_tx_tvalid_o,
  input logic         m_axis_tx_tready_i,
  input logic         m_axis_tx_tlast_o,
  input logic [128*Lanes-1:0] s_axis_rx_tdata_i,
  input logic [16*Lanes-1:0]  s_axis_rx_tkeep_i,
  input logic         s_axis_rx_tvalid_i,
  input logic         s_axis_rx_tready_o,
  input logic         s_axis_rx_tlast_i
);
  nic_check_axil i_axil (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .awaddr_i(s_axil_awaddr_i), .awvalid_i(s_axil_awvalid_i), .awready_i(s_axil_awready_o),
    .wdata_i(s_axil_wdata_i), .wstrb_i(s_axil_wstrb_i), .wvalid_i(s_axil_wvalid_i),
    .wready_i(s_axil_wready_o), .bresp_i(s_axil_bresp_o), .bvalid_i(s_axil_bvalid_o),
    .bready_i(s_axil_bready_i), .araddr_i(s_axil_araddr_i), .arvalid_i(s_axil_arvalid_i),
    .arready_i(s_axil_arready_o), .rdata_i(s_axil_rdata_o), .rresp_i(s_axil_rresp_o),
    .rvalid_i(s_axil_rvalid_o), .rready_i(s_axil_rready_i)
  );
  nic_check_axi #(.Bytes(32 * Lanes)) i_axi (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .arid_i(m_axi_arid_o), .araddr_i(m_axi_araddr_o), .arlen_i(m_axi_arlen_o),
    .arsize_i(m_axi_arsize_o), .arburst_i(m_axi_arburst_o), .arvalid_i(m_axi_arvalid_o),
    .arready_i(m_axi_arready_i), .rid_i(m_axi_rid_i), .rdata_i(m_axi_rdata_i),
    .rresp_i(m_axi_rresp_i), .rlast_i(m_axi_rlast_i), .rvalid_i(m_axi_rvalid_i),
    .rready_i(m_axi_rready_o), .awid_i(m_axi_awid_o), .awaddr_i(m_axi_awaddr_o),
    .awlen_i(m_axi_awlen_o), .awsize_i(m_axi_awsize_o), .awburst_i(m_axi_awburst_o),
    .awvalid_i(m_axi_awvalid_o), .awready_i(m_axi_awready_i), .wdata_i(m_axi_wdata_o),
    .wstrb_i(m_axi_wstrb_o), .wlast_i(m_axi_wlast_o), .wvalid_i(m_axi_wvalid_o),
    .wready_i(m_axi_wready_i), .bid_i(m_axi_bid_i), .bresp_i(m_axi_bresp_i),
    .bvalid_i(m_axi_bvalid_i), .bready_i(m_axi_bready_o)
  );
  nic_check_axis #(.Bytes(16 * Lanes)) i_tx (
    .clk_i(clk_i), .rst_ni(rst_ni), .tdata_i(m_axis_tx_tdata_o), .tkeep_i(m_axis_tx_tkeep_o),
    .tvalid_i(m_axis_tx_tvalid_o), .tready_i(m_axis_tx_tready_i), .tlast_i(m_axis_tx_tlast_o)
  );
  nic_check_axis #(.Bytes(16 * Lanes)) i_rx (
    .clk_i(clk_i), .rst_ni(rst_ni), .tdata_i(s_axis_rx_tdata_i), .tkeep_i(s_axis_rx_tkeep_i),
    .tvalid_i(s_axis_rx_tvalid_i), .tready_i(s_axis_rx_tready_o), .tlast_i(s_axis_rx_tlast_i)
  );
endmodule

bind nic_top nic_check_ports #(.Lanes(Lanes)) i_check (.*);
