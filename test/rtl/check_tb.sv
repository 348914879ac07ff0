// SPDX-License-Identifier: BSD-2-Clause
//
// Drives the protocol checkers, each through a few legal transfers and then, chosen by +break=N,
// through one that is not. Ends by itself; a checker that notices ends it before.
module check_tb;
  logic clk = 1'b0, rst_n = 1'b0;
  always #1 clk = ~clk;

  logic         arvalid = 0, arready = 0, rvalid = 0, rready = 1, rlast = 0;
  logic         awvalid = 0, awready = 0, wvalid = 0, wready = 1, wlast = 0, bvalid = 0, bready = 1;
  logic [63:0]  araddr = 0, awaddr = 0;
  logic [7:0]   arlen = 0, awlen = 0;
  logic [2:0]   arsize = 5, awsize = 5;
  logic [1:0]   arburst = 1, awburst = 1, rresp = 0, bresp = 0;
  logic [3:0]   arid = 0, rid = 0, awid = 0, bid = 0;
  logic [255:0] rdata = 0, wdata = 0;
  logic [31:0]  wstrb = '1;
  nic_check_axi i_axi (
    .clk_i(clk), .rst_ni(rst_n), .arid_i(arid), .araddr_i(araddr), .arlen_i(arlen),
    .arsize_i(arsize), .arburst_i(arburst), .arvalid_i(arvalid), .arready_i(arready), .rid_i(rid),
    .rdata_i(rdata), .rresp_i(rresp), .rlast_i(rlast), .rvalid_i(rvalid), .rready_i(rready),
    .awid_i(awid), .awaddr_i(awaddr), .awlen_i(awlen), .awsize_i(awsize), .awburst_i(awburst),
    .awvalid_i(awvalid), .awready_i(awready), .wdata_i(wdata), .wstrb_i(wstrb), .wlast_i(wlast),
    .wvalid_i(wvalid), .wready_i(wready), .bid_i(bid), .bresp_i(bresp), .bvalid_i(bvalid),
    .bready_i(bready)
  );

  logic [15:0] laddr = 0;
  logic [31:0] ldata = 0;
  logic        laww = 0, lw = 0, lb = 0, lar = 0, lr = 0, lready = 1, lbready = 1;
  logic [1:0]  lresp = 0;
  nic_check_axil i_axil (
    .clk_i(clk), .rst_ni(rst_n), .awaddr_i(laddr), .awvalid_i(laww), .awready_i(lready),
    .wdata_i(ldata), .wstrb_i(4'hf), .wvalid_i(lw), .wready_i(lready), .bresp_i(lresp),
    .bvalid_i(lb), .bready_i(lbready), .araddr_i(laddr), .arvalid_i(lar), .arready_i(lready),
    .rdata_i(ldata), .rresp_i(lresp), .rvalid_i(lr), .rready_i(lbready)
  );

  logic [127:0] tdata = 0;
  logic [15:0]  tkeep = '1;
  logic         tvalid = 0, tready = 1, tlast = 0;
  nic_check_axis i_axis (
    .clk_i(clk), .rst_ni(rst_n), .tdata_i(tdata), .tkeep_i(tkeep), .tvalid_i(tvalid),
    .tready_i(tready), .tlast_i(tlast)
  );

  task automatic tick; begin @(negedge clk); end endtask

  int fault;
  initial begin
    if (!$value$plusargs("break=%d", fault)) fault = 0;
    repeat (3) tick();
    rst_n = 1;
    tick();
    // Legal: a read of two beats up to the 4 KiB border, which waits; a write with data first.
    arvalid = 1; araddr = 64'hfc0; arlen = 1; tick();
    if (fault == 1) arlen = 0;
    if (fault == 2) arvalid = 0;
    tick(); arready = 1; tick(); arvalid = 0; arready = 0;
    rvalid = 1; rready = 0; rlast = fault == 3; tick();   // R waits, and below B
    rready = 1; tick(); rlast = 1; tick(); rvalid = 0; rlast = 0; tick();
    wvalid = 1; wready = 0; wlast = 1; wdata = 5; tick();
    if (fault == 4) wdata = 6;
    tick(); wready = 1; tick(); wvalid = 0; wlast = 0;
    if (fault == 5) begin bvalid = 1; tick(); bvalid = 0; end
    awvalid = 1; awlen = fault == 6 ? 8'd1 : 8'd0; awready = 1; tick(); awvalid = 0; awready = 0;
    tick();
    bvalid = 1; bready = 0; if (fault == 7) bid = 3; if (fault == 8) bresp = 1; tick();
    bready = 1; tick(); bvalid = 0; tick();
    if (fault == 9) begin arvalid = 1; araddr = 64'hfe0; arlen = 1; tick(); arvalid = 0; end
    if (fault == 10) begin arvalid = 1; araddr = 64'h10; arlen = 0; tick(); arvalid = 0; end
    if (fault == 11) begin rvalid = 1; rlast = 1; tick(); rvalid = 0; end
    // AXI4-Lite.
    laww = 1; lw = 1; tick(); laww = 0; lw = 0; lb = 1; lbready = 0; tick();
    if (fault == 12) lresp = 2;
    tick(); lbready = 1; tick(); lb = 0; tick();
    if (fault == 13) begin lb = 1; tick(); lb = 0; end
    lar = 1; lready = 0; tick();
    if (fault == 14) laddr = 4;
    tick(); lready = 1; tick(); lar = 0; lr = 1; tick(); lr = 0; tick();
    if (fault == 15) begin lr = 1; tick(); lr = 0; end
    // AXI4-Stream.
    tvalid = 1; tready = 0; tick();
    if (fault == 16) tdata = 1;
    tick(); tready = 1; tick();
    if (fault == 17) tkeep = 16'h7fff;
    tick(); tlast = 1; tkeep = fault == 18 ? 16'h0005 : 16'h0007; tick(); tvalid = 0; tick();
    $display("end of the bench");
    $finish;
  end
endmodule
