// SPDX-License-Identifier: BSD-2-Clause
//
// nic_cpl_write: writes completions into one completion ring. One that finds the write channel free
// goes out at once; those that have to wait gather in their line of 64 bytes, four at most, and go
// together. Waits while the ring is full or off. tail_o counts completions whose write was
// acknowledged: they are in memory. issue_o counts those on their way, too, which software may see
// before. Latency 1 cycle to the request; one completion a cycle, but for one cycle between two lines.
//
//   cpl --> line_q --(request)--> AXI        count of each request --> FIFO --(ack)--> tail
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
  output logic [63:0]        req_addr_o,   // multiple of 64
  output logic [3:0]         req_mask_o,   // which of the line's four; they lie together
  output logic [511:0]       req_data_o,
  input  logic               ack_i,        // one request acknowledged
  output logic [2:0]         acked_o       // completions in it
);
  localparam int unsigned Requests = 64;   // on their way

  logic [15:0]  issue_q, tail_q, used, size, slot;
  logic [15:0]  stale_q;   // acknowledgements owed to a former life of the ring
  logic         req_valid_q, accept, join_line, room, sent, unused_valid;
  logic [63:0]  req_addr_q;
  logic [3:0]   req_mask_q;
  logic [511:0] line_q;
  logic [2:0]   oldest;

  assign size        = 16'd1 << cfg_i.log2;
  assign slot        = issue_q & (size - 16'd1);
  assign used        = issue_q - cfg_i.sw_idx;
  // What waits ends with the completion before this one: only the first of a line needs its own. It
  // does not look at req_ready_i, which comes late.
  assign join_line   = slot[1:0] != 2'd0;
  assign cpl_ready_o = cfg_i.enable & ~cfg_i.flush & (used < size) & (~req_valid_q | join_line);
  assign accept      = cpl_valid_i & cpl_ready_o;
  assign sent        = req_valid_o & req_ready_i;
  assign tail_o      = tail_q;
  assign issue_o     = issue_q;
  assign req_valid_o = req_valid_q & room;
  assign req_addr_o  = req_addr_q;
  assign req_mask_o  = req_mask_q;
  assign req_data_o  = line_q;
  assign acked_o     = ack_i ? oldest : 3'd0;

  nic_fifo #(.Width(3), .Depth(Requests)) i_counts (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(sent), .ready_o(room), .data_i(3'($countones(req_mask_q))),
    .valid_o(unused_valid), .ready_i(ack_i), .data_o(oldest), .count_o()
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      issue_q     <= '0;
      tail_q      <= '0;
      stale_q     <= '0;
      req_valid_q <= 1'b0;
      req_addr_q  <= '0;
      req_mask_q  <= '0;
      line_q      <= '0;
    end else begin
      if (sent) begin
        req_valid_q <= 1'b0;
        req_mask_q  <= '0;
      end
      if (accept) begin
        req_valid_q <= 1'b1;
        req_addr_q  <= cfg_i.base + {44'd0, slot[15:2], 6'd0};
        req_mask_q  <= (sent ? 4'd0 : req_mask_q) | (4'd1 << slot[1:0]);
        // The phase bit is 1 on the first lap of the ring and flips with each.
        line_q[{slot[1:0], 7'd0} +: 128] <= {~issue_q[cfg_i.log2], cpl_i.esn_hi, 7'd0, cpl_i.l4_ok, cpl_i.next,
                                             cpl_i.status, cpl_i.sa_idx, cpl_i.len, cpl_i.cookie};
        issue_q     <= issue_q + 16'd1;
      end
      if (ack_i) begin
        if (stale_q != 16'd0) stale_q <= stale_q - 16'(oldest);
        else tail_q <= tail_q + 16'(oldest);
      end
      if (cfg_i.flush) begin
        stale_q <= stale_q + (issue_q - tail_q) - 16'(acked_o);
        issue_q <= '0;
        tail_q  <= '0;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, cpl_i.qid};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && cpl_valid_i && cfg_i.enable && !cfg_i.flush) assert (used <= size)
      else $fatal(1, "nic_cpl_write: ring overrun");
    if (rst_ni && ack_i) begin
      assert (unused_valid && (stale_q != 16'd0 || issue_q != tail_q))
        else $fatal(1, "nic_cpl_write: ack");
    end
  end
`endif
endmodule
