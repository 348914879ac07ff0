// SPDX-License-Identifier: BSD-2-Clause
//
// No engine: it breaks the rule of its ports that the number of text bytes asks for.
module wrong_engine (
  input  logic         aclk,
  input  logic         aresetn,
  input  logic         s_sa_tvalid,
  output logic         s_sa_tready,
  input  logic         s_sa_decrypt,
  input  logic         s_sa_key256,
  input  logic [255:0] s_sa_key,
  input  logic [95:0]  s_sa_iv,
  input  logic [15:0]  s_sa_aad_len,
  input  logic [15:0]  s_sa_text_len,
  input  logic         s_axis_tvalid,
  output logic         s_axis_tready,
  input  logic [127:0] s_axis_tdata,
  input  logic [15:0]  s_axis_tkeep,
  input  logic         s_axis_tlast,
  input  logic         s_axis_tuser,
  input  logic         s_icv_tvalid,
  output logic         s_icv_tready,
  input  logic [127:0] s_icv_tdata,
  output logic         m_axis_tvalid,
  input  logic         m_axis_tready,
  output logic [127:0] m_axis_tdata,
  output logic [15:0]  m_axis_tkeep,
  output logic         m_axis_tlast,
  output logic         m_icv_tvalid,
  input  logic         m_icv_tready,
  output logic [127:0] m_icv_tdata,
  output logic         m_icv_tuser
);
  logic [15:0] way;     // 0: not asked yet
  logic [7:0]  cycles;  // since asked
  always_ff @(posedge aclk) begin
    if (!aresetn) begin
      way    <= '0;
      cycles <= '0;
    end else begin
      if (s_sa_tvalid) way <= s_sa_text_len;
      if (way != '0) cycles <= cycles + 8'd1;
    end
  end
  assign s_sa_tready   = way == '0;
  assign s_axis_tready = way != 16'd1;                            // 1: takes no beat
  assign m_axis_tvalid = way == 16'd17                            // 17: two beats wanted
                         || way == 16'd2 || way == 16'd259 || way == 16'd6
                         || (way == 16'd260 && cycles[0]);        // 260: withdrawn
  assign m_axis_tlast  = way < 16'd18;
  assign m_axis_tkeep  = way == 16'd2 ? 16'h0007                // 2: three bytes
                         : way > 16'd17 ? 16'hffff : (16'd1 << way[3:0]) - 16'd1;
  assign m_axis_tdata  = way == 16'd259 ? {120'd0, cycles} : '0;  // 259: changes as it waits
  assign m_icv_tvalid  = way == '0 && s_sa_tvalid && s_sa_text_len == 16'd8;      // 8: too early
  assign m_icv_tdata   = '0;
  assign m_icv_tuser   = 1'b1;
  assign s_icv_tready  = 1'b0;
  logic unused;
  assign unused = &{1'b0, s_sa_decrypt, s_sa_key256, s_sa_key, s_sa_iv, s_sa_aad_len,
                    s_axis_tvalid, s_axis_tdata, s_axis_tkeep, s_axis_tlast, s_axis_tuser,
                    s_icv_tvalid, s_icv_tdata, m_axis_tready, m_icv_tready};
endmodule
