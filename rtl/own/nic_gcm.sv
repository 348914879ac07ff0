// SPDX-License-Identifier: BSD-2-Clause
//
// nic_gcm, the other way: in the place of crypto/nic_gcm.sv it holds an engine from elsewhere, the
// module `NIC_ENGINE, whose ports are AXI-Streams and an SA port (engine/README.md is the contract).
// Registers at both sides keep the engine's combinational paths out of the card.
//
//   cmd  --> FIFO --> s_sa                 m_axis --> FIFO --> out (bytes past the end made zero)
//   in   --> FIFO --> s_axis (framed)      m_icv  --> FIFO --> tag
//   exp  --> FIFO --> s_icv
//
// In simulation it also watches the engine: an answer that is withdrawn, of a wrong length or to no
// question, and an engine that stands still for Patience cycles although it is its turn.
`define NIC_TEXT(x) `"x`"
module nic_gcm #(
  parameter int unsigned Patience = 50000,
  parameter int unsigned Lanes    = 1        // an engine from elsewhere takes a block a cycle
) (
`ifdef NIC_OWN_CLOCK_PORTS
  `NIC_OWN_CLOCK_PORTS   // when it is the top; else the card has them
`endif
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              cmd_valid_i,
  output logic              cmd_ready_o,
  input  nic_pkg::gcm_cmd_t cmd_i,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [127:0]      in_data_i,
  input  logic              exp_valid_i,
  output logic              exp_ready_o,
  input  logic [127:0]      exp_tag_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [127:0]      out_data_o,
  output logic              out_last_o,
  output logic              tag_valid_o,
  input  logic              tag_ready_i,
  output logic [127:0]      tag_o,
  output logic              tag_ok_o
);
  if (Lanes != 1) $error("an engine from elsewhere takes a block a cycle");

  localparam int unsigned Messages = 16;   // between command and last output

  function automatic logic [15:0] keep_of(input logic [15:0] left);
    keep_of = (left >= 16'd16) ? '1 : (16'd1 << left[3:0]) - 16'd1;
  endfunction

  // ---- Commands. Lengths go along, to frame what goes in and what comes out.
  logic              cmd_valid, sa_valid, sa_ready, sa_take, aim_room, text_room;
  nic_pkg::gcm_cmd_t cmd;

  nic_fifo #(.Width($bits(cmd)), .Depth(2)) i_cmds (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(cmd_valid_i), .ready_o(cmd_ready_o), .data_i(cmd_i),
    .valid_o(cmd_valid), .ready_i(sa_take), .data_o(cmd), .count_o()
  );
  assign sa_valid = cmd_valid & aim_room & text_room;
  assign sa_take  = sa_valid & sa_ready;

  logic        aim_valid, aim_done, text_valid, text_done;
  logic [15:0] aim_aad, aim_text, text_len;
  nic_fifo #(.Width(32), .Depth(Messages)) i_aims (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(sa_take & ({cmd.aad_len, cmd.text_len} != '0)),
    .ready_o(aim_room), .data_i({cmd.aad_len, cmd.text_len}),
    .valid_o(aim_valid), .ready_i(aim_done), .data_o({aim_aad, aim_text}), .count_o()
  );
  nic_fifo #(.Width(16), .Depth(Messages)) i_texts (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(sa_take & (cmd.text_len != '0)), .ready_o(text_room),
    .data_i(cmd.text_len),
    .valid_o(text_valid), .ready_i(text_done), .data_o(text_len), .count_o()
  );

  // ---- Beats in: AAD, then text, framed as one packet a message.
  logic         in_valid, s_valid, s_ready, s_take, s_text, s_last, part_end;
  logic         begun_q, begun_text_q;
  logic [15:0]  begun_left_q, s_left;
  logic [127:0] in_data;

  nic_fifo #(.Width(128), .Depth(2)) i_in (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(in_valid_i), .ready_o(in_ready_o), .data_i(in_data_i),
    .valid_o(in_valid), .ready_i(s_take), .data_o(in_data), .count_o()
  );
  assign s_valid  = in_valid & aim_valid;
  assign s_take   = s_valid & s_ready;
  assign s_text   = begun_q ? begun_text_q : aim_aad == '0;
  assign s_left   = begun_q ? begun_left_q : (aim_aad == '0) ? aim_text : aim_aad;
  assign part_end = s_left <= 16'd16;
  assign s_last   = part_end & (s_text | aim_text == '0);
  assign aim_done = s_take & s_last;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      begun_q <= 1'b0;
    end else if (s_take) begin
      begun_q      <= !s_last;
      begun_text_q <= s_text | part_end;
      begun_left_q <= part_end ? aim_text : s_left - 16'd16;
    end
  end

  // ---- ICVs that came with the messages to decrypt.
  logic         exp_valid, exp_take;
  logic [127:0] exp_tag;
  nic_fifo #(.Width(128), .Depth(2)) i_exp (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(exp_valid_i), .ready_o(exp_ready_o),
    .data_i(exp_tag_i), .valid_o(exp_valid), .ready_i(exp_take), .data_o(exp_tag), .count_o()
  );

  // ---- The engine.
  logic         m_valid, m_ready, m_last, icv_valid, icv_ready, icv_ok;
  logic [15:0]  m_keep;
  logic [127:0] m_data, m_icv;

  `NIC_ENGINE i_engine (
`ifdef NIC_ENGINE_CLOCKS
    `NIC_ENGINE_CLOCKS
`endif
    .aclk(clk_i), .aresetn(rst_ni),
    .s_sa_tvalid(sa_valid), .s_sa_tready(sa_ready), .s_sa_decrypt(cmd.decrypt),
    .s_sa_key256(cmd.key256), .s_sa_key(cmd.key), .s_sa_iv(cmd.iv), .s_sa_aad_len(cmd.aad_len),
    .s_sa_text_len(cmd.text_len),
    .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tdata(in_data),
    .s_axis_tkeep(keep_of(s_left)), .s_axis_tlast(s_last), .s_axis_tuser(s_text),
    .s_icv_tvalid(exp_valid), .s_icv_tready(exp_take), .s_icv_tdata(exp_tag),
    .m_axis_tvalid(m_valid), .m_axis_tready(m_ready), .m_axis_tdata(m_data),
    .m_axis_tkeep(m_keep), .m_axis_tlast(m_last),
    .m_icv_tvalid(icv_valid), .m_icv_tready(icv_ready), .m_icv_tdata(m_icv),
    .m_icv_tuser(icv_ok)
  );

  // ---- Text out.
  logic         m_take;
  logic [15:0]  done_q, out_left;   // done_q: bytes of the message that have come out
  logic [127:0] kept;

  assign out_left  = text_len - done_q;
  assign m_take    = m_valid & m_ready;
  assign text_done = m_take & (out_left <= 16'd16);
  always_ff @(posedge clk_i) begin
    if (!rst_ni)     done_q <= '0;
    else if (m_take) done_q <= (out_left <= 16'd16) ? '0 : done_q + 16'd16;
  end
  for (genvar b = 0; b < 16; b++) begin : gen_kept
    assign kept[8*b +: 8] = (out_left > 16'(b)) ? m_data[8*b +: 8] : 8'h00;
  end

  nic_fifo #(.Width(129), .Depth(2)) i_out (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(m_valid), .ready_o(m_ready),
    .data_i({out_left <= 16'd16, kept}),
    .valid_o(out_valid_o), .ready_i(out_ready_i), .data_o({out_last_o, out_data_o}), .count_o()
  );
  nic_fifo #(.Width(129), .Depth(2)) i_tags (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(icv_valid), .ready_o(icv_ready),
    .data_i({icv_ok, m_icv}),
    .valid_o(tag_valid_o), .ready_i(tag_ready_i), .data_o({tag_ok_o, tag_o}), .count_o()
  );

`ifndef SYNTHESIS
  // ---- The watch. The engine's turn: it has a message, nothing it offers waits for the card, and
  // it does not wait for a beat that has not come.
  logic [7:0]   open_q;    // messages between command and ICV
  logic [7:0]   owed_q;    // ICVs that messages to decrypt wait for
  logic [31:0]  still_q;
  logic         its_turn, icv_take, moved, m_held_q, m_held_last_q, icv_held_q;
  logic [127:0] m_held_data_q, icv_held_data_q;

  assign icv_take = icv_valid & icv_ready;
  assign moved    = sa_take | s_take | (exp_valid & exp_take) | m_take | icv_take;
  assign its_turn = (open_q != '0 | sa_valid) & !(m_valid & !m_ready) & !(icv_valid & !icv_ready)
                    & (sa_valid | s_valid | exp_valid | (!aim_valid & owed_q == '0));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q     <= '0;
      owed_q     <= '0;
      still_q    <= '0;
      m_held_q   <= 1'b0;
      icv_held_q <= 1'b0;
    end else begin
      open_q  <= open_q + {7'd0, sa_take} - {7'd0, icv_take};
      owed_q  <= owed_q + {7'd0, sa_take & cmd.decrypt} - {7'd0, exp_valid & exp_take};
      still_q <= (moved | !its_turn) ? '0 : still_q + 1;
      assert (still_q < Patience)
        else $fatal(1, "%s: no answer for %0d cycles", `NIC_TEXT(`NIC_ENGINE), Patience);
      m_held_q        <= m_valid & !m_ready;
      m_held_data_q   <= m_data;
      m_held_last_q   <= m_last;
      icv_held_q      <= icv_valid & !icv_ready;
      icv_held_data_q <= m_icv;
      assert (!m_held_q | (m_valid & m_data == m_held_data_q & m_last == m_held_last_q))
        else $fatal(1, "%s: m_axis: a beat that waits was changed or withdrawn",
                    `NIC_TEXT(`NIC_ENGINE));
      assert (!icv_held_q | (icv_valid & m_icv == icv_held_data_q))
        else $fatal(1, "%s: m_icv: an ICV that waits was changed or withdrawn",
                    `NIC_TEXT(`NIC_ENGINE));
      assert (!m_valid | text_valid)
        else $fatal(1, "%s: m_axis: a beat that belongs to no message", `NIC_TEXT(`NIC_ENGINE));
      assert (!m_valid | !text_valid | m_last == (out_left <= 16'd16))
        else $fatal(1, "%s: m_axis_tlast is %0d with %0d bytes left", `NIC_TEXT(`NIC_ENGINE),
                    m_last, out_left);
      assert (!m_valid | !text_valid | m_keep == keep_of(out_left))
        else $fatal(1, "%s: m_axis_tkeep is %x with %0d bytes left", `NIC_TEXT(`NIC_ENGINE), m_keep,
                    out_left);
      assert (!icv_valid | open_q != '0)
        else $fatal(1, "%s: m_icv: an ICV that belongs to no message", `NIC_TEXT(`NIC_ENGINE));
    end
  end
`else
  logic unused_frame;
  assign unused_frame = &{1'b0, m_keep, m_last, text_valid};
`endif
endmodule
