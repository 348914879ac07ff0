// SPDX-License-Identifier: BSD-2-Clause
//
// my_engine behind ports that pause at random, by dice on a clock of their own; it goes dumb for ever
// on a message of 1312 bytes of text. A valid that has been seen stays up. With RATE defined it checks
// that of every 1000 cycles of aclk there are so many of that clock.
module slow_engine (
  input  logic         fast,
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
  localparam logic [15:0] DumbAt = 16'd1312;

  logic [15:0] dice;   // Galois LFSR
  logic        dumb;
  logic [1:0]  shown;  // m_axis, m_icv: waits for its ready
  logic [4:0]  go, valid_out, ready_out, valid_in, ready_in;

  initial dice = 16'hace1;
  always_ff @(posedge fast) dice <= {1'b0, dice[15:1]} ^ (dice[0] ? 16'hb400 : 16'h0);

  always_ff @(posedge aclk) begin
    if (!aresetn) begin
      dumb  <= 1'b0;
      shown <= 2'b00;
    end else begin
      if (s_sa_tvalid && s_sa_tready && s_sa_text_len == DumbAt) dumb <= 1'b1;
      shown <= {m_icv_tvalid && !m_icv_tready, m_axis_tvalid && !m_axis_tready};
    end
  end
  // Channels: s_sa, s_axis, s_icv, m_axis, m_icv.
  assign go = dumb ? {shown, 3'b000} : dice[9:5] | dice[4:0] | {shown, 3'b000};
  assign valid_in  = {3'b000, s_axis_tvalid, s_sa_tvalid} & go;
  assign ready_in  = {m_icv_tready, m_axis_tready, 3'b000} & go;
  assign {m_icv_tvalid, m_axis_tvalid} = valid_out[4:3] & go[4:3];
  assign {s_axis_tready, s_sa_tready}  = ready_out[1:0] & go[1:0];

`ifdef RATE
  int unsigned cycles, ticks, last_ticks;
  initial {cycles, ticks, last_ticks} = '0;
  always_ff @(posedge fast) ticks <= ticks + 1;
  always_ff @(posedge aclk) begin
    cycles <= cycles + 1;
    if (cycles % 1000 == 0) begin
      last_ticks <= ticks;
      if (cycles > 1000 && ticks - last_ticks != `RATE && ticks - last_ticks != `RATE + 1) begin
        $fatal(1, "slow_engine: %0d edges of its own clock", ticks - last_ticks);
      end
    end
  end
`endif

  my_engine engine (
    .s_sa_tvalid(valid_in[0]), .s_sa_tready(ready_out[0]),
    .s_axis_tvalid(valid_in[1]), .s_axis_tready(ready_out[1]),
    .m_axis_tvalid(valid_out[3]), .m_axis_tready(ready_in[3]),
    .m_icv_tvalid(valid_out[4]), .m_icv_tready(ready_in[4]), .*
  );
endmodule
