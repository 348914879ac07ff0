// SPDX-License-Identifier: BSD-2-Clause
//
// A card that does ESP with AES-GCM and GMAC, both ways, and is none of ours: slots, registers, SAs and
// driver (esp_nic.ts) are its own. One frame at a time each way.
//
//   0x00 ID        "ESC1"
//   0x04 CTRL      1: enable; both rings begin at slot 0 then, and there is no SA
//   0x08 STATUS    bit 0: a frame is on its way out, bit 1: in
//   0x0c ITR       the interrupt line is high when 31:16 slots of a ring are done that software has
//                  not seen, or one is for 15:0 cycles
//   0x10 TX_BASE   0x14 TX_TAIL   0x18 TX_HEAD      64 slots of 9728 bytes each
//   0x20 RX_BASE   0x24 RX_TAIL   0x28 RX_HEAD
//   0x30 SEEN      heads that software has seen, 15:0 transmit, 31:16 receive
//   0x34 DROPPED   frames that found no slot
//   0x38 NATT      port of ESP in UDP
//   0x40 SA: FLAGS (valid, key256, ESN, GMAC, IPv6), SPI, SALT, WINDOW, TOP low, TOP high
//   0x60 SA: destination, 4 words, IPv4 in the last; 0x80 key, 8 words, first byte lowest
//   0xa0 SA_PUT    writes all of it into SA 5:0, with 31 of receive, and forgets key and salt
module esp_card (
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
  localparam logic [31:0] Id = 32'h31435345;

  logic        enable, start;
  logic [31:0] tx_base, rx_base, dropped, seen, itr;
  logic [15:0] tx_tail, rx_tail, tx_head, rx_head, natt_port;
  logic        tx_busy, rx_busy;

  logic         sa_put, sa_put_rx;
  logic [5:0]   sa_put_idx;
  logic [4:0]   sa_flags;
  logic [31:0]  sa_spi, sa_salt;
  logic [15:0]  sa_window;
  logic [63:0]  sa_top;
  logic [127:0] sa_dst;
  logic [255:0] sa_key;

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
    start  <= 1'b0;
    sa_put <= 1'b0;
    if (sa_put) {sa_key, sa_salt} <= '0;
    if (!rst_ni) begin
      {aw_full, w_full, s_axil_bvalid_o, s_axil_rvalid_o, enable} <= '0;
      {tx_tail, rx_tail, seen, itr, natt_port} <= '0;
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
          16'h0c: itr       <= w;
          16'h10: tx_base   <= w;
          16'h14: tx_tail   <= w[15:0];
          16'h20: rx_base   <= w;
          16'h24: rx_tail   <= w[15:0];
          16'h30: seen      <= w;
          16'h38: natt_port <= w[15:0];
          16'h40: sa_flags  <= w[4:0];
          16'h44: sa_spi    <= w;
          16'h48: sa_salt   <= w;
          16'h4c: sa_window <= w[15:0];
          16'h50: sa_top[31:0]  <= w;
          16'h54: sa_top[63:32] <= w;
          16'h60: sa_dst[127:96] <= w;
          16'h64: sa_dst[95:64]  <= w;
          16'h68: sa_dst[63:32]  <= w;
          16'h6c: sa_dst[31:0]   <= w;
          16'h80, 16'h84, 16'h88, 16'h8c, 16'h90, 16'h94, 16'h98, 16'h9c:
            sa_key[32*aw[4:2] +: 32] <= w;
          16'ha0: begin
            sa_put     <= 1'b1;
            sa_put_rx  <= w[31];
            sa_put_idx <= w[5:0];
          end
          default: ;
        endcase
      end

      if (s_axil_rready_i) s_axil_rvalid_o <= 1'b0;
      if (s_axil_arvalid_i && s_axil_arready_o) begin
        s_axil_rvalid_o <= 1'b1;
        case (s_axil_araddr_i)
          16'h00:  s_axil_rdata_o <= Id;
          16'h04:  s_axil_rdata_o <= {31'd0, enable};
          16'h08:  s_axil_rdata_o <= {30'd0, rx_busy, tx_busy};
          16'h18:  s_axil_rdata_o <= {16'd0, tx_head};
          16'h28:  s_axil_rdata_o <= {16'd0, rx_head};
          16'h34:  s_axil_rdata_o <= dropped;
          default: s_axil_rdata_o <= '0;
        endcase
      end
    end
  end

  // ---- Interrupts: so many, or for so long.
  logic [15:0] age, tx_new, rx_new;
  logic        looked;
  assign looked = aw_full && w_full && aw == 16'h30;
  assign tx_new = tx_head - seen[15:0];
  assign rx_new = rx_head - seen[31:16];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !enable || start || {rx_new, tx_new} == '0 || looked) begin
      age   <= '0;
      irq_o <= 1'b0;
    end else begin
      if (age != '1) age <= age + 16'd1;
      irq_o <= age >= itr[15:0] || tx_new >= itr[31:16] || rx_new >= itr[31:16];
    end
  end

  // ---- SAs.
  logic [5:0]   tx_sa, tx_sa_o, rx_sa;
  logic [4:0]   tx_flags, rx_flags;
  logic [255:0] tx_key, rx_key;
  logic [31:0]  tx_salt, rx_salt, rx_spi;
  logic [127:0] rx_dst;
  logic         rx_v6, rx_find, rx_found, rx_missed, tx_found, tx_missed;

  esp_sas tx_sas (
    .clk(clk_i), .clear(!rst_ni || start), .put(sa_put && !sa_put_rx), .put_idx(sa_put_idx),
    .put_flags(sa_flags), .put_key(sa_key), .put_salt(sa_salt), .put_spi(sa_spi),
    .put_dst(sa_dst), .find(1'b0), .spi(32'd0), .dst(128'd0), .v6(1'b0), .found(tx_found),
    .missed(tx_missed), .by_search(1'b0), .idx(tx_sa), .idx_o(tx_sa_o), .flags(tx_flags),
    .key(tx_key), .salt(tx_salt)
  );
  esp_sas rx_sas (
    .clk(clk_i), .clear(!rst_ni || start), .put(sa_put && sa_put_rx), .put_idx(sa_put_idx),
    .put_flags(sa_flags), .put_key(sa_key), .put_salt(sa_salt), .put_spi(sa_spi),
    .put_dst(sa_dst), .find(rx_find), .spi(rx_spi), .dst(rx_dst), .v6(rx_v6), .found(rx_found),
    .missed(rx_missed), .by_search(1'b1), .idx(6'd0), .idx_o(rx_sa), .flags(rx_flags),
    .key(rx_key), .salt(rx_salt)
  );

  // ---- The two ways.
  logic        mark_valid, mark_done;
  logic [63:0] mark_addr, mark_data;

  esp_card_tx tx (
    .clk(clk_i), .rst_n(rst_ni), .start(start), .enable(enable & ~start), .base({32'd0, tx_base}),
    .tail(tx_tail), .head(tx_head), .busy(tx_busy),
    .sa_idx(tx_sa), .sa_flags(tx_flags), .sa_key(tx_key), .sa_salt(tx_salt),
    .ar_valid(m_axi_arvalid_o), .ar_ready(m_axi_arready_i), .ar_addr(m_axi_araddr_o),
    .ar_len(m_axi_arlen_o), .r_valid(m_axi_rvalid_i), .r_last(m_axi_rlast_i),
    .r_err(m_axi_rresp_i != 2'b00), .r_data(m_axi_rdata_i),
    .mark_valid(mark_valid), .mark_addr(mark_addr), .mark_data(mark_data), .mark_done(mark_done),
    .tx_data(m_axis_tx_tdata_o), .tx_keep(m_axis_tx_tkeep_o), .tx_valid(m_axis_tx_tvalid_o),
    .tx_last(m_axis_tx_tlast_o), .tx_ready(m_axis_tx_tready_i)
  );
  esp_card_rx rx (
    .clk(clk_i), .rst_n(rst_ni), .start(start), .enable(enable & ~start), .base({32'd0, rx_base}),
    .natt_port(natt_port), .tail(rx_tail), .head(rx_head), .busy(rx_busy), .dropped(dropped),
    .mark_valid(mark_valid), .mark_addr(mark_addr), .mark_data(mark_data), .mark_done(mark_done),
    .sa_find(rx_find), .sa_spi(rx_spi), .sa_dst(rx_dst), .sa_v6(rx_v6), .sa_found(rx_found),
    .sa_missed(rx_missed), .sa_idx(rx_sa), .sa_flags(rx_flags), .sa_key(rx_key),
    .sa_salt(rx_salt), .sa_put(sa_put && sa_put_rx), .sa_put_idx(sa_put_idx),
    .sa_put_window(sa_window), .sa_put_top(sa_top),
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
  assign unused = &{1'b0, s_axil_wstrb_i, m_axi_rid_i, m_axi_bid_i, tx_sa_o, tx_found, tx_missed};
endmodule
