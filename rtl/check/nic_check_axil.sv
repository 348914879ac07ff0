// SPDX-License-Identifier: BSD-2-Clause
//
// nic_check_axil: watches an AXI4-Lite port and stops the simulation when a rule is broken (AMBA
// AXI and ACE specification, chapters A3 and B1). Simulation alone; changes nothing.
//
//   A3.2.1  a valid stays, with its payload, until it is taken       B1.1  OKAY, SLVERR or DECERR
//   A3.3.1  a response comes after its request, and one for each
module nic_check_axil (
  input logic        clk_i,
  input logic        rst_ni,
  input logic [15:0] awaddr_i,
  input logic        awvalid_i,
  input logic        awready_i,
  input logic [31:0] wdata_i,
  input logic [3:0]  wstrb_i,
  input logic        wvalid_i,
  input logic        wready_i,
  input logic [1:0]  bresp_i,
  input logic        bvalid_i,
  input logic        bready_i,
  input logic [15:0] araddr_i,
  input logic        arvalid_i,
  input logic        arready_i,
  input logic [31:0] rdata_i,
  input logic [1:0]  rresp_i,
  input logic        rvalid_i,
  input logic        rready_i
);
  logic        aw_held_q, w_held_q, b_held_q, ar_held_q, r_held_q, active, busy_q;
  logic [15:0] awaddr_q, araddr_q;
  logic [35:0] w_q;
  logic [1:0]  bresp_q;
  logic [33:0] r_q;
  logic [7:0]  aw_owed_q, w_owed_q, ar_owed_q;   // requests taken and not yet answered

  logic aw_go, w_go, b_go, ar_go, r_go;
  assign aw_go  = awvalid_i & awready_i;
  assign w_go   = wvalid_i & wready_i;
  assign b_go   = bvalid_i & bready_i;
  assign ar_go  = arvalid_i & arready_i;
  assign r_go   = rvalid_i & rready_i;
  assign active = awvalid_i | wvalid_i | bvalid_i | arvalid_i | rvalid_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q    <= 1'b0;
      aw_held_q <= 1'b0;
      w_held_q  <= 1'b0;
      b_held_q  <= 1'b0;
      ar_held_q <= 1'b0;
      r_held_q  <= 1'b0;
      aw_owed_q <= '0;
      w_owed_q  <= '0;
      ar_owed_q <= '0;
    end else if (active || busy_q) begin
      busy_q    <= active;
      aw_held_q <= awvalid_i & ~awready_i;
      w_held_q  <= wvalid_i & ~wready_i;
      b_held_q  <= bvalid_i & ~bready_i;
      ar_held_q <= arvalid_i & ~arready_i;
      r_held_q  <= rvalid_i & ~rready_i;
      awaddr_q  <= awaddr_i;
      w_q       <= {wstrb_i, wdata_i};
      bresp_q   <= bresp_i;
      araddr_q  <= araddr_i;
      r_q       <= {rresp_i, rdata_i};
      aw_owed_q <= aw_owed_q + 8'(aw_go) - 8'(b_go);
      w_owed_q  <= w_owed_q + 8'(w_go) - 8'(b_go);
      ar_owed_q <= ar_owed_q + 8'(ar_go) - 8'(r_go);

      assert (!aw_held_q || (awvalid_i && awaddr_i == awaddr_q))
        else $fatal(1, "nic_check_axil: AW changed while it waited");
      assert (!w_held_q || (wvalid_i && {wstrb_i, wdata_i} == w_q))
        else $fatal(1, "nic_check_axil: W changed while it waited");
      assert (!b_held_q || (bvalid_i && bresp_i == bresp_q))
        else $fatal(1, "nic_check_axil: B changed while it waited");
      assert (!ar_held_q || (arvalid_i && araddr_i == araddr_q))
        else $fatal(1, "nic_check_axil: AR changed while it waited");
      assert (!r_held_q || (rvalid_i && {rresp_i, rdata_i} == r_q))
        else $fatal(1, "nic_check_axil: R changed while it waited");
      assert (!bvalid_i || (aw_owed_q != '0 && w_owed_q != '0))
        else $fatal(1, "nic_check_axil: B without a write");
      assert (!rvalid_i || ar_owed_q != '0) else $fatal(1, "nic_check_axil: R without a read");
      assert (!(bvalid_i && bresp_i == 2'b01) && !(rvalid_i && rresp_i == 2'b01))
        else $fatal(1, "nic_check_axil: EXOKAY");
    end
  end

  write_waits:    cover property (@(posedge clk_i) b_held_q);
  write_error:    cover property (@(posedge clk_i) bvalid_i && bresp_i == 2'b10);
  read_error:     cover property (@(posedge clk_i) rvalid_i && rresp_i == 2'b10);
  data_before_aw: cover property (@(posedge clk_i) w_owed_q > aw_owed_q);
endmodule
