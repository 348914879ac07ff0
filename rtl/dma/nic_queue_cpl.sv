// SPDX-License-Identifier: BSD-2-Clause
//
// nic_queue_cpl: the completion rings of all queues of one direction: a nic_cpl_write each, whose
// writes share a channel and are acknowledged in order. Transmit asks room_o before it takes a
// descriptor: a queue has room when its ring holds what it has under way and one more. So a queue whose
// completions nobody takes holds up no other. The clock of the queues behind queue 0 stands
// while none is on. Queue q of them is at place q - 1.
// Latency 1 cycle to the request, as nic_cpl_write; one completion a cycle.
//
//   completion --(its queue)--> cpl_write --(in turn)--> AXI    acknowledgement --(order FIFO)--> tail
module nic_queue_cpl #(
  parameter int unsigned Queues = 1,   // 1 or 4
  localparam int unsigned More  = (Queues > 1) ? Queues - 1 : 1,
  localparam int unsigned W     = nic_pkg::RING_CFG_W,
  localparam int unsigned QW    = nic_pkg::QUEUE_W
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  nic_pkg::ring_cfg_t cfg_i,
  output logic [15:0]        tail_o,
  output logic [15:0]        issue_o,
  input  logic               more_on_i,
  input  logic [More*W-1:0]  more_cfg_i,
  output logic [More*16-1:0] more_tail_o,
  output logic [More*16-1:0] more_issue_o,
  input  logic               enter_i,        // a frame begins, whose completion follows
  input  logic [QW-1:0]      enter_queue_i,
  output logic [Queues-1:0]  room_o,
  input  logic               cpl_valid_i,
  output logic               cpl_ready_o,
  input  nic_pkg::cpl_t      cpl_i,
  output logic               req_valid_o,
  input  logic               req_ready_i,
  output logic [63:0]        req_addr_o,
  output logic [3:0]         req_mask_o,
  output logic [511:0]       req_data_o,
  input  logic               ack_i,          // one write acknowledged
  output logic [2:0]         acked_o         // completions in it
);
  if (Queues > 1) begin : gen_more
    logic [Queues-1:0]     ready, req_valid, ack;
    logic [63:0]           addr0;
    logic [511:0]          data0;
    logic [3:0]            mask0;
    logic [Queues*3-1:0]   acked;
    logic [More*64-1:0]    addr_more;
    logic [More*512-1:0]   data_more;
    logic [More*4-1:0]     mask_more;
    logic [QW-1:0]         pick, place, owner;
    logic                  order_room, owned, clk;
    logic [Queues-1:0]     enter, leave;
    logic [More-1:0]       flying;

    assign cpl_ready_o = ready[cpl_i.qid];
    // A completion for queue 0 first; they come one at a time, so none waits for long.
    always_comb begin
      pick = '0;
      for (int unsigned q = Queues - 1; q > 0; q--) if (req_valid[q]) pick = QW'(q);
      if (req_valid[0]) pick = '0;
    end
    assign place       = pick - QW'(1);
    assign req_valid_o = (req_valid != '0) & order_room;
    always_comb begin
      if (pick == '0) begin
        req_addr_o = addr0;
        req_mask_o = mask0;
        req_data_o = data0;
      end else begin
        req_addr_o = addr_more[{place, 6'd0} +: 64];
        req_mask_o = mask_more[{place, 2'd0} +: 4];
        req_data_o = data_more[{place, 9'd0} +: 512];
      end
    end
    nic_fifo #(.Width(QW), .Depth(64)) i_order (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .valid_i(req_valid_o & req_ready_i), .ready_o(order_room), .data_i(pick),
      .valid_o(owned), .ready_i(ack_i), .data_o(owner), .count_o()
    );

    always_comb begin
      acked_o = '0;
      for (int unsigned q = 0; q < Queues; q++) acked_o = acked_o | acked[3*q +: 3];
    end
    for (genvar q = 0; q < int'(Queues); q++) begin : gen_side
      assign ack[q]   = ack_i & (owner == QW'(q));
      assign enter[q] = enter_i & (enter_queue_i == QW'(q));
      assign leave[q] = cpl_valid_i & cpl_ready_o & (cpl_i.qid == QW'(q));
    end

    logic [15:0] flying0_q, used0;     // frames between enter and completion
    always_ff @(posedge clk_i) begin
      if (!rst_ni) flying0_q <= '0;
      else if (enter[0] != leave[0]) flying0_q <= enter[0] ? flying0_q + 16'd1 : flying0_q - 16'd1;
    end
    assign used0     = issue_o - cfg_i.sw_idx + flying0_q;
    assign room_o[0] = used0 < (16'd1 << cfg_i.log2);
    nic_cpl_write i_cpl (
      .clk_i(clk_i), .rst_ni(rst_ni), .cfg_i(cfg_i), .tail_o(tail_o), .issue_o(issue_o),
      .cpl_valid_i(cpl_valid_i & (cpl_i.qid == '0)), .cpl_ready_o(ready[0]), .cpl_i(cpl_i),
      .req_valid_o(req_valid[0]), .req_ready_i(req_ready_i & order_room & (pick == '0)),
      .req_addr_o(addr0), .req_mask_o(mask0), .req_data_o(data0), .ack_i(ack[0]),
      .acked_o(acked[2:0])
    );

    nic_clock_gate i_gate (
      .clk_i(clk_i), .en_i(~rst_ni | more_on_i | owned | (flying != '0)), .clk_o(clk)
    );
    for (genvar q = 1; q < int'(Queues); q++) begin : gen_queue
      nic_pkg::ring_cfg_t cfg_q;
      logic [15:0]        issue, used, flying_q;
      always_ff @(posedge clk) begin
        if (!rst_ni) begin
          cfg_q    <= '0;
          flying_q <= '0;
        end else begin
          cfg_q <= more_cfg_i[(q-1)*W +: W];
          if (enter[q] != leave[q]) flying_q <= enter[q] ? flying_q + 16'd1 : flying_q - 16'd1;
        end
      end
      assign flying[q-1] = flying_q != 16'd0;
      assign used        = issue - cfg_q.sw_idx + flying_q;
      assign room_o[q]   = cfg_q.enable & (used < (16'd1 << cfg_q.log2));
      assign more_issue_o[16*(q-1) +: 16] = issue;
      nic_cpl_write i_cpl (
        .clk_i(clk), .rst_ni(rst_ni), .cfg_i(cfg_q), .tail_o(more_tail_o[16*(q-1) +: 16]),
        .issue_o(issue),
        .cpl_valid_i(cpl_valid_i & (cpl_i.qid == QW'(q))), .cpl_ready_o(ready[q]), .cpl_i(cpl_i),
        .req_valid_o(req_valid[q]), .req_ready_i(req_ready_i & order_room & (pick == QW'(q))),
        .req_addr_o(addr_more[64*(q-1) +: 64]), .req_mask_o(mask_more[4*(q-1) +: 4]),
        .req_data_o(data_more[512*(q-1) +: 512]), .ack_i(ack[q]), .acked_o(acked[3*q +: 3])
      );
    end

`ifndef SYNTHESIS
    always_ff @(posedge clk_i) begin
      if (rst_ni && ack_i) assert (owned) else $fatal(1, "nic_queue_cpl: nobody wrote");
    end
`endif
  end else begin : gen_one
    nic_cpl_write i_cpl (
      .clk_i(clk_i), .rst_ni(rst_ni), .cfg_i(cfg_i), .tail_o(tail_o), .issue_o(issue_o),
      .cpl_valid_i(cpl_valid_i), .cpl_ready_o(cpl_ready_o), .cpl_i(cpl_i),
      .req_valid_o(req_valid_o), .req_ready_i(req_ready_i), .req_addr_o(req_addr_o),
      .req_mask_o(req_mask_o), .req_data_o(req_data_o), .ack_i(ack_i), .acked_o(acked_o)
    );
    assign room_o       = '1;
    assign more_tail_o  = '0;
    assign more_issue_o = '0;
    logic unused_more;
    assign unused_more = &{1'b0, more_on_i, more_cfg_i, enter_i, enter_queue_i};
  end
endmodule
