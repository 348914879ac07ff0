// SPDX-License-Identifier: BSD-2-Clause
//
// nic_dma_read: reads frames from host memory and delivers them as beats of the stream that start at
// byte cmd_lead_i. A frame may be in parts, a command each, with the lead that its place in the frame
// gives it: they join without a hole. Bursts end at 512-byte lines, so none crosses 4 KiB. How many are
// outstanding is limited by reserved space in the beat FIFO only, 256 beats. Any byte alignment.
// Throughput: a beat of the stream, half one of memory, a cycle, less one for each part that ends within
// a beat; one burst in two cycles. Latency 2 cycles from a command to AR, 2 from R to the stream.
//
//   cmd --> burst splitter --> AR    R --> beat FIFO (32 B a lane) --> half --> realign --> out
//       '-> frame FIFO -------------------------------------------------------^
module nic_dma_read #(
  parameter int unsigned Lanes = 1,   // blocks of 16 bytes in a beat of the stream: 1, 2 or 4
  localparam int unsigned ByteW = 4 + $clog2(Lanes)
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         cmd_valid_i,
  output logic         cmd_ready_o,
  input  logic [63:0]  cmd_addr_i,
  input  logic [15:0]  cmd_len_i,     // bytes, >= 1
  input  logic [ByteW-1:0] cmd_lead_i,
  input  logic         cmd_more_i,    // the frame goes on in the next command
  output logic         ar_valid_o,
  input  logic         ar_ready_i,
  output logic [63:0]  ar_addr_o,
  output logic [7:0]   ar_len_o,      // beats - 1
  input  logic         r_valid_i,
  input  logic [256*Lanes-1:0] r_data_i,
  input  logic         r_err_i,
  output logic         out_valid_o,
  input  logic         out_ready_i,
  output logic [128*Lanes-1:0] out_data_o,
  output logic         out_last_o,
  output logic         out_err_o      // with out_last_o: a beat of this frame had an error
);
  localparam int unsigned Beats = 256;
  localparam int unsigned AddrW = ByteW + 1;             // log2 of the bytes in a beat of memory
  localparam int unsigned Line  = 512 / (32 * Lanes);    // its beats
  localparam int unsigned LineW = $clog2(Line);
  localparam int unsigned LenW  = 17 - AddrW;

  // Burst splitter.
  logic        busy_q, ar_valid_q;
  logic [63:AddrW] beat_addr_q;   // address in beats
  logic [LenW-1:0] beats_left_q;
  logic [63:0] ar_addr_q;
  logic [7:0]  ar_len_q;
  logic [8:0]  free_q;        // beats neither stored nor on their way
  logic [LenW-1:0] to_line, n;
  logic        issue, accept, frame_ready, beat_pop;
  logic [16:0] end_byte;

  assign end_byte    = 17'(cmd_addr_i[AddrW-1:0]) + {1'b0, cmd_len_i} + 17'(32*Lanes - 1);
  assign to_line     = LenW'(Line) - LenW'(beat_addr_q[AddrW +: LineW]);
  assign n           = (beats_left_q < to_line) ? beats_left_q : to_line;
  assign issue       = busy_q & ~ar_valid_q & (free_q >= 9'(n));
  assign accept      = cmd_valid_i & cmd_ready_o;
  assign cmd_ready_o = ~busy_q & frame_ready;
  assign ar_valid_o  = ar_valid_q;
  assign ar_addr_o   = ar_addr_q;
  assign ar_len_o    = ar_len_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      ar_valid_q <= 1'b0;
      free_q     <= 9'(Beats);
    end else begin
      if (accept) busy_q <= 1'b1;
      if (ar_valid_q && ar_ready_i) ar_valid_q <= 1'b0;
      if (issue) begin
        ar_valid_q <= 1'b1;
        if (n == beats_left_q) busy_q <= 1'b0;
      end
      if (issue || beat_pop) free_q <= free_q - (issue ? 9'(n) : 9'd0) + 9'(beat_pop);
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      beat_addr_q  <= cmd_addr_i[63:AddrW];
      beats_left_q <= end_byte[16:AddrW];
    end
    if (issue) begin
      ar_addr_q    <= {beat_addr_q, {AddrW{1'b0}}};
      ar_len_q     <= 8'(n) - 8'd1;
      beat_addr_q  <= beat_addr_q + (64-AddrW)'(n);
      beats_left_q <= beats_left_q - n;
    end
  end

  // Frames, or parts, on their way, and their beats.
  logic        frame_valid, frame_pop;
  logic [AddrW-1:0] frame_addr;
  logic [15:0] frame_len;
  logic [ByteW-1:0] frame_lead;
  logic             frame_more;
  logic [16:0]      cmd_end;
  logic [16-ByteW:0] frame_halves;    // halves of beats that the frame, or part, touches
  assign cmd_end = 17'(cmd_addr_i[ByteW-1:0]) + {1'b0, cmd_len_i} + 17'(16*Lanes - 1);
  nic_fifo #(.Width(1 + AddrW + 16 + ByteW + 17 - ByteW), .Depth(64 * Lanes)) i_frames (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(accept), .ready_o(frame_ready),
    .data_i({cmd_more_i, cmd_addr_i[AddrW-1:0], cmd_len_i, cmd_lead_i, cmd_end[16:ByteW]}),
    .valid_o(frame_valid), .ready_i(frame_pop),
    .data_o({frame_more, frame_addr, frame_len, frame_lead, frame_halves}), .count_o()
  );

  logic         beat_valid, beat_err, beat_ready;
  logic [256*Lanes-1:0] beat_data;
  nic_fifo #(.Width(256*Lanes + 1), .Depth(Beats)) i_beats (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(r_valid_i), .ready_o(beat_ready), .data_i({r_err_i, r_data_i}),
    .valid_o(beat_valid), .ready_i(beat_pop), .data_o({beat_err, beat_data}), .count_o()
  );

  // Halves: a beat of the stream a cycle. A beat is popped with its second half or with the frame's last one.
  logic        half_q, half, half_ready, half_new, half_move, realign_ready;
  logic [16-ByteW:0] halves_left_q, halves_left;
  assign frame_pop = frame_valid & realign_ready;
  assign half_move = beat_valid & half_ready;
  // The first half may go along with the command.
  assign half        = half_new ? frame_addr[ByteW] : half_q;
  assign halves_left = half_new ? frame_halves : halves_left_q;
  assign beat_pop    = half_move & (half | (halves_left == (17-ByteW)'(1)));

  always_ff @(posedge clk_i) begin
    if (frame_pop && !(half_new && half_move)) begin
      half_q        <= frame_addr[ByteW];
      halves_left_q <= frame_halves;
    end else if (half_move) begin
      half_q        <= ~half;
      halves_left_q <= half_new ? frame_halves - (17-ByteW)'(1) : halves_left_q - (17-ByteW)'(1);
    end
  end

  logic       unused_first;
  logic [ByteW-1:0] unused_tail;
  nic_realign #(.Lanes(Lanes)) i_realign (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .cmd_valid_i(frame_valid), .cmd_ready_o(realign_ready),
    .cmd_src_i(frame_addr[ByteW-1:0]), .cmd_dst_i(frame_lead), .cmd_len_i(frame_len),
    .cmd_more_i(frame_more), .cmd_keep_i(1'b0),
    .in_valid_i(beat_valid), .in_ready_o(half_ready), .in_new_o(half_new),
    .in_data_i(half ? beat_data[256*Lanes-1:128*Lanes] : beat_data[128*Lanes-1:0]), .in_err_i(beat_err),
    .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_data_o(out_data_o),
    .out_first_o(unused_first), .out_last_o(out_last_o), .out_tail_o(unused_tail),
    .out_err_o(out_err_o)
  );

  logic unused_bits;
  assign unused_bits = &{1'b0, unused_first, unused_tail, end_byte[AddrW-1:0],
                         cmd_end[ByteW-1:0]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (r_valid_i && rst_ni) assert (beat_ready) else $fatal(1, "nic_dma_read: FIFO overrun");
    if (issue && rst_ni) begin
      assert (free_q <= 9'(Beats)) else $fatal(1, "nic_dma_read: credits");
      assert (n <= to_line) else $fatal(1, "nic_dma_read: line crossed");
    end
  end
`endif
endmodule
