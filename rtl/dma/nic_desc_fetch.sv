// SPDX-License-Identifier: BSD-2-Clause
//
// nic_desc_fetch: prefetches the descriptors of one ring. A fetch stays inside a 64-byte line (2
// descriptors of 32 bytes or 4 of 16), so it crosses neither 4 KiB nor the end of the ring.
// Requests are limited by reserved FIFO space only. head_o counts descriptors that have arrived:
// their slots may be written again. Enabling the ring anew forgets what was fetched; responses
// still on their way are dropped. Latency: memory + 3 cycles. Throughput: one line in two cycles.
//
//   tail - req_q --> AR   ...   R --> {err, halves, beat} FIFO --> half select --> desc
module nic_desc_fetch #(
  parameter int unsigned DescBytes = 32,   // 32 or 16
  parameter int unsigned Beats     = 32    // prefetch FIFO, in beats of 32 bytes
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   run_i,
  input  nic_pkg::ring_cfg_t     cfg_i,
  output logic [15:0]            head_o,
  output logic                   ar_valid_o,
  input  logic                   ar_ready_i,
  output logic [63:0]            ar_addr_o,
  output logic [7:0]             ar_len_o,    // beats - 1
  input  logic                   r_valid_i,
  input  logic [255:0]           r_data_i,
  input  logic                   r_err_i,
  input  logic                   r_last_i,
  output logic                   desc_valid_o,
  input  logic                   desc_ready_i,
  output logic [DescBytes*8-1:0] desc_o,
  output logic                   desc_err_o
);
  localparam bit          Small    = DescBytes == 16;
  localparam int unsigned BytesLog = Small ? 4 : 5;
  localparam int unsigned CountW   = $clog2(Beats + 1);

  logic [15:0]       req_q, head_q;
  logic              ar_valid_q, ar_two_q, drain_q, second_q;
  logic [63:0]       ar_addr_q;
  logic [CountW-1:0] reserved_q, flying_q;   // beats

  // The next request: n descriptors from req_q; line_mask has a bit per 16-byte quarter of the
  // line.
  logic [15:0] waiting;
  logic [2:0]  room, n;
  logic [3:0]  line_mask;
  logic        two, go;
  logic [1:0]  beats;       // requested in this cycle
  logic [15:0] slot;
  assign waiting   = cfg_i.sw_idx - req_q;
  assign room      = Small ? 3'd4 - {1'b0, req_q[1:0]} : 3'd2 - {2'd0, req_q[0]};
  assign n         = (waiting < {13'd0, room}) ? waiting[2:0] : room;
  assign line_mask = Small ? ((4'd1 << n) - 4'd1) << req_q[1:0]
                           : (req_q[0] ? 4'b1100 : {{2{n[1]}}, 2'b11});
  assign two       = (line_mask[1:0] != 2'd0) & (line_mask[3:2] != 2'd0);
  assign slot      = req_q & ((16'd1 << cfg_i.log2) - 16'd1);
  assign beats     = !go ? 2'd0 : two ? 2'd2 : 2'd1;
  assign go        = run_i & cfg_i.enable & ~cfg_i.flush & ~drain_q & ~ar_valid_q
                     & (waiting != 16'd0) & (reserved_q <= CountW'(Beats - 2));

  assign ar_valid_o = ar_valid_q;
  assign ar_addr_o  = ar_addr_q;
  assign ar_len_o   = {7'd0, ar_two_q};
  assign head_o     = head_q;

  // Which halves of the beats of each outstanding request hold descriptors.
  logic       mask_valid, unused_mask_ready;
  logic [3:0] mask;
  logic [1:0] half_mask;
  logic       keep, fifo_rst_n;
  assign fifo_rst_n = rst_ni & ~cfg_i.flush;
  assign keep       = r_valid_i & ~drain_q & ~cfg_i.flush;
  assign half_mask  = second_q ? mask[3:2] : mask[1:0];
  nic_fifo #(.Width(4), .Depth(Beats)) i_masks (
    .clk_i(clk_i), .rst_ni(fifo_rst_n),
    .valid_i(go), .ready_o(unused_mask_ready),
    .data_i(line_mask[1:0] != 2'd0 ? line_mask : {2'b00, line_mask[3:2]}),
    .valid_o(mask_valid), .ready_i(keep & r_last_i), .data_o(mask), .count_o()
  );

  logic         beat_valid, beat_pop, beat_err, unused_beat_ready;
  logic [1:0]   beat_mask;
  logic [255:0] beat_data;
  nic_fifo #(.Width(259), .Depth(Beats)) i_beats (
    .clk_i(clk_i), .rst_ni(fifo_rst_n),
    .valid_i(keep), .ready_o(unused_beat_ready), .data_i({r_err_i, half_mask, r_data_i}),
    .valid_o(beat_valid), .ready_i(beat_pop), .data_o({beat_err, beat_mask, beat_data}), .count_o()
  );

  assign desc_valid_o = beat_valid;
  assign desc_err_o   = beat_err;
  if (Small) begin : gen_small
    logic low_done_q, low;
    assign low      = beat_mask[0] & ~low_done_q;
    assign desc_o   = low ? beat_data[127:0] : beat_data[255:128];
    assign beat_pop = beat_valid & desc_ready_i & ~(low & beat_mask[1]);
    always_ff @(posedge clk_i) begin
      if (!fifo_rst_n) low_done_q <= 1'b0;
      else if (beat_valid && desc_ready_i) low_done_q <= low & beat_mask[1];
    end
  end else begin : gen_large
    logic unused_mask;
    assign unused_mask = &{1'b0, beat_mask};
    assign desc_o      = beat_data;
    assign beat_pop    = beat_valid & desc_ready_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      req_q      <= '0;
      head_q     <= '0;
      ar_valid_q <= 1'b0;
      ar_two_q   <= 1'b0;
      ar_addr_q  <= '0;
      drain_q    <= 1'b0;
      second_q   <= 1'b0;
      reserved_q <= '0;
      flying_q   <= '0;
    end else begin
      if (ar_valid_q && ar_ready_i) ar_valid_q <= 1'b0;
      if (go) begin
        ar_valid_q <= 1'b1;
        ar_two_q   <= two;
        ar_addr_q  <= cfg_i.base + ({48'd0, slot} << BytesLog & ~64'd31);
        req_q      <= req_q + {13'd0, n};
      end
      if (go || r_valid_i) begin
        flying_q <= flying_q + CountW'(beats) - CountW'(r_valid_i);
      end
      if (go || beat_pop) begin
        reserved_q <= reserved_q + CountW'(beats) - CountW'(beat_pop);
      end
      if (keep) begin
        second_q <= ~r_last_i;
        head_q   <= head_q + (Small ? {15'd0, half_mask[0]} + {15'd0, half_mask[1]} : 16'd1);
      end
      if (drain_q && flying_q == '0) drain_q <= 1'b0;
      if (cfg_i.flush) begin
        req_q      <= '0;
        head_q     <= '0;
        reserved_q <= '0;
        second_q   <= 1'b0;
        drain_q    <= 1'b1;
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (r_valid_i || go)) begin
      assert (!(r_valid_i && flying_q == '0))
        else $fatal(1, "nic_desc_fetch: response without request");
      assert (!(keep && !mask_valid)) else $fatal(1, "nic_desc_fetch: no request for response");
      assert (!(keep && !unused_beat_ready)) else $fatal(1, "nic_desc_fetch: FIFO overrun");
      assert (!(go && !unused_mask_ready)) else $fatal(1, "nic_desc_fetch: mask FIFO overrun");
    end
  end
`endif
endmodule
