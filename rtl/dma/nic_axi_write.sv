// SPDX-License-Identifier: BSD-2-Clause
//
// nic_axi_write: shares the AXI write channels between transmit completions, receive completions
// and received data (in that order of priority), one AXI ID each. Data follows its address, burst
// by burst, in order. Latency 1 cycle to AW, 2 more to W, 1 from B; one address, one beat a cycle.
//
//   requests --> AW register --(taken)--> order FIFO --> choose --> W register
//                 completions' data --> data FIFO ---------^
module nic_axi_write (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         quiesce_i,          // start nothing new
  output logic         idle_o,             // nothing outstanding
  input  logic         tx_cpl_valid_i,
  output logic         tx_cpl_ready_o,
  input  logic [63:0]  tx_cpl_addr_i,      // multiple of 16
  input  logic [127:0] tx_cpl_data_i,
  input  logic         rx_cpl_valid_i,
  output logic         rx_cpl_ready_o,
  input  logic [63:0]  rx_cpl_addr_i,
  input  logic [127:0] rx_cpl_data_i,
  input  logic         burst_valid_i,
  output logic         burst_ready_o,
  input  logic [63:0]  burst_addr_i,
  input  logic [7:0]   burst_len_i,        // beats - 1
  input  logic         w_valid_i,
  output logic         w_ready_o,
  input  logic [255:0] w_data_i,
  input  logic [31:0]  w_strb_i,
  input  logic         w_last_i,
  output logic         ack_tx_cpl_o,       // a burst of ... is acknowledged
  output logic         ack_rx_cpl_o,
  output logic         ack_data_o,
  output logic         ack_err_o,
  output logic         error_o,            // one cycle a burst that had an error
  output logic [3:0]   m_axi_awid_o,
  output logic [63:0]  m_axi_awaddr_o,
  output logic [7:0]   m_axi_awlen_o,
  output logic         m_axi_awvalid_o,
  input  logic         m_axi_awready_i,
  output logic [255:0] m_axi_wdata_o,
  output logic [31:0]  m_axi_wstrb_o,
  output logic         m_axi_wlast_o,
  output logic         m_axi_wvalid_o,
  input  logic         m_axi_wready_i,
  input  logic [3:0]   m_axi_bid_i,
  input  logic [1:0]   m_axi_bresp_i,
  input  logic         m_axi_bvalid_i
);
  logic        aw_q, ack_err_q;
  logic [2:0]  ack_q;      // whose the B is: {rx data, rx completions, tx completions}
  logic [3:0]  id_q;
  logic [63:0] addr_q;
  logic [7:0]  len_q;
  logic [9:0]  flying_q;   // bursts
  logic        slot, pick, pick_cpl, order_room, cpl_room, order_valid, order_cpl, order_pop;
  logic        cpl_valid, cpl_half;
  logic [127:0] cpl_data;

  // An address is picked only when the order FIFO will have room for it once it is taken.
  assign slot           = (~aw_q | m_axi_awready_i) & ~quiesce_i & cpl_room & order_room
                          & (flying_q != 10'h3ff);
  assign tx_cpl_ready_o = slot;
  assign rx_cpl_ready_o = slot & ~tx_cpl_valid_i;
  assign burst_ready_o  = slot & ~tx_cpl_valid_i & ~rx_cpl_valid_i;
  assign pick_cpl       = slot & (tx_cpl_valid_i | rx_cpl_valid_i);
  assign pick           = slot & (tx_cpl_valid_i | rx_cpl_valid_i | burst_valid_i);

  assign m_axi_awvalid_o = aw_q;
  assign m_axi_awid_o    = id_q;
  assign m_axi_awaddr_o  = addr_q;
  assign m_axi_awlen_o   = len_q;

  logic order_ready;
  logic [2:0] order_count;
  assign order_room = order_count < 3'd6;   // one address may be waiting in the register
  nic_fifo #(.Width(1), .Depth(7)) i_order (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(aw_q & m_axi_awready_i), .ready_o(order_ready), .data_i(id_q != nic_pkg::WID_RX_DATA),
    .valid_o(order_valid), .ready_i(order_pop), .data_o(order_cpl), .count_o(order_count)
  );
  nic_fifo #(.Width(129), .Depth(8)) i_cpl_data (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(pick_cpl), .ready_o(cpl_room),
    .data_i(tx_cpl_valid_i ? {tx_cpl_addr_i[4], tx_cpl_data_i} : {rx_cpl_addr_i[4], rx_cpl_data_i}),
    .valid_o(cpl_valid), .ready_i(order_pop & order_cpl), .data_o({cpl_half, cpl_data}), .count_o()
  );

  logic         w_q, w_last_q, w_slot, w_move;
  logic [255:0] w_data_q;
  logic [31:0]  w_strb_q;
  assign w_slot    = ~w_q | m_axi_wready_i;
  assign w_move    = w_slot & order_valid & (order_cpl | w_valid_i);
  assign w_ready_o = w_slot & order_valid & ~order_cpl;
  assign order_pop = w_move & (order_cpl | w_last_i);

  assign m_axi_wvalid_o = w_q;
  assign m_axi_wdata_o  = w_data_q;
  assign m_axi_wstrb_o  = w_strb_q;
  assign m_axi_wlast_o  = w_last_q;

  assign ack_tx_cpl_o = ack_q[0];
  assign ack_rx_cpl_o = ack_q[1];
  assign ack_data_o   = ack_q[2];
  assign ack_err_o    = ack_err_q;
  assign error_o      = ack_err_q & (ack_q != 3'd0);
  assign idle_o       = ~aw_q & ~w_q & ~order_valid & (flying_q == 10'd0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      aw_q     <= 1'b0;
      w_q      <= 1'b0;
      flying_q <= '0;
      ack_q    <= '0;
    end else begin
      if (m_axi_awready_i) aw_q <= 1'b0;
      if (pick) aw_q <= 1'b1;
      if (w_slot) w_q <= w_move;
      if (pick != m_axi_bvalid_i) flying_q <= pick ? flying_q + 10'd1 : flying_q - 10'd1;
      ack_q <= '0;
      if (m_axi_bvalid_i) begin
        ack_q[0]  <= m_axi_bid_i == nic_pkg::WID_TX_CPL;
        ack_q[1]  <= m_axi_bid_i == nic_pkg::WID_RX_CPL;
        ack_q[2]  <= m_axi_bid_i == nic_pkg::WID_RX_DATA;
        ack_err_q <= m_axi_bresp_i != 2'b00;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (pick) begin
      if (tx_cpl_valid_i) begin
        id_q   <= nic_pkg::WID_TX_CPL;
        addr_q <= {tx_cpl_addr_i[63:5], 5'd0};
        len_q  <= 8'd0;
      end else if (rx_cpl_valid_i) begin
        id_q   <= nic_pkg::WID_RX_CPL;
        addr_q <= {rx_cpl_addr_i[63:5], 5'd0};
        len_q  <= 8'd0;
      end else begin
        id_q   <= nic_pkg::WID_RX_DATA;
        addr_q <= burst_addr_i;
        len_q  <= burst_len_i;
      end
    end
    if (w_move) begin
      w_data_q <= order_cpl ? {cpl_data, cpl_data} : w_data_i;
      w_strb_q <= order_cpl ? {{16{cpl_half}}, {16{~cpl_half}}} : w_strb_i;
      w_last_q <= order_cpl | w_last_i;
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, tx_cpl_addr_i[3:0], rx_cpl_addr_i[3:0]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (aw_q || order_pop || m_axi_bvalid_i)) begin
      assert (!(aw_q && m_axi_awready_i && !order_ready))
        else $fatal(1, "nic_axi_write: order lost");
      assert (!(order_pop && order_cpl && !cpl_valid))
        else $fatal(1, "nic_axi_write: completion without data");
      assert (!(m_axi_bvalid_i && flying_q == 10'd0))
        else $fatal(1, "nic_axi_write: response without burst");
      assert (!(aw_q && {1'b0, addr_q[11:5]} + len_q > 8'd127))
        else $fatal(1, "nic_axi_write: 4 KiB crossed");
    end
  end
`endif
endmodule
