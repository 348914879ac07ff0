// SPDX-License-Identifier: BSD-2-Clause
//
// nic_axi_read: shares the AXI read channels between transmit descriptors, receive descriptors and
// transmit data (in that order of priority), one AXI ID each. Responses are always accepted: each
// requester reserved the space. Latency 1 cycle to AR and from R; one request, one beat a cycle. The
// FIFO at AR keeps arready out of what the requesters see.
//
//   requests --> choose --> AR FIFO --> AR        R --> R register --> by ID
module nic_axi_read #(
  parameter int unsigned Lanes = 1   // a beat of memory is 32 bytes for each
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         quiesce_i,         // start nothing new
  output logic         idle_o,            // nothing outstanding
  input  logic         tx_desc_valid_i,
  output logic         tx_desc_ready_o,
  input  logic [63:0]  tx_desc_addr_i,
  input  logic [7:0]   tx_desc_len_i,     // beats - 1
  input  logic         rx_desc_valid_i,
  output logic         rx_desc_ready_o,
  input  logic [63:0]  rx_desc_addr_i,
  input  logic [7:0]   rx_desc_len_i,
  input  logic         tx_data_valid_i,
  output logic         tx_data_ready_o,
  input  logic [63:0]  tx_data_addr_i,
  input  logic [7:0]   tx_data_len_i,
  output logic         r_tx_desc_o,       // the R beat belongs to ...
  output logic         r_rx_desc_o,
  output logic         r_tx_data_o,
  output logic [256*Lanes-1:0] r_data_o,
  output logic         r_err_o,
  output logic         r_last_o,
  output logic         error_o,           // one cycle a burst that had an error
  output logic [3:0]   m_axi_arid_o,
  output logic [63:0]  m_axi_araddr_o,
  output logic [7:0]   m_axi_arlen_o,
  output logic         m_axi_arvalid_o,
  input  logic         m_axi_arready_i,
  input  logic [3:0]   m_axi_rid_i,
  input  logic [256*Lanes-1:0] m_axi_rdata_i,
  input  logic [1:0]   m_axi_rresp_i,
  input  logic         m_axi_rlast_i,
  input  logic         m_axi_rvalid_i
);
  logic        error_q;
  logic [9:0]  flying_q;   // bursts
  logic [2:0]  r_user_q;   // whose the R beat is: {rx descriptors, tx data, tx descriptors}
  logic [256*Lanes-1:0] r_data_q;
  logic        r_err_q, r_last_q;
  logic [2:0]  bad_q;      // a beat of the current burst of this ID had an error
  logic        room, slot, pick, burst_end;

  assign slot            = room & ~quiesce_i & (flying_q != 10'h3ff);
  assign tx_desc_ready_o = slot;
  assign rx_desc_ready_o = slot & ~tx_desc_valid_i;
  assign tx_data_ready_o = slot & ~tx_desc_valid_i & ~rx_desc_valid_i;
  assign pick            = slot & (tx_desc_valid_i | rx_desc_valid_i | tx_data_valid_i);
  assign burst_end       = m_axi_rvalid_i & m_axi_rlast_i;
  assign idle_o          = ~m_axi_arvalid_o & (flying_q == 10'd0);

  assign r_tx_desc_o = r_user_q[0];
  assign r_tx_data_o = r_user_q[1];
  assign r_rx_desc_o = r_user_q[2];
  assign r_data_o    = r_data_q;
  assign r_err_o     = r_err_q;
  assign r_last_o    = r_last_q;
  assign error_o     = error_q;

  nic_fifo #(.Width(76), .Depth(2)) i_ar (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(pick), .ready_o(room),
    .data_i(tx_desc_valid_i ? {nic_pkg::RID_TX_DESC, tx_desc_addr_i, tx_desc_len_i}
            : rx_desc_valid_i ? {nic_pkg::RID_RX_DESC, rx_desc_addr_i, rx_desc_len_i}
            : {nic_pkg::RID_TX_DATA, tx_data_addr_i, tx_data_len_i}),
    .valid_o(m_axi_arvalid_o), .ready_i(m_axi_arready_i),
    .data_o({m_axi_arid_o, m_axi_araddr_o, m_axi_arlen_o}), .count_o()
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flying_q <= '0;
      bad_q    <= '0;
      r_user_q <= '0;
      error_q  <= 1'b0;
    end else begin
      if (pick != burst_end) flying_q <= pick ? flying_q + 10'd1 : flying_q - 10'd1;
      error_q <= 1'b0;
      if (r_user_q != 3'd0) begin
        if (r_last_q) begin
          error_q <= r_err_q | (|(bad_q & r_user_q));
          bad_q   <= bad_q & ~r_user_q;
        end else if (r_err_q) begin
          bad_q <= bad_q | r_user_q;
        end
      end
      r_user_q <= '0;
      if (m_axi_rvalid_i) begin
        r_user_q[0] <= m_axi_rid_i == nic_pkg::RID_TX_DESC;
        r_user_q[1] <= m_axi_rid_i == nic_pkg::RID_TX_DATA;
        r_user_q[2] <= m_axi_rid_i == nic_pkg::RID_RX_DESC;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (m_axi_rvalid_i) begin
      r_data_q <= m_axi_rdata_i;
      r_err_q  <= m_axi_rresp_i != 2'b00;
      r_last_q <= m_axi_rlast_i;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (m_axi_rvalid_i && rst_ni) begin
      assert (flying_q != 10'd0) else $fatal(1, "nic_axi_read: response without request");
    end
    if (m_axi_arvalid_o && m_axi_arready_i && rst_ni) begin
      assert ({1'b0, m_axi_araddr_o[11:0]} + 13'(m_axi_arlen_o) * 13'(32*Lanes) < 13'h1000)
        else $fatal(1, "nic_axi_read: 4 KiB crossed");
      assert (m_axi_arlen_o <= 8'd15) else $fatal(1, "nic_axi_read: burst too long");
    end
  end
`endif
endmodule
