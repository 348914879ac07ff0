// SPDX-License-Identifier: BSD-2-Clause
//
// nic_axil: AXI4-Lite slave in front of the register block. One write and one read at a time. A
// write strobes wr_valid_o for one cycle; wr_err_i is sampled in the next. A read strobes
// rd_valid_o; rd_data_i and rd_err_i are sampled in the next. Partial writes (wstrb != 15) answer
// SLVERR and write nothing. Latency: response 3 cycles after the later of address and data.
// Throughput: one access in 4 cycles.
//
//   aw, w -> [hold] -> wr_valid_o -> (registers) -> wr_err_i -> b
//   ar    -> [hold] -> rd_valid_o -> (registers) -> rd_data_i -> r
module nic_axil (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        hold_i,          // the registers are in reset: start nothing
  output logic        busy_o,          // something has come, or is under way
  input  logic [15:0] s_axil_awaddr_i,
  input  logic        s_axil_awvalid_i,
  output logic        s_axil_awready_o,
  input  logic [31:0] s_axil_wdata_i,
  input  logic [3:0]  s_axil_wstrb_i,
  input  logic        s_axil_wvalid_i,
  output logic        s_axil_wready_o,
  output logic [1:0]  s_axil_bresp_o,
  output logic        s_axil_bvalid_o,
  input  logic        s_axil_bready_i,
  input  logic [15:0] s_axil_araddr_i,
  input  logic        s_axil_arvalid_i,
  output logic        s_axil_arready_o,
  output logic [31:0] s_axil_rdata_o,
  output logic [1:0]  s_axil_rresp_o,
  output logic        s_axil_rvalid_o,
  input  logic        s_axil_rready_i,
  output logic        wr_valid_o,
  output logic [15:0] wr_addr_o,
  output logic [31:0] wr_data_o,
  input  logic        wr_err_i,
  output logic        rd_valid_o,
  output logic [15:0] rd_addr_o,
  input  logic [31:0] rd_data_i,
  input  logic        rd_err_i
);
  localparam logic [1:0] OKAY   = 2'b00;
  localparam logic [1:0] SLVERR = 2'b10;

  logic        aw_q, w_q, wr_pend_q, b_q, strb_bad_q;
  logic        ar_q, rd_pend_q, r_q, open_q;
  logic [15:0] awaddr_q, araddr_q;
  logic [31:0] wdata_q, rdata_q;
  logic [1:0]  bresp_q, rresp_q;
  logic        wr_go, rd_go;

  assign wr_go      = aw_q & w_q & ~wr_pend_q & ~b_q & ~hold_i;
  assign rd_go      = ar_q & ~rd_pend_q & ~r_q & ~hold_i;
  assign wr_valid_o = wr_go & ~strb_bad_q;
  assign wr_addr_o  = awaddr_q;
  assign wr_data_o  = wdata_q;
  assign rd_valid_o = rd_go;
  assign rd_addr_o  = araddr_q;

  assign busy_o           = open_q | s_axil_awvalid_i | s_axil_wvalid_i | s_axil_arvalid_i;
  assign s_axil_awready_o = ~aw_q;
  assign s_axil_wready_o  = ~w_q;
  assign s_axil_bvalid_o  = b_q;
  assign s_axil_bresp_o   = bresp_q;
  assign s_axil_arready_o = ~ar_q;
  assign s_axil_rvalid_o  = r_q;
  assign s_axil_rdata_o   = rdata_q;
  assign s_axil_rresp_o   = rresp_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      aw_q      <= 1'b0;
      w_q       <= 1'b0;
      wr_pend_q <= 1'b0;
      b_q       <= 1'b0;
      ar_q      <= 1'b0;
      rd_pend_q <= 1'b0;
      r_q       <= 1'b0;
      open_q    <= 1'b0;
    end else begin
      open_q <= aw_q | w_q | b_q | ar_q | r_q;
      if (s_axil_awvalid_i && !aw_q) begin
        aw_q     <= 1'b1;
        awaddr_q <= s_axil_awaddr_i;
      end
      if (s_axil_wvalid_i && !w_q) begin
        w_q        <= 1'b1;
        wdata_q    <= s_axil_wdata_i;
        strb_bad_q <= s_axil_wstrb_i != 4'hf;
      end
      wr_pend_q <= wr_go;
      if (wr_pend_q) begin
        b_q     <= 1'b1;
        bresp_q <= (wr_err_i || strb_bad_q) ? SLVERR : OKAY;
        aw_q    <= 1'b0;
        w_q     <= 1'b0;
        wdata_q <= 32'd0;  // may have been a key
      end
      if (b_q && s_axil_bready_i) b_q <= 1'b0;

      if (s_axil_arvalid_i && !ar_q) begin
        ar_q     <= 1'b1;
        araddr_q <= s_axil_araddr_i;
      end
      rd_pend_q <= rd_go;
      if (rd_pend_q) begin
        r_q     <= 1'b1;
        rdata_q <= rd_err_i ? 32'd0 : rd_data_i;
        rresp_q <= rd_err_i ? SLVERR : OKAY;
        ar_q    <= 1'b0;
      end
      if (r_q && s_axil_rready_i) r_q <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  // A response never overtakes its request, and nothing is started while one is pending.
  always_ff @(posedge clk_i) begin
    if (rst_ni && (wr_pend_q || rd_pend_q)) begin
      assert (!(wr_pend_q && b_q)) else $fatal(1, "nic_axil: two write responses");
      assert (!(rd_pend_q && r_q)) else $fatal(1, "nic_axil: two read responses");
    end
  end
`endif
endmodule
