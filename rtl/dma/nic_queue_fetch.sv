// SPDX-License-Identifier: BSD-2-Clause
//
// nic_queue_fetch: the descriptors of all queues of one direction: a nic_desc_fetch each, whose
// requests share a read channel. Responses come back in the order of requests. Transmit takes
// descriptors from the queues that are allowed in turn; receive from the queue that the frame in front
// is for. The order inside a queue is the ring's. The queues behind queue 0 prefetch less, and their
// clock stands while none of them is on: a card that uses one queue does not pay for them. Queue q
// of them is at place q - 1.
// Latency and throughput are those of nic_desc_fetch: memory + 3 cycles, a descriptor a cycle.
//
//   ring 0 --> desc_fetch --+--(in turn)--> AR     R --(order FIFO)--> desc_fetch of its queue
//   ring n --> desc_fetch --'               desc_fetch --(in turn, or want_i)--> descriptor
module nic_queue_fetch #(
  parameter int unsigned Queues     = 1,      // 1 or 4
  parameter int unsigned DescBytes  = 32,
  parameter int unsigned Lanes      = 1,
  parameter int unsigned Beats      = 32,     // prefetch of queue 0
  parameter int unsigned MoreBeats  = 8,      // of each other
  parameter bit          InTurn     = 1'b1,
  localparam int unsigned More      = (Queues > 1) ? Queues - 1 : 1,
  localparam int unsigned W         = nic_pkg::RING_CFG_W,
  localparam int unsigned QW        = nic_pkg::QUEUE_W,
  localparam int unsigned DescW     = DescBytes * 8,
  localparam int unsigned DescLog   = $clog2(DescBytes * 8)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   run_i,
  input  nic_pkg::ring_cfg_t     cfg_i,
  output logic [15:0]            head_o,
  input  logic                   more_on_i,
  input  logic [More*W-1:0]      more_cfg_i,
  output logic [More*16-1:0]     more_head_o,
  output logic                   waiting_o,      // descriptors were announced that have not come
  input  logic [Queues-1:0]      allow_i,        // InTurn
  input  logic [QW-1:0]          want_i,         // not InTurn
  output logic                   ar_valid_o,
  input  logic                   ar_ready_i,
  output logic [63:0]            ar_addr_o,
  output logic [7:0]             ar_len_o,       // beats - 1
  input  logic                   r_valid_i,
  input  logic [256*Lanes-1:0]   r_data_i,
  input  logic                   r_err_i,
  input  logic                   r_last_i,
  output logic                   desc_valid_o,
  input  logic                   desc_ready_i,
  output logic [QW-1:0]          desc_queue_o,
  output logic [DescW-1:0]       desc_o,
  output logic                   desc_err_o
);
  if (Queues > 1) begin : gen_more
    // The next queue after `last` that has something.
    function automatic logic [QW-1:0] turn(input logic [Queues-1:0] has, input logic [QW-1:0] last);
      logic [QW-1:0] q, found;
      found = '0;
      for (int unsigned i = Queues; i > 0; i--) begin
        q = (last + QW'(i)) & QW'(Queues - 1);
        if (has[q]) found = q;
      end
      turn = found;
    endfunction

    logic [Queues-1:0]     ar_valid, desc_valid, desc_err, waiting, offered;
    logic [Queues*64-1:0]  ar_addr;
    logic [Queues*8-1:0]   ar_len;
    logic [DescW-1:0]      desc0;
    logic [More*DescW-1:0] desc_more;
    logic [QW-1:0]         ar_pick, ar_last_q, pick, place, last_q, owner;
    logic                  order_room, owned, clk;

    assign ar_pick    = turn(ar_valid, ar_last_q);
    assign ar_valid_o = (ar_valid != '0) & order_room;
    assign ar_addr_o  = ar_addr[{ar_pick, 6'd0} +: 64];
    assign ar_len_o   = ar_len[{ar_pick, 3'd0} +: 8];
    nic_fifo #(.Width(QW), .Depth(64)) i_order (
      .clk_i(clk_i), .rst_ni(rst_ni),
      .valid_i(ar_valid_o & ar_ready_i), .ready_o(order_room), .data_i(ar_pick),
      .valid_o(owned), .ready_i(r_valid_i & r_last_i), .data_o(owner), .count_o()
    );

    assign offered      = InTurn ? desc_valid & allow_i : desc_valid;
    assign pick         = InTurn ? turn(offered, last_q) : want_i;
    assign place        = pick - QW'(1);
    assign desc_valid_o = offered[pick];
    assign desc_queue_o = pick;
    assign desc_err_o   = desc_err[pick];
    assign waiting_o    = |waiting;
    always_comb begin
      if (pick == '0) desc_o = desc0;
      else desc_o = desc_more[{place, {DescLog{1'b0}}} +: DescW];
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        ar_last_q <= '0;
        last_q    <= '0;
      end else begin
        if (ar_valid_o && ar_ready_i) ar_last_q <= ar_pick;
        if (desc_valid_o && desc_ready_i) last_q <= pick;
      end
    end

    assign waiting[0] = cfg_i.enable & (cfg_i.sw_idx != head_o);
    nic_desc_fetch #(.DescBytes(DescBytes), .Lanes(Lanes), .Beats(Beats)) i_desc (
      .clk_i(clk_i), .rst_ni(rst_ni), .run_i(run_i), .cfg_i(cfg_i), .head_o(head_o),
      .ar_valid_o(ar_valid[0]), .ar_ready_i(ar_ready_i & order_room & (ar_pick == '0)),
      .ar_addr_o(ar_addr[63:0]), .ar_len_o(ar_len[7:0]),
      .r_valid_i(r_valid_i & (owner == '0)), .r_data_i(r_data_i), .r_err_i(r_err_i),
      .r_last_i(r_last_i),
      .desc_valid_o(desc_valid[0]), .desc_ready_i(desc_ready_i & desc_valid_o & (pick == '0)),
      .desc_o(desc0), .desc_err_o(desc_err[0])
    );

    // The clock goes on until all that was asked for has come.
    nic_clock_gate i_gate (.clk_i(clk_i), .en_i(~rst_ni | more_on_i | owned), .clk_o(clk));
    for (genvar q = 1; q < int'(Queues); q++) begin : gen_queue
      nic_pkg::ring_cfg_t cfg_q;
      logic [15:0]        head;
      logic               run_q;
      always_ff @(posedge clk) begin
        run_q <= run_i;
        if (!rst_ni) cfg_q <= '0;
        else cfg_q <= more_cfg_i[(q-1)*W +: W];
      end
      assign waiting[q]                 = cfg_q.enable & (cfg_q.sw_idx != head);
      assign more_head_o[16*(q-1) +: 16] = head;
      nic_desc_fetch #(.DescBytes(DescBytes), .Lanes(Lanes), .Beats(MoreBeats)) i_desc (
        .clk_i(clk), .rst_ni(rst_ni), .run_i(run_q), .cfg_i(cfg_q), .head_o(head),
        .ar_valid_o(ar_valid[q]), .ar_ready_i(ar_ready_i & order_room & (ar_pick == QW'(q))),
        .ar_addr_o(ar_addr[64*q +: 64]), .ar_len_o(ar_len[8*q +: 8]),
        .r_valid_i(r_valid_i & (owner == QW'(q))), .r_data_i(r_data_i), .r_err_i(r_err_i),
        .r_last_i(r_last_i),
        .desc_valid_o(desc_valid[q]), .desc_ready_i(desc_ready_i & desc_valid_o & (pick == QW'(q))),
        .desc_o(desc_more[(q-1)*DescW +: DescW]), .desc_err_o(desc_err[q])
      );
    end
    logic unused_choice;
    assign unused_choice = &{1'b0, want_i, allow_i};

`ifndef SYNTHESIS
    always_ff @(posedge clk_i) begin
      if (rst_ni && r_valid_i) assert (owned) else $fatal(1, "nic_queue_fetch: nobody asked");
    end
`endif
  end else begin : gen_one
    logic valid;
    nic_desc_fetch #(.DescBytes(DescBytes), .Lanes(Lanes), .Beats(Beats)) i_desc (
      .clk_i(clk_i), .rst_ni(rst_ni), .run_i(run_i), .cfg_i(cfg_i), .head_o(head_o),
      .ar_valid_o(ar_valid_o), .ar_ready_i(ar_ready_i), .ar_addr_o(ar_addr_o), .ar_len_o(ar_len_o),
      .r_valid_i(r_valid_i), .r_data_i(r_data_i), .r_err_i(r_err_i), .r_last_i(r_last_i),
      .desc_valid_o(valid), .desc_ready_i(desc_ready_i & desc_valid_o), .desc_o(desc_o),
      .desc_err_o(desc_err_o)
    );
    assign desc_valid_o = valid & (~InTurn | allow_i[0]);
    assign desc_queue_o = '0;
    assign more_head_o  = '0;
    assign waiting_o    = cfg_i.enable & (cfg_i.sw_idx != head_o);
    logic unused_more;
    assign unused_more = &{1'b0, more_on_i, more_cfg_i, want_i, allow_i};
  end
endmodule
