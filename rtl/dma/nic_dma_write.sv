// SPDX-License-Identifier: BSD-2-Clause
//
// nic_dma_write: writes received frames into the buffers of receive descriptors, any byte
// alignment, and completes each after the write responses of all its bursts. A frame that failed
// its check or does not fit writes nothing. A burst ends at a 512-byte line or with the frame, and
// is requested when all its beats are in the beat FIFO. With scatter_i a frame that is longer than its
// buffer goes on in the buffer of the next descriptor, and each buffer but the last is completed with
// MORE; without, it does not fit. When the ring is enabled anew meanwhile, the rest does not fit.
// Throughput: a beat of the stream a cycle. Latency 1 cycle in which a frame and its descriptor are
// weighed, 1 to the realigner, 1 through it, 1 for a pair of beats, 1 through the FIFO.
//
//   record + descriptor --+--> realign --> pairs of beats --> beat FIFO, burst FIFO --> AXI
//                         |                                  '-> track --(B)--> verdict --.
//                         '--> completion FIFO ---------------------------- join --> completion
module nic_dma_write #(
  parameter int unsigned Lanes = 1    // blocks of 16 bytes in a beat of the stream: 1, 2 or 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              scatter_i,
  input  logic              flush_i,        // the ring of the frame in front is enabled anew
  output logic              split_o,        // one cycle: one completion more than frames
  input  logic              frame_valid_i,
  output logic              frame_ready_o,
  input  nic_pkg::rx_done_t frame_i,
  input  logic              l4_ok_i,
  input  logic              data_valid_i,
  output logic              data_ready_o,
  input  logic [128*Lanes-1:0] data_i,
  input  logic              desc_valid_i,
  output logic              desc_ready_o,
  input  logic [127:0]      desc_i,
  input  logic              desc_err_i,
  output logic              burst_valid_o,
  input  logic              burst_ready_i,
  output logic [63:0]       burst_addr_o,
  output logic [7:0]        burst_len_o,    // beats - 1
  output logic              w_valid_o,
  input  logic              w_ready_i,
  output logic [256*Lanes-1:0] w_data_o,
  output logic [32*Lanes-1:0]  w_strb_o,
  output logic              w_last_o,
  input  logic              ack_i,          // one burst acknowledged
  input  logic              ack_err_i,
  output logic              cpl_valid_o,
  input  logic              cpl_ready_i,
  output nic_pkg::cpl_t     cpl_o
);
  localparam int unsigned Flight = 64 * Lanes;         // bursts and frames on their way
  localparam int unsigned Bytes  = 16 * Lanes;         // of a beat of the stream
  localparam int unsigned ByteW  = $clog2(Bytes);
  localparam int unsigned AddrW  = ByteW + 1;          // log2 of the bytes in a beat of memory
  localparam int unsigned LineW  = 9 - AddrW;          // log2 of the beats of 512 bytes

  // A frame meets its descriptor.
  logic         known_q, more_q, write_q, keep_q;   // where they met, a cycle ago: what becomes of them
  logic         able, start, discard_q, realign_ready, cpl_room, addr_room, has_data, fits, more, write;
  logic         open_q, stale_q;      // some of the frame is written; the rest has lost its ring
  logic [15:0]  rest_q, left, len;    // bytes of the frame that are left, of this buffer
  logic [ByteW-1:0] src_q, src, next_src;
  logic [16-ByteW:0] discard_left_q;
  logic [16:0]  frame_end;
  logic [3:0]   code, code_q;
  nic_pkg::cpl_t cpl_in;

  assign has_data = frame_i.len != 16'd0;
  assign left     = open_q ? rest_q : frame_i.len;
  assign src      = open_q ? src_q : frame_i.lead[ByteW-1:0];
  assign fits     = {16'd0, left} <= desc_i[95:64];
  assign more     = scatter_i & has_data & ~fits & ~stale_q & ~desc_err_i;
  assign len      = more_q ? desc_i[79:64] : left;
  assign next_src = src + desc_i[64 +: ByteW];
  assign code     = desc_err_i ? nic_pkg::CODE_DMA_ERR
                    : (has_data & (stale_q | (~fits & ~more))) ? nic_pkg::CODE_TOO_BIG
                    : frame_i.code;
  assign write    = has_data & (code == frame_i.code) & ((more ? desc_i[79:64] : left) != 16'd0);
  assign able     = known_q & ~discard_q & cpl_room & addr_room;
  assign start    = able & realign_ready;
  assign frame_ready_o = start & ~more_q;
  assign split_o       = start & more_q;
  assign desc_ready_o  = start;
  assign frame_end     = 17'(src) + {1'b0, left} + 17'(Bytes - 1);

  assign cpl_in.qid    = frame_i.qid;
  assign cpl_in.cookie = desc_i[127:96];
  assign cpl_in.len    = write_q ? len : 16'd0;
  assign cpl_in.sa_idx = frame_i.sa_idx;
  assign cpl_in.esn_hi = frame_i.esn_hi[30:0];
  assign cpl_in.status = {frame_i.esp_seen ? frame_i.esp_off : 8'd0, more_q,
                          frame_i.packet & (write_q | more_q), frame_i.esp_seen,
                          frame_i.secp & (write_q | more_q), code_q};
  assign cpl_in.next   = frame_i.next;
  assign cpl_in.l4_ok  = l4_ok_i & frame_i.secp & (write_q | more_q) & (frame_i.code == nic_pkg::CODE_OK);

  // They stay what they are until they leave, or the ring is gone.
  always_ff @(posedge clk_i) begin
    known_q <= rst_ni & frame_valid_i & desc_valid_i & ~start & ~flush_i;
    if (frame_valid_i && desc_valid_i && !known_q) begin
      more_q  <= more;
      write_q <= write;
      keep_q  <= more & (next_src != '0);
      code_q  <= code;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      discard_q <= 1'b0;
      open_q    <= 1'b0;
      stale_q   <= 1'b0;
    end else if (start) begin
      discard_q      <= has_data & ~write_q & ~more_q;
      discard_left_q <= frame_end[16:ByteW];
      open_q         <= more_q;
      stale_q        <= more_q & flush_i;
      rest_q         <= left - desc_i[79:64];
      src_q          <= next_src;
    end else begin
      if (open_q && flush_i) stale_q <= 1'b1;
    end
    if (rst_ni && !start && discard_q && data_valid_i) begin
      discard_left_q <= discard_left_q - (17-ByteW)'(1);
      if (discard_left_q == (17-ByteW)'(1)) discard_q <= 1'b0;
    end
  end

  logic         in_ready, o_valid, o_ready, o_first, o_last, o_err;
  logic [128*Lanes-1:0] o_data;
  logic [ByteW-1:0]     o_tail;
  assign data_ready_o = in_ready | discard_q;
  nic_realign #(.Lanes(Lanes)) i_realign (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .cmd_valid_i(able & write_q), .cmd_ready_o(realign_ready),
    .cmd_src_i(src), .cmd_dst_i(desc_i[ByteW-1:0]), .cmd_len_i(len),
    .cmd_more_i(1'b0), .cmd_keep_i(keep_q),
    .in_valid_i(data_valid_i), .in_ready_o(in_ready), .in_new_o(), .in_data_i(data_i),
    .in_err_i(1'b0),
    .out_valid_o(o_valid), .out_ready_i(o_ready), .out_data_o(o_data),
    .out_first_o(o_first), .out_last_o(o_last), .out_tail_o(o_tail), .out_err_o(o_err)
  );

  logic        addr_valid;
  logic [63:0] addr;
  nic_fifo #(.Width(64), .Depth(2)) i_addr (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(start & write_q), .ready_o(addr_room), .data_i(desc_i[63:0]),
    .valid_o(addr_valid), .ready_i(o_valid & o_ready & o_first), .data_o(addr), .count_o()
  );

  // Two beats of the stream make one of memory; the first may be missing in front, the second at the end.
  logic         half_q, half, emit, burst_end, w_room, burst_room, track_room;
  logic [63:AddrW]  beat_addr_q, beat_addr, burst_addr_q, burst_addr;
  logic [LineW-1:0] beats_q, beats;      // beats of the burst before this one
  logic             line_end;            // last beat of 512 bytes
  logic [128*Lanes-1:0] low_q;
  logic [Bytes-1:0]     low_strb_q, strb;

  assign half       = o_first ? addr[ByteW] : half_q;
  assign beat_addr  = o_first ? addr[63:AddrW] : beat_addr_q;
  assign burst_addr = o_first ? addr[63:AddrW] : burst_addr_q;
  assign beats      = o_first ? '0 : beats_q;
  assign line_end   = &beat_addr[AddrW +: LineW];
  assign strb       = (o_first ? {Bytes{1'b1}} << addr[ByteW-1:0] : {Bytes{1'b1}})
                      & (o_last && o_tail != '0 ? (Bytes'(1) << o_tail) - Bytes'(1) : {Bytes{1'b1}});
  assign burst_end  = o_last | (half & line_end);
  assign o_ready    = w_room & burst_room & track_room;
  assign emit       = o_valid & o_ready & (half | o_last);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      low_strb_q <= '0;
    end else begin
      if (emit) low_strb_q <= '0;
      else if (o_valid && o_ready) low_strb_q <= strb;
    end
    if (o_valid && o_ready) begin
      half_q       <= ~half;
      beat_addr_q  <= beat_addr + (64-AddrW)'(half);
      burst_addr_q <= (half && line_end) ? beat_addr + (64-AddrW)'(1) : burst_addr;
      beats_q      <= !half ? beats : line_end ? '0 : beats + LineW'(1);
      if (!half) low_q <= o_data;
    end
  end

  nic_fifo #(.Width(288*Lanes + 1), .Depth(64)) i_w (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(emit), .ready_o(w_room),
    .data_i({burst_end, half ? {strb, low_strb_q} : (32*Lanes)'(strb),
             half ? {o_data, low_q} : (256*Lanes)'(o_data)}),
    .valid_o(w_valid_o), .ready_i(w_ready_i), .data_o({w_last_o, w_strb_o, w_data_o}), .count_o()
  );
  logic [LineW-1:0] burst_len;
  nic_fifo #(.Width(64 - AddrW + LineW), .Depth(16)) i_bursts (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(emit & burst_end), .ready_o(burst_room), .data_i({burst_addr, beats}),
    .valid_o(burst_valid_o), .ready_i(burst_ready_i), .data_o({burst_addr_o[63:AddrW], burst_len}),
    .count_o()
  );
  assign burst_addr_o[AddrW-1:0] = '0;
  assign burst_len_o             = 8'(burst_len);

  // Responses: an error in any burst of a frame spoils its completion.
  logic track_valid, track_last, spoilt_q, verdict_valid, verdict_err, verdict_room;
  nic_fifo #(.Width(1), .Depth(Flight)) i_track (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(emit & burst_end), .ready_o(track_room), .data_i(o_last),
    .valid_o(track_valid), .ready_i(ack_i), .data_o(track_last), .count_o()
  );
  always_ff @(posedge clk_i) begin
    if (!rst_ni) spoilt_q <= 1'b0;
    else if (ack_i) spoilt_q <= ~track_last & (spoilt_q | ack_err_i);
  end
  nic_fifo #(.Width(1), .Depth(Flight)) i_verdicts (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(ack_i & track_last), .ready_o(verdict_room), .data_i(spoilt_q | ack_err_i),
    .valid_o(verdict_valid), .ready_i(cpl_valid_o & cpl_ready_i & cpl_written),
    .data_o(verdict_err), .count_o()
  );

  logic          cpl_queued, cpl_written;
  nic_pkg::cpl_t cpl;
  nic_fifo #(.Width($bits(cpl) + 1), .Depth(Flight)) i_cpls (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(start), .ready_o(cpl_room), .data_i({write_q, cpl_in}),
    .valid_o(cpl_queued), .ready_i(cpl_valid_o & cpl_ready_i), .data_o({cpl_written, cpl}),
    .count_o()
  );
  assign cpl_valid_o = cpl_queued & (~cpl_written | verdict_valid);
  always_comb begin
    cpl_o = cpl;
    if (cpl_written && verdict_err) begin
      cpl_o.len    = 16'd0;
      cpl_o.l4_ok  = 1'b0;
      cpl_o.status = {cpl.status[15:7], 1'b0, cpl.status[5], 1'b0,
                      nic_pkg::CODE_DMA_ERR};
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, o_err, frame_end[ByteW-1:0], frame_i.esn_hi[31], frame_i.lead,
                         frame_i.csum};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (o_valid && o_first && rst_ni) begin
      assert (addr_valid) else $fatal(1, "nic_dma_write: no address");
    end
    if (ack_i && rst_ni) begin
      assert (track_valid) else $fatal(1, "nic_dma_write: response without burst");
      assert (verdict_room) else $fatal(1, "nic_dma_write: verdict lost");
    end
    if (start && rst_ni) begin
      assert (!write_q || frame_i.len != 16'd0) else $fatal(1, "nic_dma_write: empty frame");
    end
  end
`endif
endmodule
