// SPDX-License-Identifier: BSD-2-Clause
//
// An engine that never answers, and fails at a command for 13 bytes of text.
module nic_gcm (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         cmd_valid_i,
  output logic         cmd_ready_o,
  input  logic [385:0] cmd_i,
  input  logic         in_valid_i,
  output logic         in_ready_o,
  input  logic [127:0] in_data_i,
  input  logic         exp_valid_i,
  output logic         exp_ready_o,
  input  logic [127:0] exp_tag_i,
  output logic         out_valid_o,
  input  logic         out_ready_i,
  output logic [127:0] out_data_o,
  output logic         out_last_o,
  output logic         tag_valid_o,
  input  logic         tag_ready_i,
  output logic [127:0] tag_o,
  output logic         tag_ok_o
);
  assign cmd_ready_o = 1'b1;
  assign in_ready_o  = 1'b1;
  assign exp_ready_o = 1'b1;
  assign out_valid_o = 1'b0;
  assign out_data_o  = '0;
  assign out_last_o  = 1'b0;
  assign tag_valid_o = 1'b0;
  assign tag_o       = '0;
  assign tag_ok_o    = 1'b0;

  always_ff @(posedge clk_i) begin
    if (rst_ni) assert (!(cmd_valid_i && cmd_i[15:0] == 16'd13)) else $fatal(1, "thirteen");
  end

  logic unused;
  assign unused = &{1'b0, cmd_i, in_valid_i, in_data_i, exp_valid_i, exp_tag_i, out_ready_i,
                    tag_ready_i};
endmodule
