// SPDX-License-Identifier: BSD-2-Clause
//
// nic_axi_write: shares the AXI write channels between transmit completions, receive completions
// and received data, one AXI ID each. Completions go first, but while data waits only every other time,
// so that more of them may gather; the two kinds take turns. Data follows its address, burst by burst,
// in order. Latency 1 cycle to AW, 2 more to W, 1 from B; one address, one beat a cycle. The FIFOs at
// AW and W keep awready and wready out of what the requesters see.
//
//   requests --> choose --> AW FIFO --(taken)--> order FIFO --> choose --> W FIFO --> W
//                        completions' data --> data FIFO ---------^
module nic_axi_write #(
  parameter int unsigned Lanes = 1   // a beat of memory is 32 bytes for each
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         quiesce_i,          // start nothing new
  output logic         idle_o,             // nothing outstanding
  input  logic         tx_cpl_valid_i,
  output logic         tx_cpl_ready_o,
  input  logic [63:0]  tx_cpl_addr_i,      // multiple of 64: a line of four
  input  logic [3:0]   tx_cpl_mask_i,      // which of them; they lie together
  input  logic [511:0] tx_cpl_data_i,
  input  logic         rx_cpl_valid_i,
  output logic         rx_cpl_ready_o,
  input  logic [63:0]  rx_cpl_addr_i,
  input  logic [3:0]   rx_cpl_mask_i,
  input  logic [511:0] rx_cpl_data_i,
  input  logic         burst_valid_i,
  output logic         burst_ready_o,
  input  logic [63:0]  burst_addr_i,
  input  logic [7:0]   burst_len_i,        // beats - 1
  input  logic         w_valid_i,
  output logic         w_ready_o,
  input  logic [256*Lanes-1:0] w_data_i,
  input  logic [32*Lanes-1:0]  w_strb_i,
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
  output logic [256*Lanes-1:0] m_axi_wdata_o,
  output logic [32*Lanes-1:0]  m_axi_wstrb_o,
  output logic         m_axi_wlast_o,
  output logic         m_axi_wvalid_o,
  input  logic         m_axi_wready_i,
  input  logic [3:0]   m_axi_bid_i,
  input  logic [1:0]   m_axi_bresp_i,
  input  logic         m_axi_bvalid_i
);
  // By a name: Yosys takes the tilde before a cast for a part of its width.
  localparam logic [63:0] InBeat = 64'(32*Lanes - 1);

  logic        ack_err_q;
  logic [2:0]  ack_q;      // whose the B is: {rx data, rx completions, tx completions}
  logic [9:0]  flying_q;   // bursts
  logic        aw_room, slot, pick, pick_cpl, order_room, cpl_room, order_valid, order_cpl, order_pop;
  logic        pick_tx, pick_rx, cpl_last, cpl_valid, last_cpl_q, last_rx_q;
  logic [63:0]  cpl_addr;
  logic [3:0]   cpl_mask, mask;     // going out; picked
  logic [511:0] cpl_data;
  logic         cpl_bit6;

  // An address is picked only when the order FIFO will have room for it once it is taken.
  assign slot           = aw_room & ~quiesce_i & cpl_room & order_room
                          & (flying_q != 10'h3ff);
  assign pick_tx        = tx_cpl_valid_i & ~(rx_cpl_valid_i & ~last_rx_q) & ~(burst_valid_i & last_cpl_q);
  assign pick_rx        = rx_cpl_valid_i & ~pick_tx & ~(burst_valid_i & last_cpl_q);
  assign tx_cpl_ready_o = slot & pick_tx;
  assign rx_cpl_ready_o = slot & pick_rx;
  assign burst_ready_o  = slot & ~pick_tx & ~pick_rx;
  assign pick_cpl       = slot & (pick_tx | pick_rx);
  assign pick           = slot & (tx_cpl_valid_i | rx_cpl_valid_i | burst_valid_i);
  assign cpl_addr       = pick_tx ? tx_cpl_addr_i : rx_cpl_addr_i;
  assign mask           = pick_tx ? tx_cpl_mask_i : rx_cpl_mask_i;

  nic_fifo #(.Width(76), .Depth(2)) i_aw (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(pick), .ready_o(aw_room),
    .data_i(~pick_tx & ~pick_rx ? {nic_pkg::WID_RX_DATA, burst_addr_i, burst_len_i}
            : {pick_tx ? nic_pkg::WID_TX_CPL : nic_pkg::WID_RX_CPL,
               {cpl_addr[63:6], (Lanes == 1) & (mask[1:0] == 2'd0), 5'd0} & ~InBeat, cpl_len}),
    .valid_o(m_axi_awvalid_o), .ready_i(m_axi_awready_i),
    .data_o({m_axi_awid_o, m_axi_awaddr_o, m_axi_awlen_o}), .count_o()
  );

  logic order_ready;
  logic [2:0] order_count;
  assign order_room = order_count < 3'd6;   // two addresses may be in the AW FIFO then
  nic_fifo #(.Width(1), .Depth(7)) i_order (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(m_axi_awvalid_o & m_axi_awready_i), .ready_o(order_ready),
    .data_i(m_axi_awid_o != nic_pkg::WID_RX_DATA),
    .valid_o(order_valid), .ready_i(order_pop), .data_o(order_cpl), .count_o(order_count)
  );
  nic_fifo #(.Width(517), .Depth(8)) i_cpl_data (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(pick_cpl), .ready_o(cpl_room),
    .data_i({cpl_addr[6], mask, pick_tx ? tx_cpl_data_i : rx_cpl_data_i}),
    .valid_o(cpl_valid), .ready_i(order_pop & order_cpl), .data_o({cpl_bit6, cpl_mask, cpl_data}),
    .count_o()
  );

  logic         w_slot, w_move;
  // A line of completions as beats: two of them, one, or half of one.
  logic [256*Lanes-1:0] cpl_w_data;
  logic [32*Lanes-1:0]  cpl_w_strb;
  logic [63:0]          cpl_strb;
  logic [7:0]           cpl_len;
  for (genvar i = 0; i < 4; i++) begin : gen_strb
    assign cpl_strb[16*i +: 16] = {16{cpl_mask[i]}};
  end
  if (Lanes == 1) begin : gen_two
    logic second_q, high;
    assign high       = second_q | (cpl_mask[1:0] == 2'd0);
    assign cpl_last   = high | (cpl_mask[3:2] == 2'd0);
    assign cpl_w_data = high ? cpl_data[511:256] : cpl_data[255:0];
    assign cpl_w_strb = high ? cpl_strb[63:32] : cpl_strb[31:0];
    assign cpl_len    = {7'd0, (mask[1:0] != 2'd0) & (mask[3:2] != 2'd0)};
    always_ff @(posedge clk_i) begin
      if (!rst_ni) second_q <= 1'b0;
      else if (w_move && order_cpl) second_q <= ~cpl_last;
    end
    logic unused_bit6;
    assign unused_bit6 = cpl_bit6;
  end else begin : gen_one
    assign cpl_last = 1'b1;
    assign cpl_len  = 8'd0;
    if (Lanes == 2) begin : gen_whole
      assign cpl_w_data = cpl_data;
      assign cpl_w_strb = cpl_strb;
      logic unused_bit6;
      assign unused_bit6 = cpl_bit6;
    end else begin : gen_half
      assign cpl_w_data = {cpl_data, cpl_data};
      assign cpl_w_strb = cpl_bit6 ? {cpl_strb, 64'd0} : {64'd0, cpl_strb};
    end
  end

  nic_fifo #(.Width(288*Lanes + 1), .Depth(2)) i_w (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(w_move), .ready_o(w_slot),
    .data_i(order_cpl ? {cpl_last, cpl_w_strb, cpl_w_data} : {w_last_i, w_strb_i, w_data_i}),
    .valid_o(m_axi_wvalid_o), .ready_i(m_axi_wready_i),
    .data_o({m_axi_wlast_o, m_axi_wstrb_o, m_axi_wdata_o}), .count_o()
  );
  assign w_move    = w_slot & order_valid & (order_cpl | w_valid_i);
  assign w_ready_o = w_slot & order_valid & ~order_cpl;
  assign order_pop = w_move & (order_cpl ? cpl_last : w_last_i);

  assign ack_tx_cpl_o = ack_q[0];
  assign ack_rx_cpl_o = ack_q[1];
  assign ack_data_o   = ack_q[2];
  assign ack_err_o    = ack_err_q;
  assign error_o      = ack_err_q & (ack_q != 3'd0);
  assign idle_o       = ~m_axi_awvalid_o & ~m_axi_wvalid_o & ~order_valid & (flying_q == 10'd0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flying_q <= '0;
      ack_q    <= '0;
      last_cpl_q <= 1'b0;
      last_rx_q  <= 1'b1;
    end else begin
      if (pick) begin
        last_cpl_q <= pick_cpl;
        if (pick_cpl) last_rx_q <= pick_rx;
      end
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

  logic unused_bits;
  assign unused_bits = &{1'b0, cpl_addr[5:0]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (m_axi_awvalid_o && m_axi_awready_i && rst_ni) begin
      assert (order_ready) else $fatal(1, "nic_axi_write: order lost");
      assert ({1'b0, m_axi_awaddr_o[11:0]} + 13'(m_axi_awlen_o) * 13'(32*Lanes) < 13'h1000)
        else $fatal(1, "nic_axi_write: 4 KiB crossed");
    end
    if (order_pop && rst_ni) begin
      assert (!order_cpl || cpl_valid) else $fatal(1, "nic_axi_write: completion without data");
    end
    if (m_axi_bvalid_i && rst_ni) begin
      assert (flying_q != 10'd0) else $fatal(1, "nic_axi_write: response without burst");
    end
  end
`endif
endmodule
