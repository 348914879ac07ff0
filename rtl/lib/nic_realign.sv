// SPDX-License-Identifier: BSD-2-Clause
//
// nic_realign: moves a frame of cmd_len_i bytes from byte cmd_src_i of its first beat to byte
// cmd_dst_i. One command per frame, then its ceil((src + len) / beat) input beats; gives ceil((dst +
// len) / beat) beats. Bytes outside the frame are unspecified. out_tail_o: bytes used in the last
// beat (0 means all). Latency 1 cycle. Throughput: a frame takes as many cycles as the greater of its
// two beat counts. For that, a frame that moves down may give its first beat along with its
// command (in_new_o), while the last output of the frame before needs no input.
//
// Parts of a frame, a command each: with cmd_more_i the output goes on with the next command, whose
// cmd_dst_i is where this one ends; a beat that is not full waits for it. With cmd_keep_i the input goes
// on: the last beat, whose rest the next command takes, stays in front.
//
//   in --+--> prev_q --.
//        '-------------> funnel shift by dst - src, modulo a beat --> out_q
module nic_realign #(
  parameter int unsigned Lanes = 1,            // blocks of 16 bytes in a beat: 1, 2 or 4
  localparam int unsigned Width = 128 * Lanes,
  localparam int unsigned ByteW = 4 + $clog2(Lanes)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             cmd_valid_i,
  output logic             cmd_ready_o,
  input  logic [ByteW-1:0] cmd_src_i,
  input  logic [ByteW-1:0] cmd_dst_i,
  input  logic [15:0]      cmd_len_i,    // bytes, >= 1
  input  logic             cmd_more_i,
  input  logic             cmd_keep_i,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  output logic             in_new_o,     // what in_ready_o asks for is of the command's frame
  input  logic [Width-1:0] in_data_i,
  input  logic             in_err_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o,
  output logic             out_first_o,
  output logic             out_last_o,
  output logic [ByteW-1:0] out_tail_o,
  output logic             out_err_o     // with out_last_o: an input beat of this frame had in_err_i
);
  localparam int unsigned CountW = 17 - ByteW;

  logic              busy_q, prime_q, first_q, err_q, more_q, keep_q, part_q;
  logic [ByteW-1:0]  rot_q, tail_q;
  logic [CountW-1:0] in_left_q, out_left_q;   // beats
  logic              have_in_q, out_one_q;   // some of the first left, one of the second
  logic [Width-1:0]  prev_q;
  logic              out_valid_q, out_first_q, out_last_q, out_err_q;
  logic [ByteW-1:0]  out_tail_q, part_tail_q;   // part_q: bytes of a beat that waits for its rest
  logic [Width-1:0]  out_data_q;

  logic         slot, in_take, in_move, out_move, finish, wait_more, load, down, primed;
  logic [16:0]  in_end, out_end;  // bytes

  assign slot     = ~out_valid_q | out_ready_i;
  assign in_take  = (busy_q & have_in_q & (prime_q | slot)) | in_new_o;
  assign in_move  = in_valid_i & in_take;
  // A frame moved down has its first output only with the second input, so the first one primes
  // prev_q.
  assign out_move = busy_q & slot & ~prime_q & (~have_in_q | in_valid_i);
  assign finish   = out_move & out_one_q;
  assign wait_more = finish & more_q & (tail_q != '0);
  assign load     = cmd_valid_i & cmd_ready_o;
  assign in_end   = 17'(cmd_src_i) + {1'b0, cmd_len_i} + 17'(16*Lanes - 1);
  assign out_end  = 17'(cmd_dst_i) + {1'b0, cmd_len_i} + 17'(16*Lanes - 1);

  assign down        = cmd_dst_i < cmd_src_i;
  assign primed      = in_new_o & in_valid_i;

  assign cmd_ready_o = ~busy_q | finish;
  assign in_new_o    = load & down & ~have_in_q & ~cmd_keep_i;
  assign in_ready_o  = in_take & ~(busy_q & keep_q & (in_left_q == CountW'(1)));
  assign out_valid_o = out_valid_q;
  assign out_data_o  = out_data_q;
  assign out_first_o = out_first_q;
  assign out_last_o  = out_last_q;
  assign out_tail_o  = out_tail_q;
  assign out_err_o   = out_err_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q      <= 1'b0;
      prime_q     <= 1'b0;
      in_left_q   <= '0;
      out_left_q  <= '0;
      have_in_q   <= 1'b0;
      out_one_q   <= 1'b0;
      out_valid_q <= 1'b0;
      more_q      <= 1'b0;
      part_q      <= 1'b0;
    end else begin
      if (load) begin
        busy_q     <= 1'b1;
        more_q     <= cmd_more_i;
        prime_q    <= down & ~primed;
      end else begin
        if (finish) busy_q <= 1'b0;
        if (in_move) prime_q <= 1'b0;
      end
      if (load || in_move) begin
        have_in_q <= load ? in_end[16:ByteW] != CountW'(primed) : in_left_q != CountW'(1);
        in_left_q <= load ? in_end[16:ByteW] - CountW'(primed) : in_left_q - CountW'(1);
      end
      if (load || out_move) begin
        out_one_q  <= load ? out_end[16:ByteW] == CountW'(1) : out_left_q == CountW'(2);
        out_left_q <= load ? out_end[16:ByteW] : out_left_q - CountW'(1);
      end
      if (slot) out_valid_q <= out_move & ~wait_more;
      if (out_move) part_q <= wait_more;
    end
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      rot_q   <= cmd_dst_i - cmd_src_i;
      tail_q  <= out_end[ByteW-1:0] + ByteW'(1);
      keep_q  <= cmd_keep_i;
      first_q <= ~more_q;
      err_q   <= (more_q & err_q) | (in_move & in_err_i & (more_q | primed));
    end else begin
      if (out_move) first_q <= 1'b0;
      if (in_move && in_err_i) err_q <= 1'b1;
    end
    if (in_move) prev_q <= in_data_i;
    if (out_move) begin
      if (!part_q) out_first_q <= first_q;
      out_last_q  <= finish & ~more_q;
      out_tail_q  <= tail_q;
      part_tail_q <= tail_q;
      out_err_q   <= err_q | (have_in_q & in_err_i);
    end
  end

  // The stream ..., prev, cur moved up by rot bytes.
  if (Lanes == 1) begin : gen_halves
    // 8 bytes, then up to 7.
    logic [63:0] cur_low, cur_high;
    assign cur_low  = have_in_q ? in_data_i[63:0] : 64'd0;
    assign cur_high = have_in_q ? in_data_i[127:64] : 64'd0;
    always_ff @(posedge clk_i) begin
      if (out_move) begin
        out_data_q[63:0]   <= rot_q[3] ? nic_pkg::shift_in(prev_q[127:64], prev_q[63:0], rot_q[2:0])
                                       : nic_pkg::shift_in(cur_low, prev_q[127:64], rot_q[2:0]);
        out_data_q[127:64] <= rot_q[3] ? nic_pkg::shift_in(cur_low, prev_q[127:64], rot_q[2:0])
                                       : nic_pkg::shift_in(cur_high, cur_low, rot_q[2:0]);
        if (part_q) for (int unsigned i = 0; i < 16; i++) begin
          if (ByteW'(i) < part_tail_q) out_data_q[8*i +: 8] <= out_data_q[8*i +: 8];
        end
      end
    end
  end else begin : gen_wide
    logic [ByteW:0] back;
    assign back = (ByteW+1)'(16*Lanes) - {1'b0, rot_q};
    always_ff @(posedge clk_i) begin
      if (out_move) begin
        out_data_q <= Width'({have_in_q ? in_data_i : {Width{1'b0}}, prev_q} >> {back, 3'd0});
        if (part_q) for (int unsigned i = 0; i < 16*Lanes; i++) begin
          if (ByteW'(i) < part_tail_q) out_data_q[8*i +: 8] <= out_data_q[8*i +: 8];
        end
      end
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, in_end[ByteW-1:0]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (load && rst_ni) begin
      assert (cmd_len_i != 16'd0) else $fatal(1, "nic_realign: empty frame");
      assert (!more_q || cmd_dst_i == tail_q) else $fatal(1, "nic_realign: parts do not join");
    end
    if (finish && rst_ni) begin
      assert (!have_in_q || in_left_q == CountW'(1)) else $fatal(1, "nic_realign: input left over");
    end
  end
`endif
endmodule
