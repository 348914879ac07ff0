// SPDX-License-Identifier: BSD-2-Clause
//
// nic_cpl_write: writes completions into one completion ring, one AXI beat each. Waits while the
// ring is full or off. tail_o counts completions whose write was acknowledged: they are in memory.
// issue_o counts those on their way, too, which software may see before.
// Latency 1 cycle to the request; one completion a cycle.
module nic_cpl_write (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  nic_pkg::ring_cfg_t cfg_i,
  output logic [15:0]        tail_o,
  output logic [15:0]        issue_o,
  input  logic               cpl_valid_i,
  output logic               cpl_ready_o,
  input  nic_pkg::cpl_t      cpl_i,
  output logic               req_valid_o,
  input  logic               req_ready_i,
  output logic [63:0]        req_addr_o,
  output logic [127:0]       req_data_o,
  input  logic               ack_i         // one write acknowledged
);
  logic [15:0]  issue_q, tail_q, used, size, slot;
  logic [15:0]  stale_q;   // acknowledgements owed to a former life of the ring
  logic         req_valid_q, accept;
  logic [63:0]  req_addr_q;
  logic [127:0] req_data_q;

  assign size        = 16'd1 << cfg_i.log2;
  assign slot        = issue_q & (size - 16'd1);
  assign used        = issue_q - cfg_i.sw_idx;
  assign cpl_ready_o = cfg_i.enable & ~cfg_i.flush & (used < size) & (~req_valid_q | req_ready_i);
  assign accept      = cpl_valid_i & cpl_ready_o;
  assign tail_o      = tail_q;
  assign req_valid_o = req_valid_q;
  assign req_addr_o  = req_addr_q;
  assign req_data_o  = req_data_q;
  assign issue_o     = issue_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      issue_q     <= '0;
      tail_q      <= '0;
      stale_q     <= '0;
      req_valid_q <= 1'b0;
      req_addr_q  <= '0;
      req_data_q  <= '0;
    end else begin
      if (req_ready_i) req_valid_q <= 1'b0;
      if (accept) begin
        req_valid_q <= 1'b1;
        req_addr_q  <= cfg_i.base + {44'd0, slot, 4'd0};
        // The phase bit is 1 on the first lap of the ring and flips with each.
        req_data_q  <= {~issue_q[cfg_i.log2], cpl_i.esn_hi, 16'd0, cpl_i.status, cpl_i.sa_idx, cpl_i.len,
                        cpl_i.cookie};
        issue_q     <= issue_q + 16'd1;
      end
      if (ack_i) begin
        if (stale_q != 16'd0) stale_q <= stale_q - 16'd1;
        else tail_q <= tail_q + 16'd1;
      end
      if (cfg_i.flush) begin
        stale_q <= stale_q + (issue_q - tail_q) - 16'(ack_i);
        issue_q <= '0;
        tail_q  <= '0;
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && cpl_valid_i && cfg_i.enable && !cfg_i.flush) assert (used <= size)
      else $fatal(1, "nic_cpl_write: ring overrun");
    if (rst_ni && ack_i) assert (stale_q != 16'd0 || issue_q != tail_q)
      else $fatal(1, "nic_cpl_write: ack");
  end
`endif
endmodule
